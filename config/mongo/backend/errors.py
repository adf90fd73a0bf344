"""Gives every error of the driver Django's type and a message.

The backend raises DatabaseError and IntegrityError without one, and lets some errors of the driver through.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DatabaseError, IntegrityError
from pymongo.errors import BulkWriteError, PyMongoError

# The driver appends the server's whole answer, the values of the duplicate key, or the state of every host.
ENDS = (", full error:", " dup key:", ", Timeout:", ", Topology Description:")


@contextmanager
def described() -> Iterator[None]:
    """Raise errors of the driver as DatabaseError, and say in its message and that of IntegrityError what happened."""
    try:
        yield
    except (DatabaseError, IntegrityError) as error:
        if not error.args and isinstance(error.__cause__, PyMongoError):
            error.args = (description(error.__cause__),)
        raise
    except PyMongoError as error:
        raise DatabaseError(description(error)) from error


def description(error: PyMongoError) -> str:
    """Return the name of the driver's error and its reason, without contents of documents."""
    text = _first_reason(error) if isinstance(error, BulkWriteError) else str(error)
    for end in ENDS:
        text = text.partition(end)[0]
    return f"{type(error).__name__}: {text}"


def _first_reason(error: BulkWriteError) -> str:
    """Return the first error of a write of several documents; the error's own text has only the documents."""
    details = error.details or {}
    reasons = [*details.get("writeErrors", ()), *details.get("writeConcernErrors", ())]
    return str(reasons[0].get("errmsg", "")) if reasons else "the write failed"
