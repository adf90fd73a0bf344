"""Thin events: notifications that name an object and leave it to the receiver to fetch it.

They are kept apart from the events of `/v1/events`, which have the object in them.
"""

from datetime import UTC, datetime
from typing import Any

from stripe.events._event_classes import get_v2_event_class

from sandbox.core import ids
from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.kinds import KINDS
from sandbox.core.store import Object
from sandbox.events import queue
from sandbox.events.origin import Origin

KIND = "_thin_event"
OBJECT = "v2.core.event"


def record(account: Account, kind: str, obj: Object, origin: Origin) -> Object:
    """Store a thin event of type `kind` about the object, queue its notification, and return that.

    Raises ApiError (400) if Stripe has no thin event of this type.
    """
    if not hasattr(get_v2_event_class(kind), "LOOKUP_TYPE"):
        raise ApiError.invalid(f"Stripe has no thin event of the type {kind}.", param="type")
    created = account.now if origin.created is None else origin.created
    moment = datetime.fromtimestamp(created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    notification: Object = {
        "id": ids.with_prefix("evt_test"),
        "object": OBJECT,
        "context": origin.account,
        "created": moment,
        "livemode": origin.livemode,
        "reason": None,
        "related_object": {"id": obj["id"], "type": obj["object"], "url": f"{_list_url(obj)}/{obj['id']}"},
        "type": kind,
    }
    stored = {"id": notification["id"], "object": KIND, "created": created, "notification": notification}
    account.store.put(stored)
    queue.enqueue(account.store, {"id": notification["id"], "type": kind, "created": created})
    return notification


def retrieve(account: Account, event_id: str) -> dict[str, Any]:
    """Return the whole event: the notification with the members that it leaves out. Raises ApiError (404)."""
    stored = account.store.get(KIND, event_id)
    if stored is None:
        raise ApiError(f"Event not found: {event_id}", status=404, code="not_found")
    return {**stored["notification"], "changes": None, "snapshot_event": None}


def _list_url(obj: Object) -> str:
    url = KINDS[obj["object"]].list_url
    if url is None:
        raise ApiError.invalid(f"Objects of the kind {obj['object']} have no URL of their own.", param="object")
    return url
