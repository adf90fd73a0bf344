"""The sandbox answers the recorded calls as Stripe did."""

from functools import cache

import pytest

from tests.sandbox.recorded.accepted_differences import ACCEPTED
from tests.sandbox.recorded.recording import scenarios
from tests.sandbox.recorded.replay import Finding, findings

pytestmark = pytest.mark.optional(bool(scenarios()))


@cache
def replayed(scenario: str) -> list[Finding]:
    return list(findings(scenarios()[scenario]))


class TestRecordings:
    @pytest.mark.parametrize("scenario", scenarios() or ["none"])
    def test_the_sandbox_answers_as_stripe_did(self, scenario: str) -> None:
        unexplained = [each for each in replayed(scenario) if not any(row.covers(each) for row in ACCEPTED)]

        assert "\n".join(map(str, unexplained)) == ""

    def test_every_accepted_difference_occurs(self) -> None:
        found = [each for scenario in scenarios() for each in replayed(scenario)]

        assert [row.path for row in ACCEPTED if not any(map(row.covers, found))] == []

    def test_no_difference_is_accepted_twice(self) -> None:
        assert len({row.path for row in ACCEPTED}) == len(ACCEPTED)
