"""Objects that live on the time of a test clock: a customer who was created with one, and what is made for them.

Customers, subscriptions, invoices and so on name their clock in `test_clock`; the sandbox marks their payments and the
like with a private member. The catalog, webhook endpoints and events belong to no clock.
"""

import re
from collections.abc import Iterable
from typing import Final

from sandbox.core.kinds import KINDS
from sandbox.core.store import Object, Store

CLOCK: Final = "test_helpers.test_clock"
PRIVATE: Final = "_test_clock"
UNBOUND: Final = frozenset(
    {
        CLOCK,
        "account",
        "billing.meter",
        "billing_portal.configuration",
        "coupon",
        "payment_link",
        "plan",
        "price",
        "product",
        "promotion_code",
        "webhook_endpoint",
    }
)
# Stripe dates these by real time, although they are made for a customer on a test clock.
OF_REAL_TIME: Final = frozenset(
    {"balance_transaction", "charge", "dispute", "payment_intent", "payment_method", "refund", "setup_intent"}
)
ID: Final = re.compile(r"([a-z_]+)_[A-Za-z0-9]+")
KIND_OF_PREFIX: Final = {kind.prefix: name for name, kind in KINDS.items() if kind.prefix and kind.is_stored}
ITEM_PREFIX: Final = KINDS["subscription_item"].prefix


def clock_of(obj: Object) -> str | None:
    """Return the id of the clock on whose time the object lives."""
    clock: str | None = obj.get("test_clock") or obj.get(PRIVATE)
    return clock


def is_bound(kind: str) -> bool:
    """Return whether objects of this kind live on the time of their customer's clock."""
    return kind not in UNBOUND and not kind.startswith("_")


def bind(obj: Object, clock: str, *, real_now: int) -> None:
    """Mark a new object as one of this clock's."""
    kind = obj["object"]
    if is_bound(kind):
        obj["test_clock" if "test_clock" in obj else PRIVATE] = clock
        if kind in OF_REAL_TIME:
            obj["created"] = real_now


def find(store: Store, names: Iterable[str]) -> Object | None:
    """Return the clock of the first object with one among those that a request names by id."""
    for name in names:
        obj = _named(store, name)
        clock = name if obj and obj["object"] == CLOCK else clock_of(obj or {})
        found = store.get(CLOCK, clock) if clock else None
        if found and not found.get("deleted"):
            return found
    return None


def _named(store: Store, name: str) -> Object | None:
    match = ID.fullmatch(name)
    if match is None:
        return None
    if match[1] == ITEM_PREFIX:
        return next(store.scan("subscription", index=("item", name)), None)
    kind = KIND_OF_PREFIX.get(match[1])
    return store.get(kind, name) if kind else None
