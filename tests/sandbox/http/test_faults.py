import time
from email.utils import parsedate_to_datetime

import pytest
import stripe

from sandbox.transport import InProcessClient

KEY = {"idempotency_key": "key-1"}


@pytest.fixture
def patient(sandbox):
    """A client that retries twice, without waiting."""
    client = InProcessClient(sandbox)
    client.INITIAL_DELAY = client.MAX_DELAY = 0
    return stripe.StripeClient("sk_test_suite", http_client=client, max_network_retries=2).v1


class TestRateLimit:
    def test_fails_the_given_number_of_calls(self, api, control):
        control("faults", status=429, count=2)

        for _ in range(2):
            with pytest.raises(stripe.RateLimitError) as refused:
                api.customers.create()
            assert refused.value.error.code == "rate_limit"
        assert len(api.customers.list().data) == 0

    def test_leaves_the_key_free(self, api, control):
        control("faults", status=429)
        with pytest.raises(stripe.RateLimitError):
            api.customers.create({"name": "Ada"}, KEY)

        assert api.customers.create({"name": "Grace"}, KEY).name == "Grace"

    def test_fails_only_the_given_path_and_method(self, api, control):
        control("faults", status=429, path="/v1/products", method="POST")

        assert api.customers.create().object == "customer"
        assert api.products.list().data == []
        with pytest.raises(stripe.RateLimitError):
            api.products.create({"name": "Pro"})


class TestServerError:
    def test_takes_no_effect_and_is_replayed(self, api, control):
        control("faults", status=500)
        with pytest.raises(stripe.APIError) as failed:
            api.customers.create({"name": "Ada"}, KEY)
        assert failed.value.http_status == 500

        with pytest.raises(stripe.APIError) as replayed:
            api.customers.create({"name": "Ada"}, KEY)

        assert replayed.value.http_status == 500
        assert replayed.value.headers["Idempotent-Replayed"] == "true"
        assert api.customers.list().data == []
        assert api.events.list().data == []
        assert api.customers.create({"name": "Ada"}, {"idempotency_key": "key-2"}).name == "Ada"

    def test_is_not_tried_again_in_vain(self, patient, sandbox, control):
        control("faults", status=500)

        with pytest.raises(stripe.APIError):
            patient.customers.create()

        assert sandbox.calls["POST /v1/customers"] == 1

    def test_after_the_call_took_effect_is_replayed_too(self, api, control):
        control("faults", status=500, after=True)

        for _ in range(2):
            with pytest.raises(stripe.APIError) as failed:
                api.customers.create({"name": "Ada"}, KEY)
            assert failed.value.http_status == 500

        assert [customer.name for customer in api.customers.list().data] == ["Ada"]
        assert len(api.events.list().data) == 1

    def test_lets_a_malformed_request_be_refused(self, api, control):
        control("faults", status=500)

        with pytest.raises(stripe.InvalidRequestError):
            api.customers.create({"colour": "red"})

    def test_of_a_read_is_over_at_the_next_try(self, patient, control):
        control("faults", status=500)

        assert patient.customers.list().data == []


@pytest.mark.parametrize("status", ["timeout", "reset"])
class TestLostConnection:
    def test_before_the_call_writes_nothing(self, api, control, status):
        control("faults", status=status)

        with pytest.raises(stripe.APIConnectionError):
            api.customers.create({"name": "Ada"}, KEY)

        assert api.customers.list().data == []
        assert api.customers.create({"name": "Ada"}, KEY).name == "Ada"

    def test_after_the_call_only_the_answer_is_missing(self, api, control, status):
        control("faults", status=status, after=True)

        with pytest.raises(stripe.APIConnectionError):
            api.customers.create({"name": "Ada"}, KEY)

        found = api.customers.list().data
        assert [customer.name for customer in found] == ["Ada"]
        assert api.customers.create({"name": "Ada"}, KEY).id == found[0].id

    def test_the_sdk_tries_again_with_the_same_key(self, patient, control, status):
        control("faults", status=status, after=True)

        created = patient.customers.create({"name": "Ada"})

        assert [customer.id for customer in patient.customers.list().data] == [created.id]


class TestFaults:
    def test_are_cleared_by_a_count_of_zero_or_an_empty_body(self, api, control):
        for clearing in ({"count": 0}, {}):
            control("faults", status=429, count=5)
            assert control("faults", **clearing) == {"faults": []}
            assert api.customers.list().data == []

    def test_add_up_and_show_in_the_state(self, api, control):
        control("faults", status=429, count=1)
        control("faults", status=500, count=1, path="/v1/customers")

        with pytest.raises(stripe.RateLimitError):
            api.customers.list()
        assert control("faults", status="reset", count=1)["faults"] == [
            {"status": 500, "count": 1, "path": "/v1/customers", "method": None, "after": False},
            {"status": "reset", "count": 1, "path": "/v1/", "method": None, "after": False},
        ]

    def test_spare_the_controls(self, sandbox, control):
        control("faults", status="reset", count=9)

        assert control("latency", latency_ms=0) == {"latency_ms": 0}


class TestSlowness:
    def test_the_date_is_stamped_after_the_read(self, api, sandbox, control):
        clock = time.time
        sandbox.account.clock.real = clock
        control("date_delay", seconds=1.1)

        began = int(clock())
        customer = api.customers.create()

        assert customer.created in {began, began + 1}
        assert _seconds(customer.last_response.headers["Date"]) >= customer.created + 1

    def test_latency_makes_callers_wait(self, api, control):
        control("latency", latency_ms=120)

        began = time.monotonic()
        api.customers.list()

        assert time.monotonic() - began >= 0.12


def _seconds(date):
    return int(parsedate_to_datetime(date).timestamp())
