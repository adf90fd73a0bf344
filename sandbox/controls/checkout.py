"""Controls of checkout sessions: pay one, settle a delayed payment, and set what follows a last failed payment."""

from typing import Any

from sandbox.checkout import rules as checkout
from sandbox.checkout.asked.answers import Answers
from sandbox.checkout.links import routes as links
from sandbox.checkout.rules import Attempt
from sandbox.controls.body import Body
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.core.visibility import public
from sandbox.http import contract
from sandbox.invoices import pauses
from sandbox.local_stripe import LocalStripe
from sandbox.payments import method_types
from sandbox.payments.card_entry import TypedCard
from sandbox.subscriptions import renewals

LAST_YEAR = 9999
# The settings of `dunning`: their choices and what holds without a choice.
DUNNING = {
    renewals.AFTER_FIRST_ATTEMPT: (renewals.FIRST_OUTCOMES, "retry"),
    renewals.AFTER_LAST_ATTEMPT: (renewals.OUTCOMES, "cancel"),
    pauses.AFTER_PAYMENT: (pauses.AFTER_PAYMENT_CHOICES, "stay_paused"),
}


def pay(sandbox: LocalStripe, body: Body, session_id: str) -> dict[str, Any]:
    """Pay an open session with a card; 402 if it is declined, or needs `authenticate` and has none.

    `promotion_code` is a code as typed by the customer; 400 if it can't be redeemed.
    `async` pays from a bank account; `settle` later ends that payment.
    """
    typed = typed_card(body)
    attempt = Attempt(
        card=typed.number,
        exp_month=typed.exp_month,
        exp_year=typed.exp_year,
        cvc=typed.cvc,
        email=body.text("email"),
        name=body.text("name"),
        authenticate=typed.authenticate,
        delayed=body.flag("async") or False,
        promotion_code=body.text("promotion_code"),
        method=body.choice("method", tuple(method_types.OPTIONS)),
        saved_card=body.text("saved_card"),
        saves_card=body.flag("save_card") or False,
        answers=_answers(body),
    )
    body.finish()
    with sandbox.transaction():
        return shown(sandbox, checkout.pay(sandbox.account, session_id, attempt))


def settle(sandbox: LocalStripe, body: Body, session_id: str) -> dict[str, Any]:
    """Let a delayed payment succeed or fail."""
    outcome = body.choice("outcome", ("succeed", "fail"))
    body.finish()
    if outcome is None:
        raise ApiError.missing_parameter("outcome")
    with sandbox.transaction():
        return shown(sandbox, checkout.settle(sandbox.account, session_id, succeeds=outcome == "succeed"))


def open_link(sandbox: LocalStripe, body: Body, link_id: str) -> dict[str, Any]:
    """Open a checkout from a payment link, as its visitors do."""
    named = {name: body.text(name) for name in ("client_reference_id", "customer_email")}
    body.finish()
    given = {name: text for name, text in named.items() if text}
    with sandbox.transaction():
        return shown(sandbox, links.open_checkout(sandbox.account, link_id, **given))


def dunning(sandbox: LocalStripe, body: Body) -> dict[str, Any]:
    """Set what failed payments do to subscriptions, and the payment of the invoice of a paused one."""
    given = {name: body.choice(name, choices) for name, (choices, _) in DUNNING.items()}
    body.finish()
    chosen = {name: choice for name, choice in given.items() if choice is not None}
    if not chosen:
        raise ApiError.missing_parameter(renewals.AFTER_LAST_ATTEMPT)
    with sandbox.transaction():
        store = sandbox.account.store
        for name, choice in chosen.items():
            store.save_setting(name, choice)
        return {name: store.setting(name, default) for name, (_, default) in DUNNING.items()}


def _answers(body: Body) -> Answers:
    """Return the answers to what the session asks; `shipping` has the members of an address, and `name`."""
    shipping = body.texts("shipping")
    return Answers(
        phone=body.text("phone"),
        address=body.texts("address"),
        shipping=shipping,
        shipping_name=shipping.get("name"),
        accepts_terms=body.flag("terms_of_service") or False,
        accepts_promotions=body.flag("promotions") or False,
        fields=body.texts("custom_fields"),
        quantities=body.integers("quantities"),
        amounts=body.integers("amounts"),
    )


def typed_card(body: Body) -> TypedCard:
    """Return the card in a body; missing members are None."""
    return TypedCard(
        number=body.text("card"),
        exp_month=body.integer("exp_month", least=0, most=99),
        exp_year=body.integer("exp_year", least=0, most=LAST_YEAR),
        cvc=body.text("cvc"),
        authenticate=body.choice("authenticate", ("complete", "fail")),
    )


def shown(sandbox: LocalStripe, obj: Object) -> dict[str, Any]:
    """Return the object's public form, checked like an answer of the API."""
    answer: dict[str, Any] = public(obj)
    contract.check(sandbox.account, answer)
    return answer


ROUTES = [
    ("POST", "checkout/<session_id>/pay", pay),
    ("POST", "checkout/<session_id>/settle", settle),
    ("POST", "links/<link_id>/open", open_link),
    ("POST", "dunning", dunning),
]
