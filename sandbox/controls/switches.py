"""Controls for the sandbox itself: its state, a reset, webhook settings, faults and delays."""

from typing import Any

from sandbox.controls.body import Body
from sandbox.core.errors import ApiError
from sandbox.events import webhook_settings
from sandbox.http.faults import Fault
from sandbox.local_stripe import LocalStripe

MODES = ("deliver", "hold", "drop")
STATUSES = (429, 500, "timeout", "reset")
MAX_COPIES = 10
MAX_FAULTS = 1_000_000
MAX_DELAY_SECONDS = 60
MAX_LATENCY_MS = 60_000


def state(sandbox: LocalStripe, body: Body) -> dict[str, Any]:
    """Return the clock, the switches, and counts of objects, calls, deliveries and violations of Stripe's types."""
    body.finish()
    account = sandbox.account
    deliveries = sandbox.deliveries.counts()
    with account.transaction():
        return {
            "clock": {"now": account.now, "offset": account.clock.offset, "target": sandbox.target},
            "switches": {
                "webhooks": webhook_settings.read(account.store),
                "faults": sandbox.faults.shown(),
                "date_delay": sandbox.delays.date_delay,
                "latency_ms": sandbox.delays.latency_ms,
            },
            "objects": account.store.counts(),
            "calls": dict(sorted(sandbox.calls.items())),
            "deliveries": deliveries,
            "violations": list(account.violations),
        }


def reset(sandbox: LocalStripe, body: Body) -> dict[str, Any]:
    """Delete everything, except webhook endpoints that were given at the start; return the state."""
    body.finish()
    sandbox.reset()
    return state(sandbox, Body({}))


def webhooks(sandbox: LocalStripe, body: Body) -> dict[str, Any]:
    """Change the settings for sending webhooks; missing members stay as they are."""
    given = {
        "mode": body.choice("mode", MODES),
        "duplicate": body.integer("duplicate", least=0, most=MAX_COPIES),
        "shuffle": body.flag("shuffle"),
        "seed": body.integer("seed", least=0, most=2**31),
    }
    body.finish()
    with sandbox.account.transaction():
        webhook_settings.change(
            sandbox.account.store, {name: value for name, value in given.items() if value is not None}
        )
        return webhook_settings.read(sandbox.account.store)


def release(sandbox: LocalStripe, body: Body) -> dict[str, Any]:
    """Send the held deliveries."""
    body.finish()
    return {"released": sandbox.deliveries.release()}


def faults(sandbox: LocalStripe, body: Body) -> dict[str, Any]:
    """Add a fault for the next `count` calls; an empty body or a count of 0 clears all faults."""
    status = body.choice("status", STATUSES)
    count = body.integer("count", least=0, most=MAX_FAULTS)
    fault = Fault(
        status=status,
        count=1 if count is None else count,
        path=body.text("path") or "/v1/",
        method=body.choice("method", ("GET", "POST", "DELETE")),
        after=body.flag("after") or False,
    )
    body.finish()
    if count == 0 or (status is None and count is None):
        sandbox.faults.clear()
    elif status is None:
        raise ApiError.missing_parameter("status")
    else:
        sandbox.faults.add(fault)
    return {"faults": sandbox.faults.shown()}


def date_delay(sandbox: LocalStripe, body: Body) -> dict[str, Any]:
    """Set the delay, in real seconds, between reading an answer from the store and its `Date`."""
    seconds = body.number("seconds", least=0, most=MAX_DELAY_SECONDS)
    body.finish()
    sandbox.delays.date_delay = _required(seconds, "seconds")
    return {"seconds": sandbox.delays.date_delay}


def latency(sandbox: LocalStripe, body: Body) -> dict[str, Any]:
    """Set the delay of every call before it executes, in real milliseconds."""
    milliseconds = body.integer("latency_ms", least=0, most=MAX_LATENCY_MS)
    body.finish()
    sandbox.delays.latency_ms = int(_required(milliseconds, "latency_ms"))
    return {"latency_ms": sandbox.delays.latency_ms}


def _required(value: float | None, name: str) -> float:
    if value is None:
        raise ApiError.missing_parameter(name)
    return value


ROUTES = [
    ("GET", "state", state),
    ("POST", "reset", reset),
    ("POST", "webhooks", webhooks),
    ("POST", "webhooks/release", release),
    ("POST", "faults", faults),
    ("POST", "date_delay", date_delay),
    ("POST", "latency", latency),
]
