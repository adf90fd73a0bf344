"""Sessions that may be paid at Stripe already while nobody has told us: no success page, no webhook and no sync."""

from collections.abc import Collection
from uuid import UUID

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
    session = _unsettled(customer_ids)
    if session is None:
        return
    try:
        with gateway.quickly():
            services.complete(user=user, session_id=str(session.stripe_id))
    except NotYourSession:
        # It is not at Stripe: the key is another account's now.
        return


def _unsettled(customer_ids: Collection[str]) -> CheckoutSession | None:
    """Return the latest session that is open as far as we know, or complete without its subscription or payment.

    One query, and up to two more if one is complete.
    """
    theirs = CheckoutSession.objects.filter(customer__in=customer_ids, is_deleted=False).exclude(stripe_id=None)
    sessions = list(theirs.filter(status__in=[Status.OPEN, Status.COMPLETE]).order_by("-claimed_at"))
    settled = _settled([session for session in sessions if session.status == Status.COMPLETE])
    return next((session for session in sessions if session.pk not in settled), None)


def _settled(complete: list[CheckoutSession]) -> set[UUID]:
    """Return the ids of the complete sessions whose subscription or payment is here."""
    bought = [session.subscription_id for session in complete if session.subscription_id]
    known = set(Subscription.objects.filter(pk__in=bought).order_by().values_list("pk", flat=True))
    settled = {session.pk for session in complete if session.subscription_id in known}
    others = [session.pk for session in complete if session.pk not in settled]
    return settled | set(Payment.objects.filter(pk__in=others).order_by().values_list("pk", flat=True))
