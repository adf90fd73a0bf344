"""Settings for sending webhooks: deliver, hold or drop them, duplicate them, shuffle them.

They are in the store, because held deliveries are.
"""

import random
from typing import Any

from sandbox.core.store import SLOTS, Store

SETTING = "webhooks"
DEFAULTS: dict[str, Any] = {"mode": "deliver", "duplicate": 0, "shuffle": False, "seed": 0}


def read(store: Store) -> dict[str, Any]:
    """Return `mode` (deliver, hold or drop), `duplicate` (extra copies of each), `shuffle`, and its `seed`."""
    changed: dict[str, Any] = store.setting(SETTING, {})
    return DEFAULTS | changed


def change(store: Store, changes: dict[str, Any]) -> None:
    store.save_setting(SETTING, read(store) | changes)


def shuffled_slot(store: Store) -> int | None:
    """Return a random slot within its second for the next event or delivery, or None if they are not shuffled.

    The same seed and requests give the same order.
    """
    if not store.setting(SETTING, DEFAULTS)["shuffle"]:
        return None
    setting = read(store)
    drawn = store.setting("shuffled", 0)
    store.save_setting("shuffled", drawn + 1)
    return random.Random(f"{setting['seed']}:{drawn}").randrange(SLOTS)  # noqa: S311 - repeatable on purpose.
