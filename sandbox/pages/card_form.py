"""The card form that the hosted pages share: its fields, the test cards that fill it in, and what is wrong in it."""

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
    """A card that the page offers, and what will come of it."""

    number: str
    effect: str


TEST_CARDS = (
    TestCard("4242424242424242", "Succeeds"),
    TestCard("4000000000000002", "Is declined"),
    TestCard("4000000000009995", "Insufficient funds"),
    TestCard("4000002500003155", "3-D Secure"),
)


@dataclass(frozen=True)
class Refusal:
    """Why it did not work, and in which field, if in one."""

    message: str
    field: str | None = None

    @classmethod
    def of(cls, error: ApiError) -> "Refusal":
        return cls(error.message, FIELD_OF_PARAM.get(error.param or ""))


def typed(request: Request) -> dict[str, str]:
    """Return what is in the fields, cut where it is far too long."""
    return {name: request.form.get(name, "").strip()[:MAX_LENGTH] for name in FIELDS}


def filled_test_card(request: Request, *, now: int) -> dict[str, str]:
    """Return the fields of the test card whose button was clicked; empty if none was."""
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
    """Return the card in the fields. Raises ApiError for an expiry that can't be read."""
    month, year = _expiry(fields["expiry"])
    return TypedCard(fields["number"], exp_month=month, exp_year=year, cvc=fields["cvc"], authenticate=authenticate)


def _expiry(text: str) -> tuple[int, int]:
    """Return month and year of `4/27`, `04 / 2027` or `0427`."""
    if found := EXPIRY_PATTERN.fullmatch(text):
        return int(found[1]), 2000 + int(found[2])
    raise ApiError.invalid("Your card's expiration date is incomplete.", param="exp_month")
