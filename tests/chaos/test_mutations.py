"""Each safeguard is needed: without it the chaos run fails, and says what no longer holds.

Not part of the suite: `--chaos-mutations`, or `make chaos-mutations`.
"""

import sys
from collections.abc import Iterator

import pytest

from tests.chaos.examples import run_examples
from tests.chaos.machine import Chaos
from tests.chaos.row_checks import Broken

EXAMPLES, RULES = 200, 150

# What may be the first to be noticed, with each of them taken away.
SAFEGUARDS = {
    "the version guard": {"no row is older than what was written", "no row goes back to an older state"},
    "the lease": {"one sync at a time", "the watermark never goes back"},
    "the inbox's key": {"an event is in one pair of hands", "no event takes effect twice"},
    "the checkout claim": {"nothing is bought twice"},
    "the interval rule": {"no row is older than what was written", "no row goes back to an older state"},
}


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


def _broken(error: BaseException | None) -> Iterator[Broken]:
    if isinstance(error, Broken):
        yield error
    if isinstance(error, BaseExceptionGroup):
        for part in error.exceptions:
            yield from _broken(part)
    if error is not None and error.__cause__ is not None:
        yield from _broken(error.__cause__)
