"""Read and check the `phases` of `subscription_schedules.update`; refuse a cancelation that bypasses the schedule."""

from dataclasses import dataclass
from typing import Any

from sandbox.catalog import price_routes
from sandbox.catalog import rules as catalog
from sandbox.catalog.meters import usage
from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.http import limits, listing, metadata
from sandbox.http.listing import Params
from sandbox.subscriptions import create_request, shared_parameters
from sandbox.subscriptions.create_request import MAX_ITEMS
from sandbox.subscriptions.schedules import phase_settings, rules, shapes

MAX_PHASES = 10
PHASE_PARAMETERS = frozenset(
    {
        "add_invoice_items",
        "billing_cycle_anchor",
        "collection_method",
        "currency",
        "default_payment_method",
        "description",
        "discounts",
        "duration",
        "end_date",
        "invoice_settings",
        "items",
        "metadata",
        "proration_behavior",
        "start_date",
        "trial",
        "trial_end",
    }
)
FIRST_PHASE_PARAMETERS = ("add_invoice_items", "trial", "trial_end")  # Stripe takes them in every phase.
ITEM_PARAMETERS = frozenset({"metadata", "plan", "price", "price_data", "quantity"})


@dataclass(frozen=True)
class Current:
    """The schedule's current phase, if it has begun, and its subscription's currency, prices, customer and mode."""

    phase: Object | None
    currency: str
    mode: str
    prices: frozenset[str]
    customer: str


def check_cancelation(subscription: Object, params: Params) -> None:
    """Raise ApiError if the request sets or removes the end of a subscription that a schedule manages."""
    if subscription["schedule"] and params.keys() & {"cancel_at", "cancel_at_period_end"}:
        raise ApiError.invalid(
            f"The subscription is managed by the subscription schedule `{subscription['schedule']}`, and updating any "
            "cancelation behavior directly is not allowed. Please update the schedule instead."
        )


def phases(account: Account, schedule: Object, given: list[Params]) -> list[Object]:
    """Return the checked phases; each begins when the phase before it ends."""
    limits.items(given, param="phases", most=MAX_PHASES)
    if not given:
        raise ApiError.invalid("A subscription schedule must have at least one phase.", param="phases")
    present = _current(account, schedule)
    if "start_date" not in given[0]:
        raise ApiError.missing_parameter("phases[0][start_date]")
    found = _read_phases(account, present, given)
    if present.phase is not None:
        _check_current_phase(account, present.phase, found)
    elif found[0]["start_date"] < account.now:
        raise ApiError.unsupported_parameter("phases[0][start_date]")
    return found


def first_phases(account: Account, params: Params, *, start: int) -> list[Object]:
    """Return the checked phases of a new schedule that begins at `start`."""
    given = limits.items(params.get("phases", []), param="phases", most=MAX_PHASES)
    if not given:
        raise ApiError.missing_parameter("phases")
    if "start_date" in given[0]:
        raise ApiError.invalid("Use `start_date` to set the start of the first phase.", param="phases[0][start_date]")
    currency = _currency(account, given[0])
    mode = params.get("billing_mode", {}).get("type", "flexible")
    new = Current(None, currency, mode, frozenset(), params["customer"])
    return _read_phases(account, new, [{**given[0], "start_date": start}, *given[1:]])


def _currency(account: Account, given: Params) -> str:
    """Return the currency of a schedule's first phase: the one it names, else that of its first price."""
    items = given["items"]
    if not items:
        raise ApiError.missing_parameter("phases[0][items]")
    if "currency" in given:
        return str(given["currency"]).lower()
    if "price_data" in items[0]:
        return str(items[0]["price_data"]["currency"]).lower()
    price_id = items[0].get("price", items[0].get("plan"))
    if price_id is None:
        raise ApiError.missing_parameter("phases[0][items][0][price]")
    return str(account.find("price", price_id, param="phases[0][items][0][price]")["currency"])


def _read_phases(account: Account, present: Current, given: list[Params]) -> list[Object]:
    found: list[Object] = []
    for index, each in enumerate(given):
        path = f"phases[{index}]"
        start = _start_date(account, each, path, before=found[-1] if found else None)
        may_be_open = found or present.phase is None
        if may_be_open and index == len(given) - 1 and not each.keys() & {"duration", "end_date"}:
            each |= {"duration": _one_period(account, each, path)}
        if found or present.phase is not None:
            for name in FIRST_PHASE_PARAMETERS:
                if name in each:
                    raise ApiError.unsupported_parameter(f"{path}[{name}]")
        found.append(_phase(account, present, each, path, start=start))
    return found


