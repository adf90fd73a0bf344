"""What the inbox stores of an event's content: nothing of one about a person who was erased, not even for a moment.

A database's log keeps what a row held before it was emptied.
"""

from billing.errors import StripeFailure
from billing.gateway.snapshots import JSON, Event
from billing.mirror import engine, registry
from billing.mirror.validation import READ_ERRORS
from subscriptions.mirror import erased

# What is read of a thin event. Others of its fields may say what the object was before.
THIN_FIELDS = frozenset({"id", "object", "type", "created", "context", "livemode", "related_object"})

# The ids of an object whose owner is not known, and of a classic event.
IDS = ("object", "id", "payment_intent", "charge")
ENVELOPE = frozenset({"id", "object", "type", "created", "account", "livemode"})


def storable(event: Event, payload: JSON) -> JSON | None:
    """Return what may be stored of the content of an event that has a handler; None if a person of it was erased.

    If Stripe has to say whose the object is and can't be reached, only ids are left: the object is fetched later.
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
