"""What a case of the walk over lost answers says."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.subscriptions.lost_answers.pressing import Site

Left = Mapping[str, list[str]]


@dataclass(frozen=True)
class Case:
    """What is done: in which world (a fixture's name), with how many calls, and what it leaves at Stripe.

    `leaves` are the facts that are new afterwards (see state.py), and `says` is in the words that a person reads when
    it is done. `again` is in the words of a second press after the first one was done; by default it says the same.
    One that `is_quiet` does not say whether it has reached Stripe, because it works without.
    """

    name: str
    world: str
    press: Callable[[Site], str]
    calls: int
    leaves: Left
    says: str
    again: str = ""
    is_quiet: bool = False

    def __str__(self) -> str:
        return self.name
