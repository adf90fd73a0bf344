"""Handle requests for the hosted checkout page: the order, the card form, promotion codes, 3-D Secure."""

import re
from collections.abc import Mapping
from http import HTTPStatus

from werkzeug.wrappers import Request, Response

from sandbox.checkout import rules as checkout
from sandbox.checkout import session_customer, session_discounts
from sandbox.checkout.asked import amounts, quantities, saved_cards
from sandbox.checkout.links import recovery
from sandbox.checkout.links import routes as links
from sandbox.checkout.rules import Attempt
from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.local_stripe import LocalStripe
from sandbox.pages import card_form, rendering
from sandbox.pages.card_form import Refusal
from sandbox.pages.checkout import asked_form, order_text
from sandbox.pages.rendering import Link, web_address

# What a payment link takes from its address, by the name of the session's parameter.
LINK_PARAMETERS = {"client_reference_id": "client_reference_id", "locked_prefilled_email": "customer_email"}
EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


def show(sandbox: LocalStripe, _request: Request, session_id: str) -> Response:
    """Show the page of an open session, or why it can't be paid."""
    account = sandbox.account
    with sandbox.transaction():
        session = account.get("checkout.session", session_id)
        if session is None or session["status"] != "open":
            return _closed(session)
        return _form(account, session, typed=asked_form.initial(session))


def pay(sandbox: LocalStripe, request: Request, session_id: str) -> Response:
    """Handle the form: fill in a test card, apply a promotion code, show 3-D Secure, pay, or show the error."""
    account = sandbox.account
    typed = card_form.typed(request) | asked_form.typed(request)
    with sandbox.transaction():
        session = account.get("checkout.session", session_id)
        if session is None or session["status"] != "open":
            return _closed(session)
        if filled := card_form.filled_test_card(request, now=account.now):
            return _form(account, session, typed=typed | filled)
        if action := _promotion(request):
            typed["promotion_code"] = request.form.get("promotion_code", "").strip()[: card_form.MAX_LENGTH]
            return _change_discount(account, session, typed, action=action)
        if changed := _change_order(account, session, typed, asked=bool(request.form.get("update"))):
            return changed
        return _pay(account, session, typed, authenticate=request.form.get("authentication"))


def recover(sandbox: LocalStripe, _request: Request, session_id: str) -> Response:
    """Open a copy of an expired session."""
    with sandbox.transaction():
        try:
            copy = recovery.recover(sandbox.account, session_id)
        except ApiError:
            return rendering.not_found("This link does not work any more. Go back to the shop to start again.")
        return rendering.see_other(copy["url"])


def open_link(sandbox: LocalStripe, request: Request, link_id: str) -> Response:
    """Open a checkout from a payment link, or say that the link takes no more payments."""
    given = {LINK_PARAMETERS[name]: text for name, text in request.args.items() if name in LINK_PARAMETERS and text}
    account = sandbox.account
    with sandbox.transaction():
        try:
            with account.attempt():
                session = links.open_checkout(account, link_id, **given)
        except ApiError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return rendering.not_found("There is no such payment link.")
            return rendering.notice("This link is not active", error.message, status=400)
        return rendering.see_other(session["url"])


def _promotion(request: Request) -> str | None:
    """Return "apply", "remove" or None; a typed promotion code is applied before anything is paid."""
    is_typed = bool(request.form.get("promotion_code", "").strip())
    return request.form.get("promotion") or ("apply" if is_typed else None)


def _change_discount(account: Account, session: Object, typed: dict[str, str], *, action: str) -> Response:
    """Apply or remove a promotion code, and show the page again with the typed values."""
    if action == "remove":
        session_discounts.remove_code(account, session)
        return _form(account, session, typed=typed)
    try:
        if not typed["promotion_code"]:
            raise ApiError.invalid("Enter a promotion code first.", param="promotion_code")
        with account.attempt():
            session_discounts.apply_code(account, session, typed["promotion_code"])
    except ApiError as error:
        return _form(account, session, typed=typed, refusal=Refusal.of(error))
    return _form(account, session, typed=typed)


