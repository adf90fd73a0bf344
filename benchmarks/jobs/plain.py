"""Two simple ways to sync: retrieve each subscription, or let the SDK page through all of them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import stripe
from django.conf import settings
from django.db import connection

from benchmarks.meter import Meter
from benchmarks.standin.reading import pages
from subscriptions.models import Subscription

EXPAND = ["data.customer", "data.schedule"]  # As ours asks.


def one_by_one(*, count: int) -> dict[str, Any]:
    """Retrieve `count` subscriptions, compare each with its row, and save the rows that differ."""
    client = _client()
    rows = list(Subscription.objects.order_by("-stripe_created_at")[:count])
    # The stand-in builds its answers now and not during the measurement.
    for _page in pages(settings.STRIPE_API_BASE, "/v1/subscriptions", status="all"):
        pass
    connection.ensure_connection()
    saved = 0
    with Meter() as meter:
        for pk in [row.pk for row in rows]:
            saved += _refreshed(Subscription.objects.get(pk=pk), client.v1.subscriptions.retrieve(pk))
    return meter.told() | {"looked_at": len(rows), "updated": saved}


def sdk_pages(*, most: int) -> dict[str, Any]:
    """Let the SDK build objects of at most `most` subscriptions with their customers, and discard them."""
    client = _client()
    with Meter() as meter:
        listed = client.v1.subscriptions.list({"status": "all", "limit": 100, "expand": EXPAND})
        seen = sum(1 for _ in islice(listed.auto_paging_iter(), most))
    return meter.told() | {"looked_at": seen}


def _client() -> stripe.StripeClient:
    stripe.enable_telemetry = False
    return stripe.StripeClient(
        settings.STRIPE_KEY, base_addresses={"api": settings.STRIPE_API_BASE}, max_network_retries=2
    )


def _refreshed(row: Subscription, subscription: stripe.Subscription) -> bool:
    """Save the row if a column differs; returns whether it did."""
    item = subscription["items"].data[0]
    now_so: Mapping[str, Any] = {
        "customer_id": _id(subscription.customer),
        "status": subscription.status,
        "product_id": _id(item.price.product),
        "price_id": item.price.id,
        "quantity": item.quantity,
        "currency": subscription.currency,
        "current_period_start_at": _moment(item.current_period_start),
        "current_period_end_at": _moment(item.current_period_end),
        "trial_end_at": _moment(subscription.trial_end),
        "cancel_at_period_end": subscription.cancel_at_period_end,
        "cancel_at": _moment(subscription.cancel_at),
        "canceled_at": _moment(subscription.canceled_at),
        "ended_at": _moment(subscription.ended_at),
        "latest_invoice_id": _id(subscription.latest_invoice),
        "metadata": subscription.metadata.to_dict(),
    }
    if all(getattr(row, name) == value for name, value in now_so.items()):
        return False
    for name, value in now_so.items():
        setattr(row, name, value)
    row.save()
    return True


def _id(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else value.id


def _moment(unix: int | None) -> datetime | None:
    return None if unix is None else datetime.fromtimestamp(unix, UTC)
