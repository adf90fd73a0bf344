"""Choosing the part of an event's content that the inbox stores: nothing, if the event is about an erased person.

Such content is not even stored and deleted at once, because a database's log keeps the earlier content of a row.
"""

from billing.errors import StripeFailure
from billing.gateway.snapshots import JSON, Event
from billing.mirror import engine, registry
from billing.mirror.validation import READ_ERRORS
from subscriptions.mirror import erased

# The fields of a thin event that are read. Its other fields may have the object's earlier content.
THIN_FIELDS = frozenset({"id", "object", "type", "created", "context", "livemode", "related_object"})

# The ids of an object whose owner is not known, and of a classic event.
IDS = ("object", "id", "payment_intent", "charge")
ENVELOPE = frozenset({"id", "object", "type", "created", "account", "livemode"})


def storable(event: Event, payload: JSON) -> JSON | None:
    """Return the part of an event that may be stored; None if it is about an erased person. The event has a handler.

    If only Stripe knows the object's owner and can't be reached, the part is ids alone: the object is fetched later.
    """
    kind = registry.kind_of_event(event)
    if kind.customer_on_row:
        try:
            if erased.is_of_erased(event.object, kind.object_name) and not _has_row(kind, event.object):
                return None
        except StripeFailure:
            return _ids_alone(event, payload)
    return {name: payload[name] for name in THIN_FIELDS & payload.keys()} if event.is_thin else payload


def _has_row(kind: "registry.Kind[registry.Row]", obj: JSON) -> bool:
    """Whether the mirror still has the object: its customer is being erased, or turns out to be active after all."""
    try:
        return engine.find(kind, kind.primary_key(obj)) is not None
    except READ_ERRORS:
        return False


def _ids_alone(event: Event, payload: JSON) -> JSON:
    """Return an event without the object's state; without an API version, the object is fetched when it is handled."""
    envelope = {name: payload[name] for name in ENVELOPE & payload.keys()}
    said = {name: erased.id_in(event.object.get(name)) for name in IDS if event.object.get(name)}
    return {**envelope, "data": {"object": said}}