def _change_order(account: Account, session: Object, typed: dict[str, str], *, asked: bool) -> Response | None:
    """Save the typed quantities and amounts; show the page again if the total has changed or the buyer `asked`."""
    try:
        with account.attempt():
            wanted = asked_form.answers(session, typed)
            is_changed = quantities.change(account, session, wanted.quantities)
            is_changed |= amounts.change(account, session, wanted.amounts)
    except ApiError as error:
        return _form(
            account, account.find("checkout.session", session["id"]), typed=typed, refusal=asked_form.refusal(error)
        )
    if not is_changed and not asked:
        return None
    return _form(account, session, typed=typed, notice="The total has changed." if is_changed else "")


def _pay(account: Account, session: Object, typed: dict[str, str], *, authenticate: str | None) -> Response:
    try:
        attempt = _attempt(account, session, typed, authenticate)
        with account.attempt():
            paid = checkout.pay(account, session["id"], attempt)
    except ApiError as error:
        if error.code == "authentication_required":
            order = order_text.describe(account, session)
            return rendering.page("authentication.html", heading=order.heading, amount=order.total, typed=typed)
        if error.param == "promotion_code":
            session_discounts.remove_code(
                account, session
            )  # It could be redeemed when it was typed, and can't be now.
        return _form(account, session, typed=typed, refusal=asked_form.refusal(error))
    return rendering.see_other(_success_url(paid)) if paid["success_url"] else _thanks(paid)


def _attempt(account: Account, session: Object, typed: Mapping[str, str], authenticate: str | None) -> Attempt:
    if not session_customer.known_email(account, session) and not EMAIL.fullmatch(typed["email"]):
        raise ApiError.invalid("Your email address is incomplete.", param="email")
    answers = asked_form.answers(session, typed)
    if saved := typed.get("saved"):
        return Attempt(email=typed["email"] or None, saved_card=saved, answers=answers)
    if method := typed.get("method"):
        email, name = typed["email"] or None, typed["name"] or None
        return Attempt(email=email, name=name, method=method, answers=answers)
    if not checkout.needs_payment_method(session):
        return Attempt(email=typed["email"] or None, answers=answers)
    card = card_form.card(typed, authenticate=authenticate)
    return Attempt(
        card=card.number,
        exp_month=card.exp_month,
        exp_year=card.exp_year,
        cvc=card.cvc,
        email=typed["email"] or None,
        name=typed["name"] or None,
        authenticate=authenticate,
        answers=answers,
        saves_card="save_card" in typed,
    )


def _form(
    account: Account, session: Object, *, typed: Mapping[str, str], refusal: Refusal | None = None, notice: str = ""
) -> Response:
    return rendering.page(
        "checkout.html",
        status=402 if refusal else 200,
        order=order_text.describe(account, session),
        asked=asked_form.describe(session),
        typed=typed,
        notice=notice,
        saved_cards=[(each["id"], _card_text(each)) for each in saved_cards.offered(account, session)],
        can_save=saved_cards.can_be_saved(session),
        refusal=refusal,
        test_cards=card_form.TEST_CARDS,
    )


def _thanks(session: Object) -> Response:
    """Confirm the payment where the seller has no page for it: after a payment link."""
    return rendering.notice("Thank you", session.get("_confirmation") or "Your payment was received.")


def _card_text(method: Object) -> str:
    return f"{method['card']['brand'].capitalize()} ending in {method['card']['last4']}"


def _closed(session: Object | None) -> Response:
    """Say why the session can't be paid: unknown, already paid or expired."""
    if session is None:
        return rendering.not_found("There is no such checkout session.")
    if session["status"] == "complete":
        url = web_address(session["success_url"]) and _success_url(session)
        return rendering.notice(
            "Already paid",
            "This order is complete. Nothing more will be charged.",
            link=Link(url, "Continue") if url else None,
        )
    back = web_address(session["cancel_url"])
    return rendering.notice(
        "This checkout has expired",
        "The time to pay has run out, or the shop closed this page. Nothing was charged. Go back to start again.",
        link=Link(back, "Go back") if back else None,
    )


def _success_url(session: Object) -> str:
    url: str = session["success_url"]
    return url.replace("{CHECKOUT_SESSION_ID}", session["id"])
