"""Reading purchases from Stripe before the next one, while the copy is behind: after a restored backup, for example.

The first pass of the sync reads them too, but people may buy before it. While the sync runs, nothing is read here.
"""

from contextlib import suppress
from datetime import datetime, timedelta

from django.conf import settings

from billing import gateway
from billing.errors import StripeMissing, StripeRefused
from billing.gateway.snapshots import JSON
from billing.mirror.engine import apply_snapshot
from billing.models import Installation, Price
from subscriptions import our_clock
from subscriptions.checkout import sessions
from subscriptions.customers import linking, ownership
from subscriptions.mirror import kinds, mapping
from subscriptions.models import BillingAccount, CheckoutSession, Customer, Payment, Subscription, SyncState
from subscriptions.user_model import User

# The copy is behind after this many intervals without a complete pass.
BEHIND_AFTER_INTERVALS = 3


def is_behind(now: datetime) -> bool:
    """Whether the sync has been complete once, and not lately. One query, no call to Stripe."""
    last_pass_at = SyncState.objects.filter(pk=SyncState.THE_ONE).values_list("last_pass_at", flat=True).first()
    if last_pass_at is None:
        return False
    longest = BEHIND_AFTER_INTERVALS * timedelta(seconds=settings.SYNC_INTERVAL_SECONDS)
    return now - last_pass_at > longest or our_clock.is_impossible(last_pass_at, now=now)


def read_purchases(user: User) -> None:
    """Mirror a person's purchases, and expire their open checkouts that have no row here and could still be paid.

    Purchases of a lost account with the same address are mirrored too. Raises StripeUnavailable,
    StripeMisconfigured.
    """
    for customer_id in BillingAccount.objects.customer_ids_of(user):
        with suppress(StripeMissing):
            _expire_unknown(customer_id)
            _read_completed(customer_id)
            linking.read_subscriptions(customer_id)
    if user.email:
        for customer in gateway.customers_by_email(user.email).snapshots():
            if _is_lost(customer.object.get("metadata") or {}):
                apply_snapshot(kinds.CUSTOMER, customer)
                _read_completed(customer.id)
                linking.read_subscriptions(customer.id)


def lost_purchase(user: User, price: Price) -> Subscription | Payment | None:
    """Return what a lost account with this address has of the price's product, and would be paid twice.

    If a restored backup lacks a person's account, the person signs up again.
    """
    if not price.is_recurring and price.product.can_be_bought_again:
        return None
    customers = Customer.objects.filter(email=user.email, is_deleted=False) if user.email else ()
    lost = ownership.unowned_of([customer.pk for customer in customers if _is_lost(customer.metadata)])
    if not lost:
        return None
    charged = ownership.charged_among(lost).filter(product=price.product).first()
    return charged or Payment.objects.standing().filter(customer__in=lost, product=price.product).first()


def _is_lost(metadata: JSON) -> bool:
    """Whether an account of this database made the customer, and is no longer here."""
    if metadata.get(mapping.INSTALLATION) != Installation.current_id():
        return False
    account = mapping.uuid_in(metadata.get(mapping.ACCOUNT))
    return account is not None and not BillingAccount.objects.filter(pk=account).exists()


def _expire_unknown(customer_id: str) -> None:
    for page in gateway.checkout_sessions_of_customer(customer_id):
        open_sessions = [each for each in page.objects if each["status"] == CheckoutSession.Status.OPEN]
        ours = [each["id"] for each in open_sessions if mapping.claim_of(each) is not None]
        known = set(CheckoutSession.objects.filter(stripe_id__in=ours).values_list("stripe_id", flat=True))
        for session_id in ours:
            if session_id not in known:
                # One that was paid a moment ago is read with those that are complete.
                with suppress(StripeRefused):
                    gateway.expire_checkout_session(session_id)


def _read_completed(customer_id: str) -> None:
    for page in gateway.completed_session_pages(customer_id=customer_id):
        for session in page.snapshots():
            if mapping.claim_of(session.object) is not None:
                apply_snapshot(kinds.SESSION, session)
                sessions.mirror_purchase(session)
