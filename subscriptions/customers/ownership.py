"""Which customers at Stripe are a person here, and which running subscriptions nobody here owns."""

from collections.abc import Collection, Iterator
from itertools import islice

from django.db.models import F, Q, QuerySet

from billing.linked import linked
from subscriptions.models import BillingAccount, Customer, LinkedCustomer, Subscription
from subscriptions.people import lookup
from subscriptions.user_model import User

Status = Subscription.Status

# In these states Stripe charges, or tries to.
CHARGED = frozenset({Status.ACTIVE, Status.TRIALING, Status.PAST_DUE})


BATCH = 500


def owner_of(customer_id: str) -> User | None:
    """Return the person here whose customer this is."""
    account = linked(BillingAccount.objects.filter(customer_id=customer_id), "user").first()
    if account is None:
        link = linked(LinkedCustomer.objects.filter(pk=customer_id), "account__user").first()
        account = link.account if link else None
    return account.user if account else None


def ids_with(customer_id: str) -> list[str]:
    """Return this customer's id with those of all other customers of the same person here."""
    owner = owner_of(customer_id)
    return BillingAccount.objects.customer_ids_of(owner) if owner else [customer_id]


def running_of(user: User) -> list[Subscription]:
    """Return the running subscriptions of all customers of this person, with their products, prices and schedules."""
    ids = BillingAccount.objects.customer_ids_of(user)
    running = Subscription.objects.running().filter(customer__in=ids) if ids else Subscription.objects.none()
    return list(linked(running, "product", "price", "schedule__next_price__product"))


def charged_without_person() -> QuerySet[Subscription]:
    """Return subscriptions that Stripe goes on charging and whose customer is nobody here."""
    links = list(LinkedCustomer.objects.values_list("pk", flat=True))
    return _charged().filter(customer__account=None).exclude(customer__in=links)


def charged_among(customer_ids: Collection[str]) -> QuerySet[Subscription]:
    """Return subscriptions that Stripe goes on charging, of those of these customers who are nobody here."""
    return _charged().filter(customer__in=unowned_of(customer_ids))


def unowned_of(customer_ids: Collection[str]) -> list[str]:
    """Return those of these customers that are nobody here."""
    own = set(BillingAccount.objects.filter(customer__in=customer_ids).values_list("customer_id", flat=True))
    others = set(LinkedCustomer.objects.filter(pk__in=customer_ids).values_list("pk", flat=True))
    return [pk for pk in customer_ids if pk not in own | others]


def charged_of_deactivated() -> QuerySet[Subscription]:
    """Return subscriptions that Stripe goes on charging although their person is deactivated here."""
    accounts = BillingAccount.objects.filter(user__is_active=False)
    own = list(accounts.exclude(customer=None).values_list("customer_id", flat=True))
    links = LinkedCustomer.objects.filter(account__user__is_active=False)
    return _charged().filter(customer__in=[*own, *links.values_list("pk", flat=True)])


def unowned_with_a_users_address() -> Iterator[tuple[str, User]]:
    """Yield each customer that is nobody here and has exactly a user's address, with that user."""
    unowned = Customer.objects.filter(is_deleted=False, account=None).exclude(email="")
    pairs = unowned.order_by("pk").values_list("pk", "email").iterator(chunk_size=BATCH)
    while batch := dict(islice(pairs, BATCH)):
        users = {user.email: user for user in lookup.with_addresses(batch.values())}
        links = set(LinkedCustomer.objects.filter(pk__in=list(batch)).values_list("pk", flat=True))
        yield from ((pk, users[email]) for pk, email in batch.items() if email in users and pk not in links)


def _charged() -> QuerySet[Subscription]:
    ends_with_period = Q(cancel_at_period_end=True) | Q(cancel_at__lte=F("current_period_end_at"))
    return Subscription.objects.filter(status__in=CHARGED, is_deleted=False).exclude(ends_with_period)
