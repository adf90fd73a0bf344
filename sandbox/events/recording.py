"""The record of what happened: one event for each change, with the object as it was at that moment.

Within one second Stripe lists events in no particular order; with the `shuffle` switch so does the sandbox.
"""

from typing import TYPE_CHECKING, Any

from sandbox.core import ids
from sandbox.core.store import Object
from sandbox.core.visibility import public
from sandbox.events import deliveries

if TYPE_CHECKING:
    from sandbox.core.account import Account

KEPT_SECONDS = 30 * 86400


def record(account: "Account", kind: str, obj: Object, *, previous: dict[str, Any] | None = None) -> Object:
    """Keep one event of type `kind` about the object and hand it to the deliveries."""
    content: dict[str, Any] = {"object": public(obj)}
    if previous is not None:
        content["previous_attributes"] = public(previous)
    event: Object = {
        "id": ids.new("evt"),
        "object": "event",
        "api_version": account.api_version,
        "created": account.now,
        "data": content,
        "livemode": False,
        "pending_webhooks": 0,
        "request": {"id": account.cause.request_id, "idempotency_key": account.cause.idempotency_key},
        "type": kind,
    }
    account.check(event)
    event["pending_webhooks"] = deliveries.enqueue(account, event)
    account.store.put(event, slot=account.shuffled_slot())
    return event


def difference(before: Object, after: Object) -> Object:
    """Return the old values of what differs, within nested objects only their differing members."""
    changed: Object = {}
    for name in after.keys() | before.keys():
        old, new = before.get(name), after.get(name)
        if isinstance(old, dict) and isinstance(new, dict):
            if nested := difference(old, new):
                changed[name] = nested
        elif old != new:
            changed[name] = old
    return changed
