"""Quantities that the buyer may change on the page, within the seller's limits."""

from sandbox.checkout import session_discounts
from sandbox.core import money
from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object


def change(account: Account, session: Object, wanted: dict[str, int]) -> bool:
    """Set the quantities that the buyer chose, by line item; return whether any is different now.

    Raises ApiError (400) with the param `quantities[<line item>]`.
    """
    items = {item["id"]: item.copy() for item in session["line_items"]["data"]}
    before = {item_id: item["quantity"] for item_id, item in items.items()}
    for item_id, quantity in wanted.items():
        if quantity != before.get(item_id):
            _set(items.get(item_id), quantity, param=f"quantities[{item_id}]")
    if before == {item_id: item["quantity"] for item_id, item in items.items()}:
        return False
    if all(item["quantity"] == 0 for item in items.values()):
        raise ApiError.invalid("Choose at least one item.", param=f"quantities[{next(iter(wanted))}]")
    recompute(account, session, list(items.values()))
    return True


def recompute(account: Account, session: Object, items: list[Object]) -> None:
    """Compute the session's amounts from its changed line items, less its discount, and save the session."""
    session["line_items"] = {**session["line_items"], "data": items}
    session["amount_subtotal"] = sum(item["amount_subtotal"] for item in items)
    session_discounts.set_discount(session, session_discounts.redemption(account, session))
    account.store.put(session)


def _set(item: Object | None, quantity: int, *, param: str) -> None:
    allowed = item and item["adjustable_quantity"]
    if not item or not allowed or not allowed["enabled"]:
        raise ApiError.invalid("The quantity of this item can't be changed.", param=param)
    if not allowed["minimum"] <= quantity <= allowed["maximum"]:
        raise ApiError.invalid(f"The quantity must be from {allowed['minimum']} to {allowed['maximum']}.", param=param)
    amount = money.total(item["price"], quantity, currency=item["currency"])
    item |= {"amount_subtotal": amount, "amount_total": amount, "quantity": quantity}
