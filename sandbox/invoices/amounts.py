"""The amounts of an invoice, computed from its lines, discounts and the customer's balance.

The discounts of a line are taken off that line first, then the invoice's discounts off all discountable lines.
https://docs.stripe.com/billing/customer/balance
"""

from sandbox.catalog.discounts import amounts_off
from sandbox.catalog.discounts.amounts_off import Part
from sandbox.core import money
from sandbox.core.account import Account
from sandbox.core.store import Object


def compute(account: Account, invoice: Object) -> None:
    """Set the amounts of a draft invoice and of its lines; the caller saves the invoice."""
    lines = [
        {**line, "discount_amounts": [], "pretax_credit_amounts": [], "subtotal": line["amount"]}
        for line in invoice["lines"]["data"]
    ]
    for line in lines:
        for discount in _found(account, line["discounts"]):
            _take_off([line], discount)
    subtotal = sum(_left(line) for line in lines)
    for discount in _found(account, invoice["discounts"]):
        _take_off([line for line in lines if line["discountable"]], discount)
    taken = _totals(lines)
    total = sum(_left(line) for line in lines)
    invoice |= {
        "lines": {**invoice["lines"], "data": lines},
        "subtotal": subtotal,
        "subtotal_excluding_tax": subtotal,
        "total": total,
        "total_discount_amounts": taken,
        "total_excluding_tax": total,
        "total_pretax_credit_amounts": [{**each, "type": "discount"} for each in taken],
    }
    due = due_amount(invoice)
    invoice |= {"amount_due": due, "amount_remaining": due}


def due_amount(invoice: Object) -> int:
    """Return the total with the customer's balance, which is negative if they have credit; 0 if it is too small."""
    due: int = max(0, invoice["total"] + invoice["starting_balance"])
    return due if due >= money.least_charge(invoice["currency"]) else 0


def _found(account: Account, discount_ids: list[str]) -> list[Object]:
    return [account.find("discount", discount_id) for discount_id in discount_ids]


def _take_off(lines: list[Object], discount: Object) -> None:
    parts = [Part(_left(line), line["pricing"]["price_details"]["product"]) for line in lines]
    for line, share in zip(lines, amounts_off.per_part(discount["_coupon"], parts), strict=True):
        taken = {"amount": share, "discount": discount["id"]}
        line["discount_amounts"].append(taken)
        line["pretax_credit_amounts"].append({**taken, "type": "discount"})


def _left(line: Object) -> int:
    left: int = line["amount"] - sum(taken["amount"] for taken in line["discount_amounts"])
    return left


def _totals(lines: list[Object]) -> list[Object]:
    """Return the sum of each discount over all lines, in the order in which they apply."""
    sums: dict[str, int] = {}
    for line in lines:
        for taken in line["discount_amounts"]:
            sums[taken["discount"]] = sums.get(taken["discount"], 0) + taken["amount"]
    return [{"amount": amount, "discount": discount} for discount, amount in sums.items()]
