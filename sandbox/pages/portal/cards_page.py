"""Handle requests for the customer's cards: the form for a new one, and choosing or removing a saved one."""

from collections.abc import Callable, Mapping

from werkzeug.wrappers import Request, Response

from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.local_stripe import LocalStripe
from sandbox.pages import card_form, rendering
from sandbox.pages.card_form import Refusal
from sandbox.pages.portal import account_text, common
from sandbox.portal.actions import cards
from sandbox.portal.visits import Visit

ZERO_AMOUNT = "$0.00"


def show_card(sandbox: LocalStripe, _request: Request, session_id: str) -> Response:
    """Show the card form."""
    with sandbox.transaction():
        visit = common.find_visit(sandbox.account, session_id)
        if visit is None or not visit.features["payment_method_update"]["enabled"]:
            return common.not_found()
        return _card(sandbox.account, visit, typed={})


def change_card(sandbox: LocalStripe, request: Request, session_id: str) -> Response:
    """Handle the card form: fill in a test card, show 3-D Secure, save the card, or show the error."""
    account = sandbox.account
    typed = card_form.typed(request)
    with sandbox.transaction():
        visit = common.find_visit(account, session_id)
        if visit is None or not visit.features["payment_method_update"]["enabled"]:
            return common.not_found()
        if filled := card_form.filled_test_card(request, now=account.now):
            return _card(account, visit, typed=typed | filled)
        try:
            card = card_form.card(typed, authenticate=request.form.get("authentication"))
            cards.add(account, visit, card, name=typed["name"] or None)
        except ApiError as error:
            if error.code == "authentication_required":
                return _authentication_page(typed)
            return _card(account, visit, typed=typed, refusal=Refusal.of(error))
        return common.after_change(visit, "card")


def make_default(sandbox: LocalStripe, _request: Request, session_id: str, method_id: str) -> Response:
    """Make a saved card the default."""
    return _act(sandbox, session_id, method_id, cards.make_default, done="card")


def remove(sandbox: LocalStripe, _request: Request, session_id: str, method_id: str) -> Response:
    """Remove a saved card."""
    return _act(sandbox, session_id, method_id, cards.remove, done="removed")


def _act(
    sandbox: LocalStripe,
    session_id: str,
    method_id: str,
    action: Callable[[Account, Visit, str], Object],
    *,
    done: str,
) -> Response:
    def act(account: Account, visit: Visit) -> None:
        action(account, visit, method_id)

    return common.change(sandbox, session_id, act, done=done, ends_flow=False)


def _card(account: Account, visit: Visit, *, typed: Mapping[str, str], refusal: Refusal | None = None) -> Response:
    return rendering.page(
        "portal_card.html",
        status=402 if refusal else 200,
        card=account_text.card(account, visit),
        back=common.back_link(visit),
        typed=typed,
        refusal=refusal,
        test_cards=card_form.TEST_CARDS,
    )


def _authentication_page(typed: Mapping[str, str]) -> Response:
    return rendering.page("authentication.html", heading="Your new card", amount=ZERO_AMOUNT, typed=typed)
