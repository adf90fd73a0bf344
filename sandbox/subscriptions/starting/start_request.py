"""Read when a new subscription starts and is billed: `backdate_start_date`, `billing_cycle_anchor` and its config."""

import calendar
from datetime import UTC, datetime

from sandbox.catalog.orders import Order
from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.http.listing import Params
from sandbox.subscriptions.starting.first_periods import Start, period_of

MAX_BACKDATED_PERIODS = 250
CONFIG_MEMBERS = ("day_of_month", "hour", "minute", "month", "second")
CONFIG_RANGES = {"day_of_month": (1, 31), "hour": (0, 23), "minute": (0, 59), "month": (1, 12), "second": (0, 59)}


def read(account: Account, params: Params, orders: list[Order], *, has_trial: bool) -> Start:
    """Return the start that the request asks for."""
    anchors = [name for name in ("billing_cycle_anchor", "billing_cycle_anchor_config") if name in params]
    if len(anchors) > 1:
        raise ApiError.invalid(f"You may only specify one of these parameters: {', '.join(anchors)}.")
    dates = [*anchors, *(["backdate_start_date"] if "backdate_start_date" in params else [])]
    if has_trial and dates:
        raise ApiError.unsupported_parameter(dates[0])
    config = params.get("billing_cycle_anchor_config")
    anchor = _next_date(config, now=account.now) if config else params.get("billing_cycle_anchor")
    if anchor is not None:
        _check_anchor(anchor, orders, anchors[0], now=account.now)
    return Start(
        date=_backdate(params, orders, now=account.now),
        anchor=anchor,
        config={name: config.get(name) for name in CONFIG_MEMBERS} if config else None,
        prorates=params.get("proration_behavior") != "none",
    )


def _check_anchor(anchor: int, orders: list[Order], param: str, *, now: int) -> None:
    """Raise ApiError unless the anchor is in the future and not after the first natural billing date."""
    if anchor <= now:
        raise ApiError.invalid("`billing_cycle_anchor` must be a timestamp in the future.", param=param)
    natural = min(period_of(order.price, anchor=now, at=now)[1] for order in orders)
    if anchor > natural:
        raise ApiError.invalid(
            f"`billing_cycle_anchor` cannot be later than next natural billing date ({natural}) for plan.", param=param
        )


def _backdate(params: Params, orders: list[Order], *, now: int) -> int | None:
    if "backdate_start_date" not in params:
        return None
    date: int = params["backdate_start_date"]
    if date >= now:
        raise ApiError.invalid("`backdate_start_date` must be a timestamp in the past.", param="backdate_start_date")
    for order in orders:
        first, last = period_of(order.price, anchor=now, at=now)
        if (now - date) / (last - first) > MAX_BACKDATED_PERIODS:
            raise ApiError.invalid(
                f"`backdate_start_date` is more than {MAX_BACKDATED_PERIODS} billing periods ago.",
                param="backdate_start_date",
            )
    return date


def _next_date(config: Object, *, now: int) -> int:
    """Return the next moment that the config names; a day that a month does not have is its last day."""
    for name, (least, most) in CONFIG_RANGES.items():
        if not least <= config.get(name, least) <= most:
            raise ApiError.invalid(
                f"`billing_cycle_anchor_config[{name}]` must be from {least} to {most}.",
                param=f"billing_cycle_anchor_config[{name}]",
            )
    today = datetime.fromtimestamp(now, UTC)
    time = {name: config[name] for name in ("hour", "minute", "second") if name in config}
    for ahead in range(25):
        years, month = divmod(today.month - 1 + ahead, 12)
        year, month = today.year + years, month + 1
        day = min(config["day_of_month"], calendar.monthrange(year, month)[1])
        moment = int(today.replace(year=year, month=month, day=day, **time).timestamp())
        if moment > now and config.get("month", month) == month:
            return moment
    raise LookupError("no such date in two years")
