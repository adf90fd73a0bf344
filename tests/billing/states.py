"""States of one product at chosen times of Stripe's clock."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from billing import gateway
from billing.gateway.snapshots import JSON, Event, Snapshot
from billing.mirror.engine import Mirrored
from billing.models import Product

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
SECOND, TICK = timedelta(seconds=1), timedelta(milliseconds=1)


def state(product: JSON, name: str, since: datetime, until: datetime | None = None) -> Snapshot:
    return Snapshot({**product, "name": name}, since, until or since)


def event(product: JSON, name: str, at: datetime, **changes: Any) -> Event:
    version = gateway.API_VERSION
    return replace(Event("evt_1", "product.updated", at, version, {**product, "name": name}), **changes)


def written(result: Mirrored[Product]) -> Product:
    assert result.row is not None
    return result.row


def name_and_version() -> tuple[str, int]:
    row = Product.objects.get()
    return row.name, row.version
