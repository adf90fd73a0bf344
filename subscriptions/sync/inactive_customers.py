"""Customers who have nothing left: archive them, delete them or keep them, as INACTIVE_CUSTOMERS says."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import partial
from itertools import islice

from django.conf import settings

from subscriptions.checkout import claims
from subscriptions.customers import erasing
from subscriptions.customers import services as customers
from subscriptions.models import Customer, Payment, Subscription, SubscriptionSchedule

BATCH = 500


def archive_inactive(
    customer_ids: Iterable[str], *, now: datetime, before_each: Callable[[], None] = lambda: None
) -> int:
    """Archive or delete those of these customers who have nothing left, and restore those who bought again.

    Returns how many were archived or deleted. `before_each` is called before each of them and may stop the clean-up by
    raising: thousands take longer than a lease.
    """
    ids = iter(customer_ids)
    count = 0
    while batch := list(islice(ids, BATCH)):
        before_each()
        for customer in _restore_and_find_inactive(batch):
            before_each()
            # Checked again now, because they may have bought since the batch was read.
            if not _has_or_is_buying(customer, now):
                count += _archive_or_delete(customer, now)
            elif settings.INACTIVE_CUSTOMERS == "delete":
                # A process may have been killed just before it did so.
                erasing.forget_inactive_erased(customer.pk)
    return count


def candidates(*, before_each: Callable[[], None] = lambda: None) -> Iterator[str]:
    """Yield every customer whom `archive_inactive` may archive, delete or restore, judged by our rows.

    Customers are read in pages by id: those archived or deleted meanwhile do not disturb that, and no page costs more
    than another. `before_each` is called before each page: a million customers without a candidate take longer than
    a lease.
    """
    last = ""
    while True:
        before_each()
        following = Customer.objects.filter(pk__gt=last, is_deleted=False).order_by("pk")
        page = dict(following.values_list("pk", "archived_at")[:BATCH])
        if not page:
            return
        yield from _candidates_among(page)
        last = next(reversed(page))  # The last in the database's order of ids, which may not be Python's.


def _candidates_among(archived_at: Mapping[str, datetime | None]) -> Iterator[str]:
    """Yield those who have subscriptions and are, by them, wrongly archived or wrongly not."""
    subscriptions = Subscription.objects.filter(customer__in=list(archived_at), is_deleted=False).order_by()
    has_running: dict[str, bool] = {}
    for customer_id, status in subscriptions.values_list("customer_id", "status"):
        has_running[customer_id] = has_running.get(customer_id, False) or status not in Subscription.INACTIVE
    for customer_id, is_running in has_running.items():
        if is_running == (archived_at[customer_id] is not None):
            yield customer_id


def _has_or_is_buying(customer: Customer, now: datetime) -> bool:
    """Return whether this customer has a subscription that runs or begins later, or a purchase, done or under way."""
    has_subscription = Subscription.objects.running().filter(customer=customer).exists()
    has_payment = Payment.objects.standing().filter(customer=customer).exists()
    begins_later = SubscriptionSchedule.objects.not_started().filter(customer=customer).exists()
    return has_subscription or has_payment or begins_later or claims.is_buying(customer=customer, now=now)


def _archive_or_delete(customer: Customer, now: datetime) -> bool:
    match settings.INACTIVE_CUSTOMERS:
        case "archive":
            try:
                customers.archive(customer, now=now)
            except customers.CannotArchive:
                return False
        case "delete":
            is_active = partial(_has_or_is_buying, customer, now)
            return erasing.mark_inactive_erased(customer.pk, now=now, is_active=is_active)
        case _:
            return False
    return True


def _restore_and_find_inactive(ids: list[str]) -> Iterator[Customer]:
    """Restore archived customers with a running subscription, and yield those who have nothing left.

    These are customers whose subscriptions have all ended, the last one since they were last restored, and who own no
    one-time purchase. Customers who never bought are not among them.
    """
    subscriptions: dict[str, list[Subscription]] = {}
    columns = ("customer_id", "status", "ended_at", "canceled_at", "current_period_end_at", "is_deleted")
    for subscription in Subscription.objects.filter(customer__in=ids, is_deleted=False).only(*columns):
        subscriptions.setdefault(str(subscription.customer_id), []).append(subscription)
    ended = [pk for pk, theirs in subscriptions.items() if all(each.is_inactive for each in theirs)]
    owners = set(Payment.objects.standing().filter(customer__in=ended).values_list("customer_id", flat=True))
    known = Customer.objects.filter(pk__in=ids, is_deleted=False)
    for customer in known.exclude(archived_at=None).exclude(pk__in=ended):
        if customer.pk in subscriptions:
            customers.restore(customer)
    for customer in known.filter(pk__in=ended, archived_at=None):
        if customer.pk not in owners and _ended_since_restored(customer, subscriptions[customer.pk]):
            yield customer


def _ended_since_restored(customer: Customer, subscriptions: list[Subscription]) -> bool:
    ends = [subscription.last_use_at for subscription in subscriptions if subscription.last_use_at]
    return customer.restored_after is None or (bool(ends) and max(ends) > customer.restored_after)
