"""Stripe's test cards: the behaviour of each number when it is attached, charged and authenticated.

The numbers and `pm_card_…` ids are Stripe's; other numbers are declined. https://docs.stripe.com/testing
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from sandbox.core.errors import ApiError


class Authentication(Enum):
    """When the bank requires 3-D Secure."""

    NEVER = "never"
    UNTIL_SET_UP = "until_set_up"  # Once, on the page; later charges of the saved card succeed.
    ALWAYS = "always"  # For every charge, so off-session charges fail.


@dataclass(frozen=True)
class Decline:
    """The reason why a card is declined, with the message and codes of Stripe's error."""

    code: str
    message: str
    decline_code: str | None = None
    param: str | None = None
    type: str = "card_error"
    advice_code: str | None = None
    network_decline_code: str | None = None

    def error(self, *, param: str | None = None, **extra: Any) -> ApiError:
        """Return the error (402); `extra` are further members, such as `payment_intent`."""
        return ApiError(
            self.message,
            status=402,
            type=self.type,
            code=self.code,
            param=self.param if param is None else param,
            decline_code=self.decline_code,
            advice_code=self.advice_code,
            network_decline_code=self.network_decline_code,
            **extra,
        )


@dataclass(frozen=True)
class Disputed:
    """How the cardholder disputes a charge; an inquiry comes before a chargeback and takes no money."""

    reason: str
    is_inquiry: bool = False


class RefundOutcome(Enum):
    """When refunds of a card succeed."""

    AT_ONCE = "at_once"
    LATER = "later"
    FAILS_LATER = "fails_later"


@dataclass(frozen=True)
class Card:
    """One test card; `refusal` is the decline of all its charges, None if they succeed.

    `refused_when_attached` declines saving it too.
    """

    number: str
    alias: str
    brand: str = "visa"
    funding: str = "credit"
    refusal: Decline | None = None
    refused_when_attached: bool = True
    authentication: Authentication = Authentication.NEVER
    country: str = "US"
    disputed: Disputed | None = None
    refunds: RefundOutcome = RefundOutcome.AT_ONCE

    @property
    def display_brand(self) -> str:
        return DISPLAY_BRANDS.get(self.brand, self.brand)

    @property
    def last4(self) -> str:
        return self.number[-4:]

    def asks_authentication(self, *, on_session: bool) -> bool:
        """Return whether a charge needs 3-D Secure: on the page, or off session without the customer."""
        if on_session:
            return self.authentication is not Authentication.NEVER
        return self.authentication is Authentication.ALWAYS

    def refusal_when_saved(self) -> Decline | None:
        """Return the decline for saving the card without a charge, None if it can be saved."""
        return self.refusal if self.refused_when_attached else None


DISPLAY_BRANDS = {"amex": "american_express", "diners": "diners_club"}
RETRY, GIVE_UP, CHECK_CARD = "try_again_later", "do_not_try_again", "confirm_card_data"


def _declined(
    code: str, message: str, decline_code: str, *, advice: str, network: str, param: str | None = None
) -> Decline:
    return Decline(code, message, decline_code, param, advice_code=advice, network_decline_code=network)


