"""Stripe's failures over a real connection, as our four kinds of error."""

import logging
import pickle
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from pytest_django.fixtures import Settings

from billing import gateway
from billing.errors import (
    IDEMPOTENCY_CONFLICT,
    StripeFailure,
    StripeMisconfigured,
    StripeMissing,
    StripeRefused,
    StripeUnavailable,
)
from tests.billing.gateway.wire import DATE, Answer, Wire
from tests.fixtures import LocalStripe

HTML = "<html><body>Bad Gateway</body></html>"


def failure_of(wire: Wire, *answers: Answer, patient: bool = False) -> StripeFailure:
    """The error of a create call with our key that gets these answers."""
    wire.will(*answers)
    with _haste(patient=patient), pytest.raises(StripeFailure) as raised:
        gateway.create_product({"name": "Pro"}, key="once-only")
    return raised.value


@contextmanager
def _haste(*, patient: bool) -> Iterator[None]:
    if patient:
        yield
    else:
        with gateway.quickly():
            yield


class TestMisconfigured:
    @pytest.mark.parametrize("status", [401, 403])
    def test_a_wrong_or_weak_key_names_its_setting(self, wire: Wire, status: int) -> None:
        failure = failure_of(wire, Answer.error(status, message="Invalid API Key provided: sk_test_*****uite"))
        assert type(failure) is StripeMisconfigured
        assert failure.setting == "STRIPE_KEY"
        assert failure.message == "Invalid API Key provided: sk_test_*****uite"
        assert str(failure) == f"{failure.message} (Check STRIPE_KEY.)"
        assert failure.request_id == "req_7"


class TestMissing:
    def test_an_object_that_is_not_there(self, wire: Wire) -> None:
        failure = failure_of(wire, Answer.error(404, code="resource_missing", param="id"))
        assert type(failure) is StripeMissing
        assert (failure.code, failure.param) == ("resource_missing", "id")

    def test_an_object_that_a_parameter_names(self, wire: Wire) -> None:
        failure = failure_of(wire, Answer.error(400, code="resource_missing", param="customer"))
        assert type(failure) is StripeMissing
        assert failure.param == "customer"

    def test_is_a_refusal_too(self) -> None:
        assert issubclass(StripeMissing, StripeRefused)


class TestRefused:
    def test_says_what_and_where(self, wire: Wire) -> None:
        failure = failure_of(wire, Answer.error(400, message="Invalid currency: zzz", param="currency", code="bad"))
        assert type(failure) is StripeRefused
        assert (failure.message, failure.param, failure.code) == ("Invalid currency: zzz", "currency", "bad")

    def test_an_unknown_address(self, wire: Wire) -> None:
        failure = failure_of(wire, Answer.error(404, message="Unrecognized request URL"))
        assert type(failure) is StripeRefused

    def test_a_declined_card(self, wire: Wire) -> None:
        failure = failure_of(wire, Answer.error(402, type="card_error", code="card_declined", message="Declined."))
        assert type(failure) is StripeRefused
        assert (failure.code, failure.message) == ("card_declined", "Declined.")

    def test_other_parameters_for_the_same_key(self, wire: Wire) -> None:
        failure = failure_of(wire, Answer.error(400, type="idempotency_error"))
        assert type(failure) is StripeRefused
        assert failure.code == IDEMPOTENCY_CONFLICT

    def test_the_sandbox_refuses_other_parameters_for_the_same_key(self, local_stripe: LocalStripe) -> None:
        gateway.create_product({"name": "Pro"}, key="once-only")
        with pytest.raises(StripeRefused) as raised:
            gateway.create_product({"name": "Team"}, key="once-only")
        assert raised.value.code == IDEMPOTENCY_CONFLICT

    def test_without_a_reason(self, wire: Wire) -> None:
        failure = failure_of(wire, Answer({"error": {}}, 400, {"Date": DATE}))
        assert type(failure) is StripeRefused
        assert (failure.message, failure.code, failure.param, failure.request_id) == (
            "Stripe gave no reason.",
            "",
            "",
            "",
        )


