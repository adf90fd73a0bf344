"""Routes of the lines of a draft invoice: add, change and remove them."""

from sandbox.core.account import Account
from sandbox.core.errors import ApiError, within
from sandbox.core.store import Object
from sandbox.http import metadata
from sandbox.http.listing import Params
from sandbox.http.routes import Routes
from sandbox.invoices.items import request
from sandbox.invoices.items import rules as items


def add(account: Account, params: Params, invoice_id: str) -> Object:
    """Add lines: pending invoice items, or new amounts and prices."""
    invoice = _draft(account, invoice_id)
    for index, given in enumerate(params["lines"]):
        with within(f"lines[{index}]"):
            if "invoice_item" in given:
                _add_pending(account, invoice, given)
            else:
                customer = account.find("customer", invoice["customer"])
                items.create(account, _item_params(given, invoice), customer=customer, invoice=invoice)
    return _with_metadata(account, invoice, params)


def update_many(account: Account, params: Params, invoice_id: str) -> Object:
    """Change several lines."""
    invoice = _draft(account, invoice_id)
    for index, given in enumerate(params["lines"]):
        line = _line(invoice, given["id"], param=f"lines[{index}][id]")
        with within(f"lines[{index}]"):
            _change(account, invoice, line, {name: value for name, value in given.items() if name != "id"})
    return _with_metadata(account, invoice, params)


def update_one(account: Account, params: Params, invoice_id: str, line_id: str) -> Object:
    """Change one line and return it."""
    invoice = _draft(account, invoice_id)
    _change(account, invoice, _line(invoice, line_id, param="id"), params)
    return _line(invoice, line_id, param="id")


def remove(account: Account, params: Params, invoice_id: str) -> Object:
    """Remove lines; "delete" deletes their invoice items, "unassign" makes them pending again."""
    invoice = _draft(account, invoice_id)
    for index, given in enumerate(params["lines"]):
        line = _line(invoice, given["id"], param=f"lines[{index}][id]")
        item = _item(account, line)
        if given["behavior"] == "delete":
            items.delete(account, item)
        else:
            account.change(item, {"invoice": None, "_was_pending": True})
            items.drop_line(account, invoice, item["id"])
        invoice.update(account.find("invoice", invoice_id))
    return _with_metadata(account, invoice, params)


def _add_pending(account: Account, invoice: Object, given: Params) -> None:
    item = account.find("invoiceitem", given["invoice_item"], param="invoice_item")
    if item["invoice"] is not None or item["customer"] != invoice["customer"]:
        raise ApiError.invalid("The invoice item is not pending for this invoice's customer.", param="invoice_item")
    account.change(item, {"invoice": invoice["id"]})
    items.put_line(account, invoice, item)


def _change(account: Account, invoice: Object, line: Object, given: Params) -> None:
    """Change a line by its invoice item; a line for a subscription's period only in its texts."""
    if item_id := items.item_of(line):
        item = account.find("invoiceitem", item_id)
        items.change(account, item, _item_params(given, invoice))
        invoice.update(account.find("invoice", invoice["id"]))
        return
    if fixed := sorted(given.keys() - {"description", "metadata", "period"}):
        raise ApiError.unsupported_parameter(fixed[0])
    changed = {**line, **request.texts(given), **request.changed_metadata(given, line)}
    data = [changed if each["id"] == line["id"] else each for each in invoice["lines"]["data"]]
    items.save_lines(account, invoice, data)


def _item_params(given: Params, invoice: Object) -> Params:
    """Return a line's parameters as those of an invoice item; a line's product can be new."""
    if "product_data" in given.get("price_data", {}):
        raise ApiError.unsupported_parameter("price_data[product_data]")
    return {"currency": invoice["currency"], **given}


def _draft(account: Account, invoice_id: str) -> Object:
    invoice = account.find("invoice", invoice_id)
    if invoice["status"] != "draft":
        raise ApiError.invalid("You can only change the lines of draft invoices.", code="invoice_not_editable")
    return invoice


def _line(invoice: Object, line_id: str, *, param: str) -> Object:
    lines: list[Object] = invoice["lines"]["data"]
    found = next((line for line in lines if line["id"] == line_id), None)
    if found is None:
        raise ApiError.missing("line_item", line_id, param=param, status=404 if param == "id" else 400)
    return found


def _item(account: Account, line: Object) -> Object:
    item_id = items.item_of(line)
    if item_id is None:
        raise ApiError.invalid("The lines of a subscription's period can't be removed.", param="lines")
    return account.find("invoiceitem", item_id)


def _with_metadata(account: Account, invoice: Object, params: Params) -> Object:
    if "invoice_metadata" in params:
        merged = metadata.merged(invoice["metadata"], {"metadata": params["invoice_metadata"]})
        account.change(invoice, {"metadata": merged}, event="invoice.updated")
    return invoice


ROUTES: Routes = [
    ("POST", "/v1/invoices/<invoice_id>/add_lines", add),
    ("POST", "/v1/invoices/<invoice_id>/update_lines", update_many),
    ("POST", "/v1/invoices/<invoice_id>/remove_lines", remove),
    ("POST", "/v1/invoices/<invoice_id>/lines/<line_id>", update_one),
]
