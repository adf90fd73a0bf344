"""`manage.py erase_customer`: remove a person at Stripe and here."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from billing.errors import StripeFailure
from subscriptions.customers import api_users, erasing, linking, ownership
from subscriptions.formatting import format_count
from subscriptions.models import Customer
from subscriptions.traces import disk
from subscriptions.user_model import User


class Command(BaseCommand):
    help = "Delete a person's customer at Stripe, which ends their subscriptions, and their rows and events here."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("who", metavar="USERNAME|cus_…", help="the user's name, or the customer's id")
        parser.add_argument("--no-input", action="store_false", dest="interactive", help="do not ask")

    def handle(self, *, who: str, interactive: bool, **_: Any) -> None:
        try:
            user, customer_ids = self._found(who)
            names = " and ".join([*([f"user {user}"] if user else []), *customer_ids])
            if interactive and input(f"Erase {names}, at Stripe and here, for good? Type yes: ") != "yes":
                raise CommandError("nothing was erased")
            self._erase(user, customer_ids)
        except StripeFailure as error:
            if error.may_be_done:
                raise CommandError(f"it is not known whether all is erased, so run this again: {error}") from error
            raise CommandError(f"not erased: {error}") from error
        except OSError as error:
            raise CommandError(f"erased, but a log still names the person: {error}") from error
        # Without names: what is printed may be kept.
        person = "1 person and " if user else ""
        self.stdout.write(f"Erased {person}{format_count(len(customer_ids), 'customer')}, at Stripe and here.")
        if not disk.compact():
            self.stderr.write("The database is busy, so its file still has deleted content. Run VACUUM on it later.")

    def _erase(self, user: User | None, customer_ids: list[str]) -> None:
        now = timezone.now()
        if user:
            erasing.erase_person(user, now=now)
            return
        for customer_id in customer_ids:
            erasing.erase(customer_id, now=now)

    def _found(self, who: str) -> tuple[User | None, list[str]]:
        if not who.startswith("cus_"):
            user = api_users.find(who)
            if user is None:
                raise CommandError(f"there is no user {who}")
            return user, self._customer_ids_of(user)
        owner = ownership.owner_of(who)
        if owner is not None:
            return owner, self._customer_ids_of(owner)
        if not Customer.objects.filter(pk=who).exists():
            raise CommandError(f"there is no customer {who} here")
        return None, erasing.customer_ids_with(who)

    def _customer_ids_of(self, user: User) -> list[str]:
        ids = erasing.customer_ids_of(user)
        for customer in linking.unowned_with_address_of(user):
            if customer.pk not in ids:
                self.stderr.write(
                    f"{customer.pk} has the person's address, which nobody has confirmed, and is left as it is. "
                    f"If it is the same person: erase_customer {customer.pk}"
                )
        return ids
