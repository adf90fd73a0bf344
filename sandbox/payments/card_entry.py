"""A card typed on a hosted page: checked, authenticated with 3-D Secure, and saved as a payment method."""

from dataclasses import dataclass

from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.payments import cards, rules
from sandbox.payments.cards import Card


@dataclass(frozen=True)
class TypedCard:
    """The input of a card form; `authenticate` is the result of 3-D Secure: "complete", "fail" or None."""

    number: str | None
    exp_month: int | None = None
    exp_year: int | None = None
    cvc: str | None = None
    authenticate: str | None = None


def read(account: Account, typed: TypedCard) -> tuple[Card, tuple[int, int]]:
    """Return the test card and its expiry (month, year); nothing is charged.

    Raises ApiError: 400 for a missing number, 402 for an invalid card or one that was not authenticated.
    """
    if typed.number is None:
        raise ApiError.missing_parameter("card")
    card = cards.by_number(typed.number)
    expiry = _expiry(account, typed)
    if typed.cvc is not None:
        cards.check_cvc(typed.cvc)
    _authenticate(card, typed)
    return card, expiry


def save(account: Account, typed: TypedCard, *, payer: Object) -> Object:
    """Save the typed card as a payment method of no customer, and return it."""
    card, expiry = read(account, typed)
    return rules.new_card(account, card, payer=payer, expiry=expiry)


def _expiry(account: Account, typed: TypedCard) -> tuple[int, int]:
    """Return month and year as typed, or the default if they are missing."""
    if typed.exp_month is None or typed.exp_year is None:
        return cards.default_expiry(account.now)
    cards.check_expiry(month=typed.exp_month, year=typed.exp_year, now=account.now)
    return typed.exp_month, typed.exp_year


def _authenticate(card: Card, typed: TypedCard) -> None:
    if not card.asks_authentication(on_session=True):
        return
    if typed.authenticate is None:
        raise cards.AUTHENTICATION_REQUIRED.error()
    if typed.authenticate != "complete":
        raise cards.AUTHENTICATION_FAILED.error()
