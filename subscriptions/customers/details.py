"""A person's address and name: changed here, they are sent to Stripe; changed at Stripe, they only show here.

The last change wins. The address here is the login, so nothing from Stripe is ever written to it.
"""

import logging
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import QuerySet

from billing import gateway
from billing.errors import StripeFailure, StripeMissing, StripeRefused
from billing.linked import linked
from billing.mirror import engine
from subscriptions import stripe_clock
from subscriptions.mirror import kinds
from subscriptions.models import BillingAccount, Customer, DetailsToSend
from subscriptions.user_model import User, full_name_of

if TYPE_CHECKING:
    from stripe import params as p

logger = logging.getLogger(__name__)

AT_MOST_A_PASS = 20


def note_change(user: User) -> bool:
    """Record that the address or the name of a saved user is another one; False if neither is."""
    account = linked(BillingAccount.objects.filter(user=user), "customer").first()
    if account is None:
        return False
    name, now = full_name_of(user), stripe_clock.now()
    changed = {}
    if user.email != _seen_email(account):
        changed["email_changed_at"] = now
    if name != _seen_name(account):
        changed["name_changed_at"] = now
    if changed:
        DetailsToSend.objects.update_or_create(account=account, defaults=changed)
        BillingAccount.objects.filter(pk=account.pk).update(seen_email=user.email, seen_name=name)
    return bool(changed)


def send_quickly(user: User) -> None:
    """Send what is noted of one person, without errors: the sync tries again."""
    with gateway.quickly():
        account_ids = list(BillingAccount.objects.filter(user=user).values_list("pk", flat=True))
        _send_all(DetailsToSend.objects.filter(account__in=account_ids))


def send_due() -> None:
    """Send what is noted, some of it in each pass; if Stripe is away, the next pass goes on."""
    _send_all(DetailsToSend.objects.all())


def _send_all(noted: QuerySet[DetailsToSend]) -> None:
    # Of a person without a customer, it is sent once there is one.
    accounts = BillingAccount.objects.filter(pk__in=list(noted.values_list("account_id", flat=True)))
    can_go = list(accounts.filter(customer__isnull=False).values_list("pk", flat=True)[:AT_MOST_A_PASS])
    try:
        for one in linked(DetailsToSend.objects.filter(account__in=can_go), "account__user"):
            _send(one)
    except StripeFailure as error:
        logger.warning("changed details are not at Stripe yet: %s", type(error).__name__)


def _send(noted: DetailsToSend) -> None:
    user, account = noted.account.user, noted.account
    for customer in Customer.objects.filter(pk__in=BillingAccount.objects.customer_ids_of(user), is_deleted=False):
        params: p.CustomerUpdateParams = {}
        is_later = _is_later(customer.email_changed_at, noted.email_changed_at) and customer.email != account.email
        if noted.email_changed_at and not is_later and customer.email != user.email:
            params["email"] = user.email
        is_later = _is_later(customer.name_changed_at, noted.name_changed_at) and customer.name != account.sent_name
        if noted.name_changed_at and not is_later and customer.name != full_name_of(user):
            params["name"] = full_name_of(user)
        if params:
            _update(customer.pk, params)
    BillingAccount.objects.filter(pk=account.pk).update(email=user.email, sent_name=full_name_of(user))
    # Not if it was changed again meanwhile.
    as_read = {"email_changed_at": noted.email_changed_at, "name_changed_at": noted.name_changed_at}
    DetailsToSend.objects.filter(pk=noted.pk, **as_read).delete()


def _update(customer_id: str, params: "p.CustomerUpdateParams") -> None:
    """Send the details. Stripe accepts fewer addresses than we do: then the name is sent alone."""
    try:
        engine.apply_answer(kinds.CUSTOMER, customer_id, lambda: gateway.update_customer(customer_id, params))
    except StripeMissing:
        return
    except StripeRefused as error:
        logger.warning("Stripe refused details of %s: %s", customer_id, error.param)
        if error.param == "email" and "name" in params:
            _update(customer_id, {"name": params["name"]})


def _is_later(at_stripe: datetime | None, here: datetime | None) -> bool:
    return at_stripe is not None and here is not None and at_stripe > here


def _seen_email(account: BillingAccount) -> str:
    return account.email if account.seen_email is None else account.seen_email


def _seen_name(account: BillingAccount) -> str:
    if account.seen_name is not None:
        return account.seen_name
    return account.customer.name if account.customer else ""
