"""Erasing a person, or a customer who is nobody here, for good: every row of every kind, and every trace of them.

Their rows are deleted. In records and logs, the texts that name them are replaced (traces/).
"""

import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import F, Model

from billing import gateway
from billing.errors import StripeMissing
from billing.mirror import registry
from subscriptions.customers import linking, ownership
from subscriptions.customers import services as customers
from subscriptions.mirror import kinds, mapping, refresh, unpaid_orders
from subscriptions.models import (
    BillingAccount,
    ConfirmedAddress,
    Customer,
    Dispute,
    ErasedCustomer,
    ErasedObject,
    Payment,
    ProductClaim,
    Refund,
    StatusChange,
)
from subscriptions.traces import disk, person, records, sessions
from subscriptions.traces.person import Traces
from subscriptions.user_model import User

logger = logging.getLogger(__name__)

# An event that another machine stores during an erasure may have an earlier time, if that machine's clock is behind.
# This is far more than such clocks usually differ by.
CLOCK_MARGIN = timedelta(minutes=5)

INACTIVE = "every subscription had ended"


def erase_person(user: User, *, now: datetime) -> list[str]:
    """Erase a person and all customers who are them, delete the account, and return the customers' ids.

    After a failure, a second call goes on where the first stopped. Raises StripeUnavailable, StripeMisconfigured.
    """
    ids = customer_ids_of(user)
    traces = erase_customers(ids, user=user, now=now)
    user.delete()
    forget(traces, since=now)
    return ids


def erase(customer_id: str, *, now: datetime) -> None:
    """Erase one customer. Raises StripeUnavailable, StripeMisconfigured."""
    forget(erase_customers([customer_id], user=None, now=now), since=now)


def erase_customers(ids: Iterable[str], *, user: User | None, now: datetime) -> Traces:
    """Delete customers at Stripe, which ends their subscriptions there, and all their rows.

    Orders that are not paid yet, and subscriptions that begin later, are cancelled first.
    https://docs.stripe.com/api/customers/delete
    Return the texts that name the person, for `forget` once the account is deleted. They come from the person's rows,
    so records are cleaned before the rows are deleted: a second call, after a failure, still finds the texts.
    Raises StripeUnavailable, StripeMisconfigured.
    """
    ids = list(ids)
    traces = person.of_user(user) if user else Traces()
    for customer_id in ids:
        traces = traces.with_those_of(person.of_customer(customer_id))
    for customer_id in ids:
        _stop(customer_id, now)
        with suppress(StripeMissing):
            gateway.delete_customer(customer_id)
    ErasedObject.remember([*traces.payments, *_account_ids(user, ids)])
    records.erase(traces)
    for customer_id in ids:
        mark_erased(customer_id, reason="erased on request", now=now)
    return traces


def forget(traces: Traces, *, since: datetime) -> None:
    """Remove the texts that name the person from records that came in since then, and from every session and log.

    Raises OSError if a log can't be written.
    """
    records.erase(traces, since=since - CLOCK_MARGIN)
    sessions.erase(traces)
    disk.erase(traces)


def customer_ids_of(user: User) -> list[str]:
    """Return the ids of all customers who are this person: the present one, earlier, linked and lost ones.

    A customer is lost if Stripe's answer was; only Stripe knows it, by our metadata. Raises StripeFailure.
    """
    account = BillingAccount.objects.filter(user=user).first()
    if account is None:
        return []
    ids = BillingAccount.objects.customer_ids_of(user)
    ids += Customer.objects.filter(named_account=str(account.pk)).order_by("pk").values_list("pk", flat=True)
    for email in sorted({each for each in (user.email, account.email, account.seen_email) if each}):
        found = gateway.customers_by_email(email).objects
        ids += [each["id"] for each in found if (each.get("metadata") or {}).get(mapping.ACCOUNT) == str(account.pk)]
    if ConfirmedAddress.objects.filter(user=user, email=user.email).exists():
        ids += [customer.pk for customer in linking.unowned_with_address_of(user)]
    return [each for each in dict.fromkeys(ids) if not _is_anothers(each, user)]