DECLINED = "Your card was declined."
GENERIC_DECLINE = _declined("card_declined", DECLINED, "generic_decline", advice=RETRY, network="01")
INSUFFICIENT_FUNDS = _declined(
    "card_declined", "Your card has insufficient funds.", "insufficient_funds", advice=RETRY, network="51"
)
LOST = _declined("card_declined", DECLINED, "lost_card", advice=GIVE_UP, network="41")
STOLEN = _declined("card_declined", DECLINED, "stolen_card", advice=GIVE_UP, network="43")
TOO_OFTEN = _declined(
    "card_declined",
    "Your card was declined for making repeated attempts too frequently or exceeding its amount limit.",
    "card_velocity_exceeded",
    advice=RETRY,
    network="65",
)
BLOCKED = Decline("card_declined", DECLINED, "fraudulent")
EXPIRED = _declined(
    "expired_card", "Your card has expired.", "expired_card", advice=GIVE_UP, network="54", param="exp_month"
)
WRONG_CVC = _declined(
    "incorrect_cvc",
    "Your card's security code is incorrect.",
    "incorrect_cvc",
    advice=CHECK_CARD,
    network="N7",
    param="cvc",
)
PROCESSING_ERROR = _declined(
    "processing_error",
    "An error occurred while processing your card. Try again in a little bit.",
    "processing_error",
    advice=RETRY,
    network="19",
)
AUTHENTICATION_REQUIRED = Decline(
    "authentication_required",
    "Your card was declined. This transaction requires authentication.",
    "authentication_required",
)
EXPIRED_VOUCHER = Decline(
    "payment_intent_payment_attempt_expired",
    "The latest payment attempt of this PaymentIntent has expired.",
    type="invalid_request_error",
)
AUTHENTICATION_FAILED = Decline(
    "payment_intent_authentication_failure",
    "We are unable to authenticate your payment method. Please choose a different payment method and try again.",
    type="invalid_request_error",
)
SETUP_AUTHENTICATION_FAILED = Decline(
    "setup_intent_authentication_failure",
    "The latest attempt to set up the payment method has failed because authentication failed.",
    type="invalid_request_error",
)
BANK_REFUSED = Decline("payment_method_provider_decline", "The customer's bank account could not be debited.")
NOT_A_TEST_CARD = Decline(
    "card_declined",
    "Your card was declined. Your request was in test mode, but used a non test (live) card. "
    "For a list of valid test cards, visit: https://stripe.com/docs/testing.",
    "test_mode_live_card",
)
INVALID_NUMBER = Decline("invalid_number", "The card number is not a valid credit card number.", param="number")
INCORRECT_NUMBER = Decline("incorrect_number", "Your card number is incorrect.", param="number")
INVALID_MONTH = Decline("invalid_expiry_month", "Your card's expiration month is invalid.", param="exp_month")
INVALID_YEAR = Decline("invalid_expiry_year", "Your card's expiration year is invalid.", param="exp_year")
INVALID_CVC = Decline("invalid_cvc", "Your card's security code is invalid.", param="cvc")

TEST_CARDS = (
    Card("4242424242424242", "pm_card_visa"),
    Card("4000056655665556", "pm_card_visa_debit", funding="debit"),
    Card("5555555555554444", "pm_card_mastercard", brand="mastercard"),
    Card("5200828282828210", "pm_card_mastercard_debit", brand="mastercard", funding="debit"),
    Card("5105105105105100", "pm_card_mastercard_prepaid", brand="mastercard", funding="prepaid"),
    Card("378282246310005", "pm_card_amex", brand="amex"),
    Card("371449635398431", "pm_card_amex", brand="amex"),
    Card("6011111111111117", "pm_card_discover", brand="discover"),
    Card("6011000990139424", "pm_card_discover", brand="discover"),
    Card("3056930009020004", "pm_card_diners", brand="diners"),
    Card("3566002020360505", "pm_card_jcb", brand="jcb", country="JP"),
    Card("6200000000000005", "pm_card_unionpay", brand="unionpay", country="CN"),
    Card("4000000000000077", "pm_card_bypassPending"),
    Card("4000000000000002", "pm_card_chargeDeclined", refusal=GENERIC_DECLINE),
    Card("4000000000009995", "pm_card_chargeDeclinedInsufficientFunds", refusal=INSUFFICIENT_FUNDS),
    Card("4000000000009987", "pm_card_visa_chargeDeclinedLostCard", refusal=LOST),
    Card("4000000000009979", "pm_card_visa_chargeDeclinedStolenCard", refusal=STOLEN),
    Card("4000000000006975", "pm_card_visa_chargeDeclinedVelocityLimitExceeded", refusal=TOO_OFTEN),
    Card("4100000000000019", "pm_card_chargeDeclinedFraudulent", refusal=BLOCKED, refused_when_attached=False),
    Card("4000000000000069", "pm_card_chargeDeclinedExpiredCard", refusal=EXPIRED),
    Card("4000000000000127", "pm_card_chargeDeclinedIncorrectCvc", refusal=WRONG_CVC),
    Card("4000000000000119", "pm_card_chargeDeclinedProcessingError", refusal=PROCESSING_ERROR),
    Card("4000000000000259", "pm_card_createDispute", disputed=Disputed("fraudulent")),
    Card(
        "4000000000002685",
        "pm_card_createDisputeProductNotReceived",
        disputed=Disputed("product_not_received"),
    ),
    Card("4000000000001976", "pm_card_createDisputeInquiry", disputed=Disputed("fraudulent", is_inquiry=True)),
    Card("4000000000005126", "pm_card_refundFail", refunds=RefundOutcome.FAILS_LATER),
    Card("4000000000007726", "pm_card_pendingRefund", refunds=RefundOutcome.LATER),
    Card(
        "4000000000000341",
        "pm_card_chargeCustomerFail",
        refusal=GENERIC_DECLINE,
        refused_when_attached=False,
    ),
    Card(
        "4000002500003155",
        "pm_card_authenticationRequiredOnSetup",
        authentication=Authentication.UNTIL_SET_UP,
    ),
    Card(
        "4000002760003184",
        "pm_card_authenticationRequired",
        authentication=Authentication.ALWAYS,
        country="DE",
    ),
    Card(
        "4000008260003178",
        "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds",
        refusal=INSUFFICIENT_FUNDS,
        refused_when_attached=False,
        authentication=Authentication.UNTIL_SET_UP,
    ),
    Card(
        "4000000000003220",
        "pm_card_threeDSecure2Required",
        authentication=Authentication.UNTIL_SET_UP,
    ),
)
ALWAYS_APPROVED = "4242424242424242"
ALSO_WITH_BRAND = (
    "pm_card_chargeDeclined",
    "pm_card_chargeDeclinedInsufficientFunds",
    "pm_card_chargeDeclinedExpiredCard",
    "pm_card_chargeDeclinedIncorrectCvc",
    "pm_card_chargeDeclinedProcessingError",
)
BY_NUMBER = {card.number: card for card in TEST_CARDS}
BY_ALIAS = {card.alias: card for card in TEST_CARDS}
BY_ALIAS |= {alias.replace("pm_card_", "pm_card_visa_", 1): BY_ALIAS[alias] for alias in ALSO_WITH_BRAND}
BY_TOKEN = {alias.replace("pm_card", "tok", 1): card for alias, card in BY_ALIAS.items()}

