"""Pay a checkout session, settle its delayed payment, or expire it.

A refused payment changes nothing: objects are created only after the payment method was accepted.
"""

from dataclasses import dataclass, field

from sandbox.checkout import purchases, session_customer, session_discounts
from sandbox.checkout.asked import amounts, answers, other_methods, quantities, saved_cards
from sandbox.checkout.asked.answers import Answers
from sandbox.checkout.links import recovery
from sandbox.checkout.links import rules as links
from sandbox.checkout.purchases import Purchase
from sandbox.checkout.session_customer import Contact
from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.payments import card_entry, method_types
from sandbox.payments import rules as payments
from sandbox.payments.card_entry import TypedCard
from sandbox.payments.setup_intents import rules as setup_intents

SETTLEMENT_EVENTS = {True: "checkout.session.async_payment_succeeded", False: "checkout.session.async_payment_failed"}


@dataclass(frozen=True)
class Attempt:
    """The buyer's input on the page; `authenticate` is "complete" or "fail" after 3-D Secure.

    `saved_card` is the id of a card from an earlier purchase, used in place of a typed one; `saves_card` saves that.
    `delayed` pays by bank debit, which takes days; `settle` then decides whether it succeeds. `method` is another type
    of payment method than a card.
    """

    card: str | None = None
    exp_month: int | None = None
    exp_year: int | None = None
    cvc: str | None = None
    email: str | None = None
    name: str | None = None
    authenticate: str | None = None
    delayed: bool = False
    method: str | None = None
    promotion_code: str | None = None
    saved_card: str | None = None
    saves_card: bool = False
    answers: Answers = field(default_factory=Answers)


def pay(account: Account, session_id: str, attempt: Attempt) -> Object:
    """Pay an open session as its page does, and return it.

    Raises ApiError: 404 for an unknown session, 400 for a complete or expired one or a promotion code that can't be
    redeemed, 402 for a declined card or one that needs 3-D Secure first.
    """
    session = account.find("checkout.session", session_id)
    _require_open(session)
    if attempt.promotion_code is not None:
        session_discounts.apply_code(account, session, attempt.promotion_code)
    quantities.change(account, session, attempt.answers.quantities)
    amounts.change(account, session, attempt.answers.amounts)
    amounts.require(session)
    redemption = session_discounts.redemption(account, session)
    session |= answers.members(session, attempt.answers)
    contact = _contact(account, session, attempt)
    method = _new_payment_method(account, session, attempt, contact) if needs_payment_method(session) else None
    buyer = session_customer.find_or_create_buyer(account, session, contact)
    outcome = purchases.BY_MODE[session["mode"]](
        account, Purchase(session=session, buyer=buyer, method=method, redemption=redemption)
    )
    known = {"customer": buyer.customer_id, "customer_details": buyer.contact.customer_details}
    account.change(session, {**known, **outcome, "status": "complete", "url": None})
    account.store.clear_due("checkout.session", session_id)
    account.emit("checkout.session.completed", session)
    links.count_completed(account, session)
    return session


def settle(account: Account, session_id: str, *, succeeds: bool) -> Object:
    """Let the delayed payment of a complete session succeed or fail, and return the session.

    Raises ApiError: 404 for an unknown session, 400 for one without a payment in progress.
    """
    session = account.find("checkout.session", session_id)
    is_unpaid = session["status"] == "complete" and session["payment_status"] == "unpaid"
    if not is_unpaid or not purchases.is_under_way(account, session):
        raise ApiError.invalid("This Checkout Session is not waiting for a payment.")
    changes = purchases.settle(account, session, succeeds=succeeds)
    account.change(session, changes)
    account.emit(SETTLEMENT_EVENTS[succeeds], session)
    return session


def expire(account: Account, session: Object) -> Object:
    """Expire an open session: its `expires_at` has passed, or the seller expires it."""
    account.change(session, {"after_expiration": recovery.link(account, session), "status": "expired", "url": None})
    account.store.clear_due("checkout.session", session["id"])
    if session["setup_intent"]:
        intent = account.find("setup_intent", session["setup_intent"])
        setup_intents.cancel(account, intent, reason="abandoned")
    account.emit("checkout.session.expired", session)
    return session


def due_now(session: Object) -> int:
    """Return the amount due today: the total, or with a trial only the one-time prices."""
    if session["mode"] == "setup":
        return 0
    if purchases.trial_end(session, now=session["created"]) is None:
        total: int = session["amount_total"]
        return total
    items = session["line_items"]["data"]
    return sum(item["amount_total"] for item in items if item["price"]["type"] == "one_time")


def needs_payment_method(session: Object) -> bool:
    """Return whether the page asks for a payment method: an amount is due, or `payment_method_collection` says so."""
    collects = session["payment_method_collection"] == "always" or amounts.are_missing(session)
    return collects or due_now(session) > 0


def _require_open(session: Object) -> None:
    if session["status"] == "complete":
        raise ApiError.invalid("This Checkout Session has already been completed.")
    if session["status"] == "expired":
        raise ApiError.invalid("This Checkout Session has expired.")


def _contact(account: Account, session: Object, attempt: Attempt) -> Contact:
    return session_customer.contact(
        account,
        session,
        email=attempt.email,
        name=attempt.name,
        phone=answers.phone(session, attempt.answers),
        address=answers.billing_address(session, attempt.answers),
    )


def _new_payment_method(account: Account, session: Object, attempt: Attempt, contact: Contact) -> Object:
    """Return the payment method from the buyer's input. Raises ApiError (402) if the card is declined."""
    if attempt.saved_card is not None:
        return saved_cards.chosen(account, session, attempt.saved_card)
    if attempt.method not in {None, method_types.CARD}:
        return other_methods.create(account, session, str(attempt.method), payer=contact.payer)
    if attempt.delayed:
        return payments.new_bank_account(account, payer=contact.payer)
    typed = TypedCard(attempt.card, attempt.exp_month, attempt.exp_year, attempt.cvc, attempt.authenticate)
    card, expiry = card_entry.read(account, typed)
    if refusal := card.refusal if due_now(session) else card.refusal_when_saved():
        raise refusal.error()
    method = payments.new_card(account, card, payer=contact.payer, expiry=expiry)
    return saved_cards.save(account, session, method, is_wanted=attempt.saves_card)
