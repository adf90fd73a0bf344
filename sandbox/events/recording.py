"""Recording events: one for each change, with the object's state at that time.

Stripe lists the events of one second in any order; with the setting `shuffle` the sandbox does too.
"""

from typing import Any

from sandbox.core import ids
from sandbox.core.account import Account
from sandbox.core.store import Object
from sandbox.core.visibility import public, public_since
from sandbox.events import queue, versions, webhook_settings
from sandbox.events.origin import OWN, Origin
from sandbox.http import contract

KEPT_SECONDS = 30 * 86400
ALL_CHECKED = 20  # Of each type, in one request or move of the clock.
CHECKED_EVERY = 200  # One in so many of the others.
KNOWN = 20  # Objects to keep the last shown form of.


def record(
    account: Account, kind: str, obj: Object, previous: Object | None = None, *, origin: Origin = OWN
) -> Object:
    """Store one event of type `kind` about the object and queue it for the webhook endpoints.

    The event has the shape of its API version, which is the account's unless `origin` names another.
    """
    shown = _shown(account, obj)
    is_live = origin.livemode and "livemode" in shown
    content: dict[str, Any] = {"object": {**shown, "livemode": True} if is_live else shown}
    if previous is not None:
        content["previous_attributes"] = public(previous)
    version = origin.api_version or account.api_version
    event: Object = {
        "id": ids.new("event"),
        "object": "event",
        **({"account": origin.account} if origin.account else {}),
        "api_version": version,
        "created": account.real_now if origin.created is None else origin.created,
        "data": versions.rendered(account, content, version),
        "livemode": origin.livemode,
        "pending_webhooks": 0,
        "request": {"id": account.cause.request_id, "idempotency_key": account.cause.idempotency_key},
        "type": kind,
    }
    account.recorded[kind] += 1
    if account.recorded[kind] <= ALL_CHECKED or account.recorded[kind] % CHECKED_EVERY == 0:
        contract.check(account, event)
        if shown != public(obj):
            raise AssertionError(f"Before {kind}, something in a member of the {obj['object']} was changed in place.")
    event["pending_webhooks"] = queue.enqueue(account.store, event)
    account.store.add(event, slot=webhook_settings.shuffled_slot(account.store))
    return event


def _shown(account: Account, obj: Object) -> Object:
    """Return the public form of the object. Events in a row share the members that were not replaced between them."""
    name = (obj["object"], obj.get("id"))
    earlier = account.shown.get(name)
    shown: Object = public_since(obj, *earlier) if earlier else public(obj)
    if len(account.shown) >= KNOWN:
        account.shown.clear()
    account.shown[name] = (obj.copy(), shown)
    return shown
