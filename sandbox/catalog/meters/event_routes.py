"""Routes of meter events and of adjustments, which cancel an event.

Stripe checks an event's customer and value later and reports a wrong one in an event of its own; the sandbox refuses
it at once, under the code of that report.
"""

import re

from sandbox.catalog.meters import routes, shapes, usage
from sandbox.core import ids
from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.periods import DAY
from sandbox.core.store import Object
from sandbox.http import limits
from sandbox.http.listing import Params
from sandbox.http.routes import Routes

OLDEST = 35 * DAY
FURTHEST_AHEAD = 5 * 60
MAX_IDENTIFIER = 100
WHOLE_NUMBER = re.compile(r"-?[0-9]{1,15}")


def create(account: Account, params: Params) -> Object:
    """Record usage; an `identifier` can't be used again within a day."""
    meter = _meter(account, params["event_name"])
    identifier = params.get("identifier") or ids.random_text(24)
    limits.text(identifier, param="identifier", longest=MAX_IDENTIFIER)
    if _recent(account, identifier):
        raise ApiError.invalid(
            f"An event already exists with identifier {identifier}.", param="identifier", code="duplicate_meter_event"
        )
    payload = params["payload"]
    customer = _customer(account, meter, payload)
    record = {
        "object": usage.RECORD,
        "id": ids.new(usage.RECORD),
        "created": account.now,
        "event_name": meter["event_name"],
        "identifier": identifier,
        "payload": payload,
        "timestamp": _timestamp(account, params),
        "usage": usage.usage_key(meter["id"], customer),
        "value": _value(meter, payload),
    }
    return shapes.event(account.add(record))


def adjust(account: Account, params: Params) -> Object:
    """Cancel an event that was sent within the last day."""
    _meter(account, params["event_name"])
    identifier = params.get("cancel", {}).get("identifier")
    if not identifier:
        raise ApiError.missing_parameter("cancel[identifier]")
    record = _recent(account, identifier)
    if record is None or record["event_name"] != params["event_name"]:
        raise ApiError.invalid(
            f"No event found with identifier {identifier} in the last 24 hours.", param="cancel[identifier]"
        )
    account.store.purge(usage.RECORD, record["id"])
    return shapes.adjustment(event_name=params["event_name"], identifier=identifier)


def _meter(account: Account, event_name: str) -> Object:
    meter = routes.active_meter(account, event_name)
    if meter is None:
        raise ApiError.invalid(
            f"No active meter found for event name '{event_name}'.", param="event_name", code="no_meter"
        )
    return meter


def _recent(account: Account, identifier: str) -> Object | None:
    found = account.store.scan(usage.RECORD, index=("identifier", identifier), created=(account.now - DAY, None))
    return next(found, None)


def _timestamp(account: Account, params: Params) -> int:
    moment: int = params.get("timestamp", account.now)
    if moment < account.now - OLDEST:
        raise ApiError.invalid(
            "The timestamp must be within the past 35 calendar days.",
            param="timestamp",
            code="timestamp_too_far_in_past",
        )
    if moment > account.now + FURTHEST_AHEAD:
        raise ApiError.invalid(
            "The timestamp must not be more than 5 minutes in the future.",
            param="timestamp",
            code="timestamp_in_future",
        )
    return moment


def _customer(account: Account, meter: Object, payload: Params) -> str:
    key = meter["customer_mapping"]["event_payload_key"]
    if key not in payload:
        raise ApiError.invalid(
            f"The payload has no `{key}`.", param=f"payload[{key}]", code="meter_event_no_customer_defined"
        )
    if account.get("customer", payload[key]) is None:
        raise ApiError.invalid(
            f"No such customer: '{payload[key]}'", param=f"payload[{key}]", code="meter_event_customer_not_found"
        )
    return str(payload[key])


def _value(meter: Object, payload: Params) -> int:
    """Return the event's value; a meter that counts events needs none."""
    key = meter["value_settings"]["event_payload_key"]
    if key not in payload and meter["default_aggregation"]["formula"] == "count":
        return 1
    if key not in payload:
        raise ApiError.invalid(
            f"The payload has no `{key}`.", param=f"payload[{key}]", code="meter_event_value_not_found"
        )
    if not WHOLE_NUMBER.fullmatch(payload[key]):
        raise ApiError.invalid(
            f"The value must be a whole number: {payload[key]}",
            param=f"payload[{key}]",
            code="meter_event_invalid_value",
        )
    return int(payload[key])


ROUTES: Routes = [
    ("POST", "/v1/billing/meter_events", create),
    ("POST", "/v1/billing/meter_event_adjustments", adjust),
]
