"""One object that fails stops no other: it is recorded with its kind, its id and the reason."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from django.db import DatabaseError, DataError, IntegrityError, InterfaceError

from billing.errors import StripeFailure, StripeMisconfigured, StripeUnavailable
from billing.mirror.validation import UnreadableObject

logger = logging.getLogger(__name__)

# These say nothing about the object at hand: every other object would fail too. MongoDB's backend raises a plain
# DatabaseError for everything but a duplicate key, so only the two errors that name a value are about the object.
AWAY = (StripeUnavailable, StripeMisconfigured, DatabaseError, InterfaceError, MemoryError)
ABOUT_THE_OBJECT = (DataError, IntegrityError)

MAX_REASON = 200


class FailedObject(NamedTuple):
    """An object that could not be read, stored or handled."""

    object_name: str
    id: str
    reason: str


@contextmanager
def isolated(object_name: str, stripe_id: object, failed: list[FailedObject]) -> Iterator[None]:
    """Add to `failed` the object whose handling raises; raises only when Stripe or the database is away."""
    try:
        yield
    except Exception as error:
        if is_away(error):
            raise
        failed.append(failed_object(object_name, stripe_id, error))


def is_away(error: Exception) -> bool:
    """Whether the error says that Stripe or the database is away, and nothing about the object at hand."""
    return isinstance(error, AWAY) and not isinstance(error, ABOUT_THE_OBJECT)


def failed_object(object_name: str, obj: object, error: Exception) -> FailedObject:
    """Log that an object, or the one with this id, failed, and return the record of it."""
    stripe_id = obj.get("id") if isinstance(obj, dict) else obj
    shown_id = stripe_id if isinstance(stripe_id, str) and stripe_id.isprintable() else ascii(stripe_id)
    failed = FailedObject(object_name, shown_id[:255], reason_for(error))
    logger.warning("%s %s failed: %s", failed.object_name, failed.id, type(error).__name__)
    return failed


def reason_for(error: Exception) -> str:
    """Say in one line why something failed, in characters that every database stores."""
    # The first line alone: a database's error goes on with the row's content.
    text = (str(error).splitlines() or [""])[0]
    if not isinstance(error, UnreadableObject | StripeFailure):
        text = f"{type(error).__name__}: {text}"
    return text.replace("\0", "").encode(errors="backslashreplace").decode()[:MAX_REASON]
