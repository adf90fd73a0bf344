"""`manage.py erase_customer`: remove a person at Stripe and here."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from billing.errors import StripeFailure
from subscriptions.customers import api_users, erasing, ownership
from subscriptions.models import BillingAccount, Customer
from subscriptions.user_model import User


class Command(BaseCommand):
    help = "Delete a person's customer at Stripe, which ends their subscriptions, and their rows and events here."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("who", metavar="USERNAME|cus_…", help="the user's name, or the customer's id")
        parser.add_argument("--no-input", action="store_false", dest="interactive", help="do not ask")

    def handle(self, *, who: str, interactive: bool, **_: Any) -> None:
        user, customer_ids = self._found(who)
        names = " and ".join([*([f"user {user}"] if user else []), *customer_ids])
        if interactive and input(f"Erase {names}, at Stripe and here, for good? Type yes: ") != "yes":
            raise CommandError("nothing was erased")
        try:
            for customer_id in customer_ids:
                erasing.erase(customer_id, now=timezone.now())
        except StripeFailure as error:
            if error.may_be_done:
                raise CommandError(f"it is not known whether all is erased, so run this again: {error}") from error
            raise CommandError(f"not erased: {error}") from error
        if user:
            user.delete()
        self.stdout.write(f"Erased {names}.")

    def _found(self, who: str) -> tuple[User | None, list[str]]:
        if who.startswith("cus_"):
            owner = ownership.owner_of(who)
            if owner is None and not Customer.objects.filter(pk=who).exists():
                raise CommandError(f"there is no customer {who} here")
            return owner, ownership.ids_with(who)
        user = api_users.find(who)
        if user is None:
            raise CommandError(f"there is no user {who}")
        return user, BillingAccount.objects.customer_ids_of(user)
