"""Routes of billing meters and the summaries of their events."""

from sandbox.catalog.meters import shapes, usage
from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.http import limits, listing, sublists
from sandbox.http.listing import Params
from sandbox.http.routes import Routes

MAX_EVENT_NAME = 100
WINDOWS = {"day": 86_400, "hour": 3600}
MINUTE = 60


def create(account: Account, params: Params) -> Object:
    """Create a meter; no other active meter can have its `event_name`."""
    name = limits.required_text(params["event_name"], param="event_name", longest=MAX_EVENT_NAME)
    if active := active_meter(account, name):
        raise ApiError.invalid(
            f"There is already an active meter with the event name `{name}`: {active['id']}.", param="event_name"
        )
    members = listing.given(params, "customer_mapping", "default_aggregation", "event_time_window", "value_settings")
    members |= {"display_name": _display_name(params), "event_name": name}
    return account.add(shapes.meter(created=account.now, members=members), event="billing.meter.created")


def retrieve(account: Account, _params: Params, meter_id: str) -> Object:
    return account.find("billing.meter", meter_id)


def update(account: Account, params: Params, meter_id: str) -> Object:
    """Change the display name; nothing else of a meter can be changed."""
    meter = account.find("billing.meter", meter_id)
    if "display_name" not in params:
        return meter
    changes = {"display_name": _display_name(params), "updated": account.now}
    return account.change(meter, changes, event="billing.meter.updated")


def list_all(account: Account, params: Params) -> Object:
    wanted = listing.given(params, "status")
    return listing.page(account, "billing.meter", params, where=lambda meter: listing.matches(meter, wanted))


def deactivate(account: Account, _params: Params, meter_id: str) -> Object:
    """Stop the meter: no events can be sent, and no price can be created for it."""
    meter = account.find("billing.meter", meter_id)
    if meter["status"] != "active":
        raise ApiError.invalid("This meter is already inactive.")
    return _set_status(account, meter, "inactive", event="billing.meter.deactivated")


def reactivate(account: Account, _params: Params, meter_id: str) -> Object:
    meter = account.find("billing.meter", meter_id)
    if meter["status"] == "active":
        raise ApiError.invalid("This meter is already active.")
    if active_meter(account, meter["event_name"]):
        raise ApiError.invalid(f"There is already an active meter with the event name `{meter['event_name']}`.")
    return _set_status(account, meter, "active", event="billing.meter.reactivated")


def summaries(account: Account, params: Params, meter_id: str) -> Object:
    """List a customer's usage from `start_time` to `end_time`: as a whole, or each day or hour with usage.

    The newest window is first.
    """
    meter = account.find("billing.meter", meter_id)
    customer = account.find("customer", params["customer"], param="customer")["id"]
    window = WINDOWS.get(params.get("value_grouping_window", ""))
    start, end = (_aligned(params[name], window or MINUTE, param=name) for name in ("start_time", "end_time"))
    if end <= start:
        raise ApiError.invalid("`end_time` must be after `start_time`.", param="end_time")
    found = [
        shapes.summary(meter=meter_id, start=first, end=last, value=usage.aggregated(meter, records))
        for first, last in _windows(start, end, window)
        if (records := usage.events(account, meter, customer=customer, start=first, end=last)) or window is None
    ]
    whole = listing.embedded(found[::-1], url=f"/v1/billing/meters/{meter_id}/event_summaries")
    return sublists.page(whole, params)


def active_meter(account: Account, event_name: str) -> Object | None:
    """Return the active meter for events of this name, None if there is none."""
    found = account.store.scan("billing.meter", index=("event_name", event_name))
    return next((meter for meter in found if meter["status"] == "active"), None)


def _display_name(params: Params) -> str:
    return limits.required_text(params["display_name"], param="display_name", longest=limits.MAX_NAME)


def _set_status(account: Account, meter: Object, status: str, *, event: str) -> Object:
    ended = None if status == "active" else account.now
    changes = {"status": status, "status_transitions": {"deactivated_at": ended}, "updated": account.now}
    return account.change(meter, changes, event=event)


def _aligned(moment: int, unit: int, *, param: str) -> int:
    if moment % unit:
        boundaries = {MINUTE: "minute", WINDOWS["hour"]: "hour", WINDOWS["day"]: "day"}[unit]
        raise ApiError.invalid(f"`{param}` must be aligned with {boundaries} boundaries.", param=param)
    return moment


def _windows(start: int, end: int, window: int | None) -> list[tuple[int, int]]:
    if window is None:
        return [(start, end)]
    return [(first, min(first + window, end)) for first in range(start, end, window)]


ROUTES: Routes = [
    ("POST", "/v1/billing/meters", create),
    ("GET", "/v1/billing/meters", list_all),
    ("GET", "/v1/billing/meters/<meter_id>", retrieve),
    ("POST", "/v1/billing/meters/<meter_id>", update),
    ("POST", "/v1/billing/meters/<meter_id>/deactivate", deactivate),
    ("POST", "/v1/billing/meters/<meter_id>/reactivate", reactivate),
    ("GET", "/v1/billing/meters/<meter_id>/event_summaries", summaries),
]
