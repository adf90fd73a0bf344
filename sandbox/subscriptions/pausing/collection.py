"""`pause_collection`: the subscription continues and is invoiced, but its invoices are not collected.

https://docs.stripe.com/billing/subscriptions/pause-payment
"""

from typing import Any

from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.http.listing import Params
from sandbox.invoices import manual_payment, subscription_state
from sandbox.invoices import rules as invoices
from sandbox.invoices.subscription_state import UPDATED


def requested(account: Account, params: Params) -> dict[str, Any]:
    """Return the `pause_collection` that the request sets, None if it removes it; nothing if it is not mentioned."""
    if "pause_collection" not in params:
        return {}
    given = params["pause_collection"]
    if given == "":
        return {"pause_collection": None}
    resumes_at = given.get("resumes_at")
    if resumes_at is not None and resumes_at <= account.now:
        raise ApiError.invalid(
            "`pause_collection[resumes_at]` must be a timestamp in the future.", param="pause_collection[resumes_at]"
        )
    return {"pause_collection": {"behavior": given["behavior"], "resumes_at": resumes_at}}


def is_over(account: Account, subscription: Object) -> bool:
    """Tell whether the time at which collection resumes has come."""
    paused = subscription["pause_collection"]
    return bool(paused and paused["resumes_at"] is not None and paused["resumes_at"] <= account.now)


def end(account: Account, subscription: Object) -> None:
    """Collect later invoices again; those that were held stay as they are."""
    subscription_state.save(account, subscription, {"pause_collection": None}, event=UPDATED)


def hold(account: Account, subscription: Object, invoice: Object) -> None:
    """Keep the invoice of a subscription whose collection is paused as a draft, void it, or write it off.

    A void invoice does not use the customer's balance.
    """
    behavior = subscription["pause_collection"]["behavior"]
    if behavior == "keep_as_draft":
        account.change(invoice, {"auto_advance": False}, event="invoice.updated")
        return
    invoices.finalize(account, invoice, uses_balance=behavior != "void")
    if not invoice["amount_due"]:
        invoices.mark_paid(account, invoice)
    elif behavior == "void":
        invoices.void(account, invoice)
    else:
        manual_payment.mark_uncollectible(account, invoice)
