"""The answer of any one call to Stripe is lost although it took effect, at every page, form, action and endpoint.

What people read is never that nothing happened if something did. Then they press again, in a form that is opened anew:
what was asked for is done once, and our rows show it.
"""

import re

import pytest

from billing import gateway
from subscriptions.user_model import User
from tests.fixtures import LocalStripe
from tests.subscriptions.lost_answers import state
from tests.subscriptions.lost_answers.cases import CASES, Case
from tests.subscriptions.lost_answers.losing import WAYS, LosesOneAnswer
from tests.subscriptions.lost_answers.pressing import Site

pytestmark = pytest.mark.django_db

NOT_DONE = re.compile(r"nothing (was|has)|not done yet|was not (made|refunded)|stays as it is", re.IGNORECASE)
NOT_KNOWN = "not known whether"

LOST = [(case, way, number) for case in CASES for way in WAYS for number in range(1, case.calls + 1)]


@pytest.fixture
def site(request: pytest.FixtureRequest, case: Case, person: User, staff: User, local_stripe: LocalStripe) -> Site:
    site = Site(local_stripe, person, staff)
    site.world = request.getfixturevalue(case.world)
    site.sign_in()
    return site


@pytest.fixture
def losing(site: Site, local_stripe: LocalStripe) -> LosesOneAnswer:
    transport = LosesOneAnswer(local_stripe)
    gateway.use_transport(transport)
    return transport


@pytest.mark.parametrize("case", CASES, ids=str)
def test_makes_these_calls_and_leaves_this(case: Case, site: Site, losing: LosesOneAnswer) -> None:
    before = state.at_stripe(site.local_stripe)
    words = case.press(site)
    after = state.at_stripe(site.local_stripe)
    assert case.says in words
    assert state.gained(before, after) == case.leaves
    assert losing.count == case.calls


@pytest.mark.parametrize(("case", "way", "number"), LOST, ids=str)
def test_a_lost_answer(case: Case, way: str | int, number: int, site: Site, losing: LosesOneAnswer) -> None:
    before = state.at_stripe(site.local_stripe)
    losing.lose(number, way)
    words = case.press(site)
    between = state.at_stripe(site.local_stripe)
    says_not_done = NOT_DONE.search(words)
    assert says_not_done is None or between == before, words
    assert between == before or NOT_KNOWN in words or case.says in words, words
    losing.lose(0, way)
    if case.says not in words:
        words = case.press(site)
        assert case.says in words or (case.again and case.again in words), words
    assert state.gained(before, state.at_stripe(site.local_stripe)) == case.leaves
    assert state.rows_that_differ(site.local_stripe) == []
