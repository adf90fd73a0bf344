"""Lets one `migrate` at a time change a MongoDB database; a second one waits and then finds nothing left to do."""

import os
import socket
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from time import monotonic, sleep
from typing import Any

from pymongo.errors import DuplicateKeyError, PyMongoError

COLLECTION = "migrating"
KEY = "migrate"
# The one that migrates counts up while it works: nobody compares clocks of two machines.
BEAT_SECONDS = 10.0
DEAD_AFTER_SECONDS = 60.0
LOOK_SECONDS = 0.5


@contextmanager
def alone(database: Any, *, say: Callable[[str], object]) -> Iterator[None]:
    """Wait until no other `migrate` changes this database, and keep others waiting for a block."""
    leases = database[COLLECTION]
    holder = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
    _take(leases, holder, say)
    ended = Event()
    beats = Thread(target=_beat, args=(leases, holder, ended), daemon=True)
    beats.start()
    try:
        yield
    finally:
        ended.set()
        beats.join()
        leases.delete_one({"_id": KEY, "holder": holder})


def _take(leases: Any, holder: str, say: Callable[[str], object]) -> None:
    seen, since = None, monotonic()
    while not _insert(leases, holder):
        now = leases.find_one({"_id": KEY})
        if now and not seen:
            say(f"{now['holder']} is migrating this database. Waiting until it has finished.")
        if now != seen:
            seen, since = now, monotonic()
        elif now and monotonic() - since > DEAD_AFTER_SECONDS:
            say(f"{now['holder']} was stopped: going on from there.")
            leases.delete_one(now)
        sleep(LOOK_SECONDS)


def _insert(leases: Any, holder: str) -> bool:
    try:
        leases.insert_one({"_id": KEY, "holder": holder, "beats": 0})
    except DuplicateKeyError:
        return False
    return True


def _beat(leases: Any, holder: str, ended: Event) -> None:
    while not ended.wait(BEAT_SECONDS):
        try:
            leases.update_one({"_id": KEY, "holder": holder}, {"$inc": {"beats": 1}})
        except PyMongoError:
            continue  # An election, say: the next beat comes before anyone takes this process for dead.
