"""Which field of Stripe's objects is which column of ours, said once more and on its own.

Nothing here is imported from the product: where both say the same, it is because both are right.
"""

import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from operator import itemgetter
from typing import Any

Object = dict[str, Any]
Row = dict[str, Any]


def same(value: Any) -> Any:
    return value


def text(value: Any) -> str:
    return "" if value is None else str(value)


def name(value: Any) -> str | None:
    """An id, as text; UUIDs are stored in three ways."""
    return None if value is None else str(value)


def flag(value: Any) -> bool:
    return bool(value)


def unix(value: Any) -> int | None:
    """A moment as Unix seconds, however the engine gives it."""
    if value is None or isinstance(value, int):
        return value
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def content(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def own(value: Any) -> str:
    return uuid.UUID(str(value)).hex


def at(path: str) -> Callable[[Object], Any]:
    """The value at a dotted path; None where the way ends early."""
    steps = path.split(".")

    def find(obj: Object) -> Any:
        value: Any = obj
        for step in steps:
            if isinstance(value, list):
                value = value[int(step)] if int(step) < len(value) else None
            else:
                value = None if value is None else value.get(step)
        return value

    return find


@dataclass(frozen=True)
class Mirror:
    """One of our tables and the kind of object that it copies: (column, how it reads, where Stripe has it)."""

    table: str
    kind: str
    path: str
    columns: tuple[tuple[str, Callable[[Any], Any], Callable[[Object], Any]], ...]
    lists: tuple[Object, ...] = ({},)
    key: Callable[[Object], Any] = itemgetter("id")
    key_reads: Callable[[Any], Any] = str
    is_ours: Callable[[Object], bool] = lambda _: True

    def expected(self, obj: Object) -> tuple[Any, ...]:
        return tuple(reads(find(obj)) for _, reads, find in self.columns)

    def actual(self, row: Row) -> tuple[Any, ...]:
        return tuple(reads(row[column]) for column, reads, _ in self.columns)

    def difference(self, row: Row, obj: Object) -> str:
        pairs = zip(self.columns, self.actual(row), self.expected(obj), strict=True)
        return ", ".join(
            f"{column[0]}: {ours!r}, at Stripe {theirs!r}" for column, ours, theirs in pairs if ours != theirs
        )


def _main_first(obj: Object) -> list[Object]:
    """The items, the plan first: a change of ours marks it where Stripe lists it later."""
    return sorted(obj["items"]["data"], key=lambda item: "standing_order_main" not in (item["metadata"] or {}))


def main(path: str) -> Callable[[Object], Any]:
    return lambda obj: at(path)(_main_first(obj)[0])


def _period_end(obj: Object) -> int:
    """Each item may have its own: the nearest counts."""
    return min(item["current_period_end"] for item in obj["items"]["data"])


def _items(obj: Object) -> list[Object]:
    return [
        {
            "id": item["id"],
            "price": item["price"]["id"],
            "product": item["price"]["product"],
            "quantity": item.get("quantity", 1),
            "unit_amount": item["price"]["unit_amount"],
            "interval": item["price"]["recurring"]["interval"],
            "interval_count": item["price"]["recurring"]["interval_count"],
            "currency": item["price"]["currency"],
            "is_metered": item["price"]["recurring"]["usage_type"] == "metered",
            "current_period_end": item["current_period_end"],
            **_special(item["price"]),
        }
        for item in _main_first(obj)
    ]


def _special(price: Object) -> Object:
    """Return what only prices have that are no plain amount."""
    package = price["transform_quantity"]
    special = {
        "unit_amount_decimal": price["unit_amount_decimal"] if price["unit_amount"] is None else None,
        "package": package and {"divide_by": package["divide_by"], "round": package["round"]},
        "is_tiered": price["billing_scheme"] == "tiered",
    }
    return {name: value for name, value in special.items() if value}


def _next_phase(path: str) -> Callable[[Object], Any]:
    """Find this of the next phase that changes something."""

    def find(obj: Object) -> Any:
        current, phases = obj["current_phase"], obj["phases"]
        for before, phase in pairwise(phases):
            is_later = current and phase["start_date"] >= current["end_date"]
            if is_later and _terms(phase) != _terms(before):
                return at(path)(phase)
        return None

    return find


def _terms(phase: Object) -> list[tuple[str, int]]:
    return sorted((item["price"], item.get("quantity", 1)) for item in phase["items"])


def _claim(obj: Object) -> str | None:
    return (obj.get("metadata") or {}).get("standing_order_claim")


def _has_claim(obj: Object) -> bool:
    return _claim(obj) is not None


PRODUCT = Mirror(
    "billing_product",
    "product",
    "/v1/products",
    (
        ("name", text, at("name")),
        ("description", text, at("description")),
        ("active", flag, at("active")),
        ("default_price_id", text, at("default_price")),
        ("metadata", content, at("metadata")),
        ("stripe_created_at", unix, at("created")),
    ),
    lists=({"active": True}, {"active": False}),
)
PRICE = Mirror(
    "billing_price",
    "price",
    "/v1/prices",
    (
        ("product_id", name, at("product")),
        ("active", flag, at("active")),
        ("currency", text, at("currency")),
        ("unit_amount", same, at("unit_amount")),
        ("interval", text, lambda price: (price["recurring"] or {"interval": "one_time"})["interval"]),
        ("nickname", text, at("nickname")),
        ("metadata", content, at("metadata")),
        ("stripe_created_at", unix, at("created")),
    ),
    lists=({"active": True}, {"active": False}),
)
PROMOTION_CODE = Mirror(
    "billing_promotioncode",
    "promotion_code",
    "/v1/promotion_codes",
    (
        ("code", text, at("code")),
        ("active", flag, at("active")),
        ("max_redemptions", same, at("max_redemptions")),
        ("times_redeemed", same, at("times_redeemed")),
        ("expires_at", unix, at("expires_at")),
        ("is_for_new_customers", flag, at("restrictions.first_time_transaction")),
        ("stripe_created_at", unix, at("created")),
    ),
)
CUSTOMER = Mirror(
    "subscriptions_customer",
    "customer",
    "/v1/customers",
    (
        ("email", text, at("email")),
        ("name", text, at("name")),
        ("metadata", content, at("metadata")),
        ("stripe_created_at", unix, at("created")),
    ),
)
SUBSCRIPTION = Mirror(
    "subscriptions_subscription",
    "subscription",
    "/v1/subscriptions",
    (
        ("customer_id", name, at("customer")),
        ("status", text, at("status")),
        ("product_id", name, main("price.product")),
        ("price_id", name, main("price.id")),
        ("quantity", same, lambda obj: _main_first(obj)[0].get("quantity", 1)),
        ("currency", text, at("currency")),
        ("items", content, _items),
        ("current_period_start_at", unix, main("current_period_start")),
        ("current_period_end_at", unix, _period_end),
        ("trial_end_at", unix, at("trial_end")),
        ("cancel_at_period_end", flag, at("cancel_at_period_end")),
        ("cancel_at", unix, at("cancel_at")),
        ("canceled_at", unix, at("canceled_at")),
        ("ended_at", unix, at("ended_at")),
        ("schedule_id", name, at("schedule")),
        ("latest_invoice_id", name, at("latest_invoice")),
        ("metadata", content, at("metadata")),
        ("stripe_created_at", unix, at("created")),
    ),
    lists=({"status": "all"},),
)
SCHEDULE = Mirror(
    "subscriptions_subscriptionschedule",
    "subscription_schedule",
    "/v1/subscription_schedules",
    (
        ("subscription_id", name, at("subscription")),
        ("customer_id", name, at("customer")),
        ("status", text, at("status")),
        ("next_price_id", name, _next_phase("items.0.price")),
        ("next_quantity", same, _next_phase("items.0.quantity")),
        ("next_at", unix, _next_phase("start_date")),
        ("stripe_created_at", unix, at("created")),
    ),
)
INVOICE = Mirror(
    "subscriptions_invoice",
    "invoice",
    "/v1/invoices",
    (
        ("customer_id", name, at("customer")),
        ("subscription_id", name, at("parent.subscription_details.subscription")),
        ("number", text, at("number")),
        ("status", text, at("status")),
        ("billing_reason", text, at("billing_reason")),
        ("currency", text, at("currency")),
        ("total", same, at("total")),
        ("amount_due", same, at("amount_due")),
        ("amount_paid", same, at("amount_paid")),
        ("amount_remaining", same, at("amount_remaining")),
        ("attempt_count", same, at("attempt_count")),
        ("next_payment_attempt_at", unix, at("next_payment_attempt")),
        ("collection_method", text, at("collection_method")),
        ("due_at", unix, at("due_date")),
        ("starting_balance", same, at("starting_balance")),
        ("ending_balance", same, at("ending_balance")),
        ("credited_before_payment", same, at("pre_payment_credit_notes_amount")),
        ("credited_after_payment", same, at("post_payment_credit_notes_amount")),
        ("amount_overpaid", same, at("amount_overpaid")),
        ("hosted_invoice_url", text, at("hosted_invoice_url")),
        ("invoice_pdf", text, at("invoice_pdf")),
        ("stripe_created_at", unix, at("created")),
    ),
)
PAYMENT = Mirror(
    "subscriptions_payment",
    "payment_intent",
    "/v1/payment_intents",
    (
        ("payment_intent_id", text, at("id")),
        ("customer_id", name, at("customer")),
        ("product_id", name, at("metadata.standing_order_product")),
        ("price_id", name, at("metadata.standing_order_price")),
        ("quantity", same, lambda intent: int(intent["metadata"]["standing_order_quantity"])),
        ("amount", same, at("amount")),
        ("currency", text, at("currency")),
        ("status", text, at("status")),
        ("stripe_created_at", unix, at("created")),
    ),
    key=_claim,
    key_reads=own,
    is_ours=_has_claim,
)
REFUND = Mirror(
    "subscriptions_refund",
    "refund",
    "/v1/refunds",
    (
        ("payment_intent_id", text, at("payment_intent")),
        ("amount", same, at("amount")),
        ("currency", text, at("currency")),
        ("status", text, at("status")),
        ("reason", text, at("reason")),
        ("request_id", text, lambda refund: (refund["metadata"] or {}).get("standing_order_refund", "")),
        ("stripe_created_at", unix, at("created")),
    ),
)


def _are_funds_withdrawn(dispute: Object) -> bool:
    return sum(one["amount"] for one in dispute["balance_transactions"]) < 0


DISPUTE = Mirror(
    "subscriptions_dispute",
    "dispute",
    "/v1/disputes",
    (
        ("charge_id", text, at("charge")),
        ("payment_intent_id", text, at("payment_intent")),
        ("amount", same, at("amount")),
        ("currency", text, at("currency")),
        ("status", text, at("status")),
        ("reason", text, at("reason")),
        ("due_by_at", unix, at("evidence_details.due_by")),
        (
            "are_funds_withdrawn",
            flag,
            _are_funds_withdrawn,
        ),
        ("stripe_created_at", unix, at("created")),
    ),
)
SESSION = Mirror(
    "subscriptions_checkoutsession",
    "checkout.session",
    "/v1/checkout/sessions",
    (
        ("stripe_id", text, at("id")),
        ("status", text, at("status")),
        ("payment_status", text, at("payment_status")),
        ("url", text, at("url")),
        ("expires_at", unix, at("expires_at")),
        ("subscription_id", name, at("subscription")),
        ("payment_intent_id", text, at("payment_intent")),
        ("customer_id", name, at("customer")),
        ("stripe_created_at", unix, at("created")),
    ),
    key=_claim,
    key_reads=own,
    is_ours=_has_claim,
)

# A session is how a purchase is made; what was bought is in the others, and only those must be the same in the end.
KEPT = (PRODUCT, PRICE, PROMOTION_CODE, CUSTOMER, SUBSCRIPTION, SCHEDULE, INVOICE, PAYMENT, REFUND, DISPUTE)
MIRRORS = (*KEPT, SESSION)


def by_key(mirror: Mirror, rows: list[Row]) -> dict[str, Row]:
    return {mirror.key_reads(row["_id"]): row for row in rows}


def ours(mirror: Mirror, objects: list[Object]) -> Iterator[tuple[str, Object]]:
    for obj in objects:
        if mirror.is_ours(obj):
            yield mirror.key_reads(mirror.key(obj)), obj
