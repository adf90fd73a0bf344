"""Objects that can't be read or stored, on the lists of Stripe, and what a run records of them."""

from collections.abc import Callable
from typing import Any

from billing.models import Price, Product, PromotionCode
from subscriptions.models import Customer, Dispute, Invoice, Refund, Subscription, SubscriptionSchedule, SyncRun
from tests.subscriptions.mirror.altered import Objects, nested

# Values that no object of Stripe's has, by what is wrong with them.
UNSTORABLE: dict[str, Any] = {
    "half a surrogate pair": "\ud800",
    "NUL": "a\0b",
    "beyond 64 bits": 2**70,
    "far beyond": -(10**400),
    "not finite": float("nan"),
    "deeply nested": nested(120),
    "a list": [1],
}

LISTS: dict[str, tuple[str, str, type[Any]]] = {
    "product": ("/v1/products", "name", Product),
    "price": ("/v1/prices", "currency", Price),
    "promotion_code": ("/v1/promotion_codes", "code", PromotionCode),
    "subscription": ("/v1/subscriptions", "status", Subscription),
    "invoice": ("/v1/invoices", "currency", Invoice),
    "refund": ("/v1/refunds", "currency", Refund),
    "dispute": ("/v1/disputes", "currency", Dispute),
}
PARTS: dict[str, tuple[str, str, type[Any]]] = {
    "customer": ("customer", "name", Customer),
    "subscription_schedule": ("schedule", "status", SubscriptionSchedule),
}
READ_AGAIN = [Product, Price, PromotionCode, Customer, Subscription, SubscriptionSchedule, Invoice, Refund, Dispute]


def failures(run: SyncRun) -> list[tuple[str, str]]:
    """What a run recorded of objects that failed, as it is in the database."""
    run.refresh_from_db()
    assert run.failed_objects == len(run.failures)
    assert all(failure["reason"] for failure in run.failures)
    return [(failure["object_name"], failure["id"]) for failure in run.failures]


def with_first(change: dict[str, Any]) -> Callable[[Objects], None]:
    """Change the first object of a list."""

    def alter(objects: Objects) -> None:
        if objects:
            objects[0] |= change

    return alter


def with_part(part: str, change: dict[str, Any]) -> Callable[[Objects], None]:
    def alter(objects: Objects) -> None:
        for obj in objects:
            if isinstance(obj[part], dict):
                obj[part] |= change

    return alter
