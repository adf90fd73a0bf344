"""A year and its bills, as text."""

from tests.sandbox.shop import at, shown

DAY = 86_400
MONTH_ENDS = [
    "01-31",
    "02-28",
    "03-31",
    "04-30",
    "05-31",
    "06-30",
    "07-31",
    "08-31",
    "09-30",
    "10-31",
    "11-30",
    "12-31",
]
DAYS = [f"2027-{day}" for day in MONTH_ENDS] + ["2028-01-31"]


def walk(shop, *, until=None):
    """Move the clock month by month through a year, or to a day, so that all events are delivered."""
    for day in DAYS:
        moment = at(f"{day} 10:30")
        if shop.now < moment and (until is None or day <= until):
            shop.move_to(moment)


def bills(shop, subscription):
    """Return the day, the total and the status of each invoice."""
    return [f"{shown(each.created)[:10]} {each.total} {each.status}" for each in shop.invoices(subscription)]


def monthly(*totals, status="paid"):
    """Return such bills for the month ends from January on; the last total stands for all months that are left."""
    filled = [*totals, *[totals[-1]] * (len(DAYS) - len(totals))]
    return [f"{day} {total} {status}" for day, total in zip(DAYS, filled, strict=True)]