class TestUnavailable:
    @pytest.mark.parametrize(
        ("status", "members"), [(429, {"code": "rate_limit"}), (429, {}), (400, {"code": "rate_limit"})]
    )
    def test_too_many_calls(self, wire: Wire, status: int, members: dict[str, str]) -> None:
        failure = failure_of(wire, Answer.error(status, **members))
        assert type(failure) is StripeUnavailable
        assert (failure.answered_500, failure.message) == (False, "No.")

    def test_the_same_key_is_in_use_right_now(self, wire: Wire) -> None:
        failure = failure_of(wire, Answer.error(409, type="idempotency_error", code="idempotency_key_in_use"))
        assert type(failure) is StripeUnavailable
        assert (failure.answered_500, failure.code) == (False, "idempotency_key_in_use")

    @pytest.mark.parametrize("status", [500, 502, 503, 599])
    def test_a_definite_500_spends_the_key(self, wire: Wire, status: int) -> None:
        failure = failure_of(wire, Answer.error(status, type="api_error"))
        assert type(failure) is StripeUnavailable
        assert (failure.answered_500, failure.message) == (True, "No.")

    def test_a_500_without_a_key_of_ours_spends_none(self, wire: Wire) -> None:
        wire.will(Answer.error(500))
        with gateway.quickly(), pytest.raises(StripeUnavailable) as raised:
            gateway.update_product("prod_1", {"name": "Pro"})
        assert raised.value.answered_500 is False

    def test_a_connection_that_breaks_spends_no_key(self, wire: Wire) -> None:
        failure = failure_of(wire, Answer(is_reset=True))
        assert type(failure) is StripeUnavailable
        assert (failure.answered_500, failure.message) == (False, "Network error: ConnectionError.")

    def test_a_break_after_500s_spends_no_key_yet(self, wire: Wire) -> None:
        """The next try gets the stored 500 and marks the key as used up."""
        failure = failure_of(wire, Answer.error(500), Answer.error(500), Answer(is_reset=True), patient=True)
        assert isinstance(failure, StripeUnavailable)
        assert failure.answered_500 is False

    def test_nobody_listens(self, settings: Settings) -> None:
        settings.STRIPE_API_BASE = "http://127.0.0.1:9"
        gateway.use_transport(None)
        with gateway.quickly(), pytest.raises(StripeUnavailable) as raised:
            gateway.retrieve_product("prod_1")
        assert raised.value.message == "Network error: ConnectionError."

    @pytest.mark.parametrize(("status", "body"), [(502, HTML), (403, HTML), (404, HTML), (200, HTML), (500, "")])
    def test_an_answer_that_is_not_stripes(self, wire: Wire, status: int, body: str) -> None:
        failure = failure_of(wire, Answer(body, status))
        assert type(failure) is StripeUnavailable
        assert failure.message == f"The answer can't be read (HTTP {status})."

    @pytest.mark.parametrize("body", [{"no": "error"}, [], "null"])
    def test_an_error_in_another_shape(self, wire: Wire, body: object) -> None:
        failure = failure_of(wire, Answer(body, 500))
        assert type(failure) is StripeUnavailable
        assert failure.message == "The answer can't be read (HTTP 500)."

    def test_a_list_can_fail_in_the_same_words(self, wire: Wire) -> None:
        wire.will(Answer.error(500))
        with gateway.quickly(), pytest.raises(StripeUnavailable):
            next(gateway.product_pages(active=True))


class TestSecrecy:
    KEY = "sk_test_the_whole_secret_of_this_suite"

    @pytest.mark.parametrize(
        "answer",
        [
            Answer.error(401, message="Invalid API Key provided: sk_test_***************************uite"),
            Answer.error(400),
            Answer.error(500),
            Answer(HTML, 502),
            Answer(is_reset=True),
        ],
        ids=["401", "400", "500", "502", "reset"],
    )
    def test_the_key_is_in_no_message_log_or_traceback(
        self, wire: Wire, settings: Settings, caplog: pytest.LogCaptureFixture, answer: Answer
    ) -> None:
        settings.STRIPE_KEY = self.KEY
        caplog.set_level(logging.DEBUG)
        failure = failure_of(wire, answer)
        assert wire.received[0].headers["Authorization"] == f"Bearer {self.KEY}"
        logging.getLogger("billing").error("failed", exc_info=failure)
        told = [str(failure), repr(failure), failure.message, caplog.text, *traceback.format_exception(failure)]
        assert "failed" in caplog.text
        assert not [text for text in told if self.KEY in text]

    def test_a_page_that_echoes_the_request_is_not_repeated(self, wire: Wire, settings: Settings) -> None:
        settings.STRIPE_KEY = self.KEY
        failure = failure_of(wire, Answer(f"<pre>Authorization: Bearer {self.KEY}</pre>", 502))
        assert self.KEY not in str(failure) + repr(failure)

    def test_what_leaves_the_gateway_holds_no_key(self, wire: Wire, settings: Settings) -> None:
        settings.STRIPE_KEY = self.KEY
        wire.will(Answer())
        assert self.KEY.encode() not in pickle.dumps(gateway.retrieve_product("prod_1"))
