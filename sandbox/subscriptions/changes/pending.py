"""Updates with `payment_behavior` "pending_if_incomplete": made at once if they are paid, else kept until they are."""

from collections.abc import Callable
from copy import deepcopy

from sandbox.catalog.shapes import plan
from sandbox.core.account import Account, Rehearsal
from sandbox.core.dry_run import dry_run
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.http import listing, metadata
from sandbox.http.listing import Params
from sandbox.invoices import pending_updates, subscription_state
from sandbox.invoices import rules as invoices
from sandbox.invoices.items import rules as invoice_items

BEHAVIOR = "pending_if_incomplete"
SUPPORTED = frozenset(
    {
        "billing_cycle_anchor",
        "cancel_at_period_end",
        "items",
        "metadata",
        "off_session",
        "payment_behavior",
        "proration_behavior",
        "proration_date",
        "trial_end",
    }
)
Apply = Callable[[Account, Object, Params], Object]
# Members that are not part of the waiting change: they follow from it, or from its invoice.
FOLLOWING = frozenset({"_update", "latest_invoice", "pending_update", "status"})


def update(account: Account, subscription: Object, params: Params, *, apply: Apply) -> Object:
    """Apply the change if no payment is due or it succeeds; else leave the subscription with a pending update."""
    if subscription["schedule"]:
        raise ApiError.invalid(
            f"You cannot use `payment_behavior={BEHAVIOR}` with a subscription that has a schedule.",
            param="payment_behavior",
        )
    for name in sorted(params.keys() - SUPPORTED):
        raise ApiError.invalid(f"You cannot use `{name}` with `payment_behavior={BEHAVIOR}`.", param=name)
    with dry_run(account) as rehearsal:
        tried = apply(account, deepcopy(subscription), params)
        unpaid = unpaid_invoice(account, tried, before=subscription)
    if unpaid is None:
        return apply(account, subscription, params)
    changes = {name: value for name, value in tried.items() if _is_kept(subscription, name, value)}
    if subscription["status"] == "trialing" and params.get("trial_end") == "now":
        changes["status"] = "active"
    asked = listing.given(params, "cancel_at_period_end")
    if "metadata" in params:
        asked["metadata"] = metadata.merged({}, params)
    _save_prices(account, rehearsal)
    invoice = _save_invoice(account, rehearsal, unpaid["id"])
    pending_updates.begin(account, subscription, invoice, changes, asked=asked)
    method = subscription_state.payment_method(account, subscription)
    invoices.finalize(account, invoice)
    invoices.collect(account, invoice, method, on_session=False, is_away=params.get("off_session", False))
    return subscription


def unpaid_invoice(account: Account, changed: Object, *, before: Object) -> Object | None:
    """Return the invoice of a change that is still to be paid, None if there is none.

    `payment_behavior` is only about invoices that are charged, so one that is sent does not count.
    """
    latest_id = changed["latest_invoice"]
    # A subscription that is billed by use has no invoice before its first period is over.
    if latest_id in {None, before["latest_invoice"]}:
        return None
    invoice = account.find("invoice", latest_id)
    is_charged = invoice["collection_method"] == "charge_automatically"
    return invoice if is_charged and invoice["status"] == "open" else None


def _is_kept(subscription: Object, name: str, value: object) -> bool:
    return name not in FOLLOWING and not name.startswith("_") and subscription.get(name) != value


def _save_prices(account: Account, rehearsal: Rehearsal) -> None:
    """Save the prices that the change describes in `price_data`."""
    for price in rehearsal.states("price.created").values():
        account.add(price, event="price.created")
        account.emit("plan.created", plan(price))


def _save_invoice(account: Account, rehearsal: Rehearsal, invoice_id: str) -> Object:
    """Save the draft of the dry run and its invoice items, which wait for the payment with the change."""
    invoice = {**rehearsal.states("invoice.created")[invoice_id], "auto_advance": False}
    made = rehearsal.states("invoiceitem.created")
    for line in invoice["lines"]["data"]:
        item_id = invoice_items.item_of(line)
        if item_id in made:
            account.add({**made[item_id], "invoice": invoice_id}, event="invoiceitem.created")
        elif item_id:
            account.change(account.find("invoiceitem", item_id), {"invoice": invoice_id})
    return account.add(invoice, event="invoice.created")
