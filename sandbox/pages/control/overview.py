"""The contents of the control page: clock, settings, objects, events, deliveries, API calls."""

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
DESCRIBING_MEMBERS = ("name", "nickname", "code", "email", "description", "type", "number", "url", "status")


def describe(sandbox: LocalStripe) -> dict[str, Any]:
    """Return the template's variables."""
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
    """Return the moment as `Nov 23, 2026, 00:36:15`."""
    return format_datetime(datetime.fromtimestamp(seconds, UTC), "MMM d, y, HH:mm:ss", locale=LOCALE)


def row(obj: Object) -> dict[str, Any]:
    """Return an object as a table row."""
    texts: Iterable[Any] = (obj[name] for name in DESCRIBING_MEMBERS if isinstance(obj.get(name), str) and obj[name])
    return {
        "id": obj["id"],
        "description": next(iter(texts), ""),
        "created": moment(obj[KINDS[obj["object"]].created]),
    }


def _clock(account: Account) -> dict[str, str]:
    now = datetime.fromtimestamp(account.now, UTC)
    return {
        "date": format_date(now, "full", locale=LOCALE),
        "time": now.strftime("%H:%M:%S"),
        "ahead": _offset_text(account.clock.offset),
    }


def _offset_text(offset: int) -> str:
    if not offset:
        return "Same as real time."
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