def _one_period(account: Account, given: Params, path: str) -> Params:
    """Return the length that Stripe gives a last phase without an end: one interval of its first price."""
    item, param = (given["items"] or [{}])[0], f"{path}[items][0][price]"
    if "price_data" in item:
        return listing.given(item["price_data"]["recurring"], "interval", "interval_count")
    price_id = item.get("price", item.get("plan"))
    if price_id is None:
        raise ApiError.missing_parameter(param)
    price = account.find("price", price_id, param=param)
    if price["recurring"] is None:
        price = catalog.usable_price(account, price_id, kind="recurring", param=param)  # It refuses the price.
    return listing.given(price["recurring"], "interval", "interval_count")


def _current(account: Account, schedule: Object) -> Current:
    if schedule["subscription"] is None:
        first, mode = schedule["phases"][0], schedule["billing_mode"]["type"]
        return Current(None, first["currency"], mode, frozenset(), schedule["customer"])
    subscription = account.find("subscription", schedule["subscription"])
    prices = frozenset(item["price"]["id"] for item in subscription["items"]["data"])
    phase = rules.current_phase(schedule, now=account.now)
    mode = subscription["billing_mode"]["type"]
    return Current(phase, subscription["currency"], mode, prices, schedule["customer"])


def _check_current_phase(account: Account, present: Object, found: list[Object]) -> None:
    """Raise ApiError if the current phase would begin at another moment or the last one end in the past."""
    current = rules.current_phase({"phases": found}, now=account.now)
    if current["start_date"] != present["start_date"]:
        raise ApiError.invalid(
            "You can not modify the start date of the current phase.", param="phases[0][start_date]"
        )
    if current["end_date"] <= account.now:
        raise ApiError.invalid("The last phase of a schedule must end in the future.", param="phases")


def _start_date(account: Account, given: Params, path: str, *, before: Object | None) -> int:
    if "start_date" not in given and before is not None:
        return int(before["end_date"])
    start: int = account.now if given["start_date"] == "now" else given["start_date"]
    if before is not None and start != before["end_date"]:
        raise ApiError.invalid(
            "A phase has to start when the one before it ends; phases can neither overlap nor leave a gap.",
            param=f"{path}[start_date]",
        )
    return start


def _phase(account: Account, present: Current, given: Params, path: str, *, start: int) -> Object:
    for name in sorted(given.keys() - PHASE_PARAMETERS):
        raise ApiError.unsupported_parameter(f"{path}[{name}]")
    end = _end_date(account, given, path, start=start)
    if end <= start:
        raise ApiError.invalid("The end date of a phase must be after its start date.", param=f"{path}[end_date]")
    members: dict[str, Any] = {name: given[name] for name in given.keys() & {"description", "proration_behavior"}}
    members["metadata"] = metadata.merged({}, given, param=f"{path}[metadata]")
    members |= phase_settings.read(account, given, path, customer=present.customer, start=start, end=end)
    items = limits.items(given["items"], param=f"{path}[items]", most=MAX_ITEMS)
    if not items:
        raise ApiError.missing_parameter(f"{path}[items]")
    planned = [_item(account, present, each, f"{path}[items][{index}]") for index, each in enumerate(items)]
    prices = [account.find("price", each["price"]) for each in planned]
    shared_parameters.check_combination(prices, currency=present.currency, mode=present.mode)
    return shapes.phase(
        items=planned,
        start=start,
        end=end,
        currency=present.currency,
        members=members,
    )


def _end_date(account: Account, given: Params, path: str, *, start: int) -> int:
    if "end_date" in given and "duration" in given:
        raise ApiError.invalid(
            f"You may only specify one of these parameters: {path}[end_date], {path}[duration].", param=path
        )
    if "end_date" in given:
        return account.now if given["end_date"] == "now" else int(given["end_date"])
    if "duration" not in given:
        raise ApiError.invalid(f"You must specify {path}[end_date] or {path}[duration].", param=path)
    return limits.end_of(given["duration"], start=start, param=f"{path}[duration]")


def _item(account: Account, present: Current, given: Params, path: str) -> Object:
    for name in sorted(given.keys() - ITEM_PARAMETERS):
        raise ApiError.unsupported_parameter(f"{path}[{name}]")
    price_id = given.get("price", given.get("plan"))
    if "price_data" in given:
        price_id = price_routes.create_inline(account, given["price_data"], param=f"{path}[price_data]")["id"]
    elif price_id is None:
        raise ApiError.missing_parameter(f"{path}[price]")
    price = account.get("price", price_id)
    # A price that the subscription already has is allowed even if it is archived.
    if price is None or (price_id not in present.prices and "price_data" not in given):
        price = catalog.usable_price(account, price_id, kind="recurring", param=f"{path}[price]")
        shared_parameters.check_price_currency(price, present.currency, param=f"{path}[price]")
    count = create_request.item_quantity(price, given, path)
    quantity = None if usage.is_metered(price) else count
    return shapes.item(price=price_id, quantity=quantity, metadata=metadata.merged({}, given))
