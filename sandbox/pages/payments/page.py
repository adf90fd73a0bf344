"""Pages to which an intent's `next_action` leads: the bank's 3-D Secure, and a voucher to pay."""

from urllib.parse import urlencode, urlsplit

from werkzeug.wrappers import Request, Response

from sandbox.core import money
from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.local_stripe import LocalStripe
from sandbox.pages import rendering
from sandbox.payments import due

OUTCOMES = {"succeed": True, "fail": False}
SUCCEEDED = {"succeeded", "requires_capture"}


def show(sandbox: LocalStripe, _request: Request, intent_id: str) -> Response:
    """Ask how the authentication or the voucher ends."""
    with sandbox.transaction():
        intent = due.waiting(sandbox.account, intent_id)
        if intent is None:
            return rendering.not_found("No payment waits here.")
        amount = money.shown(intent["amount"], intent["currency"]) if "amount" in intent else None
        is_voucher = (intent["next_action"] or {}).get("type", "").endswith("_display_details")
        return rendering.page("payment.html", amount=amount, is_voucher=is_voucher)


def end(sandbox: LocalStripe, request: Request, intent_id: str) -> Response:
    """Let it succeed or fail, and send the customer to the request's `return_url`."""
    succeeds = OUTCOMES.get(request.form.get("outcome", ""))
    if succeeds is None:
        return rendering.notice("Please choose", "Say whether the payment succeeds or fails.", status=400)
    with sandbox.transaction():
        return _end(sandbox.account, intent_id, succeeds=succeeds)


def _end(account: Account, intent_id: str, *, succeeds: bool) -> Response:
    waiting = due.waiting(account, intent_id)
    action = waiting["next_action"] if waiting else None
    try:
        intent = due.end(account, intent_id, succeeds=succeeds)
    except ApiError:
        return rendering.not_found("No payment waits here.")
    url = rendering.web_address(((action or {}).get("redirect_to_url") or {}).get("return_url"))
    if url:
        return rendering.see_other(_with_result(url, intent))
    text = "The payment has succeeded." if intent["status"] in SUCCEEDED else "The payment has failed."
    return rendering.notice("Thank you", text)


def _with_result(url: str, intent: Object) -> str:
    """Return the `return_url` with the parameters that Stripe adds."""
    result = {
        intent["object"]: intent["id"],
        f"{intent['object']}_client_secret": intent["client_secret"],
        "redirect_status": "succeeded" if intent["status"] in SUCCEEDED else "failed",
    }
    return f"{url}{'&' if urlsplit(url).query else '?'}{urlencode(result)}"
