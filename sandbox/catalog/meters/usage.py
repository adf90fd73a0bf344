"""A customer's usage: the aggregate of the meter events of a time, by the meter's formula."""

from collections.abc import Iterable

from sandbox.core.account import Account
from sandbox.core.store import Object

RECORD = "_meter_event"


def is_metered(price: Object) -> bool:
    """Return whether the price bills usage instead of a quantity."""
    return bool(price["recurring"]) and price["recurring"]["usage_type"] == "metered"


def used(account: Account, price: Object, *, customer: str, start: int, end: int) -> int:
    """Return the customer's usage of a metered price from `start` to before `end`."""
    meter = account.find("billing.meter", price["recurring"]["meter"])
    return aggregated(meter, events(account, meter, customer=customer, start=start, end=end))


def events(account: Account, meter: Object, *, customer: str, start: int, end: int) -> list[Object]:
    """Return the events of the time, oldest first by their own timestamps."""
    found = account.store.scan(RECORD, index=("usage", usage_key(meter["id"], customer)), oldest_first=True)
    return sorted((each for each in found if start <= each["timestamp"] < end), key=lambda each: each["timestamp"])


def aggregated(meter: Object, records: Iterable[Object]) -> int:
    """Return the sum, the count or the last of the events' values; never less than 0."""
    values: list[int] = [record["value"] for record in records]
    match meter["default_aggregation"]["formula"]:
        case "count":
            return len(values)
        case "last":
            return max(0, values[-1]) if values else 0
        case _:
            return max(0, sum(values))


def usage_key(meter: str, customer: str) -> str:
    """Return the value by which the events of a meter and a customer are indexed."""
    return f"{meter} {customer}"
