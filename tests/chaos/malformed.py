"""Webhook bodies that Stripe does not send, each made from one that it does, by a seeded generator."""

import json
import random
from collections.abc import Callable
from copy import deepcopy
from typing import Any

Body = dict[str, Any]

# What the mirror cannot do without, of each kind of object.
NEEDED = {
    "product": ("id", "object", "name", "active", "created", "metadata"),
    "price": ("id", "object", "product", "active", "currency", "created", "unit_amount", "recurring"),
    "promotion_code": ("id", "object", "code", "active", "times_redeemed", "promotion", "created"),
    "customer": ("id", "object", "created", "email", "name", "metadata"),
    "checkout.session": ("id", "object", "status", "payment_status", "mode", "expires_at", "created"),
    "subscription": ("id", "object", "customer", "status", "items", "currency", "created", "latest_invoice"),
    "subscription_schedule": ("id", "object", "status", "phases", "created", "subscription"),
    "payment_intent": ("id", "object", "amount", "currency", "status", "created"),
    "invoice": ("id", "object", "currency", "total", "amount_due", "attempt_count", "created", "parent"),
    "refund": ("id", "object", "amount", "currency", "created", "payment_intent"),
    "dispute": ("id", "object", "amount", "currency", "status", "created", "payment_intent"),
}
# Of these, null or nothing is what Stripe sends too.
MAY_BE_MISSING = {
    *("metadata", "email", "name", "unit_amount", "recurring", "latest_invoice", "subscription", "parent"),
    *("payment_intent", "created"),
}
ALWAYS_NEEDED = {("product", "name"), ("subscription", "customer")}
IDS = {
    "product": "prod_1",
    "price": "price_1",
    "promotion_code": "promo_1",
    "customer": "cus_1",
    "checkout.session": "cs_1",
    "subscription": "sub_1",
    "subscription_schedule": "sub_sched_1",
    "payment_intent": "pi_1",
    "invoice": "in_1",
    "refund": "re_1",
    "dispute": "du_1",
}
# People choose the ids of these, so that only what is no id at all is refused.
HAVE_CHOSEN_IDS = {"product", "price"}
NO_IDS = ["", "x" * 256, "prod\n1", "prod_\u200b1", "\ud800"]
UNTRUE: tuple[Any, ...] = ([1], ["x"], {"a": 1}, 2**70, -(2**70), 1e400, 1.5, "\0", "\ud800", "x" * 70_000, True, 7)


class Generator:
    """Makes one malformed body after the other; the same seed makes the same ones."""

    def __init__(self, events: list[Body], seed: int) -> None:
        self._events = events
        self._random = random.Random(seed)  # noqa: S311  (nothing secret)
        self._ways: list[Callable[[Body], str | bytes]] = [
            self._without_something,
            self._with_another_type,
            self._with_another_type,
            self._with_an_id_it_can_not_have,
            self._with_a_broken_envelope,
            self._nested_too_deeply,
            self._with_what_no_database_keeps,
            self._torn,
            self._in_no_known_encoding,
            self._not_an_event,
        ]

    def next(self) -> tuple[str, bytes]:
        """How it was made, and the body."""
        event = deepcopy(self._random.choice(self._events))
        # Unless it gets as far as the object, the same event would be a duplicate.
        event["id"] = f"evt_{self._random.getrandbits(64):x}"
        way, kind = self._random.choice(self._ways), event["type"]
        body = way(event)
        return f"{kind} {way.__name__}", body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body

    def _without_something(self, event: Body) -> str:
        obj = event["data"]["object"]
        needed = [name for name in NEEDED[obj["object"]] if _is_needed(obj["object"], name)]
        del obj[self._random.choice(needed)]
        return json.dumps(event)

    def _with_another_type(self, event: Body) -> str:
        obj = event["data"]["object"]
        name = self._random.choice(NEEDED[obj["object"]])
        before = obj.get(name)
        others = [value for value in UNTRUE if not _is_alike(value, before, name)]
        obj[name] = self._random.choice(others)
        return json.dumps(event)

    def _with_an_id_it_can_not_have(self, event: Body) -> str:
        obj = event["data"]["object"]
        kind = obj["object"]
        links = {"price": "product", "subscription": "customer", "invoice": "customer"}
        name, own_kind = self._random.choice([("id", kind), (links.get(kind, "id"), links.get(kind, kind))])
        others = [other for named, other in IDS.items() if named != own_kind]
        obj[name] = self._random.choice(NO_IDS if own_kind in HAVE_CHOSEN_IDS else others)
        return json.dumps(event)

    def _with_a_broken_envelope(self, event: Body) -> str:
        where = self._random.choice(("id", "type", "created", "data"))
        if self._random.random() < 0.5:
            del event[where]
        else:
            event[where] = self._random.choice([None, [], {}, ["x"], "", 1.5, "x" * 300])
        if isinstance(event.get("data"), dict) and self._random.random() < 0.5:
            event["data"] = {"object": self._random.choice([None, [], "x", 7, [event["data"].get("object")]])}
        return json.dumps(event)

    def _nested_too_deeply(self, event: Body) -> str:
        depth = self._random.choice((60, 200, 900, 5_000))
        opening, closing = self._random.choice((("[", "]"), ('{"a":', "}")))
        event["data"]["object"]["metadata"] = "HERE"
        return json.dumps(event).replace('"HERE"', opening * depth + "1" + closing * depth)

    def _with_what_no_database_keeps(self, event: Body) -> str:
        value = self._random.choice(("\0", "a\0b", "\ud83d", 2**64, -(2**80), float("nan"), float("-inf"), 10**400))
        event["data"]["object"]["anything"] = self._random.choice((value, [value], {"a": {"b": value}}))
        return json.dumps(event)

    def _torn(self, event: Body) -> str:
        text = json.dumps(event)
        return text[: self._random.randrange(len(text))]

    def _in_no_known_encoding(self, event: Body) -> bytes:
        body = bytearray(json.dumps(event).encode())
        for _ in range(self._random.randrange(1, 20)):
            body[self._random.randrange(len(body))] = self._random.randrange(0x80, 0xC0)
        return bytes(body)

    def _not_an_event(self, event: Body) -> str:
        values: list[Any] = [None, True, 7, "x", [], {}, [event], {"event": event}, {"object": "event"}]
        return json.dumps(self._random.choice(values))


def _is_needed(kind: str, name: str) -> bool:
    return name not in MAY_BE_MISSING or (kind, name) in ALWAYS_NEEDED


def _is_alike(value: Any, before: Any, name: str) -> bool:
    """Whether this could pass for what the field may be."""
    if isinstance(value, bool) or isinstance(before, bool):
        return type(value) is type(before)
    if isinstance(before, int) and isinstance(value, int):
        return abs(value) < 2**63
    if name in {"metadata", "parent", "promotion", "recurring"} and isinstance(value, dict):
        return True
    return isinstance(before, str) and isinstance(value, str) and "\0" not in value and value != "\ud800"
