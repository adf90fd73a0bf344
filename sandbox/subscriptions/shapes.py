"""The JSON of a subscription and of a subscription item."""

from sandbox.catalog.meters import usage
from sandbox.catalog.shapes import plan
from sandbox.core import ids
from sandbox.core.store import Object
from sandbox.http.listing import counted

MISSING_PAYMENT_METHOD = "create_invoice"
NO_PAYMENT_SETTINGS: Object = {
    "payment_method_options": None,
    "payment_method_types": None,
    "save_default_payment_method": "off",
}


def subscription(*, customer: str, currency: str, created: int, items: list[Object]) -> Object:
    """Return an incomplete subscription for these items; sets `subscription` in each of them."""
    subscription_id = ids.new("subscription")
    for item in items:
        item["subscription"] = subscription_id
    return {
        "id": subscription_id,
        "object": "subscription",
        "application": None,
        "application_fee_percent": None,
        "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
        "billing_cycle_anchor": created,
        "billing_cycle_anchor_config": None,
        "billing_mode": {"flexible": {"proration_discounts": "included"}, "type": "flexible"},
        "billing_schedules": [],
        "billing_thresholds": None,
        "cancel_at": None,
        "cancel_at_period_end": False,
        "canceled_at": None,
        "cancellation_details": {"comment": None, "feedback": None, "feedback_option": None, "reason": None},
        "collection_method": "charge_automatically",
        "created": created,
        "currency": currency,
        "customer": customer,
        "customer_account": None,
        "days_until_due": None,
        "default_payment_method": None,
        "default_source": None,
        "default_tax_rates": [],
        "description": None,
        "discounts": [],
        "ended_at": None,
        "invoice_settings": {
            "account_tax_ids": None,
            "custom_fields": None,
            "description": None,
            "footer": None,
            "issuer": {"type": "self"},
        },
        "items": counted(items, url=f"/v1/subscription_items?subscription={subscription_id}"),
        "latest_invoice": None,
        "livemode": False,
        "managed_payments": {"enabled": False},
        "metadata": {},
        "next_pending_invoice_item_invoice": None,
        "on_behalf_of": None,
        "pause_collection": None,
        "payment_settings": dict(NO_PAYMENT_SETTINGS),
        "pending_invoice_item_interval": None,
        "pending_setup_intent": None,
        "pending_update": None,
        "schedule": None,
        "start_date": created,
        "status": "incomplete",
        "status_details": None,
        "test_clock": None,
        "transfer_data": None,
        "trial_end": None,
        "trial_settings": {"end_behavior": {"missing_payment_method": MISSING_PAYMENT_METHOD}},
        "trial_start": None,
    }


def item(
    *, price: Object, quantity: int, currency: str, created: int, period: tuple[int, int], metadata: dict[str, str]
) -> Object:
    """Return an item with an empty `subscription`, which the caller or `subscription()` sets.

    An item with a metered price has no quantity. The private `_currency` is the subscription's: a price can have
    amounts in several.
    """
    start, end = period
    members: Object = {
        "id": ids.new("subscription_item"),
        "object": "subscription_item",
        "billing_thresholds": None,
        "created": created,
        "current_period_end": end,
        "current_period_start": start,
        "discounts": [],
        "metadata": metadata,
        "plan": plan(price),
        "price": price,
        "quantity": quantity,
        "subscription": "",
        "tax_rates": [],
        "_currency": currency,
    }
    if usage.is_metered(price):
        del members["quantity"]
    return members
