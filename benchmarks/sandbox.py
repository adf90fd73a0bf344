"""Measure the sandbox itself: `python -m benchmarks.sandbox` sells subscriptions, then moves the clock by a month.

The first ones are sold by API; the others are copies of them, written through the store. It prints one table: the
state file, memory, the month, lists of one page, and calls a second. Times are of CPU and of the wall clock.
"""

import argparse
import gc
import json
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlencode

from benchmarks import copies
from benchmarks.meter import Meter, in_use
from sandbox.app import Sandbox
from sandbox.transport import exchange

SIZE = 20_000
SOLD = 200  # By API; the others are copies.
TEMPLATES = 20  # One for each day.
DAY = 86_400
START = 1_800_000_000
SPREAD = TEMPLATES * DAY  # All are sold within this time, so that a month later each has been renewed once.
MONTH = 31 * DAY
REPEATS = 9
AUTHORIZED = ("Authorization", "Bearer sk_test_benchmark")
FORM = ("Content-Type", "application/x-www-form-urlencoded")
LISTS = (
    "subscriptions?status=all&limit=100",
    "subscriptions?status=past_due",
    "subscriptions?status=active&limit=100",
    "subscriptions?status=canceled&collection_method=charge_automatically",
    "subscriptions?customer={customer}",
    "invoices?status=open",
    "invoices?status=paid&limit=100",
    "invoices?customer={customer}&status=open",
    "charges?limit=100",
    "payment_intents?customer={customer}",
    "customers?email=nobody@example.com",
    "events?limit=100",
    "events?types[]=invoice.voided&types[]=invoice.paid",
    "events?type=customer.subscription.*",
    "events?type=invoice.voided",
    "events?delivery_success=false",
)


class Benchmark:
    """One sandbox with its state in a file, and the figures measured on it."""

    def __init__(self, path: Path, size: int, *, moves: bool = True) -> None:
        self.path, self.size, self.moves = path, size, moves
        self.now = START
        self.memory_before = in_use()
        self.sandbox = Sandbox(path, real_time=lambda: self.now)
        self.wall = self.cpu = 0.0  # Of selling.
        self.templates: list[copies.Template] = []
        self.figures: list[tuple[str, str]] = []

    def run(self) -> None:
        customer = self.sell()
        calls = 3 * min(SOLD, self.size)
        rates = f"{calls / self.wall:,.0f} ({calls / self.cpu:,.0f} for a second of CPU)"
        self.add("API calls a second while selling", rates)
        self.copy()
        self.add("state file", megabytes(self.file_bytes()))
        self.add("in memory, as a file of the same content", megabytes(self.memory_bytes()))
        self.add("memory of the process", megabytes(1024 * (in_use() - self.memory_before)))
        self.lists(customer)
        if not self.moves:
            return
        with Meter() as moving:
            happened = self.control("clock", {"advance": MONTH})["happened"]
        self.add("a month forward", f"{moving.wall:.1f} s wall, {moving.cpu:.1f} s CPU")
        self.add("actions in that month", f"{happened:,}")
        self.add("state file after it", megabytes(self.file_bytes()))
        self.add("memory of the process after it", megabytes(1024 * (in_use() - self.memory_before)))
        self.add("violations", str(len(self.sandbox.violations)))

    def sell(self) -> str:
        """Sell the first subscriptions by API, over all the days; return the id of one of the customers."""
        product = self.call("products", {"name": "Pro"})["id"]
        recurring = {"recurring[interval]": "month"}
        price = self.call("prices", {"product": product, "currency": "usd", "unit_amount": 1900, **recurring})["id"]
        customer, sold = "", min(SOLD, self.size)
        for number in range(sold):
            self.now = START + SPREAD * number // sold
            is_template = number % (sold // TEMPLATES or 1) == 0
            known = copies.known(self.sandbox.account) if is_template else set()
            with Meter() as selling:
                customer = self.call("customers", {"email": f"c{number}@example.com", "name": "Customer"})["id"]
                method = self.call("payment_methods/pm_card_visa/attach", {"customer": customer})["id"]
                items = {"items[0][price]": price, "default_payment_method": method}
                self.call("subscriptions", {"customer": customer, **items})
            self.wall, self.cpu = self.wall + selling.wall, self.cpu + selling.cpu
            if is_template:
                self.templates.append(copies.Template(self.sandbox.account, known))
        return str(customer)

    def copy(self) -> None:
        """Copy the templates until there are as many subscriptions as asked for."""
        missing = self.size - min(SOLD, self.size)
        for number in range(missing):
            template = self.templates[number % len(self.templates)]
            template.copy(self.sandbox.account, at=template.at + number % DAY, name=f"c{number}")

    def lists(self, customer: str) -> None:
        for query in LISTS:
            target = f"/v1/{query.format(customer=customer)}"
            taken = [self.seconds(target) for _ in range(REPEATS)]
            wall, cpu = (1000 * median(each) for each in zip(*taken, strict=True))
            self.add(f"GET {query.format(customer='…')}", f"{wall:.1f} ms wall, {cpu:.1f} ms CPU")

    def seconds(self, target: str) -> tuple[float, float]:
        with Meter() as asking:
            answer = exchange(self.sandbox, "GET", target, [AUTHORIZED], None)
        if answer.status_code != 200:  # noqa: PLR2004
            raise RuntimeError(answer.get_data(as_text=True))
        return asking.wall, asking.cpu

    def call(self, path: str, form: dict[str, Any]) -> dict[str, Any]:
        body = urlencode(form).encode()
        answer = exchange(self.sandbox, "POST", f"/v1/{path}", [AUTHORIZED, FORM], body)
        if answer.status_code != 200:  # noqa: PLR2004
            raise RuntimeError(answer.get_data(as_text=True))
        read: dict[str, Any] = json.loads(answer.get_data())
        return read

    def control(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = exchange(self.sandbox, "POST", f"/_sandbox/{path}", [], json.dumps(body).encode())
        read: dict[str, Any] = json.loads(answer.get_data())
        return read

    def file_bytes(self) -> int:
        """Return the size of the state file, with its write-ahead log emptied into it."""
        with sqlite3.connect(self.path) as reader:
            reader.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return sum(each.stat().st_size for each in self.path.parent.glob(f"{self.path.name}*"))

    def memory_bytes(self) -> int:
        """Return how much memory a store without a file takes for the same objects."""
        gc.collect()
        before = in_use()
        memory = sqlite3.connect(":memory:")
        with sqlite3.connect(self.path) as source:
            source.backup(memory)
        taken = 1024 * (in_use() - before)
        memory.close()
        return taken

    def add(self, what: str, figure: str) -> None:
        self.figures.append((what, figure))
        sys.stdout.write(f"{what}: {figure}\n")
        sys.stdout.flush()

    def markdown(self) -> Iterator[str]:
        yield f"| {self.size:,} subscriptions |   |"
        yield "|---|--:|"
        for what, figure in self.figures:
            yield f"| {what} | {figure} |"


def megabytes(size: float) -> str:
    return f"{size / 1e6:,.1f} MB"


def main() -> None:
    """Measure once and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sandbox", description=__doc__)
    parser.add_argument("--size", type=int, default=SIZE, help=f"the number of subscriptions ({SIZE:,})")
    parser.add_argument("--still", action="store_true", help="do not move the clock")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        benchmark = Benchmark(Path(folder) / "state.sqlite3", chosen.size, moves=not chosen.still)
        benchmark.run()
        sys.stdout.write("\n".join(["", *benchmark.markdown(), ""]))


if __name__ == "__main__":
    main()
