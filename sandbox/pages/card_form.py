"""The card form of the hosted pages: its fields, the test cards that fill it in, and its error message."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from werkzeug.wrappers import Request

from sandbox.core.errors import ApiError
from sandbox.pages import rendering
from sandbox.payments.card_entry import TypedCard

FIELDS = ("email", "number", "expiry", "cvc", "name")
MAX_LENGTH = 500
EXPIRY_PATTERN = re.compile(r"\s*([0-9]{1,2})\s*[/.\- ]?\s*(?:20)?([0-9]{2})\s*")
FIELD_OF_PARAM = {
    "number": "number",
    "exp_month": "expiry",
    "exp_year": "expiry",
    "cvc": "cvc",
    "email": "email",
    "promotion_code": "promotion_code",
}
FILLED_CVC = "123"


@dataclass(frozen=True)
class TestCard:
    """A test card on the page, and the result of paying with it."""

    number: str
    effect: str


TEST_CARDS = (
    TestCard("4242424242424242", "Succeeds"),
    TestCard("4000000000000002", "Declined"),
    TestCard("4000000000009995", "Insufficient funds"),
    TestCard("4000002500003155", "Asks for 3-D Secure"),
)


@dataclass(frozen=True)
class Refusal:
    """The error message of a form, and the name of the field it is about, if any."""

    message: str
    field: str | None = None

    @classmethod
    def of(cls, error: ApiError) -> "Refusal":
        return cls(error.message, FIELD_OF_PARAM.get(error.param or ""))


def typed(request: Request) -> dict[str, str]:
    """Return the value of each field, cut to the maximum length."""
    return {name: request.form.get(name, "").strip()[:MAX_LENGTH] for name in FIELDS}


def filled_test_card(request: Request, *, now: int) -> dict[str, str]:
    """Return the field values of the test card whose button was clicked; empty without a click."""
    number = request.form.get("fill", "")[:MAX_LENGTH]
    if not number:
        return {}
    year = datetime.fromtimestamp(now, UTC).year + 3
    return {
        "number": rendering.card_number(number),
        "expiry": f"12 / {year % 100:02}",
        "cvc": FILLED_CVC,
    }


def card(fields: Mapping[str, str], *, authenticate: str | None) -> TypedCard:
    """Return the card in these fields. Raises ApiError if the expiry is not a month and year."""
    month, year = _expiry(fields["expiry"])
    return TypedCard(fields["number"], exp_month=month, exp_year=year, cvc=fields["cvc"], authenticate=authenticate)


def _expiry(text: str) -> tuple[int, int]:
    """Return month and year from `4/27`, `04 / 2027` or `0427`."""
    if found := EXPIRY_PATTERN.fullmatch(text):
        return int(found[1]), 2000 + int(found[2])
    raise ApiError.invalid("Your card's expiration date is incomplete.", param="exp_month")
