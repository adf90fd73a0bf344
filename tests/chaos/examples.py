"""How a run is started: Hypothesis's settings, and the seed that repeats it."""

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.chaos.machine import Chaos

RULES_PER_EXAMPLE = 250


def run_examples(machine: type[Chaos], *, rules: int, examples: int, random_seed: int) -> None:
    """Run so many examples of at most so many rules each; raises Broken, or what else went wrong."""
    chosen = settings(
        database=None,  # An example's choices mean little where processes race: the journal tells what was.
        deadline=None,
        max_examples=examples,
        phases=[Phase.generate],  # For the same reason: a race that is tried again may end otherwise.
        stateful_step_count=rules,
        suppress_health_check=list(HealthCheck),  # Slow and large it is meant to be.
    )
    run_state_machine_as_test(seed(random_seed)(machine), settings=chosen)  # type: ignore[no-untyped-call]
