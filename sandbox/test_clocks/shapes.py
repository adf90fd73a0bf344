"""The JSON of a test clock."""

from sandbox.core import ids
from sandbox.core.clocked import CLOCK
from sandbox.core.periods import DAY
from sandbox.core.store import Object

KEPT_SECONDS = 7 * DAY
READY = {"status": "ready", "status_details": {}}


def test_clock(*, created: int, frozen_time: int, name: str | None) -> Object:
    return {
        "id": ids.new(CLOCK),
        "object": CLOCK,
        "created": created,
        "deletes_after": created + KEPT_SECONDS,
        "frozen_time": frozen_time,
        "livemode": False,
        "name": name,
        **READY,
    }


def advancing(target: int) -> Object:
    """Return the members of a clock that is on its way to a time."""
    return {"status": "advancing", "status_details": {"advancing": {"target_frozen_time": target}}}
