"""Requests made up from the API's own description, good and bad: no 5xx, and no answer that the description lacks.

API_CASES says how many, API_SEED which; CI runs 5,000. With API_STRICT=1 what follows the description must also be
taken, and what does not be refused: to look for slips by hand, as the tool's own idea of bad is at times mistaken.
"""

import os
import unicodedata
from collections import Counter
from collections.abc import Iterator
from typing import Any, ClassVar

import hypothesis
import jsonschema_rs
import pytest
from django.conf import LazySettings
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase
from schemathesis import Case, GenerationMode, Response
from schemathesis.core import NotSet
from schemathesis.specs.openapi.checks import ignored_auth, negative_data_rejection, positive_data_acceptance

from billing.api.request_bodies import JSON_TYPE
from tests.config.api.town import (
    CALLERS,
    CASES,
    SEED,
    Town,
    description,
)
from tests.fixtures import LocalStripe

pytestmark = [pytest.mark.django_db, pytest.mark.only_on("sqlite", "postgresql")]

IS_STRICT = os.environ.get("API_STRICT") == "1"
POSTS = 7
STEPS = 8
# A third of all requests are made on walks from answer to answer.
PER_OPERATION = max(1, CASES * 2 // 3 // (len(CALLERS) * len(GenerationMode) * POSTS))
WALKS = max(1, CASES // 3 // (len(CALLERS) * (STEPS - 1)))

# With so many, each caller's walks come to all that they may do.
ENOUGH = 5_000
FOR_ALL_WITH_A_TOKEN = {"createcustomer", "session", "getsubs", "updatesub", "cancel"}
REACHED: dict[str, set[str]] = {
    "nobody": set(),
    "ada": FOR_ALL_WITH_A_TOKEN,
    "grace": {"product"} | FOR_ALL_WITH_A_TOKEN,
}

# What one field can't say alone: bounds that another field draws, and what a currency is.
BOUND_BY_OTHERS = {"interval_count", "trial_days", "unit_amount", "mode", "currency"}

SETTINGS = hypothesis.settings(
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
    stateful_step_count=STEPS,
)


@pytest.fixture
def town(db: None, settings: LazySettings, local_stripe: LocalStripe) -> Iterator[Town]:
    """The town, with nobody counting requests and the test's own transaction left open."""
    settings.API_RATE_PER_TOKEN = settings.API_RATE_PER_ADDRESS = 0
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield Town(local_stripe)
    for signal in signals:
        signal.connect(close_old_connections)


def ask(town: Town, case: Case, caller: str, *, is_good: bool) -> Response:
    town.asked += 1
    case.body = town.named(case.body)
    response = case.call(headers=town.headers[caller])
    validate(response, case, caller, is_good=is_good)
    return response


def validate(response: Response, case: Case, caller: str, *, is_good: bool, **more: Any) -> None:
    """Hold an answer to the description, and to our own rules."""
    # The first can't know what one field says of another. The second's probes send our token where they mean to send
    # none; that nobody gets in is said below instead.
    left_out = [positive_data_acceptance, ignored_auth]
    if not IS_STRICT or is_good or _reads_as_good(case):
        left_out.append(negative_data_rejection)
    ours = [takes_what_it_describes] if IS_STRICT else []
    case.validate_response(response, additional_checks=ours, excluded_checks=left_out, **more)
    if caller == "nobody" and not case.path.endswith("/plans"):
        assert response.status_code == 401


def _reads_as_good(case: Case) -> bool:
    """What was meant to be bad may have come out good: a body may be left out in places, what is no form reads as an
    empty one, and an empty field as left out."""
    if isinstance(case.body, NotSet):
        return True
    if not isinstance(case.body, dict):
        return case.media_type != JSON_TYPE
    if case.media_type != JSON_TYPE and any(value in ("", [], {}) for value in case.body.values()):
        return True
    schema = case.operation.definition.raw["requestBody"]["content"][case.media_type]["schema"]
    return bool(jsonschema_rs.validator_for(schema).is_valid(case.body))


def takes_what_it_describes(_context: Any, response: Response, case: Case) -> None:
    """A body that follows the description is not called bad input, save for what one field can't say alone."""
    if case.meta is None or not case.meta.generation.mode.is_positive or response.status_code != 422:
        return
    # A name is judged by its normal form, which no pattern can tell.
    given = {name for name, value in case.body.items() if value is not None and _is_normal(value)}
    blamed = response.json()["error"]["fields"].keys()
    assert blamed & given <= BOUND_BY_OTHERS


def _is_normal(value: Any) -> bool:
    return not isinstance(value, str) or unicodedata.is_normalized("NFKC", value)


@pytest.mark.parametrize("mode", GenerationMode, ids=lambda mode: mode.value)
@pytest.mark.parametrize("caller", CALLERS)
def test_requests(town: Town, caller: str, mode: GenerationMode) -> None:
    for found in description().get_all_operations():
        operation = found.ok()
        if operation.method == "get" and mode.is_negative:
            continue

        @hypothesis.seed(SEED)
        @hypothesis.settings(SETTINGS, max_examples=PER_OPERATION)
        @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
        def each(case: Case) -> None:
            with town.undone():
                ask(town, case, caller, is_good=mode.is_positive)

        each()
    assert town.asked >= POSTS * PER_OPERATION


class Walk:
    """From answer to answer, by the description's links; whoever opens a checkout pays."""

    town: ClassVar[Town]
    caller: ClassVar[str]
    reached: ClassVar[Counter[str]]

    def setup(self) -> None:
        self.undone = self.town.undone()
        self.undone.__enter__()

    def teardown(self) -> None:
        self.undone.__exit__(None, None, None)

    def before_call(self, case: Case) -> None:
        case.body = self.town.named(case.body)

    def get_call_kwargs(self, _case: Case) -> dict[str, Any]:
        return {"headers": self.town.headers[self.caller]}

    def after_call(self, response: Response, case: Case) -> None:
        super().after_call(response, case)  # type: ignore[misc]
        self.town.asked += 1
        if response.status_code < 300:
            operation = case.path.rpartition("/")[2]
            self.reached[operation] += 1
            if operation == "session":
                self.town.stripe.pay(response.json()["session_id"])

    def validate_response(self, response: Response, case: Case, **more: Any) -> None:
        # Only good ones are made up here. That an id which came with an answer is not among them makes it no bad one.
        validate(response, case, self.caller, is_good=True, transport_kwargs=more, recorder=self.recorder)  # type: ignore[attr-defined]


@pytest.mark.parametrize("caller", CALLERS)
def test_walks(town: Town, caller: str) -> None:
    reached: Counter[str] = Counter()
    state = {"town": town, "caller": caller, "reached": reached}
    walk = hypothesis.seed(SEED)(type("AWalk", (Walk, description(only_known=True).as_state_machine()), state))
    walk.run(settings=hypothesis.settings(SETTINGS, max_examples=WALKS))
    assert town.asked >= 2 * WALKS
    if CASES >= ENOUGH:
        assert reached.keys() - {"updateprod"} == REACHED[caller]
