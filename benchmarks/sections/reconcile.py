"""The full reconcile of one size, beside simpler ways."""

import math
from dataclasses import dataclass, field

from benchmarks.djstripe.column import DjStripe
from benchmarks.machine import Jobs
from benchmarks.measured import Measured, measured
from benchmarks.sections.passes import PER_PAGE, is_flat
from benchmarks.standin.process import LIST, STRIPE_ALLOWS
from benchmarks.table import DJSTRIPE, OBVIOUS, OURS, SDK, Table, about, mebibytes, milliseconds, number, seconds

LATENCY_MS = 50
WHERE = f"{LATENCY_MS} ms, {STRIPE_ALLOWS} calls a second"
BEST_OF = 3  # Other work on the machine disturbs a run. The slow ways are measured once.
OUR_PACE = 24  # The default of STRIPE_MAX_RPS.

# The requirements.
CPU_EACH = 0.00015
OF_THE_LIMIT = 0.9
OF_THE_OBVIOUS = 0.01


@dataclass(frozen=True)
class Amounts:
    """The number of subscriptions for the slow ways: retrieved, paged by the SDK, retrieved with latency."""

    obvious: int
    sdk: int
    sample: int


@dataclass(frozen=True)
class Ways:
    """The same work done in each way; `paced` and `…_late` have Stripe's latency and limits."""

    ours: Measured
    paced: Measured
    obvious: Measured
    obvious_late: Measured
    sdk: Measured
    sdk_late: Measured


