"""Cancel and resume a subscription. Changes of plan are in change.py.

Each function changes the subscription at Stripe and returns its row as it is then. All raise StripeUnavailable,
StripeRefused or StripeMisconfigured if nothing was changed, or their own refusal before anything is sent.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from billing import gateway
from billing.errors import StripeMissing, StripeRefused
from subscriptions.checkout import first_payments
from subscriptions.mirror import refresh
from subscriptions.models import Subscription
from subscriptions.models.subscription_dates import EARLIER_END
from subscriptions.plans import pauses
from subscriptions.plans.errors import CannotCancel, CannotResume

if TYPE_CHECKING:
    from stripe import params as p

MAX_COMMENT = 500


@dataclass(frozen=True)
class Reason:
    """Why a person cancels; sent to Stripe as `cancellation_details`."""

    feedback: str = ""
    comment: str = ""

    @property
    def details(self) -> dict[str, str]:
        said = {
            "feedback": self.feedback if self.feedback in Subscription.CancellationFeedback else "",
            "comment": self.comment[:MAX_COMMENT],
        }
        return {field: value for field, value in said.items() if value}


def cancel(*, subscription: Subscription, reason: Reason | None = None) -> Subscription:
    """Cancel at the end of the paid period; access continues until then. A second call changes nothing.

    A later end, set in the dashboard or by a schedule, is moved to the end of the period, and comes back if the cancel
    is undone; an earlier one stays. Where no paid period is left, it ends now.
    Raises CannotCancel if the subscription has already ended, or its first payment is on its way from a bank.
    """
    if subscription.cancels_at or subscription.is_period_over:
        # It may have been resumed elsewhere meanwhile, and would be charged again, or paid, and would lose a period.
        subscription = refresh.fetch(subscription)
    if subscription.has_ended:
        raise CannotCancel.already_ended()
    if subscription.is_period_over:
        return cancel_now(subscription=subscription, reason=reason)
    if subscription.ends_with_period:
        return subscription
    later = subscription.cancels_at
    subscription = refresh.release_schedule(subscription)
    params: p.SubscriptionUpdateParams = {"cancel_at_period_end": True, "proration_behavior": "none"}
    if later and not subscription.agreed_end_at:
        params["metadata"] = {EARLIER_END: str(int(later.timestamp()))}
    if reason and reason.details:
        params["cancellation_details"] = reason.details  # type: ignore[typeddict-item]
    return refresh.update(subscription, params)


def cancel_now(
    *, subscription: Subscription, reason: Reason | None = None, is_last_invoice_wanted: bool = True
) -> Subscription:
    """Cancel at once. Access ends; what is still owed, such as prorations of a change, is invoiced if wanted.

    Raises CannotCancel if the subscription has already ended, or its first payment is on its way from a bank: it would
    be charged for nothing.
    """
    subscription = _ready_to_end(subscription)
    if subscription.has_ended:
        return subscription
    # Without `invoice_now` Stripe drops pending prorations (https://docs.stripe.com/billing/subscriptions/cancel).
    params: p.SubscriptionCancelParams = {"invoice_now": is_last_invoice_wanted, "prorate": False}
    if reason and reason.details:
        params["cancellation_details"] = reason.details  # type: ignore[typeddict-item]
    try:
        return refresh.apply_answer(subscription, lambda: gateway.cancel_subscription(subscription.pk, params))
    except StripeMissing:
        # A DELETE has no idempotency key: after a lost answer, the repeated call gets "no such subscription".
        subscription = refresh.fetch(subscription)
        if subscription.has_ended:
            return subscription
        raise


def _ready_to_end(subscription: Subscription) -> Subscription:
    """Return the subscription as it is, ended already if it was never paid. Raises CannotCancel."""
    if subscription.is_being_debited:
        # The debit may have ended meanwhile.
        subscription = refresh.fetch(subscription)
    if subscription.has_ended:
        raise CannotCancel.already_ended()
    if subscription.is_being_debited:
        raise CannotCancel.being_debited()
    # Its first invoice is voided, so that nothing is paid for it later.
    is_unpaid = subscription.status == Subscription.Status.INCOMPLETE
    return first_payments.end_unpaid(subscription) if is_unpaid else subscription


def resume(*, subscription: Subscription) -> Subscription:
    """Undo a scheduled cancel, however it was set (`cancel_at_period_end`, or `cancel_at` as the portal does).

    A later end that the cancel has moved forward comes back. A paused subscription that is not cancelled starts again:
    it is billed from now on, and Stripe charges the card at once.
    https://docs.stripe.com/billing/subscriptions/pause#resume-subscriptions
    Raises CannotResume if there is nothing to undo, it has already taken effect or was agreed, or the payment failed.
    """
    if subscription.has_ended:
        raise CannotResume.already_ended()
    if not subscription.cancels_at:
        if subscription.status != Subscription.Status.PAUSED:
            raise CannotResume.not_cancelled()
        return pauses.start_again(subscription=subscription)
    if subscription.ends_as_agreed:
        raise CannotResume.agreed(subscription.cancels_at)
    try:
        return refresh.update(subscription, _without_cancel(subscription))
    except StripeRefused as error:
        after = refresh.fetch(subscription)
        if after.has_ended:
            raise CannotResume.already_ended() from error
        if after.schedule_id:
            raise CannotResume.managed() from error
        raise


def _without_cancel(subscription: Subscription) -> "p.SubscriptionUpdateParams":
    # Time that was credited because the end is within the paid period is charged again.
    params: p.SubscriptionUpdateParams = {"proration_behavior": "create_prorations"}
    if later := subscription.end_before_cancel_at:
        params["cancel_at"] = int(later.timestamp())
        params["metadata"] = {EARLIER_END: ""}
    elif subscription.cancel_at_period_end:
        params["cancel_at_period_end"] = False
    else:
        params["cancel_at"] = ""
    return params
