"""Each benchmark runs and meets the requirements that do not depend on the machine's speed."""

import pytest

from benchmarks.machine import JobFailed, Jobs, description, outcome
from benchmarks.sections import pages, passes, webhooks
from benchmarks.sections.reconcile import Amounts, Reconcile
from benchmarks.table import DJSTRIPE, OBVIOUS, OURS, SDK, Row, Table, number, seconds
from tests.benchmarks.conftest import SUBSCRIPTIONS
from tests.wording import starting

TIMED = ("CPU", "subscriptions a second", "memory")


def unmet(table: Table) -> list[str]:
    """The requirements that are not met, without those that depend on the machine's speed."""
    return [what for what in table.unmet if not any(word in what for word in TIMED)]


def cells(table: Table, section: str) -> dict[str, dict[str, str]]:
    return {row.what: row.cells for row in table.sections[section]}


class TestPasses:
    def test_quiet_one_makes_one_call(self, jobs: Jobs) -> None:
        table = Table()
        passes.quiet(table, jobs, times=2, smallest=None)
        assert unmet(table) == []
        assert cells(table, passes.QUIET)["130 subscriptions: calls"] == {OURS: "1"}

    def test_changes_cost_pages_and_one_fetch_for_each_unclear_object(self, jobs: Jobs) -> None:
        table = Table()
        assert passes.with_changes(table, jobs, events=120, first=0) == 114
        assert unmet(table) == []
        assert cells(table, passes.CHANGES)["120 events, 6 objects unclear: calls"] == {OURS: "8"}


class TestReconcile:
    def test_reads_everything_in_every_way(self, jobs: Jobs) -> None:
        table = Table()
        reconcile = Reconcile(table, jobs)
        reconcile.measure(Amounts(obvious=20, sdk=SUBSCRIPTIONS, sample=2))
        assert unmet(table) == []
        assert reconcile.ours.seen == SUBSCRIPTIONS
        figures = cells(table, "Full reconcile of 130 unchanged subscriptions")
        assert figures["calls for subscriptions"] == {OURS: "2", OBVIOUS: "130", SDK: "2"}
        assert figures["wall at 0 ms, no limit"][OBVIOUS] == starting("~")


class TestWebhooks:
    def test_ask_stripe_only_where_the_order_is_unclear(self, jobs: Jobs) -> None:
        table = Table()
        webhooks.by_kind(table, jobs, None, first=0, count=3)
        assert unmet(table) == []
        figures = cells(table, webhooks.SECTION)
        assert [figures[f"{kind}: calls to Stripe"][OURS] for kind in webhooks.CALLS] == ["0", "0", "0", "1"]


class TestPages:
    def test_are_shown_without_a_call(self, jobs: Jobs) -> None:
        table, shown = Table(), jobs.run("pages.show", times=1)
        pages.side_by_side(table, 10, shown, SUBSCRIPTIONS, shown)
        assert table.unmet == []
        assert {page["calls"] for page in shown.values()} == {0}


class TestTable:
    def test_has_the_columns_that_were_measured(self) -> None:
        table = Table()
        table.add("Sync", "calls", {OURS: "1", SDK: "100"}, must="1", is_met=True)
        table.add("Sync", "wall", {OURS: "2.0 s"}, must="short", is_met=False)
        lines = table.markdown().splitlines()
        assert [cell.strip() for cell in lines[0].split("|")] == ["", "", OURS, SDK, "must be", "met", ""]
        assert [cell.strip() for cell in lines[4].split("|")] == ["", "wall", "2.0 s", "", "short", "**NO**", ""]
        assert len({len(line) for line in lines}) == 1
        assert table.unmet == ["Sync: wall"]
        assert DJSTRIPE not in lines[0]

    def test_writes_figures_for_people(self) -> None:
        assert [number(value) for value in (1, 12.34, 1234.5)] == ["1", "12.3", "1,234"]
        assert [seconds(value) for value in (0.0123, 4.56, 400)] == ["12.3 ms", "4.6 s", "400 s"]
        assert Row("calls", {}).is_met is None


class TestMachine:
    def test_is_described(self) -> None:
        assert "Django 5.2" in description()

    def test_failed_job_says_why(self) -> None:
        with pytest.raises(JobFailed, match="no such thing"):
            outcome(["python3", "-c", "raise SystemExit('no such thing')"], {})
