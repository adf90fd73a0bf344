"""Preview what cancelling at once costs: changes in the running period, or use, that are not billed yet."""

from dataclasses import dataclass

from billing import gateway, money
from billing.errors import StripeRefused
from subscriptions.models import StatusChange, Subscription


@dataclass(frozen=True, slots=True)
class LastBill:
    """`amount_due` is in the currency's minor unit; 0 if a credit remains. It grows if it `is_for_use`."""

    amount_due: int
    currency: str
    is_for_use: bool
    is_for_changes: bool

    @property
    def reason(self) -> str:
        """What is not billed yet: "changes", "use" or both."""
        if not self.is_for_use:
            return "changes"
        return "use and changes" if self.is_for_changes else "use"

    @property
    def amount_due_display(self) -> str:
        return money.display(self.amount_due, self.currency)


def preview(*, subscription: Subscription) -> LastBill:
    """Ask Stripe for the invoice that cancelling now would bring; nothing, without a call, if nothing can be owed.

    One short try, because the person waits. https://docs.stripe.com/api/invoices/create_preview
    Raises StripeUnavailable or StripeMisconfigured.
    """
    by_use, changed = _is_billed_by_use(subscription), _has_changed_in_this_period(subscription)
    nothing = LastBill(0, subscription.currency, by_use, changed)
    if not (by_use or changed):
        return nothing
    try:
        with gateway.quickly():
            answer = gateway.preview_invoice(
                {
                    "subscription": subscription.pk,
                    "subscription_details": {"cancel_now": True, "proration_behavior": "none"},
                }
            )
    except StripeRefused:
        # Stripe would make no invoice.
        return nothing
    return LastBill(answer.object["amount_due"], answer.object["currency"], by_use, changed)


def _is_billed_by_use(subscription: Subscription) -> bool:
    return any(item.get("is_metered") for item in subscription.items)


def _has_changed_in_this_period(subscription: Subscription) -> bool:
    changes = StatusChange.objects.filter(subscription=subscription).exclude(from_price=None)
    if subscription.current_period_start_at:
        changes = changes.filter(changed_at__gte=subscription.current_period_start_at)
    return any((one.from_price_id, one.from_quantity) != (one.to_price_id, one.to_quantity) for one in changes)
