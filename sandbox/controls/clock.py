"""The control that moves the clock; everything that falls due on the way happens at its own time."""

from typing import Any

from sandbox.controls.body import Body
from sandbox.core.errors import ApiError
from sandbox.local_stripe import LocalStripe

LAST_MOMENT = 4_102_444_800  # The year 2100.


def clock(sandbox: LocalStripe, body: Body) -> dict[str, Any]:
    """Move the clock ahead, by `advance` seconds or to the time `to`; it can't go back.

    It answers when the clock is there. Other requests are answered meanwhile.
    """
    account = sandbox.account
    with account.transaction():
        advance = body.integer("advance", least=0, most=LAST_MOMENT)
        moment = body.integer("to", least=0, most=LAST_MOMENT)
        body.finish()
        if (advance is None) == (moment is None):
            raise ApiError.invalid("Give either advance or to.", param="advance")
        target = account.now + (advance or 0) if moment is None else moment
        if not account.now <= target <= LAST_MOMENT:
            raise ApiError.invalid(
                f"The clock only moves ahead: give a time from {account.now} (now) to {LAST_MOMENT}.",
                param="to" if advance is None else "advance",
            )
    happened = sandbox.move_in_slices(target)
    return {"now": account.now, "offset": account.clock.offset, "happened": happened}


ROUTES = [("POST", "clock", clock)]
