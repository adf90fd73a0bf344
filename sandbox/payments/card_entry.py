"""A card as somebody types it on a hosted page: read, authenticated, and kept as a payment method."""

from dataclasses import dataclass

from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.payments import cards, rules
from sandbox.payments.cards import Card


@dataclass(frozen=True)
class TypedCard:
    """What was typed and clicked: `authenticate` is "complete" or "fail" once the cardholder's bank has asked."""

    number: str | None
    exp_month: int | None = None
    exp_year: int | None = None
    cvc: str | None = None
    authenticate: str | None = None


def read(account: Account, typed: TypedCard) -> tuple[Card, tuple[int, int]]:
    """Return the card and its expiry, once its holder has authenticated; nobody has asked its bank for money yet.

    Raises ApiError (402) for a card that is none or was not authenticated.
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
    """Return the typed card as a payment method that is nobody's yet."""
    card, expiry = read(account, typed)
    return rules.new_card(account, card, payer=payer, expiry=expiry)


def _expiry(account: Account, typed: TypedCard) -> tuple[int, int]:
    """Return month and year as typed, or for a program that left them out a date well ahead."""
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
