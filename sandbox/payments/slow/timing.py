"""When a debit or voucher ends, and how: by default it succeeds, test values of the payment method change that.

https://docs.stripe.com/testing, https://docs.stripe.com/payments/boleto/accept-a-payment#test-your-integration
"""

from dataclasses import dataclass

from sandbox.core.periods import DAY
from sandbox.core.store import Object
from sandbox.payments import cards
from sandbox.payments.cards import Decline, Disputed

DEBIT_SUCCEEDS_AFTER = 5 * DAY
DEBIT_FAILS_AFTER = 4 * DAY
VOUCHER_PAID_AFTER = 2 * DAY
SOON = 180


@dataclass(frozen=True)
class Outcome:
    """How a payment ends: `decline` is None if it succeeds; a debit can succeed and be `disputed` afterwards.

    `is_quick` ends it at once, or a voucher that expires after three minutes. `is_ignored` is a voucher that nobody
    pays until it expires.
    """

    decline: Decline | None = None
    disputed: Disputed | None = None
    is_quick: bool = False
    is_ignored: bool = False

    def due_after_debit(self, now: int) -> int:
        if self.is_quick:
            return now
        return now + (DEBIT_FAILS_AFTER if self.decline else DEBIT_SUCCEEDS_AFTER)

    def due_after_voucher(self, now: int, *, expires_at: int) -> int:
        if self.is_ignored:
            return expires_at
        if self.is_quick:
            return now
        return now + SOON if self.decline else min(now + VOUCHER_PAID_AFTER, expires_at)


def _refused(code: str, message: str) -> Outcome:
    return Outcome(decline=Decline(code, message))


DEFAULT = Outcome()
REFUSED = Outcome(decline=cards.BANK_REFUSED)
DISPUTED = Outcome(disputed=Disputed("debit_not_authorized"))
# The endings of test account numbers of US banks.
US_ACCOUNTS = {
    "000111111113": _refused("account_closed", "The customer's bank account has been closed."),
    "000111111116": _refused("no_account", "The bank account could not be located."),
    "000222222227": _refused(
        "insufficient_funds", "The customer's account has insufficient funds to cover this payment."
    ),
    "000333333335": _refused(
        "debit_not_authorized", "The customer has notified their bank that this payment was unauthorized."
    ),
    "000444444440": _refused("invalid_currency", "The bank account does not support this currency."),
    "000555555559": DISPUTED,
}
# The endings of test IBANs, by their last characters, which Stripe repeats for each country.
IBANS = {
    "3001": Outcome(decline=cards.BANK_REFUSED, is_quick=True),
    "3002": DISPUTED,
    "3004": REFUSED,
}
# The beginnings of test e-mail addresses of those who get a voucher.
EMAILS = {
    "succeed_immediately": Outcome(is_quick=True),
    "expire_immediately": Outcome(decline=cards.EXPIRED_VOUCHER, is_quick=True),
    "expire_with_delay": Outcome(decline=cards.EXPIRED_VOUCHER),
    "fill_never": Outcome(decline=cards.EXPIRED_VOUCHER, is_ignored=True),
}


def outcome_of(method: Object) -> Outcome:
    """Return how payments with this method end."""
    match method["type"]:
        case "us_bank_account":
            return US_ACCOUNTS.get(method.get("_number", ""), DEFAULT)
        case "sepa_debit":
            return IBANS.get(method.get("_number", "")[-4:], DEFAULT)
    name = (method["billing_details"]["email"] or "").partition("@")[0]
    return next((outcome for suffix, outcome in EMAILS.items() if name.endswith(suffix)), DEFAULT)
