"""Thin events: they name an object and not its state, so the object is fetched once for all events about it."""

from collections.abc import Sequence
from dataclasses import replace

from billing import gateway
from billing.errors import StripeMissing
from billing.gateway.snapshots import Event
from billing.mirror import registry
from billing.mirror.validation import check_identity


def with_object(events: Sequence[Event]) -> Sequence[Event]:
    """Return these events about one object; if some are thin, one that has the object as it is at Stripe now.

    Nothing if the object is gone: another event says that it was deleted.
    """
    thin = [event for event in events if event.is_thin]
    if not thin or any(event.snapshot.is_deletion for event in events):
        return events
    newest = thin[-1]
    kind = registry.kind_of_event(newest)
    check_identity(kind, newest.object)
    try:
        snapshot = kind.fetch(newest.object["id"])
    except StripeMissing:
        return []
    return [replace(newest, object=snapshot.object, api_version=gateway.API_VERSION, fetched=snapshot)]
