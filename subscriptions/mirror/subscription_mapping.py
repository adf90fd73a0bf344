"""How subscriptions and their schedules at Stripe become columns; no row is read here."""

from decimal import Decimal, InvalidOperation
from typing import Any

from billing.gateway.snapshots import JSON, moment
from billing.mirror.engine import id_of
from subscriptions.models import SubscriptionSchedule

# The metadata of the item that is the plan, if a subscription has several: Stripe does not promise their order.
# This name must never change either.
MAIN = "standing_order_main"


def subscription_columns(obj: JSON) -> dict[str, Any]:
    items = main_first(obj["items"]["data"])
    main = items[0] if items else None
    pause = obj.get("pause_collection") or {}
    leaving = obj.get("cancellation_details") or {}
    paused = ((obj.get("status_details") or {}).get("paused") if obj["status"] == "paused" else None) or {}
    return {
        "customer_id": id_of(obj["customer"]),
        "status": obj["status"],
        "product_id": id_of(main["price"]["product"]) if main else None,
        "price_id": main["price"]["id"] if main else None,
        "quantity": _quantity(main or {}),
        "currency": obj["currency"],
        "items": [_item(item) for item in items],
        "current_period_start_at": moment(main["current_period_start"]) if main else None,
        # The items may have intervals of their own: the nearest end is that of the next charge, and of a cancel.
        "current_period_end_at": moment(min(item["current_period_end"] for item in items)) if items else None,
        "trial_end_at": moment(obj.get("trial_end")),
        "trial_without_card": _trial_without_card(obj),
        "cancel_at_period_end": obj["cancel_at_period_end"],
        "cancel_at": moment(obj.get("cancel_at")),
        "canceled_at": moment(obj.get("canceled_at")),
        "ended_at": moment(obj.get("ended_at")),
        "cancellation_reason": leaving.get("reason") or "",
        "cancellation_feedback": leaving.get("feedback") or "",
        "cancellation_comment": leaving.get("comment") or "",
        "schedule_id": id_of(obj.get("schedule")),
        "latest_invoice_id": id_of(obj.get("latest_invoice")),
        "metadata": obj.get("metadata") or {},
        "collection_method": obj.get("collection_method") or "charge_automatically",
        "is_taxed": _is_taxed(obj),
        "pause_behavior": pause.get("behavior") or "",
        "pause_resumes_at": moment(pause.get("resumes_at")),
        "paused_because": (paused.get("subscription") or {}).get("type") or "",
        "paused_at": moment(paused.get("transitioned_at")),
        **discount_columns(obj),
    }


def _trial_without_card(subscription: JSON) -> str:
    end_behavior = (subscription.get("trial_settings") or {}).get("end_behavior") or {}
    return end_behavior.get("missing_payment_method") or ""


def _is_taxed(subscription: JSON) -> bool:
    """Whether tax comes on top of the prices: computed by Stripe, or at rates that the prices do not include."""
    items = subscription["items"]["data"]
    rates = [
        *(subscription.get("default_tax_rates") or []),
        *(rate for one in items for rate in one.get("tax_rates") or []),
    ]
    if any(isinstance(rate, dict) and not rate.get("inclusive") for rate in rates):
        return True
    is_computed = (subscription.get("automatic_tax") or {}).get("enabled")
    return bool(is_computed) and any(item["price"].get("tax_behavior") != "inclusive" for item in items)


def discount_columns(obj: JSON) -> dict[str, Any]:
    """Return the ids of the discounts of a subscription and its items; and what else is known, unless only ids are.

    Events contain only ids.
    """
    own = [(discount, None) for discount in obj.get("discounts") or []]
    of_items = [(discount, item["id"]) for item in obj["items"]["data"] for discount in item.get("discounts") or []]
    found = own + of_items
    ids = {"discount_ids": [id_of(discount) for discount, _ in found]}
    if not all(isinstance(discount, dict) for discount, _ in found):
        return ids
    return {**ids, "discounts": [{**discount_terms(discount), "item": item} for discount, item in found]}


def discount_terms(discount: JSON) -> JSON:
    ends_at = moment(discount.get("end"))
    return {
        "id": discount["id"],
        "coupon": id_of(discount["source"].get("coupon")),
        "end": ends_at and ends_at.isoformat(),
    }


def main_first(items: list[JSON]) -> list[JSON]:
    """Return the items in Stripe's order, but with the plan first if it is known."""
    return sorted(items, key=lambda item: MAIN not in (item.get("metadata") or {})) if len(items) > 1 else items


