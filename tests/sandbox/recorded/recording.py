"""Stripe's own recorded answers: `shared/stripe/recorded.json` beside the project, `{scenario: [call, …]}`.

A call has the request (`method`, `path`, `query`, `form`, `version`) and what Stripe answered in test mode (`status`,
`answer`).
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).parents[3].parent / "shared" / "stripe" / "recorded.json"

AN_ID = re.compile(r"[a-z]+(_[a-z]+)*_[A-Za-z0-9]{8,}")


@dataclass(frozen=True)
class RecordedCall:
    """One request and Stripe's answer; `query` and `form` are lists of (name, value)."""

    method: str
    path: str
    query: list[tuple[str, str]]
    form: list[tuple[str, str]]
    version: str
    status: int
    answer: dict[str, Any]


@cache
def scenarios() -> dict[str, list[RecordedCall]]:
    """Return the recorded scenarios by name; none if the file is absent."""
    if not FILE.exists():
        return {}
    text = FILE.read_text("utf-8").replace("client_redacted", "client_secret")  # The recorder renamed it.
    return {name: [RecordedCall(**call) for call in calls] for name, calls in json.loads(text).items()}


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every object (a dict with `object` and `id`) inside an answer, outermost first."""
    if isinstance(value, list):
        for member in value:
            yield from objects(member)
    elif isinstance(value, dict):
        if isinstance(value.get("object"), str) and "id" in value:
            yield value
        for member in value.values():
            yield from objects(member)


def first_moment(calls: list[RecordedCall]) -> int:
    """Return the earliest time of a new object in the answers: the clock's time when the calls began."""
    made = [call.answer["created"] for call in calls if call.method == "POST" and "created" in call.answer]
    return min(made, default=1_762_799_000)


@cache
def assumed() -> list[dict[str, Any]]:
    """Return the plans, prices and coupons that were made before the recording, the oldest first."""
    found = {
        (obj["object"], obj["id"]): obj
        for calls in scenarios().values()
        for call in calls
        for obj in objects(call.answer)
        if obj["object"] in {"plan", "price", "coupon"}
    }
    return sorted(found.values(), key=lambda obj: (obj["created"], obj["object"]))
