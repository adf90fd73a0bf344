"""The cards of a returning customer: those that the page offers, and saving a new one for the next purchase."""

from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.payments import rules as payments


def offered(account: Account, session: Object) -> list[Object]:
    """Return the customer's saved cards that the session lets the page show, newest first."""
    options = session["saved_payment_method_options"]
    if options is None or session["customer"] is None:
        return []
    shown = options["allow_redisplay_filters"] or []
    found = account.store.scan("payment_method", index=("customer", session["customer"]))
    return [each for each in found if each["type"] == "card" and each["allow_redisplay"] in shown]


def chosen(account: Account, session: Object, method_id: str) -> Object:
    """Return the saved card that the buyer chose. Raises ApiError: 400 for one not offered, 402 if it is declined."""
    method = next((each for each in offered(account, session) if each["id"] == method_id), None)
    if method is None:
        raise ApiError.invalid("This card is not saved for this purchase.", param="payment_method")
    if refusal := payments.card_of(method).refusal:
        raise refusal.error()
    return method


def can_be_saved(session: Object) -> bool:
    """Tell whether the page lets the buyer save the card."""
    options = session["saved_payment_method_options"] or {}
    return bool(options.get("payment_method_save") == "enabled")


def save(account: Account, session: Object, method: Object, *, is_wanted: bool) -> Object:
    """Keep for the next purchase's page the new card that the buyer wants to save; return the card.

    Without the buyer's consent a card that is kept for the subscription is not shown again.
    """
    if is_wanted and not can_be_saved(session):
        raise ApiError.invalid("This Checkout Session does not let buyers save their card.", param="save_card")
    if is_wanted:
        account.change(method, {"allow_redisplay": "always"})
        if method["customer"] is None:
            payments.attach(account, method, session["customer"])
    elif session["mode"] == "subscription":
        account.change(method, {"allow_redisplay": "limited"})
    return method
