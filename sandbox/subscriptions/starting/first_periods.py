"""The first periods of a subscription that starts in the past, or whose billing date is set.

The time from the start to the first billing date is billed in parts: in flexible mode one line for each billing period
in it, in classic mode one line (https://docs.stripe.com/billing/subscriptions/backdating).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sandbox.core import periods
from sandbox.core.account import Account
from sandbox.core.store import Object
from sandbox.invoices import item_costs, prorations
from sandbox.invoices import lines as invoice_lines
from sandbox.invoices.shapes import Line

Span = tuple[int, int]


@dataclass(frozen=True)
class Start:
    """When the subscription starts (`date`) and from when its periods are counted (`anchor`); None means now.

    `config` is the request's `billing_cycle_anchor_config`. Without `prorates` the time before the anchor is free.
    """

    date: int | None = None
    anchor: int | None = None
    config: Object | None = None
    prorates: bool = True

    def members(self, *, now: int) -> Object:
        """Return the subscription's members that it sets."""
        return {
            "billing_cycle_anchor": self.anchor or now,
            "billing_cycle_anchor_config": self.config,
            "start_date": self.date or now,
        }

    def bills_first_period(self, *, now: int) -> bool:
        return self.prorates or self.anchor is None or self.anchor <= now


def period_of(price: Object, *, anchor: int, at: int) -> Span:
    """Return start and end of the price's billing period that contains `at`, counting periods from `anchor`."""
    recurring = price["recurring"]
    return periods.current(
        anchor=anchor, interval=recurring["interval"], interval_count=recurring["interval_count"], at=at
    )


def current(price: Object, start: Start, *, now: int) -> Span:
    """Return the item's current period: it begins with the subscription, if that started later."""
    first, last = period_of(price, anchor=start.anchor or now, at=now)
    return max(first, start.date or now), last


def lines(account: Account, subscription: Object, item: Object, start: Start) -> list[Line]:
    """Return the lines of the first invoice for the item, oldest first; a tiered price has several for each period."""
    whole = invoice_lines.for_period(account, subscription, item)
    now = account.now
    is_classic = subscription["billing_mode"]["type"] == "classic"
    if not start.prorates:
        # Only the flexible mode can leave out the proration of a first period that `cancel_at` ends early.
        whole = prorations.period_lines(account, subscription, item) if is_classic and not start.anchor else whole
        return whole if start.bills_first_period(now=now) else [replace(line, amount=0) for line in whole]
    began = start.date or now
    if is_classic:
        spans = _classic_spans(item, start, began, now=now)
    else:
        spans = list(_spans(item["price"], anchor=start.anchor or now, since=began, until=item["current_period_end"]))
    return [
        replace(line, amount=_sum(line.amount, parts), period=(parts[0][1], parts[-1][2]))
        for parts in spans
        for line in whole
    ]


Part = tuple[Span, int, int]


def _spans(price: Object, *, anchor: int, since: int, until: int) -> Iterator[list[Part]]:
    """Yield the billing periods from `since` to `until`, each with the part of it that is billed."""
    while since < until:
        period = period_of(price, anchor=anchor, at=since)
        yield [(period, since, min(period[1], until))]
        since = period[1]


def _classic_spans(item: Object, start: Start, began: int, *, now: int) -> list[list[Part]]:
    """Return one span for the time before the billing date, and one for the full period, if it begins now."""
    price, until = item["price"], item["current_period_end"]
    end = period_of(price, anchor=start.anchor or now, at=now)[1]
    before = end if start.anchor else now
    past = [part for parts in _spans(price, anchor=began, since=began, until=before) for part in parts]
    full = [] if start.anchor else [((now, end), now, min(end, until))]
    return [parts for parts in (past, full) if parts]


def _sum(whole: int, parts: list[Part]) -> int:
    return sum(item_costs.prorate(whole, period=period, since=since, until=until) for period, since, until in parts)
