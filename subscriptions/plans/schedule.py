"""The parameters of a subscription schedule that changes price or quantity when the paid period ends.

Stripe replaces all phases by those that it is sent, so everything else is repeated: what is left out is lost.
https://docs.stripe.com/api/subscription_schedules/update
"""

from datetime import datetime
from typing import Any

from billing.gateway.snapshots import JSON
from billing.mirror import engine
from billing.models import Price
from subscriptions.mirror import subscription_mapping

DISCOUNT_NAMES = ("discount", "promotion_code", "coupon")


def with_change(
    schedule: JSON,
    *,
    price: Price,
    quantity: int,
    is_other_interval: bool,
    period_ends_at: datetime | None = None,
    ends_at: datetime | None = None,
) -> dict[str, Any]:
    """Return the parameters that keep the current phase until `period_ends_at` and add one with another price or
    quantity, after which the subscription continues, or ends at `ends_at`.

    With another interval a whole period begins with the new phase; without that, Stripe may count it from the old
    billing date: https://docs.stripe.com/billing/subscriptions/billing-mode/compare
    """
    now = _current_phase(schedule)
    kept = _kept(now)
    items = [_item(item) for item in subscription_mapping.main_first(now["items"])]
    changed = {**items[0], "price": price.pk, "quantity": quantity}
    if len(items) > 1:
        # Stripe makes a new item for another price, and lists it at any position.
        changed["metadata"] = {**changed.get("metadata", {}), subscription_mapping.MAIN: "true"}
    span = {"start_date": now["start_date"], "end_date": _end_of_period(now, period_ends_at)}
    following = {
        **kept,
        "items": [changed, *items[1:]],
        "proration_behavior": "none",
        "billing_cycle_anchor": "phase_start" if is_other_interval else "automatic",
    }
    if ends_at:
        following["end_date"] = int(ends_at.timestamp())
    else:
        following["duration"] = {"interval": price.interval, "interval_count": price.interval_count}
    return {
        "end_behavior": "cancel" if ends_at else "release",
        "proration_behavior": "none",
        "phases": [{**kept, **span, "items": items}, following],
    }


def _end_of_period(phase: JSON, period_ends_at: datetime | None) -> int:
    """Return when the phase is to end: a phase made in the dashboard can be longer than the plan's period."""
    end: int = phase["end_date"]
    wanted = int(period_ends_at.timestamp()) if period_ends_at else end
    return wanted if phase["start_date"] < wanted < end else end


def _current_phase(schedule: JSON) -> JSON:
    current = schedule.get("current_phase") or {}
    phases: list[JSON] = schedule["phases"]
    return next((phase for phase in phases if phase["start_date"] == current.get("start_date")), phases[0])


def _kept(part: JSON) -> dict[str, Any]:
    """Return what a change of price keeps; phases and items both have these fields."""
    kept: dict[str, Any] = {}
    if part.get("metadata"):
        kept["metadata"] = part["metadata"]
    if part.get("discounts"):
        kept["discounts"] = [_discount(discount) for discount in part["discounts"]]
    for name in ("tax_rates", "default_tax_rates"):
        if part.get(name):
            kept[name] = [engine.id_of(rate) for rate in part[name]]
    return kept


def _item(item: JSON) -> dict[str, Any]:
    # A metered price has no quantity, and Stripe refuses one.
    quantity = {} if item.get("quantity") is None else {"quantity": item["quantity"]}
    return {**_kept(item), "price": engine.id_of(item["price"]), **quantity}


def _discount(discount: JSON) -> dict[str, Any]:
    """Return the discount rather than its coupon, so that its duration does not start again."""
    name = next(name for name in DISCOUNT_NAMES if discount.get(name))
    return {name: engine.id_of(discount[name])}
