"""Sessions that may be paid at Stripe already while nobody has told us: no success page, no webhook and no sync."""

from collections.abc import Collection

from django.db.models import Exists, OuterRef, Q, QuerySet

from billing import gateway
from subscriptions.checkout import services
from subscriptions.checkout.errors import NotYourSession
from subscriptions.models import CheckoutSession, Payment, Subscription
from subscriptions.user_model import User

Status = CheckoutSession.Status


def look_up_latest(*, user: User, customer_ids: Collection[str]) -> None:
    """Look up the latest session of this person's customers that is not settled here, and mirror it with its purchase.

    One short call to Stripe, or none without such a session. Raises StripeUnavailable, StripeMisconfigured.
    """
    session = _unsettled(customer_ids).first()
    if session is None:
        return
    try:
        with gateway.quickly():
            services.complete(user=user, session_id=str(session.stripe_id))
    except NotYourSession:
        # It is not at Stripe: the key is another account's now.
        return


def _unsettled(customer_ids: Collection[str]) -> "QuerySet[CheckoutSession]":
    """Return sessions that are open as far as we know, or complete without their subscription or payment."""
    sold = Exists(Subscription.objects.filter(pk=OuterRef("subscription_id"))) | Exists(
        Payment.objects.filter(pk=OuterRef("pk"))
    )
    theirs = CheckoutSession.objects.filter(customer__in=customer_ids, is_deleted=False).exclude(stripe_id=None)
    return theirs.filter(Q(status=Status.OPEN) | (Q(status=Status.COMPLETE) & ~sold)).order_by("-claimed_at")
