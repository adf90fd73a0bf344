"""Create, change and delete invoice items; an item on a draft invoice has a line there, which changes with it."""

from typing import Any

from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.http import limits, metadata
from sandbox.http.listing import Params
from sandbox.invoices import amounts, lines, shapes
from sandbox.invoices.items import request
from sandbox.invoices.shapes import Line

DEFAULT_CURRENCY = "usd"
MOST_LINES = 250


def create(account: Account, params: Params, *, customer: Object, invoice: Object | None) -> Object:
    """Create an invoice item, pending or on the draft invoice."""
    limits.refuse_unsupported(params, *request.UNSUPPORTED)
    currency = _currency(params, customer, invoice)
    subscription = _subscription(account, params, customer)
    members = request.cost(account, params, currency=currency) | request.texts(params)
    details = members["pricing"]["price_details"]
    if "description" not in members and not params.keys() & {"amount", "unit_amount_decimal"}:
        members["description"] = lines.product_name(account, details)
    item = shapes.item(
        line=Line(
            price={**details, "id": details["price"], "unit_amount_decimal": None},
            quantity=members["quantity"],
            amount=members["amount"],
            description=None,
            period=(account.now, account.now),
            subscription=subscription,
            metadata=metadata.merged({}, params),
            discountable=members["amount"] >= 0,
        ),
        customer=customer["id"],
        currency=currency,
        created=account.now,
    )
    item |= members
    item |= {"discounts": request.redeem(account, params, item), "invoice": invoice["id"] if invoice else None}
    item |= _net_amount(item)
    # Only items that were pending before are pending again after their draft is deleted.
    account.add(item | {"_was_pending": invoice is None}, event="invoiceitem.created")
    if invoice:
        put_line(account, invoice, item)
    return item


def change(account: Account, item: Object, params: Params) -> Object:
    """Change an invoice item and its line. Raises ApiError (400) if its invoice is no draft."""
    limits.refuse_unsupported(params, *request.UNSUPPORTED, "invoicing_rules")
    invoice = editable_invoice(account, item)
    changes: dict[str, Any] = request.texts(params) | request.changed_metadata(params, item)
    if params.keys() & {*request.COSTS, "quantity", "quantity_decimal"}:
        changes |= request.cost(account, params, currency=item["currency"], present=item)
    if "discounts" in params:
        changes["discounts"] = request.redeem(account, params, item | changes)
    account.change(item, {**changes, **_net_amount({**item, **changes})})
    if invoice:
        put_line(account, invoice, item)
    return item


def delete(account: Account, item: Object) -> Object:
    """Delete an invoice item and its line. Raises ApiError (400) if its invoice is no draft."""
    if invoice := editable_invoice(account, item):
        drop_line(account, invoice, item["id"])
    return account.remove(item, event="invoiceitem.deleted")


def editable_invoice(account: Account, item: Object) -> Object | None:
    """Return the draft invoice that the item is on, None if it is pending."""
    invoice = account.get("invoice", item["invoice"]) if item["invoice"] else None
    if invoice and invoice["status"] != "draft":
        raise ApiError.invalid(
            "You can't modify or delete an invoice item that is attached to an invoice that is no longer editable.",
            code="invoice_not_editable",
        )
    return invoice


def put_line(account: Account, invoice: Object, item: Object) -> None:
    """Add the item's line to the draft invoice, or replace it there."""
    data = list(invoice["lines"]["data"])
    line = shapes.line_item(lines.of_item(item), invoice["id"], invoice["currency"])
    place = next((index for index, each in enumerate(data) if item_of(each) == item["id"]), None)
    if place is None:
        data.append(line)
    else:
        data[place] = line | {"id": data[place]["id"]}
    save_lines(account, invoice, data)


def drop_line(account: Account, invoice: Object, item_id: str) -> None:
    """Remove the item's line from the draft invoice."""
    save_lines(account, invoice, [line for line in invoice["lines"]["data"] if item_of(line) != item_id])


def save_lines(account: Account, invoice: Object, data: list[Object]) -> None:
    """Save the draft's lines and the amounts that follow from them."""
    limits.items(data, param="lines", most=MOST_LINES)
    after = {**invoice, "lines": shapes.lines_of(invoice["id"], data)}
    amounts.compute(account, after)
    account.change(invoice, after, event="invoice.updated")


def item_of(line: Object) -> str | None:
    """Return the id of the line's invoice item, None for a period of a subscription."""
    details = line["parent"]["invoice_item_details"] or line["parent"]["subscription_item_details"]
    found: str | None = details["invoice_item"]
    return found


def _net_amount(item: Object) -> Object:
    """Return the item's `net_amount`, which Stripe leaves out while the item is discountable."""
    if not item["discountable"]:
        return {"net_amount": item["amount"]}
    return {"net_amount": None} if "net_amount" in item else {}


def _currency(params: Params, customer: Object, invoice: Object | None) -> str:
    given = params.get("currency") or params.get("price_data", {}).get("currency")
    if given:
        given = limits.currency(given)
    currency: str = given or (invoice["currency"] if invoice else None) or customer["currency"] or DEFAULT_CURRENCY
    for known in (invoice["currency"] if invoice else None, customer["currency"]):
        if known and known != currency:
            raise ApiError.invalid(
                "You cannot combine currencies on a single customer. This customer has an active subscription, "
                f"subscription schedule, discount, quote, or invoice item with currency {known}."
            )
    return currency


def _subscription(account: Account, params: Params, customer: Object) -> str | None:
    if "subscription" not in params:
        return None
    subscription = account.find("subscription", params["subscription"], param="subscription")
    if subscription["customer"] != customer["id"]:
        raise ApiError.missing("subscription", subscription["id"], param="subscription", status=400)
    return str(subscription["id"])
