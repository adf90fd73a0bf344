"""The chaos run: `--chaos-steps N` says how long, `--chaos-seed N` repeats one."""

import sys
import time

import pytest

from tests.chaos.examples import RULES_PER_EXAMPLE, run_examples
from tests.chaos.machine import Chaos

A_HANDFUL = 40
STEPS_PER_EXAMPLE = 200  # Or so: some rules find nothing to do, others are several steps.
LARGEST_BATCH = 40


def test_all_is_well_in_the_end(
    chaos: type[Chaos], request: pytest.FixtureRequest, chaos_seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Batch after batch, each with the seed after the last one's, until there were as many steps as asked for."""
    steps = request.config.getoption("--chaos-steps")
    started, seed = time.monotonic(), chaos_seed
    chaos.tally.clear()
    try:
        if not steps:
            run_examples(chaos, rules=A_HANDFUL, examples=1, random_seed=seed)
        while chaos.tally["steps"] < steps:
            left = steps - chaos.tally["steps"]
            examples = min(LARGEST_BATCH, 1 + left // STEPS_PER_EXAMPLE)
            run_examples(chaos, rules=RULES_PER_EXAMPLE, examples=examples, random_seed=seed)
            seed += 1
            _say(capsys, chaos, f"seeds {chaos_seed} to {seed - 1}", started)
    finally:
        _say(capsys, chaos, f"seed {seed}", started)


def _say(capsys: pytest.CaptureFixture[str], chaos: type[Chaos], what: str, started: float) -> None:
    with capsys.disabled():
        sys.stderr.write(f"\nchaos: {what}, {dict(chaos.tally)}, {time.monotonic() - started:.0f} s\n")
