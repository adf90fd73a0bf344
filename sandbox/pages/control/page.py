"""Handle requests for the control page; its forms call the same controls as the `/_sandbox` JSON API."""

from collections.abc import Callable
from typing import Any

from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Request, Response

from sandbox.controls import clock, switches
from sandbox.controls.body import Body
from sandbox.core import periods
from sandbox.core.errors import ApiError
from sandbox.local_stripe import LocalStripe
from sandbox.pages import rendering
from sandbox.pages.control import overview

Form = MultiDict[str, str]
Action = Callable[[LocalStripe, Form], Any]

HOUR = 3600
UNITS = ("hour", "day", "week", "month", "year")
MAX_STEPS = 999
DELIVERY_MODES = {"deliver": "sent at once", "hold": "kept until you send them", "drop": "never sent"}
FAULT_ANSWERS = {
    "429": "429 rate limit",
    "500": "500 server error",
    "timeout": "no answer",
    "reset": "connection closed",
}


def show(sandbox: LocalStripe, request: Request) -> Response:
    """Show the page, with a confirmation after an action."""
    return _page(sandbox, confirmation=CONFIRMATIONS.get(request.args.get("done", ""), ""))


def act(sandbox: LocalStripe, request: Request, action: str) -> Response:
    """Carry out one of the page's forms, and show the page again."""
    if request.headers.get("Sec-Fetch-Site") == "cross-site":
        return rendering.notice("Not allowed", "Only the control page can send this form.", status=403)
    if action not in ACTIONS:
        return rendering.not_found()
    try:
        ACTIONS[action](sandbox, request.form)
    except ApiError as error:
        return _page(sandbox, refusal=error.message, status=error.status)
    return rendering.see_other(f"/?done={action}")


def _page(sandbox: LocalStripe, *, confirmation: str = "", refusal: str = "", status: int = 200) -> Response:
    return rendering.page(
        "control.html",
        status=status,
        confirmation=confirmation,
        refusal=refusal,
        units=UNITS,
        modes=DELIVERY_MODES,
        statuses=FAULT_ANSWERS,
        **overview.describe(sandbox),
    )


def _clock(sandbox: LocalStripe, form: Form) -> None:
    count, _, unit = form.get("step", f"{form.get('count', '')} {form.get('unit', '')}").partition(" ")
    steps = _integer(count, "count")
    if unit not in UNITS or not 1 <= steps <= MAX_STEPS:
        raise ApiError.invalid(f"Move by 1 to {MAX_STEPS} {', '.join(UNITS[:-1])}s or {UNITS[-1]}s.")
    now = sandbox.account.clock.now()
    if unit == "hour":
        moment = now + HOUR * steps
    else:
        moment = periods.boundary(anchor=now, interval=unit, interval_count=steps, number=1)
    clock.clock(sandbox, Body({"to": moment}))


def _webhooks(sandbox: LocalStripe, form: Form) -> None:
    members = {
        "mode": form.get("mode"),
        "duplicate": _integer(form.get("duplicate", "0"), "duplicate"),
        "shuffle": "shuffle" in form,
    }
    switches.webhooks(sandbox, Body(members))


def _release(sandbox: LocalStripe, _form: Form) -> None:
    switches.release(sandbox, Body({}))


def _faults(sandbox: LocalStripe, form: Form) -> None:
    status = form.get("status", "")
    members = {
        "status": int(status) if status.isascii() and status.isdigit() else status,
        "count": _integer(form.get("count", ""), "count"),
        "path": form.get("path"),
        "after": "after" in form,
    }
    switches.faults(sandbox, Body(members))


def _clear_faults(sandbox: LocalStripe, _form: Form) -> None:
    switches.faults(sandbox, Body({}))


def _reset(sandbox: LocalStripe, form: Form) -> None:
    if "sure" not in form:
        raise ApiError.invalid("Tick the box to confirm the reset.")
    switches.reset(sandbox, Body({}))


def _integer(text: str, name: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(switches.MAX_FAULTS))):
        raise ApiError.invalid(f"{name} must be a whole number.", param=name)
    return int(text)


ACTIONS: dict[str, Action] = {
    "clock": _clock,
    "webhooks": _webhooks,
    "release": _release,
    "faults": _faults,
    "clear-faults": _clear_faults,
    "reset": _reset,
}
CONFIRMATIONS = {
    "clock": "The clock was moved, and everything due until then was carried out.",
    "webhooks": "The webhook settings are saved.",
    "release": "The held deliveries are being sent.",
    "faults": "The next matching calls will fail.",
    "clear-faults": "The planned failures were removed.",
    "reset": "The sandbox was reset.",
}
