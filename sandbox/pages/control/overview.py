"""What the control page shows of the sandbox: clock, switches, objects, events, deliveries, calls."""

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from babel.dates import format_date, format_datetime
from babel.units import format_unit

from sandbox.core.account import API_VERSION, Account
from sandbox.core.kinds import KINDS
from sandbox.core.periods import DAY
from sandbox.core.store import Object
from sandbox.events import queue, webhook_settings
from sandbox.local_stripe import LocalStripe

LOCALE = "en_US"
HOUR = 3600
EVENTS_SHOWN = 15
DELIVERIES_SHOWN = 10
CALLS_SHOWN = 25
WHAT = ("name", "nickname", "code", "email", "description", "type", "number", "url", "status")


def view(sandbox: LocalStripe) -> dict[str, Any]:
    """Return everything that the page shows."""
    account = sandbox.account
    queue = sandbox.deliveries.counts()
    with sandbox.transaction():
        return {
            "api_version": API_VERSION,
            "clock": _clock(account),
            "webhooks": webhook_settings.read(account.store),
            "endpoints": list(account.store.scan("webhook_endpoint")),
            "counts": queue,
            "faults": sandbox.faults.shown(),
            "objects": account.store.counts(),
            "events": [_event(event) for event in islice(account.store.scan("event"), EVENTS_SHOWN)],
            "deliveries": _deliveries(account),
            "calls": sandbox.calls.most_common(CALLS_SHOWN),
            "violations": account.violations,
        }


def moment(seconds: int) -> str:
    """Return an instant in short: `Nov 23, 2026, 00:36:15`."""
    return format_datetime(datetime.fromtimestamp(seconds, UTC), "MMM d, y, HH:mm:ss", locale=LOCALE)


def row(obj: Object) -> dict[str, Any]:
    """Return an object as one line of a table."""
    what: Iterable[Any] = (obj[name] for name in WHAT if isinstance(obj.get(name), str) and obj[name])
    return {"id": obj["id"], "what": next(iter(what), ""), "created": moment(obj[KINDS[obj["object"]].created])}


def _clock(account: Account) -> dict[str, str]:
    now = datetime.fromtimestamp(account.now, UTC)
    return {
        "date": format_date(now, "full", locale=LOCALE),
        "time": now.strftime("%H:%M:%S"),
        "ahead": _ahead(account.clock.offset),
    }


def _ahead(offset: int) -> str:
    if not offset:
        return "This is the real time."
    days, seconds = divmod(offset, DAY)
    parts = [format_unit(days, "day", locale=LOCALE)] if days else []
    parts += [format_unit(round(seconds / HOUR, 1), "hour", locale=LOCALE)] if seconds else []
    return f"{' and '.join(parts)} ahead of real time."


def _event(event: Object) -> dict[str, Any]:
    subject = event["data"]["object"]
    return {
        "id": event["id"],
        "type": event["type"],
        "when": moment(event["created"]),
        "kind": subject["object"],
        "subject": subject["id"],
        "pending": event["pending_webhooks"],
    }


def _deliveries(account: Account) -> list[dict[str, Any]]:
    return [
        {
            "event": delivery["event"],
            "type": (account.store.get("event", delivery["event"]) or {}).get("type", delivery["event"]),
            "url": (account.get("webhook_endpoint", delivery["endpoint"]) or {}).get("url", ""),
            "state": delivery["state"],
            "attempts": delivery["attempts"],
        }
        for delivery in islice(account.store.scan(queue.KIND), DELIVERIES_SHOWN)
    ]
