"""The answer of any one call to Stripe is lost although it took effect, at every page, form, action and endpoint.

What people read is never that nothing happened if something did. Then they press again, in a form that is opened anew:
what was asked for is done once, and our rows show it.
"""

import re

import pytest
from django.contrib import admin

from billing import gateway
from subscriptions import urls as subscription_urls
from subscriptions.user_model import User
from tests.config.api import endpoints
from tests.fixtures import LocalStripe
from tests.subscriptions.conftest import settle
from tests.subscriptions.lost_answers import state
from tests.subscriptions.lost_answers.case import Case
from tests.subscriptions.lost_answers.covered import CASES, COVERED, NO_CALL
from tests.subscriptions.lost_answers.losing import WAYS, LosesOneAnswer
from tests.subscriptions.lost_answers.pressing import Site

pytestmark = pytest.mark.django_db

NOT_DONE = re.compile(r"nothing (was|has)|not done yet|was not (made|refunded)|stays as it is", re.IGNORECASE)
NOT_KNOWN = "not known whether"

LOST = [(case, way, number) for case in CASES for way in WAYS for number in range(1, case.calls + 1)]
LOST_AND_SYNCED = [(case, way, number) for case, way, number in LOST if way == "reset"]


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
    words = press_and_lose(case, site, losing, number, way)
    if case.is_quiet or case.says not in words:
        words = case.press(site)
        assert case.says in words or (case.again and case.again in words), words
    assert state.gained(before, state.at_stripe(site.local_stripe)) == case.leaves
    assert state.rows_that_differ(site.local_stripe) == []


@pytest.mark.parametrize(("case", "way", "number"), LOST_AND_SYNCED, ids=str)
def test_a_lost_answer_that_the_sync_has_made_up_for(
    case: Case, way: str | int, number: int, site: Site, losing: LosesOneAnswer
) -> None:
    """The form that is opened anew shows what became of the first one, which may be said in other words."""
    before = state.at_stripe(site.local_stripe)
    words = press_and_lose(case, site, losing, number, way)
    settle()
    if case.is_quiet or case.says not in words:
        case.press(site)
    assert state.gained(before, state.at_stripe(site.local_stripe)) == case.leaves
    assert state.rows_that_differ(site.local_stripe) == []


def press_and_lose(case: Case, site: Site, losing: LosesOneAnswer, number: int, way: str | int) -> str:
    """Press once, losing the answer of this call; return the words, which must not deny what was done."""
    before = state.at_stripe(site.local_stripe)
    losing.lose(number, way)
    words = case.press(site)
    losing.lose(0, way)
    after = state.at_stripe(site.local_stripe)
    assert NOT_DONE.search(words) is None or after == before, words
    assert after == before or NOT_KNOWN in words or case.says in words, words
    return words


def test_every_button_and_endpoint_is_in_the_table() -> None:
    """A new page, action or endpoint needs a line in `CASES`, or a reason in `COVERED` why it needs none."""
    pages = {f"page {path.name}" for path in subscription_urls.urlpatterns}
    paths = {f"api {path}" for path in (*endpoints.POSTS, *endpoints.GETS)}
    actions = {
        f"action {model.__name__}.{name}"
        for model, model_admin in admin.site._registry.items()
        if model_admin.__module__.split(".")[0] in {"billing", "subscriptions"}
        for name in model_admin.actions
        if isinstance(name, str)
    }
    assert pages | paths | actions == COVERED.keys()
    names = {case.name for case in CASES}
    assert {by for by in COVERED.values() if not by.startswith(NO_CALL)} <= names
