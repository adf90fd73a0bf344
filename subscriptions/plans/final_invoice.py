"""Preview what cancelling at once costs: changes in the running period, or use, that are not billed yet."""

from dataclasses import dataclass

from billing import gateway, money
from billing.errors import StripeRefused
from subscriptions.models import Subscription
from subscriptions.plans.preview import is_proration


@dataclass(frozen=True, slots=True)
class LastBill:
    """`amount_due` is in the currency's minor unit; 0 if a credit remains. It grows if it `is_for_use`."""

    amount_due: int
    currency: str
    is_for_use: bool
    is_for_changes: bool

    @property
    def reason(self) -> str:
        """What is not billed yet: "changes", "use" or both; "amounts" if it is something else."""
        if not self.is_for_use:
            return "changes" if self.is_for_changes else "amounts"
        return "use and changes" if self.is_for_changes else "use"

    @property
    def amount_due_display(self) -> str:
        return money.display(self.amount_due, self.currency)


def preview(*, subscription: Subscription) -> LastBill:
    """Ask Stripe for the invoice that cancelling now would bring.

    It is always asked: changes of a further item, made in the dashboard, leave no trace here. One short try, because
    the person waits. https://docs.stripe.com/api/invoices/create_preview
    Raises StripeUnavailable or StripeMisconfigured.
    """
    by_use = any(item.get("is_metered") for item in subscription.items)
    try:
        with gateway.quickly():
            invoice = gateway.preview_invoice(
                {
                    "subscription": subscription.pk,
                    "subscription_details": {"cancel_now": True, "proration_behavior": "none"},
                }
            ).object
    except StripeRefused:
        # Stripe would make no invoice.
        return LastBill(0, subscription.currency, by_use, is_for_changes=False)
    changed = any(is_proration(line) for line in invoice["lines"]["data"])
    return LastBill(invoice["amount_due"], invoice["currency"], by_use, changed)
