"""Each safeguard is needed: without it the chaos run fails, and says what no longer holds.

Not part of the suite: `--chaos-mutations`, or `make chaos-mutations`.
"""

import sys
from collections.abc import Iterator

import pytest

from tests.chaos.examples import run_examples
from tests.chaos.machine import Chaos
from tests.chaos.orders import Choice
from tests.chaos.row_checks import Broken
from tests.chaos.scenarios import Scenario
from tests.chaos.steps import Steps

EXAMPLES, RULES = 200, 150

# What may be the first to be noticed, with each of them taken away.
SAFEGUARDS = {
    "the version guard": {"no row is older than what was written", "no row goes back to an older state"},
    "the lease": {"one sync at a time", "the watermark never goes back"},
    "the inbox's key": {"an event is in one pair of hands", "no event takes effect twice"},
    "the checkout claim": {"nothing is bought twice"},
    "the interval rule": {
        "no row is older than what was written",
        "no row goes back to an older state",
        "each row is a state that the object has had",
    },
}

PAGES, MIRROR = "pages say what Stripe says", "the mirror equals Stripe"

# Those that random steps seldom need: which scenario needs each, and what is noticed then.
DIRECTED = {
    "one trial a person": ("second_trial", {"a trial is given once"}),
    "the awaited payment": ("second_purchase_while_one_is_awaited", {"nothing is bought twice"}),
    "the dispute's hold": ("chargeback", {PAGES}),
    "the event's origin": ("foreign_news", {"each row is a state that the object has had"}),
    "the rest of nested lists": ("many_items", {"each row is a state that the object has had", MIRROR}),
    "the nearest item": ("mixed_intervals", {"each row is a state that the object has had", MIRROR, PAGES}),
    "the explicit anchor": ("other_interval", {"another interval begins at once"}),
    "the agreed end": ("change_with_an_agreed_end", {"an agreed end is kept", "what a page promises happens"}),
    "the linked customer": ("linked_customer", {"a linked customer counts", PAGES}),
    "what a deletion ends": ("deleted_person", {"nobody is charged unseen"}),
    "the full look at invoices": ("old_losses", {MIRROR}),
    "the full look at refunds": ("old_losses", {MIRROR}),
    "the full look at disputes": ("old_losses", {MIRROR}),
    "the unsettled session": ("purchase", {"a paid purchase is told at once"}),
}
TIMES_PLAYED = 6


@pytest.mark.parametrize("safeguard", SAFEGUARDS)
def test_without_it_the_run_fails(
    safeguard: str,
    chaos: type[Chaos],
    chaos_seed: int,
    capsys: pytest.CaptureFixture[str],
) -> None:
    chaos.processes.without = safeguard
    chaos.tally.clear()
    try:
        with pytest.raises(Exception) as caught:  # noqa: PT011  (Hypothesis wraps what does not fail alike twice)
            run_examples(chaos, rules=RULES, examples=EXAMPLES, random_seed=chaos_seed)
    finally:
        chaos.processes.without = ""
    broken = next(_broken(caught.value), None)
    assert broken is not None, caught.value
    with capsys.disabled():
        sys.stderr.write(f"\nwithout {safeguard}: {dict(chaos.tally)}, seed {chaos_seed}\n    {broken}\n")
    assert broken.which in SAFEGUARDS[safeguard], "\n".join(broken.__notes__)


@pytest.mark.parametrize("name", sorted({scenario for scenario, _ in DIRECTED.values()}))
def test_with_all_of_them_its_scenario_ends_well(name: str, chaos: type[Chaos]) -> None:
    assert chaos.processes.without == ""
    _play_often(name)


@pytest.mark.parametrize("safeguard", DIRECTED)
def test_without_it_its_scenario_fails(safeguard: str, chaos: type[Chaos], capsys: pytest.CaptureFixture[str]) -> None:
    name, expected = DIRECTED[safeguard]
    chaos.processes.without = safeguard
    chaos.tally.clear()
    try:
        with pytest.raises(Broken) as caught:
            _play_often(name)
    finally:
        chaos.processes.without = ""
    with capsys.disabled():
        sys.stderr.write(
            f"\nwithout {safeguard}: {dict(chaos.tally)}, scenario {name}\n    {str(caught.value)[:300]}\n"
        )
    assert caught.value.which in expected, "\n".join(caught.value.__notes__)


def _play_often(name: str) -> None:
    """Play a scenario, each time in an empty shop, undisturbed, and compare everything. The mail gets lost in turn."""
    for number in range(TIMES_PLAYED):
        steps = Steps()
        try:
            steps.open(loses_mail=number % 2 == 1)
            Scenario(steps, Choice(number * 7)).play(name)
        finally:
            steps.close()


def _broken(error: BaseException | None) -> Iterator[Broken]:
    if isinstance(error, Broken):
        yield error
    if isinstance(error, BaseExceptionGroup):
        for part in error.exceptions:
            yield from _broken(part)
    if error is not None and error.__cause__ is not None:
        yield from _broken(error.__cause__)