SHORTEST_NUMBER = 12
LONGEST_NUMBER = 19
LAST_MONTH = 12
FURTHEST_EXPIRY_YEARS = 50


def by_number(number: str) -> Card:
    """Return the test card with this number, which may have spaces or hyphens.

    Raises ApiError (402) for a malformed number, a wrong check digit, or a number that is no test card.
    """
    digits = number.replace(" ", "").replace("-", "")
    if not (digits.isascii() and digits.isdigit()) or not SHORTEST_NUMBER <= len(digits) <= LONGEST_NUMBER:
        raise INVALID_NUMBER.error()
    if not _check_digit_is_right(digits):
        raise INCORRECT_NUMBER.error()
    if digits not in BY_NUMBER:
        raise NOT_A_TEST_CARD.error()
    return BY_NUMBER[digits]


def check_expiry(*, month: int, year: int, now: int) -> None:
    """Check the expiry date. Raises ApiError (402) for an invalid month or an expired card."""
    if not 1 <= month <= LAST_MONTH:
        raise INVALID_MONTH.error()
    today = datetime.fromtimestamp(now, UTC)
    if year < today.year or year > today.year + FURTHEST_EXPIRY_YEARS:
        raise INVALID_YEAR.error()
    if (year, month) < (today.year, today.month):
        raise INVALID_MONTH.error()


def default_expiry(now: int) -> tuple[int, int]:
    """Return the month and year of expiry for a card given by number alone: five years ahead."""
    return LAST_MONTH, datetime.fromtimestamp(now, UTC).year + 5


def alias_expiry(now: int) -> tuple[int, int]:
    """Return the month and year of expiry for a card given by its `pm_card_…` id: a year ahead."""
    today = datetime.fromtimestamp(now, UTC)
    return today.month, today.year + 1


def check_cvc(cvc: str) -> None:
    """Check the security code. Raises ApiError (402) if it is not three or four digits."""
    if not (cvc.isascii() and cvc.isdigit() and len(cvc) in {3, 4}):
        raise INVALID_CVC.error()


def _check_digit_is_right(digits: str) -> bool:
    """Return whether the number passes the Luhn check."""
    doubled = [int(digit) * 2 for digit in digits[-2::-2]]
    plain = [int(digit) for digit in digits[-1::-2]]
    return (sum(plain) + sum(number // 10 + number % 10 for number in doubled)) % 10 == 0
