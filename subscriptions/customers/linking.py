"""Linking customers made elsewhere (in the dashboard, for a deleted user) to the person they are."""

from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from django.db import IntegrityError, transaction
from django.db.models import F

from billing import gateway
from billing.errors import StripeMissing
from billing.gateway.snapshots import JSON
from billing.linked import linked
from billing.mirror import engine
from subscriptions.customers import confirming, ownership, purchases
from subscriptions.customers import services as customers
from subscriptions.mirror import kinds, mapping, refresh
from subscriptions.models import (
    BillingAccount,
    Customer,
    ErasedCustomer,
    LinkedCustomer,
    Payment,
    ProductClaim,
    Subscription,
)
from subscriptions.user_model import User


class CannotLink(Exception):
    """The customer can't be linked to the person; the message says why."""

    @classmethod
    def belongs_to_another(cls, customer: Customer) -> Self:
        return cls(f"{customer.pk} belongs to somebody else here.")

    @classmethod
    def removed(cls, customer: Customer) -> Self:
        return cls(f"{customer.pk} was deleted at Stripe.")


@dataclass(frozen=True)
class Prospect:
    """What linking does: the purchases that come with the customer, and whether new ones are made with it."""

    subscriptions: list[Subscription]
    payment_methods: list[str]
    becomes_own: bool
    own_id: str


def unowned_with_address_of(user: User) -> list[Customer]:
    """Return customers with exactly this person's address that are nobody here."""
    if not user.email:
        return []
    return unowned_among(Customer.objects.filter(email=user.email, is_deleted=False), user)


def unowned_among(customers: Iterable[Customer], user: User, ids: Collection[str] = ()) -> list[Customer]:
    """Return those of these customers that have exactly this person's address and are nobody here.

    `ids` are the person's own customers. Without others, nothing is read.
    """
    return [
        customer
        for customer in customers
        if customer.pk not in ids
        and user.email
        and customer.email == user.email
        and ownership.owner_of(customer.pk) is None
        and _is_free(customer, user)
    ]


def prospect(*, customer: Customer, user: User) -> Prospect:
    """Return what linking would do. Raises CannotLink, StripeUnavailable or StripeMisconfigured."""
    _check(customer, user)
    account = BillingAccount.objects.filter(user=user).first()
    running = Subscription.objects.running().filter(customer=customer)
    subscriptions = linked(running, "product", "price", "schedule__next_price__product")
    own_id = (account.customer_id if account else None) or ""
    return Prospect(
        list(subscriptions), _payment_methods(customer.pk), becomes_own=not _is_in_use(own_id), own_id=own_id
    )


def link_confirmed(*, user: User, now: datetime) -> list[str]:
    """Link every customer at Stripe with the person's confirmed address that is nobody here; return their ids.

    Raises StripeUnavailable, StripeRefused or StripeMisconfigured; a second call goes on.
    """
    if not confirming.is_confirmed(user):
        return []
    for snapshot in gateway.customers_by_email(user.email).snapshots():
        engine.apply_snapshot(kinds.CUSTOMER, snapshot)
    ids = []
    for customer in unowned_with_address_of(user):
        with suppress(CannotLink):
            link(customer=customer, user=user, now=now)
            ids.append(customer.pk)
    return ids


def link(*, customer: Customer, user: User, now: datetime) -> None:
    """Make a customer this person's: what was bought with it counts, and shows on their account.

    New purchases are made with it if nothing was bought with the person's own customer, which stays linked.
    Raises CannotLink, StripeUnavailable or StripeMisconfigured; a second call goes on.
    """
    _check(customer, user)
    account = customers.account_of(user)
    _claim(customer, account, now)
    read_subscriptions(customer.pk)
    refresh.read_not_started(customer.pk)
    purchases.read_all(customer.pk)
    own_id = account.customer_id or ""
    if own_id != customer.pk and not _is_in_use(own_id):
        if own_id:
            LinkedCustomer.objects.get_or_create(pk=own_id, defaults={"account": account, "linked_at": now})
        as_read = BillingAccount.objects.filter(pk=account.pk, customer=account.customer_id)
        # Another attempt, so that a process that is making a customer right now does not replace this one.
        as_read.update(customer=customer.pk, attempt=F("attempt") + 1)
    customers.restore(customer)


def read_subscriptions(customer_id: str) -> None:
    """Mirror all subscriptions of a customer as they are at Stripe; one deleted in the dashboard has none."""
    with suppress(StripeMissing):
        for page in gateway.subscription_pages_of(customer_id):
            for snapshot in page.snapshots():
                engine.apply_snapshot(kinds.SUBSCRIPTION, snapshot)


def _payment_methods(customer_id: str) -> list[str]:
    """Return the saved payment methods in words: "visa ending in 4242"."""
    with suppress(StripeMissing):
        methods = gateway.payment_methods_of(customer_id).objects
        return [_in_words(method) for method in methods]
    return []


def _in_words(method: JSON) -> str:
    card = method.get("card")
    return f"{card['brand']} ending in {card['last4']}" if card else str(method["type"]).replace("_", " ")


def _check(customer: Customer, user: User) -> None:
    if customer.is_deleted or ErasedCustomer.objects.filter(pk=customer.pk).exists():
        raise CannotLink.removed(customer)
    owner = ownership.owner_of(customer.pk)
    if owner not in (None, user) or not _is_free(customer, user):
        raise CannotLink.belongs_to_another(customer)


def _is_free(customer: Customer, user: User) -> bool:
    """Whether its metadata names no other person here. The account of a deleted user is no longer here."""
    named = mapping.uuid_in(customer.named_account)
    return named is None or not BillingAccount.objects.filter(pk=named).exclude(user=user).exists()


def _claim(customer: Customer, account: BillingAccount, now: datetime) -> None:
    """Insert the link; its key makes the customer one person's."""
    with suppress(IntegrityError), transaction.atomic():
        LinkedCustomer.objects.create(pk=customer.pk, account=account, linked_at=now)
    is_own = LinkedCustomer.objects.filter(pk=customer.pk, account=account).exists()
    if not is_own or BillingAccount.objects.filter(customer=customer.pk).exclude(pk=account.pk).exists():
        LinkedCustomer.objects.filter(pk=customer.pk, account=account).delete()
        raise CannotLink.belongs_to_another(customer)


def _is_in_use(customer_id: str) -> bool:
    """Whether something was bought, or is being bought, with this customer."""
    if not customer_id or Customer.objects.filter(pk=customer_id, is_deleted=True).exists():
        return False
    rows = (Subscription.objects, Payment.objects, ProductClaim.objects)
    return any(each.filter(customer=customer_id).exists() for each in rows)
