"""Read and check the parameters of `credit_notes.create` and `credit_notes.preview`."""

from decimal import ROUND_HALF_UP, Decimal

from sandbox.core import money
from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.http import limits
from sandbox.http.listing import Params
from sandbox.invoices.credit_notes.shapes import Credit

CREDITABLE = {"open", "paid", "uncollectible"}
# The parameters that only lines of one type take.
ONLY_OF = {
    "custom_line_item": {"description", "unit_amount", "unit_amount_decimal"},
    "invoice_line_item": {"amount", "invoice_line_item"},
}


def invoice(account: Account, params: Params) -> Object:
    """Return the invoice to credit. Raises ApiError (400) unless it is finalized and not void."""
    limits.refuse_unsupported(params, "shipping_cost")
    found = account.find("invoice", params["invoice"], param="invoice")
    if found["status"] not in CREDITABLE:
        raise ApiError.invalid(
            f"You can only create a credit note for an open, paid or uncollectible invoice. This invoice's status is "
            f"`{found['status']}`.",
            param="invoice",
        )
    return found


def lines(params: Params, invoice: Object) -> list[Credit]:
    """Return what to credit, line by line."""
    if ("amount" in params) == ("lines" in params):
        raise ApiError.invalid("You must specify exactly one of `amount` or `lines`.", param="amount")
    if "amount" in params:
        amount = limits.positive(params["amount"], param="amount")
        return [Credit(amount, None, "custom_line_item", unit_amount=amount)]
    return [_line(given, invoice, f"lines[{index}]") for index, given in enumerate(params["lines"])]


def check_total(invoice: Object, total: int, *, refunded: int) -> None:
    """Raise ApiError (400) if less than the total is left; `refunded` is what was refunded without a credit note."""
    credited = invoice["pre_payment_credit_notes_amount"] + invoice["post_payment_credit_notes_amount"]
    left = invoice["total"] - credited - refunded
    if not 0 < total <= left:
        currency = invoice["currency"]
        raise ApiError.invalid(
            f"The credit note's amount ({money.shown(total, currency)}) must be positive and no more than the "
            f"invoice's amount that is not credited yet ({money.shown(left, currency)}).",
            param="amount",
        )


def check_split(params: Params, invoice: Object, *, linked: int, after_payment: int) -> None:
    """Raise ApiError (400) unless refunds, balance and other credit add up to the amount after payment."""
    given = linked + sum(params.get(name, 0) for name in ("refund_amount", "credit_amount", "out_of_band_amount"))
    if given != after_payment:
        currency = invoice["currency"]
        raise ApiError.invalid(
            "The sum of credit amount, refund amount and out of band amount "
            f"({money.shown(given, currency)}) must equal the post payment amount of the credit note "
            f"({money.shown(after_payment, currency)})."
        )


def _line(given: Params, invoice: Object, path: str) -> Credit:
    limits.refuse_unsupported(given, "tax_amounts", "tax_rates", "metadata", within=path)
    _refuse_of_other_type(given, path)
    if given["type"] == "custom_line_item":
        return _custom(given, path)
    line = next((each for each in invoice["lines"]["data"] if each["id"] == given.get("invoice_line_item")), None)
    if line is None:
        raise ApiError.missing(
            "line_item", given.get("invoice_line_item", ""), param=f"{path}[invoice_line_item]", status=400
        )
    return _part_of(line, given, path)


def _refuse_of_other_type(given: Params, path: str) -> None:
    """Raise ApiError for parameters that a line of this type does not take."""
    for kind, names in ONLY_OF.items():
        if given["type"] != kind and (found := sorted(given.keys() & names)):
            raise ApiError.invalid(
                f"You can only pass `{found[0]}` for a line whose `type` is `{kind}`.", param=f"{path}[{found[0]}]"
            )


def _custom(given: Params, path: str) -> Credit:
    for name in ("description", "quantity"):
        if name not in given:
            raise ApiError.missing_parameter(f"{path}[{name}]")
    unit = Decimal(given["unit_amount"] if "unit_amount" in given else given.get("unit_amount_decimal", 0))
    whole = int(unit) if unit == int(unit) else None
    amount = _rounded(unit * given["quantity"])
    return Credit(amount, given["description"], "custom_line_item", quantity=given["quantity"], unit_amount=whole)


def _part_of(line: Object, given: Params, path: str) -> Credit:
    """Return the credit for a quantity or an amount of an invoice line, with that part of its discounts."""
    whole: int = line["quantity"] or 1
    quantity = int(given.get("quantity", whole))
    amount = given.get("amount", _rounded(Decimal(line["amount"]) * quantity / whole))
    if not 0 < amount <= line["amount"]:
        raise ApiError.invalid("The line's credit must be positive and no more than its amount.", param=path)
    taken = [
        {"amount": _rounded(Decimal(each["amount"]) * amount / line["amount"]), "discount": each["discount"]}
        for each in line["discount_amounts"]
    ]
    return Credit(
        amount,
        line["description"],
        "invoice_line_item",
        quantity=None if "amount" in given else quantity,
        invoice_line_item=line["id"],
        discount_amounts=taken,
    )


def _rounded(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))
