"""The differences between the recorded answers and the sandbox's that are right, each with its reason.

A recording is of an older version and of another account; any other difference is the sandbox's fault. Paths are
exact: no row accepts members or values that it does not name.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.sandbox.recorded.comparison import ABSENT
from tests.sandbox.recorded.replay import Finding

CLOVER, DAHLIA = "2025-10-29.clover", "2026-03-25.dahlia"


@dataclass(frozen=True)
class Accepted:
    """A difference in the member at `path`, which is right if `holds` is true of the recorded and the sandbox's value.

    `versions` are those of the recorded calls that have it.
    """

    path: str
    reason: str
    holds: Callable[[Any, Any], bool]
    versions: tuple[str, ...] = (CLOVER, DAHLIA)

    def covers(self, finding: Finding) -> bool:
        """Return whether this is the difference that was found."""
        found = finding.difference
        is_here = found.path == self.path and finding.call.version in self.versions
        return is_here and self.holds(found.recorded, found.answered)


def is_added(recorded: Any, answered: Any) -> bool:
    return bool(recorded == ABSENT and answered != ABSENT)


def is_removed(recorded: Any, answered: Any) -> bool:
    return bool(recorded != ABSENT and answered == ABSENT)


def are(recorded: Any, answered: Any) -> Callable[[Any, Any], bool]:
    """Return whether the values are these two."""
    return lambda here, there: bool((here, there) == (recorded, answered))


def are_fewer(recorded: list[str], answered: list[str]) -> bool:
    return set(answered) < set(recorded)


# Members that the SDK declares and that later versions send.
ADDED_BY_DAHLIA = (
    "charge.payment_method_details.card.transaction_link_id",
    "credit_note.customer_account",
    "credit_note_line_item.metadata",
    "customer.customer_account",
    "discount.customer_account",
    "invoice.customer_account",
    "invoiceitem.customer_account",
    "invoiceitem.quantity_decimal",
    "line_item.quantity_decimal",
    "line_item.subtotal",
    "payment_intent.customer_account",
    "payment_intent.payment_method_options.us_bank_account.transaction_purpose",
    "payment_method.customer_account",
    "setup_intent.customer_account",
    "setup_intent.managed_payments",
    "subscription.customer_account",
)
ADDED_AFTER_DAHLIA = (
    "checkout.session.managed_payments",
    "payment_intent.managed_payments",
    "subscription.billing_schedules",
    "subscription.cancellation_details.feedback_option",
    "subscription.invoice_settings.custom_fields",
    "subscription.invoice_settings.description",
    "subscription.invoice_settings.footer",
    "subscription.managed_payments",
    "subscription.status_details",
)
# Members that the SDK does not declare, so the sandbox may not send them.
REMOVED = (
    "charge.destination",
    "charge.dispute",
    "charge.order",
    "payment_intent.next_action.use_stripe_sdk.directory_server_encryption",
    "payment_method.boleto.fingerprint",
    "subscription.plan",
    "subscription.quantity",
)
# What the recorded account has turned on.
OTHER_METHODS = ("acss_debit", "afterpay_clearpay", "alipay", "cashapp", "klarna", "link", "wechat_pay")

ACCEPTED = (
    *(
        Accepted(path, "Added between 2025-10-29.clover and 2026-03-25.dahlia.", is_added, (CLOVER,))
        for path in ADDED_BY_DAHLIA
    ),
    *(Accepted(path, "Added after 2026-03-25.dahlia.", is_added) for path in ADDED_AFTER_DAHLIA),
    *(Accepted(path, "The SDK does not declare it: it was removed.", is_removed) for path in REMOVED),
    *(
        Accepted(
            f"payment_intent.payment_method_options.{kind}",
            "The recorded account takes this payment method; the sandbox does not play it.",
            is_removed,
        )
        for kind in OTHER_METHODS
    ),
    *(
        Accepted(
            f"{kind}.payment_method_types",
            "The recorded account takes more payment methods than the sandbox plays.",
            are_fewer,
        )
        for kind in ("checkout.session", "payment_intent", "setup_intent")
    ),
    Accepted("invoice.account_name", "The account's name.", are("Pay", "Sandbox")),
    Accepted("checkout.session.branding_settings.display_name", "The account's name.", are("Pay", "Sandbox")),
    Accepted(
        "charge.calculated_statement_descriptor", "The account's statement descriptor.", are("PAY RAILS", "SANDBOX")
    ),
    Accepted("coupon.times_redeemed", "The coupon had been redeemed four times before the recording.", are(5, 1)),
)