def _quantity(item: JSON) -> int:
    """Return the quantity of an item; 1 for one that is billed by use, which has none."""
    quantity: int | None = item.get("quantity")
    return 1 if quantity is None else quantity


def _item(item: JSON) -> JSON:
    price = item["price"]
    recurring = price.get("recurring") or {}
    package = price.get("transform_quantity")
    unit_amount = _amount_or_none(price.get("unit_amount"))
    special = {
        "unit_amount_decimal": _decimal_or_none(price.get("unit_amount_decimal")) if unit_amount is None else None,
        "package": package and {"divide_by": package["divide_by"], "round": package["round"]},
        "is_tiered": price.get("billing_scheme") == "tiered",
    }
    return {
        **{name: value for name, value in special.items() if value},
        "id": item["id"],
        "price": price["id"],
        "product": id_of(price["product"]),
        "quantity": _quantity(item),
        "unit_amount": unit_amount,
        "interval": recurring.get("interval"),
        "interval_count": recurring.get("interval_count"),
        "is_metered": recurring.get("usage_type") == "metered",
        "current_period_end": item["current_period_end"],
        "currency": price.get("currency"),
    }


def _amount_or_none(value: object) -> int | None:
    """Return an amount; None for anything else, so that the subscription can still be read."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _decimal_or_none(value: object) -> str | None:
    try:
        return str(value) if value is not None and Decimal(str(value)).is_finite() else None
    except InvalidOperation:
        return None


def schedule_columns(obj: JSON) -> dict[str, Any]:
    changes = [_change(phase, obj) for phase in _changing_phases(obj)]
    following = changes[0] if changes else None
    pauses: JSON = next(iter(obj.get("pause_schedules") or []), {})
    return {
        "subscription_id": id_of(obj.get("subscription")),
        "customer_id": id_of(obj.get("customer")),
        "status": obj["status"],
        "next_price_id": following["price"] if following else None,
        "next_quantity": following["quantity"] if following else None,
        "next_at": moment(following["at"]) if following else None,
        "following": changes,
        "end_behavior": obj.get("end_behavior") or "",
        "ends_at": moment(max((phase["end_date"] for phase in obj["phases"]), default=None)),
        "pauses_at": moment((pauses.get("pause") or {}).get("pause_at")),
        "resumes_at": moment((pauses.get("resume") or {}).get("resume_at")),
    }


def _changing_phases(schedule: JSON) -> list[JSON]:
    """Return the later phases that begin with other prices or quantities than the phase before them.

    Of a schedule that has not started all are later, and the first one begins the subscription.
    """
    current_end = (schedule.get("current_phase") or {}).get("end_date")
    if _has_not_started(schedule):
        current_end = 0
    if current_end is None:
        return []
    phases = sorted(schedule["phases"], key=lambda phase: phase["start_date"])
    pairs = zip([None, *phases], phases, strict=False)
    return [
        phase
        for before, phase in pairs
        if phase["start_date"] >= current_end and (before is None or _plans(before) != _plans(phase))
    ]


def _plans(phase: JSON) -> list[tuple[str, int]]:
    return sorted((str(id_of(item["price"])), _quantity(item)) for item in phase["items"])


def _has_not_started(schedule: JSON) -> bool:
    return bool(schedule["status"] == SubscriptionSchedule.NOT_STARTED)


def _change(phase: JSON, schedule: JSON) -> JSON:
    item, *others = main_first(phase["items"])
    is_discounted = bool(phase.get("discounts")) or any(one.get("discounts") for one in phase["items"])
    begins = _has_not_started(schedule)
    days = _days_until_due(phase, schedule) if begins else None
    return {
        "at": phase["start_date"],
        **_planned(item),
        **({"further": [_planned(other) for other in others]} if others else {}),
        **({"currency": phase["currency"]} if begins and phase.get("currency") else {}),
        **({"is_discounted": True} if is_discounted else {}),
        **({"trial_end": phase["trial_end"]} if begins and phase.get("trial_end") else {}),
        **({"days_until_due": days} if days is not None else {}),
    }


def _planned(item: JSON) -> JSON:
    return {"price": id_of(item["price"]), "quantity": _quantity(item)}


def _days_until_due(phase: JSON, schedule: JSON) -> int | None:
    """Return within how many days the invoices of a phase are to be paid; None if a card is charged."""
    usual = schedule.get("default_settings") or {}
    if (phase.get("collection_method") or usual.get("collection_method")) != "send_invoice":
        return None
    for settings in (phase, usual):
        days: int | None = (settings.get("invoice_settings") or {}).get("days_until_due")
        if days is not None:
            return days
    return None
