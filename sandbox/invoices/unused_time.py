"""The credit for an item's unused time, which depends on the subscription's billing mode.

"classic" prorates the item's cost at its present price and quantity; "flexible" prorates each earlier debit.
https://docs.stripe.com/billing/subscriptions/billing-mode/compare
Decided here, because Stripe does not document it: "the last discounts used" of classic mode are those of the last
invoice that billed the item; in flexible mode each debit has its own credit, rounded separately.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sandbox.core.account import Account
from sandbox.core.store import Object
from sandbox.invoices import item_costs

References = dict[str, Any]


@dataclass(frozen=True)
class Debit:
    """An amount that was billed for an item's time, or is pending; `reference` names it in a credit.

    `names` are the ids by which earlier credits may name it: of the invoice item and of the invoice line.
    """

    amount: int
    period: tuple[int, int]
    reference: References
    names: frozenset[str]


@dataclass(frozen=True)
class Credit:
    """An amount to credit, and the reference of its debit, None in classic mode."""

    amount: int
    reference: References | None


def unused(account: Account, subscription: Object, item: Object, *, since: int) -> list[Credit]:
    """Return the credits for the item's time from `since` to the end of its period."""
    if subscription["billing_mode"]["type"] == "classic":
        found = _by_price(account, subscription, item, since=since)
    else:
        found = list(_by_debits(account, subscription, item, since=since))
    return [credit for credit in found if credit.amount]


def _by_price(account: Account, subscription: Object, item: Object, *, since: int) -> list[Credit]:
    items = subscription["items"]["data"]
    cost = item_costs.of_items(items, discounts=_last_discounts(account, subscription, item))[item["id"]]
    period = item_costs.full_period(subscription, item)
    until = item["current_period_end"]
    return [Credit(item_costs.prorate(cost, period=period, since=since, until=until), None)]


def _by_debits(account: Account, subscription: Object, item: Object, *, since: int) -> Iterator[Credit]:
    given_back = _credited_since(account, subscription, item)
    for debit in _debits(account, subscription, item):
        until = min((given_back[name] for name in debit.names if name in given_back), default=None)
        yield Credit(item_costs.prorate(debit.amount, period=debit.period, since=since, until=until), debit.reference)


def _last_discounts(account: Account, subscription: Object, item: Object) -> list[Object]:
    for invoice in _invoices(account, subscription):
        if any(_bills(line, item) for line in invoice["lines"]["data"]):
            return [account.find("discount", discount_id) for discount_id in invoice["discounts"]]
    return []


def _debits(account: Account, subscription: Object, item: Object) -> Iterator[Debit]:
    """Yield the item's debits: billed lines that reach into its current period, and pending charges."""
    pending = {each["id"]: each for each in _prorations(account, subscription, item) if each["amount"] > 0}
    for invoice in _invoices(account, subscription):
        for line in invoice["lines"]["data"]:
            waited = pending.pop(_invoice_item(line), None)
            if (waited or _bills(line, item)) and line["period"]["end"] > item["current_period_start"]:
                yield _billed(invoice, line, names={line["id"], _invoice_item(line)})
    for waiting in pending.values():
        if waiting["invoice"] is None:
            yield Debit(
                amount=waiting["amount"],
                period=(waiting["period"]["start"], waiting["period"]["end"]),
                reference={
                    "invoice_item": waiting["id"],
                    "invoice_line_item_details": None,
                    "type": "invoice_item",
                },
                names=frozenset({waiting["id"]}),
            )


def _billed(invoice: Object, line: Object, *, names: set[str]) -> Debit:
    details = {"invoice": invoice["id"], "invoice_line_items": [line["id"]]}
    return Debit(
        amount=line["amount"] - sum(taken["amount"] for taken in line["discount_amounts"]),
        period=(line["period"]["start"], line["period"]["end"]),
        reference={"invoice_item": None, "invoice_line_item_details": details, "type": "invoice_line_items"},
        names=frozenset(names),
    )


def _credited_since(account: Account, subscription: Object, item: Object) -> dict[str, int]:
    """Return the time from which each debit has been credited, by the debit's names."""
    since: dict[str, int] = {}
    for credit in _prorations(account, subscription, item):
        reference = credit["proration_details"]["credited_items"]
        if reference is None:
            continue
        lines = reference["invoice_line_item_details"]
        for name in lines["invoice_line_items"] if lines else [reference["invoice_item"]]:
            since[name] = min(credit["period"]["start"], since.get(name, credit["period"]["start"]))
    return since


def _prorations(account: Account, subscription: Object, item: Object) -> list[Object]:
    found = account.store.scan("invoiceitem", index=("customer", subscription["customer"]))
    return [
        each
        for each in found
        if each["proration"] and each["parent"]["subscription_details"]["subscription_item"] == item["id"]
    ]


def _invoices(account: Account, subscription: Object) -> Iterator[Object]:
    """Yield the subscription's invoices, newest first, without void ones."""
    found = account.store.scan("invoice", index=("subscription", subscription["id"]))
    return (invoice for invoice in found if invoice["status"] != "void")


def _bills(line: Object, item: Object) -> bool:
    """Return whether the line bills a period of the item in advance."""
    details = line["parent"]["subscription_item_details"]
    return details is not None and not details["proration"] and details["subscription_item"] == item["id"]


def _invoice_item(line: Object) -> str:
    details = line["parent"]["subscription_item_details"] or line["parent"]["invoice_item_details"]
    return details["invoice_item"] or ""
