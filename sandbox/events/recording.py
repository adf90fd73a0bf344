"""Recording events: one for each change, with the object's state at that time.

Stripe lists the events of one second in any order; with the setting `shuffle` the sandbox does too.
"""

from typing import Any

from sandbox.core import ids
from sandbox.core.account import Account
from sandbox.core.store import Object
from sandbox.core.visibility import public
from sandbox.events import queue, webhook_settings
from sandbox.http import contract

KEPT_SECONDS = 30 * 86400
ALL_CHECKED = 100  # Of each type, in one request or move of the clock.
CHECKED_EVERY = 50  # One in so many of the others.


def record(account: Account, kind: str, obj: Object, previous: Object | None = None) -> Object:
    """Store one event of type `kind` about the object and queue it for the webhook endpoints."""
    content: dict[str, Any] = {"object": public(obj)}
    if previous is not None:
        content["previous_attributes"] = public(previous)
    event: Object = {
        "id": ids.new("event"),
        "object": "event",
        "api_version": account.api_version,
        "created": account.now,
        "data": content,
        "livemode": False,
        "pending_webhooks": 0,
        "request": {"id": account.cause.request_id, "idempotency_key": account.cause.idempotency_key},
        "type": kind,
    }
    account.recorded[kind] += 1
    if account.recorded[kind] <= ALL_CHECKED or account.recorded[kind] % CHECKED_EVERY == 0:
        contract.check(account, event)
    event["pending_webhooks"] = queue.enqueue(account.store, event)
    account.store.put(event, slot=webhook_settings.shuffled_slot(account.store))
    return event
