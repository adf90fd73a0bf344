"""The amounts that proration tests compare: those of a preview, and those billed later."""

import pytest

DAY = 86_400
HOUR = 3600
CLASSIC = {"type": "classic"}
FLEXIBLE = {"type": "flexible"}
NOW = {"type": "now"}  # A `billing_cycle_anchor`.
BOTH = pytest.mark.parametrize("mode", [CLASSIC, FLEXIBLE], ids=["classic", "flexible"])


def item_of(subscription):
    return subscription["items"].data[0].id


def preview(shop, subscription, items, **details):
    """Return the amounts of the previewed lines, and the total."""
    shown = shop.api.invoices.create_preview(
        {"subscription": subscription.id, "subscription_details": {"items": items, **details}}
    )
    return [line.amount for line in shown.lines.data], shown.total


def change(shop, subscription, items, **choices):
    shop.api.subscriptions.update(subscription.id, {"items": items, **choices})


def renew(shop, subscription):
    """Move to the end of the period; return the amounts of the renewal's lines, and its total."""
    shop.move_to(shop.subscription(subscription.id)["items"].data[0].current_period_end)
    return newest(shop, subscription)


def newest(shop, subscription):
    invoice = shop.invoices(subscription)[-1]
    return [line.amount for line in invoice.lines.data], invoice.total
