"""Amounts that the buyer chooses on the page, for prices with `custom_unit_amount`."""

from sandbox.catalog import amounts
from sandbox.checkout import session_lines
from sandbox.checkout.asked import quantities
from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object


def change(account: Account, session: Object, wanted: dict[str, int]) -> bool:
    """Set the amounts that the buyer chose, by line item; return whether any is different now.

    Raises ApiError (400) with the param `amounts[<line item>]`.
    """
    items = {item["id"]: item.copy() for item in session["line_items"]["data"]}
    before = {item_id: item.get("_unit_amount") for item_id, item in items.items()}
    changed = {item_id: amount for item_id, amount in wanted.items() if amount != before.get(item_id)}
    for item_id, amount in changed.items():
        _set(items.get(item_id), amount, param=f"amounts[{item_id}]")
    if changed:
        session_lines.check_total(list(items.values()))
        quantities.recompute(account, session, list(items.values()))
    return bool(changed)


def are_missing(session: Object) -> bool:
    """Return whether the buyer has an amount to choose yet."""
    return bool(_missing(session))


def require(session: Object) -> None:
    """Raise ApiError (400) if the buyer has not chosen an amount yet."""
    for item in _missing(session):
        raise ApiError.invalid("Enter the amount that you want to pay.", param=f"amounts[{item['id']}]")


def _missing(session: Object) -> list[Object]:
    items = session["line_items"]["data"] if session["line_items"] else []
    return [item for item in items if item["price"]["custom_unit_amount"] and item.get("_unit_amount") is None]


def _set(item: Object | None, amount: int, *, param: str) -> None:
    if not item or not item["price"]["custom_unit_amount"]:
        raise ApiError.invalid("The amount of this item can't be changed.", param=param)
    amounts.check_custom(item["price"], amount, param=param, currency=item["currency"])
    item |= {"_unit_amount": amount, "amount_subtotal": amount, "amount_total": amount}