@dataclass
class Reconcile:
    table: Table
    jobs: Jobs
    smaller: "Reconcile | None" = None
    djstripe: DjStripe | None = None
    ours: Measured = field(init=False)

    @property
    def size(self) -> int:
        return self.jobs.standin.subscriptions

    def measure(self, amounts: Amounts) -> None:
        """Measure ours in full; measure the slow ways in part, and mark their scaled-up figures with `~`."""
        ways = self._measured(amounts)
        self.ours = ways.ours
        self._calls(ways)
        self._cpu(ways)
        self._add(
            "wall at 0 ms, no limit", self._times(ways.obvious, ways.sdk) | {OURS: seconds(ways.ours.told["wall"])}
        )
        self._rate(ways)
        self._memory(ways)

    def _measured(self, amounts: Amounts) -> Ways:
        standin, run = self.jobs.standin, self.jobs.run
        late = {"latency_ms": LATENCY_MS, "per_second": STRIPE_ALLOWS}
        first = measured(standin, lambda: run("sync.full"))  # The stand-in builds its answers.
        if first.told["updated"] or first.told["drift"] or not first.told["is_complete"]:
            raise RuntimeError(f"the prepared rows are not what the sync writes: {first.told}")
        one_by_one = [min(amount, self.size) for amount in (amounts.obvious, amounts.sample)]
        most = min(amounts.sdk, self.size)
        return Ways(
            ours=min(
                (measured(standin, lambda: run("sync.full")) for _ in range(BEST_OF)), key=lambda it: it.cpu_each
            ),
            paced=measured(standin, lambda: run("sync.full", max_rps=OUR_PACE), **late),
            obvious=measured(standin, lambda: run("plain.one_by_one", count=one_by_one[0])),
            obvious_late=measured(
                standin, lambda: run("plain.one_by_one", count=one_by_one[1]), latency_ms=LATENCY_MS
            ),
            sdk=measured(standin, lambda: run("plain.sdk_pages", most=most)),
            sdk_late=measured(standin, lambda: run("plain.sdk_pages", most=most), **late),
        )

    def _calls(self, ways: Ways) -> None:
        most = math.ceil(OF_THE_OBVIOUS * self.size)
        cells = {
            OURS: number(ways.ours.lists),
            OBVIOUS: number(self.size),
            SDK: self._scaled(ways.sdk.lists, ways.sdk),
        }
        if self.djstripe:
            cells[DJSTRIPE] = self._scaled(self.djstripe.again.lists, self.djstripe.again)
        self._add("calls for subscriptions", cells, must=f"≤ {number(most)}", is_met=ways.ours.lists <= most)
        others = {
            endpoint.rpartition("/")[2]: count for endpoint, count in ways.ours.calls.items() if endpoint != LIST
        }
        named = ", ".join(f"{name} {count}" for name, count in sorted(others.items()))
        self._add(f"other calls ({named})", {OURS: number(sum(others.values()))})

    def _cpu(self, ways: Ways) -> None:
        cells = {OURS: ways.ours, OBVIOUS: ways.obvious, SDK: ways.sdk}
        if self.djstripe:
            cells[DJSTRIPE] = self.djstripe.again
        self._add(
            "CPU for each subscription",
            {way: milliseconds(it.cpu_each) for way, it in cells.items()},
            must=f"≤ {milliseconds(CPU_EACH)}",
            is_met=ways.ours.cpu_each <= CPU_EACH,
        )

    def _rate(self, ways: Ways) -> None:
        paced, slow = ways.paced, self._whole(ways.obvious_late)
        limited = max(slow, self.size / STRIPE_ALLOWS)
        cells = {OURS: seconds(paced.told["wall"]), OBVIOUS: self._time(ways.obvious_late, limited)}
        cells[SDK] = self._time(ways.sdk_late)
        if self.djstripe:
            cells[DJSTRIPE] = self._time(self.djstripe.late)
        self._add(f"wall at {WHERE}", cells)
        least = OF_THE_LIMIT * STRIPE_ALLOWS * PER_PAGE
        rate, is_complete = self.size / paced.list_seconds, bool(paced.told["is_complete"])
        others = {OBVIOUS: limited, SDK: self._whole(ways.sdk_late)}
        if self.djstripe:
            others[DJSTRIPE] = self._whole(self.djstripe.late)
        rates = {way: number(round(self.size / took)) for way, took in others.items()} | {OURS: number(round(rate))}
        self._add(
            f"subscriptions a second at {WHERE}",
            rates,
            must=f"≥ {number(least)}",
            is_met=rate >= least and is_complete,
        )
        self._add("the same, of the whole command", {OURS: number(round(self.size / paced.told["wall"]))})
        self._add("429 among its answers", {OURS: number(paced.refused)}, must="none left undone", is_met=is_complete)

    def _memory(self, ways: Ways) -> None:
        grown_kib = ways.ours.told["grown_kib"]
        flat = is_flat(grown_kib, self.smaller.ours.told["grown_kib"]) if self.smaller else None
        grown = {OURS: ways.ours, OBVIOUS: ways.obvious, SDK: ways.sdk}
        if self.djstripe:
            grown[DJSTRIPE] = self.djstripe.again
        cells = {way: f"+{mebibytes(it.told['grown_kib'])}" for way, it in grown.items()}
        self._add("memory", cells, must="" if flat is None else "flat", is_met=flat)

    def _times(self, obvious: Measured, sdk: Measured) -> dict[str, str]:
        cells = {OBVIOUS: self._time(obvious), SDK: self._time(sdk)}
        return cells | ({DJSTRIPE: self._time(self.djstripe.again)} if self.djstripe else {})

    def _whole(self, part: Measured) -> float:
        """The seconds for all subscriptions, scaled up from a part."""
        return float(part.told["wall"]) * self.size / part.seen

    def _time(self, part: Measured, took: float | None = None) -> str:
        return self._marked(seconds(took or self._whole(part)), part)

    def _scaled(self, count: int, part: Measured) -> str:
        return self._marked(number(round(count * self.size / part.seen)), part)

    def _marked(self, text: str, part: Measured) -> str:
        return text if part.seen == self.size else about(text)

    def _add(self, what: str, cells: dict[str, str], *, must: str = "", is_met: bool | None = None) -> None:
        section = f"Full reconcile of {number(self.size)} unchanged subscriptions"
        self.table.add(section, what, cells, must=must, is_met=is_met)
