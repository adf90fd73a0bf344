"""The members of meters, meter events, their summaries and adjustments."""

from typing import Any

from sandbox.core import ids
from sandbox.core.store import Object

DEFAULT_MAPPING = {"event_payload_key": "stripe_customer_id", "type": "by_id"}
DEFAULT_VALUE = {"event_payload_key": "value"}


def meter(*, created: int, members: dict[str, Any]) -> Object:
    """Return a new active meter; `members` are its names, its aggregation and its time window."""
    return {
        "id": ids.new("billing.meter"),
        "object": "billing.meter",
        "created": created,
        "customer_mapping": DEFAULT_MAPPING,
        "event_time_window": None,
        "livemode": False,
        "status": "active",
        "status_transitions": {"deactivated_at": None},
        "updated": created,
        "value_settings": DEFAULT_VALUE,
        **members,
    }


def event(record: Object) -> Object:
    """Return a stored usage record as the API shows it: a meter event has no id."""
    return {
        "object": "billing.meter_event",
        "created": record["created"],
        "event_name": record["event_name"],
        "identifier": record["identifier"],
        "livemode": False,
        "payload": record["payload"],
        "timestamp": record["timestamp"],
    }


def summary(*, meter: str, start: int, end: int, value: int) -> Object:
    return {
        "id": f"mtrusg_test_{meter.removeprefix('mtr_test_')}{start}",
        "object": "billing.meter_event_summary",
        "aggregated_value": float(value),
        "end_time": end,
        "livemode": False,
        "meter": meter,
        "start_time": start,
    }


def adjustment(*, event_name: str, identifier: str) -> Object:
    return {
        "object": "billing.meter_event_adjustment",
        "cancel": {"identifier": identifier},
        "event_name": event_name,
        "livemode": False,
        "status": "complete",
        "type": "cancel",
    }
