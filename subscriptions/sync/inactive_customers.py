"""What becomes of customers who have nothing left: archived, deleted or kept, as INACTIVE_CUSTOMERS says."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice

from django.conf import settings
from django.db.models import QuerySet

from subscriptions.checkout import services as checkout
from subscriptions.customers import services as customers
from subscriptions.models import Customer, Payment, Subscription

BATCH = 500


def archive_inactive(customer_ids: Iterable[str], *, now: datetime) -> int:
    """Put away those of these customers who have nothing left, and bring back those who bought again.

    Returns how many were archived or deleted.
    """
    ids = iter(customer_ids)
    put_away = 0
    while batch := list(islice(ids, BATCH)):
        put_away += sum(_put_away(customer, now) for customer in _idle(batch) if not _is_back(customer, now))
    return put_away


def candidates() -> Iterator[str]:
    """Every customer whom `tidy` may put away or bring back, by what our rows say."""
    subscriptions = Subscription.objects.filter(is_deleted=False, customer__is_deleted=False)
    yield from _customers_of(subscriptions.filter(status__in=Subscription.INACTIVE, customer__archived_at=None))
    running = subscriptions.exclude(status__in=Subscription.INACTIVE)
    yield from _customers_of(running.exclude(customer__archived_at=None))


def _customers_of(subscriptions: "QuerySet[Subscription]") -> Iterator[str]:
    """Their ids in order, each once, a batch at a time: what is put away meanwhile does not disturb that."""
    last = ""
    while True:
        following = subscriptions.filter(customer__gt=last).order_by("customer_id")
        batch = sorted(set(following.values_list("customer_id", flat=True)[:BATCH]))
        if not batch:
            return
        yield from batch
        last = batch[-1]


def _is_back(customer: Customer, now: datetime) -> bool:
    """Whether this customer is buying, or has bought since the batch was read: looked at last, when it counts."""
    has_bought = Subscription.objects.running().filter(customer=customer).exists()
    return has_bought or checkout.is_under_way(customer=customer, now=now)


def _put_away(customer: Customer, now: datetime) -> bool:
    match settings.INACTIVE_CUSTOMERS:
        case "archive":
            customers.archive(customer, now=now)
        case "delete":
            customers.mark_erased(customer.pk, reason="every subscription had ended", now=now)
        case _:
            return False
    return True


def _idle(ids: list[str]) -> Iterator[Customer]:
    """Customers whose subscriptions have all ended, the last one since they were last restored, and who own nothing.

    Those who never bought are not among them.
    """
    subscriptions: dict[str, list[Subscription]] = {}
    read = ("customer_id", "status", "ended_at", "canceled_at", "current_period_end_at", "is_deleted")
    for subscription in Subscription.objects.filter(customer__in=ids, is_deleted=False).only(*read):
        subscriptions.setdefault(str(subscription.customer_id), []).append(subscription)
    ended = [pk for pk, theirs in subscriptions.items() if all(one.is_inactive for one in theirs)]
    owners = set(Payment.objects.standing().filter(customer__in=ended).values_list("customer_id", flat=True))
    known = Customer.objects.filter(pk__in=ids, is_deleted=False)
    for customer in known.exclude(archived_at=None).exclude(pk__in=ended):
        if customer.pk in subscriptions:
            customers.restore(customer)
    for customer in known.filter(pk__in=ended, archived_at=None):
        if customer.pk not in owners and _ended_anew(customer, subscriptions[customer.pk]):
            yield customer


def _ended_anew(customer: Customer, subscriptions: list[Subscription]) -> bool:
    ends = [subscription.last_use_at for subscription in subscriptions if subscription.last_use_at]
    return customer.restored_after is None or (bool(ends) and max(ends) > customer.restored_after)
