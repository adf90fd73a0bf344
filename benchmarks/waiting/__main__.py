"""`python -m benchmarks.waiting`: ask `/healthz` while others make the site wait, and print one table.

The site runs as deploy/standing-order.service runs it. Each answer comes over a new connection, twenty times a second.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import quantiles

from benchmarks import machine
from benchmarks.waiting import visitors
from benchmarks.waiting.site import Site, started

STRIPE_TAKES_MS = 9_000
CHECKS_A_SECOND = 20
LIMIT_MS = 200

CASES: Sequence[tuple[str, visitors.Visit, int]] = (
    ("nobody else", visitors.nobody, 0),
    (f"Stripe takes 9 s, {visitors.BUYERS} people click Buy", visitors.buyers, STRIPE_TAKES_MS),
    (f"a silent mail server, {visitors.FORGETFUL} people forgot their password", visitors.forgetful, 0),
    (f"{visitors.SLOW} clients send a byte at a time", visitors.slow_clients, 0),
    (f"{visitors.GUESSERS} wrong passwords at once, again and again", visitors.guessers, 0),
    ("all of them", visitors.all_of_them, STRIPE_TAKES_MS),
)


def main() -> None:
    options = _options()
    rows: list[str] = []
    is_met = True
    with tempfile.TemporaryDirectory(prefix="standing-order-") as folder:
        for name, visit, takes_ms in [case for case in CASES if options.only in case[0]]:
            # Each case has its own site, so that rows, caches and used limits of one do not change the next.
            own = Path(folder) / str(len(rows))
            own.mkdir()
            with started(own, people=visitors.BUYERS) as site:
                row, p99 = _measured(site, visit, takes_ms, seconds=options.seconds)
            rows.append(f"| {name} | {row} |")
            is_met = is_met and p99 < LIMIT_MS
            sys.stderr.write(f"{rows[-1]}\n")
    head = "| who waits | checks | p50 | p99 | slowest | the others' answers |\n|---|---:|---:|---:|---:|---|"
    verdict = f"p99 is {'' if is_met else 'NOT '}under {LIMIT_MS} ms in each case."
    sys.stdout.write(f"{machine.description()}\n\n{head}\n" + "\n".join(rows) + f"\n\n{verdict}\n")
    sys.exit(0 if is_met else 1)


def _measured(site: Site, visit: visitors.Visit, takes_ms: int, *, seconds: float) -> tuple[str, float]:
    """Return the cells of a row, and p99 in milliseconds."""
    for _ in range(CHECKS_A_SECOND):
        visitors.seconds_of_a_check(site)  # Each process reads its code at the first request.
    site.set_stripe_latency(takes_ms)
    taken = []
    with visitors.visiting(site, visit) as answers:
        ends_at = time.monotonic() + seconds
        while time.monotonic() < ends_at:
            taken.append(1000 * visitors.seconds_of_a_check(site))
            time.sleep(1 / CHECKS_A_SECOND)
    site.set_stripe_latency(0)
    p99 = quantiles(taken, n=100, method="inclusive")[98]
    p50 = quantiles(taken, n=2, method="inclusive")[0]
    figures = f"{len(taken)} | {p50:.0f} ms | {p99:.0f} ms | {max(taken):.0f} ms"
    return f"{figures} | {_summary([answer.result() for answer in answers])}", p99


def _summary(answers: list[tuple[int, float]]) -> str:
    """Say how many got which status, and the longest time of each."""
    seconds_by_status: dict[int, list[float]] = {}
    for status, seconds in answers:
        seconds_by_status.setdefault(status, []).append(seconds)
    parts = [
        f"{len(times)} with {status} in up to {max(times):.1f} s"
        for status, times in sorted(seconds_by_status.items())
    ]
    return ", ".join(parts) or "none"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.waiting", description=__doc__)
    parser.add_argument("--seconds", type=float, default=12, help="of each case")
    parser.add_argument("--only", default="", metavar="TEXT", help="the cases whose name has this in it")
    return parser.parse_args()


if __name__ == "__main__":
    main()
