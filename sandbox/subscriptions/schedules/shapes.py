"""The JSON of a subscription schedule, its phases and their items."""

from typing import Any

from sandbox.core import ids
from sandbox.core.store import Object


def schedule(
    *,
    subscription: Object | None,
    customer: str,
    created: int,
    phases: list[Object],
    end_behavior: str,
    settings: Object,
) -> Object:
    """Return a schedule with these phases: active for the subscription, or not started without one.

    `settings` has the `billing_mode`, and the members of a subscription that make up the `default_settings`.
    """
    return {
        "id": ids.new("subscription_schedule"),
        "object": "subscription_schedule",
        "application": None,
        "billing_mode": settings["billing_mode"],
        "canceled_at": None,
        "completed_at": None,
        "created": created,
        "current_phase": span(phases[0]) if subscription else None,
        "customer": customer,
        "customer_account": None,
        "default_settings": _default_settings(settings),
        "end_behavior": end_behavior,
        "livemode": False,
        "metadata": {},
        "pause_schedules": [],
        "phases": phases,
        "released_at": None,
        "released_subscription": None,
        "status": "active" if subscription else "not_started",
        "subscription": subscription["id"] if subscription else None,
        "test_clock": None,
    }


def phase(*, items: list[Object], start: int, end: int, currency: str, members: dict[str, Any]) -> Object:
    """Return one phase; `members` overrides its default members."""
    return {
        "add_invoice_items": [],
        "application_fee_percent": None,
        "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
        "billing_cycle_anchor": None,
        "billing_thresholds": None,
        "collection_method": None,
        "currency": currency,
        "default_payment_method": None,
        "default_tax_rates": [],
        "description": None,
        "discounts": [],
        "end_date": end,
        "invoice_settings": None,
        "items": items,
        "metadata": {},
        "on_behalf_of": None,
        "proration_behavior": "create_prorations",
        "start_date": start,
        "transfer_data": None,
        "trial_end": None,
        **members,
    }


def item(*, price: str, quantity: int | None, metadata: dict[str, str]) -> Object:
    """Return an item of a phase; unlike a subscription item it has no id. A metered price has no quantity."""
    members: Object = {
        "billing_thresholds": None,
        "discounts": [],
        "metadata": metadata,
        "plan": price,
        "price": price,
        "tax_rates": [],
    }
    return members if quantity is None else members | {"quantity": quantity}


def span(phase: Object) -> Object:
    """Return the dates of a phase, as in `current_phase`."""
    return {"end_date": phase["end_date"], "start_date": phase["start_date"]}


def _default_settings(subscription: Object) -> Object:
    return {
        "application_fee_percent": None,
        "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
        "billing_cycle_anchor": "automatic",
        "billing_thresholds": None,
        "collection_method": subscription["collection_method"],
        "default_payment_method": subscription["default_payment_method"],
        "description": subscription["description"],
        "invoice_settings": {
            "account_tax_ids": None,
            "custom_fields": None,
            "days_until_due": subscription["days_until_due"],
            "description": None,
            "footer": None,
            "issuer": {"type": "self"},
        },
        "on_behalf_of": None,
        "transfer_data": None,
    }
