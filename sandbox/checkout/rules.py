"""What the hosted page does: a session paid, refused, settled later, or run out of time.

Nothing is created before the payment went through, so a refused attempt leaves the session as it was.
"""

from dataclasses import dataclass

from sandbox.checkout import purchases, session_customer, session_discounts
from sandbox.checkout.purchases import Purchase
from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.payments import card_entry
from sandbox.payments import rules as payments
from sandbox.payments.card_entry import TypedCard
from sandbox.payments.shapes import billing_details

SETTLED = {True: "checkout.session.async_payment_succeeded", False: "checkout.session.async_payment_failed"}


@dataclass(frozen=True)
class Attempt:
    """What a buyer typed and clicked: `authenticate` is "complete" or "fail" once their bank has asked.

    `delayed` pays by a bank account whose money takes days; `settle` then tells how that ended.
    """

    card: str | None = None
    exp_month: int | None = None
    exp_year: int | None = None
    cvc: str | None = None
    email: str | None = None
    name: str | None = None
    authenticate: str | None = None
    delayed: bool = False
    promotion_code: str | None = None


def pay(account: Account, session_id: str, attempt: Attempt) -> Object:
    """Complete an open session the way its page does, and return it.

    Raises ApiError: 404 for an unknown session, 400 for one that is complete or expired or whose code can't be
    redeemed, 402 for a card that is refused or whose holder must be authenticated first.
    """
    session = account.find("checkout.session", session_id)
    _require_open(session)
    if attempt.promotion_code is not None:
        session_discounts.apply(account, session, attempt.promotion_code)
    redemption = session_discounts.redemption(account, session)
    method = _method(account, session, attempt) if takes_payment(session) else None
    buyer = session_customer.identify(account, session, email=attempt.email, name=attempt.name)
    buy = purchases.subscribe if session["mode"] == "subscription" else purchases.sell
    outcome = buy(account, Purchase(session=session, buyer=buyer, method=method, redemption=redemption))
    known = {"customer": buyer.customer_id, "customer_details": buyer.customer_details}
    account.change(session, {**known, **outcome, "status": "complete", "url": None})
    account.store.clear_due("checkout.session", session_id)
    account.emit("checkout.session.completed", session)
    return session


def settle(account: Account, session_id: str, *, succeeds: bool) -> Object:
    """Bring the delayed payment of a completed session to its end, and return the session.

    Raises ApiError: 404 for an unknown session, 400 for one that waits for no payment.
    """
    session = account.find("checkout.session", session_id)
    if session["status"] != "complete" or session["payment_status"] != "unpaid":
        raise ApiError.invalid("This Checkout Session is not waiting for a payment.")
    changes = purchases.settle(account, session, succeeds=succeeds)
    account.change(session, changes)
    account.emit(SETTLED[succeeds], session)
    return session


def time_out(account: Account, session: Object) -> Object:
    """Expire an open session, because its time is over or its seller says so."""
    account.change(session, {"status": "expired", "url": None})
    account.store.clear_due("checkout.session", session["id"])
    account.emit("checkout.session.expired", session)
    return session


def due_now(session: Object) -> int:
    """Return what the buyer pays today: everything, or in trial only what is bought once."""
    if purchases.trial_end(session, now=session["created"]) is None:
        total: int = session["amount_total"]
        return total
    items = session["line_items"]["data"]
    return sum(item["amount_total"] for item in items if item["price"]["type"] == "one_time")


def takes_payment(session: Object) -> bool:
    """Tell whether the page asks for a payment method: when something is due, or a later period will be."""
    return due_now(session) > 0 or session["payment_method_collection"] == "always"


def _require_open(session: Object) -> None:
    if session["status"] == "complete":
        raise ApiError.invalid("This Checkout Session has already been completed.")
    if session["status"] == "expired":
        raise ApiError.invalid("This Checkout Session has expired.")


def _method(account: Account, session: Object, attempt: Attempt) -> Object:
    """Return the payment method that was typed, after its bank let it pass."""
    email, name = session_customer.contact(account, session, email=attempt.email, name=attempt.name)
    payer = billing_details(email=email, name=name)
    if attempt.delayed:
        return payments.new_bank_account(account, payer=payer)
    typed = TypedCard(attempt.card, attempt.exp_month, attempt.exp_year, attempt.cvc, attempt.authenticate)
    card, expiry = card_entry.read(account, typed)
    if refusal := card.refusal if due_now(session) else card.refusal_when_saved():
        raise refusal.error()
    return payments.new_card(account, card, payer=payer, expiry=expiry)
