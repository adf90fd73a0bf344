"""The store of all objects: one SQLite file, or memory if no path is given.

An object is a dict with at least `object` (the name of its kind), `id` and its time of creation. Reading returns a
copy; only `put` saves changes. Members whose names begin with an underscore are private to the sandbox. Stripe's rules
are not here.
"""

from sandbox.core.store.bodies import Object, copied, loaded
from sandbox.core.store.indexes import Index
from sandbox.core.store.keys import SLOTS
from sandbox.core.store.state_file import UnreadableState
from sandbox.core.store.store import Savepoint, Store

__all__ = ["SLOTS", "Index", "Object", "Savepoint", "Store", "UnreadableState", "copied", "loaded"]