def customer_ids_with(customer_id: str) -> list[str]:
    """Return the id of a customer who is nobody here, with those of all others of the same account, now deleted."""
    named = Customer.objects.filter(pk=customer_id).values_list("named_account", flat=True).first()
    others = Customer.objects.filter(named_account=named).values_list("pk", flat=True) if named else ()
    return [each for each in dict.fromkeys([customer_id, *others]) if ownership.owner_of(each) is None]


def is_erased(customer_id: str) -> bool:
    return ErasedCustomer.objects.filter(pk=customer_id).exists()


def mark_inactive_erased(customer_id: str, *, now: datetime, is_active: Callable[[], bool]) -> bool:
    """Delete the rows of a customer who has nothing left; False if they turn out to be active.

    A purchase takes its claim before it looks whether the customer is erased, and here it is the other way round: if
    both happen at once, at least one sees the other and gives way.
    """
    _remember(customer_id, reason=INACTIVE, now=now)
    if is_active():
        forget_inactive_erased(customer_id)
        return False
    mark_erased(customer_id, reason=INACTIVE, now=now)
    return True


def forget_inactive_erased(customer_id: str) -> None:
    """Forget that an inactive customer was to be erased, because they are active."""
    ErasedCustomer.objects.filter(pk=customer_id, reason=INACTIVE).delete()


def mark_erased(customer_id: str, *, reason: str, now: datetime) -> None:
    """Delete a customer's rows here, and remember the id, so that no late event brings the rows back."""
    _remember(customer_id, reason=reason, now=now)
    payments = person.payments_of(customer_id)
    ErasedObject.remember(payments)
    customers.unlink(customer_id)
    subscription_ids = _keys_of_rows(kinds.SUBSCRIPTION, customer_id)
    StatusChange.objects.filter(subscription_id__in=subscription_ids).delete()
    ProductClaim.objects.filter(customer_id=customer_id).delete()
    # These name their customer only once they are linked to what was paid.
    for model in (Refund, Dispute):
        model._default_manager.filter(pk__in=payments).delete()
    # What belongs to something else is registered after it, and is deleted before it. MongoDB deletes by no join.
    for kind in reversed(registry.all_kinds()):
        if kind.customer_on_row:
            keys = _keys_of_rows(kind, customer_id)
            _forget_names_in_log(kind.model, keys)
            kind.model._default_manager.filter(pk__in=keys).delete()


def _forget_names_in_log(model: type[Model], keys: list[Any]) -> None:
    """Call the rows in the admin's log by their ids: a customer is called by its address there."""
    entries = LogEntry.objects.filter(content_type=ContentType.objects.get_for_model(model))
    entries.filter(object_id__in=[str(key) for key in keys]).update(object_repr=F("object_id"))


def _stop(customer_id: str, now: datetime) -> None:
    for payment in Payment.objects.unpaid().filter(customer=customer_id, access_ended_at=None):
        # Money that came later would be kept without anybody here knowing whose it is.
        if unpaid_orders.cancel(payment, now=now).is_unpaid:
            logger.warning("payment %s of an erased customer may still come: refund it at Stripe", payment)
    for schedule_id in refresh.cancel_not_started(customer_id):
        logger.info("schedule %s of an erased customer was cancelled", schedule_id)


def _remember(customer_id: str, *, reason: str, now: datetime) -> None:
    ErasedCustomer.objects.get_or_create(pk=customer_id, defaults={"erased_at": now, "reason": reason})


def _keys_of_rows(kind: registry.Kind[registry.Row], customer_id: str) -> list[Any]:
    rows = kind.model._default_manager.filter(**{kind.customer_on_row: customer_id})
    return list(rows.order_by().values_list("pk", flat=True))


def _account_ids(user: User | None, customer_ids: list[str]) -> list[str]:
    """Return the accounts of the person, also deleted ones: a customer that is seen later may name one of them."""
    named = {
        account
        for account in Customer.objects.filter(pk__in=customer_ids).values_list("named_account", flat=True)
        if mapping.uuid_in(account)
    }
    present = BillingAccount.objects.filter(pk__in=named)
    own = BillingAccount.objects.filter(user=user).values_list("pk", flat=True) if user else ()
    return [*(named - {str(pk) for pk in present.values_list("pk", flat=True)}), *map(str, own)]


def _is_anothers(customer_id: str, user: User) -> bool:
    return ownership.owner_of(customer_id) not in {None, user}
