"""What there is at Stripe, in words without ids, and whether our rows say the same."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from billing.gateway.snapshots import Snapshot
from billing.mirror.kinds import PRICE, PRODUCT, PROMOTION_CODE
from billing.mirror.pages import differing_keys
from subscriptions.mirror import kinds
from subscriptions.models import ErasedCustomer
from tests.fixtures import LocalStripe

Facts = dict[str, list[str]]


def at_stripe(local: LocalStripe) -> Facts:
    """Return every object that anything here creates or changes, sorted, by kind."""
    products = {obj["id"]: obj for obj in _both(local.api.products)}
    schedules = _all(local.api.subscription_schedules)
    return {
        "products": _sorted(
            f"{one['name']} {_on(one)} {one['description'] or ''}".strip() for one in products.values()
        ),
        "prices": _sorted(
            f"{products[one['product']]['name']} {one['unit_amount']} {_on(one)}"
            + (" default" if products[one["product"]]["default_price"] == one["id"] else "")
            for one in _both(local.api.prices)
        ),
        "coupons": _sorted(f"{one['name']} {one['percent_off']}" for one in _all(local.api.coupons)),
        "codes": _sorted(f"{one['code']} {_on(one)}" for one in _all(local.api.promotion_codes)),
        "customers": _sorted(str(one["email"]) for one in _all(local.api.customers)),
        "sessions": _sorted(f"{one['mode']} {one['status']}" for one in _all(local.api.checkout.sessions)),
        "subscriptions": _sorted(" ".join(_subscription(one)) for one in _all(local.api.subscriptions, status="all")),
        "schedules": _sorted(f"{one['status']} {len(one['phases'])}" for one in schedules),
        "refunds": _sorted(f"{one['amount']} {one['status']}" for one in _all(local.api.refunds)),
        "invoices": _sorted(f"{one['total']} {one['status']}" for one in _all(local.api.invoices)),
        "intents": _sorted(f"{one['amount']} {one['status']}" for one in _all(local.api.payment_intents)),
        "endpoints": _sorted(one["url"] for one in _all(local.api.webhook_endpoints)),
    }


def gained(before: Facts, after: Facts) -> dict[str, list[str]]:
    """Return what is there now and was not before, by kind."""
    changes = {kind: _without(after[kind], before[kind]) for kind in after}
    return {kind: more for kind, more in changes.items() if more}


def rows_that_differ(local: LocalStripe) -> list[Any]:
    """Return the ids of objects at Stripe that our rows do not show as they are."""
    lists = (
        (PRODUCT, _both(local.api.products)),
        (PRICE, _both(local.api.prices)),
        (PROMOTION_CODE, _all(local.api.promotion_codes, expand=["data.promotion.coupon"])),
        (kinds.CUSTOMER, _all(local.api.customers)),
        (kinds.SUBSCRIPTION, _subscriptions_with_discounts(local)),
        (kinds.REFUND, _all(local.api.refunds)),
    )
    erased = set(ErasedCustomer.objects.values_list("pk", flat=True))
    kept = ((kind, [obj for obj in objects if obj.get("customer") not in erased]) for kind, objects in lists)
    return [key for kind, objects in kept for key in differing_keys(kind, map(_snapshot, objects))[0]]


def _snapshot(obj: dict[str, Any]) -> Snapshot:
    moment = datetime.fromtimestamp(obj["created"], UTC)
    return Snapshot(obj, moment, moment)


def _subscriptions_with_discounts(local: LocalStripe) -> list[dict[str, Any]]:
    return _all(local.api.subscriptions, status="all", expand=["data.discounts", "data.items.data.discounts"])


def _subscription(obj: dict[str, Any]) -> list[str]:
    [item] = obj["items"]["data"]
    ends = "ends" if obj["cancel_at_period_end"] or obj["cancel_at"] else "goes on"
    return [obj["status"], str(item["price"]["unit_amount"]), f"x{item['quantity']}", ends]


def _all(service: Any, **params: Any) -> list[dict[str, Any]]:
    return [obj.to_dict(for_json=True) for obj in service.list({"limit": 100, **params}).data]


def _both(service: Any) -> list[dict[str, Any]]:
    return _all(service, active=True) + _all(service, active=False)


def _on(obj: dict[str, Any]) -> str:
    return "active" if obj["active"] else "archived"


def _sorted(facts: Iterable[str]) -> list[str]:
    return sorted(facts)


def _without(facts: list[str], known: list[str]) -> list[str]:
    left = list(known)
    more = []
    for fact in facts:
        if fact in left:
            left.remove(fact)
        else:
            more.append(fact)
    return more
