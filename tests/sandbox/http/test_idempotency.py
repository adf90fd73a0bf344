import threading

import pytest
import stripe

from sandbox.app import Sandbox
from sandbox.transport import InProcessClient

KEY = {"idempotency_key": "key-1"}
DAY = 86400


class TestReplay:
    def test_answers_the_same_without_doing_it_again(self, api):
        first = api.customers.create({"name": "Ada"}, KEY)
        again = api.customers.create({"name": "Ada"}, KEY)

        assert again.to_dict() == first.to_dict()
        assert again.last_response.headers["Idempotent-Replayed"] == "true"
        assert "Idempotent-Replayed" not in first.last_response.headers
        assert first.last_response.idempotency_key == "key-1"
        assert again.last_response.request_id != first.last_response.request_id
        assert len(api.customers.list().data) == 1

    def test_replays_the_answer_about_an_object_deleted_since(self, api):
        customer = api.customers.create({"name": "Ada"}, KEY)
        api.customers.delete(customer.id)

        assert api.customers.create({"name": "Ada"}, KEY).id == customer.id

    def test_names_the_key_in_the_event(self, api):
        customer = api.customers.create({}, KEY)

        request = api.events.list().data[0].request
        assert request.idempotency_key == "key-1"
        assert request.id == customer.last_response.request_id

    def test_ends_after_a_day_of_the_sandboxs_time(self, api, control):
        first = api.customers.create({"name": "Ada"}, KEY)

        control("clock", advance=DAY - 1)
        assert api.customers.create({"name": "Ada"}, KEY).id == first.id
        control("clock", advance=1)
        assert api.customers.create({"name": "Grace"}, KEY).id != first.id

    def test_is_not_for_deletions(self, api, sandbox):
        customer = api.customers.create()
        client = stripe.StripeClient("sk_test_suite", http_client=InProcessClient(sandbox))
        path = f"/v1/customers/{customer.id}"

        assert client.raw_request("delete", path, idempotency_key="key-1").code == 200
        with pytest.raises(stripe.InvalidRequestError, match="No such customer"):
            client.raw_request("delete", path, idempotency_key="key-1")


class TestMismatch:
    def test_other_parameters_are_refused(self, api):
        api.customers.create({"name": "Ada"}, KEY)

        with pytest.raises(stripe.IdempotencyError) as refused:
            api.customers.create({"name": "Grace"}, KEY)

        assert refused.value.http_status == 400
        assert "can only be used with the same parameters" in refused.value.user_message
        assert len(api.customers.list().data) == 1

    def test_another_path_is_refused(self, api):
        api.customers.create({"name": "Ada"}, KEY)

        with pytest.raises(stripe.IdempotencyError, match="can only be used for the same endpoint"):
            api.products.create({"name": "Ada"}, KEY)

        assert api.products.list().data == []

    def test_a_key_that_is_too_long_is_refused(self, api):
        with pytest.raises(stripe.InvalidRequestError, match="at most 255 characters"):
            api.customers.create({}, {"idempotency_key": "k" * 256})


class TestRefusals:
    def test_a_malformed_request_leaves_nothing_behind(self, api):
        with pytest.raises(stripe.InvalidRequestError, match="unknown parameter"):
            api.customers.create({"colour": "red"}, KEY)

        assert api.customers.create({"name": "Ada"}, KEY).name == "Ada"

    def test_a_refusal_while_executing_is_kept(self, api, product):
        params = {"product": product.id, "currency": "usd", "unit_amount": 1, "lookup_key": "pro"}
        holder = api.prices.create(params)
        with pytest.raises(stripe.InvalidRequestError, match="already uses that lookup key"):
            api.prices.create(params, KEY)
        api.prices.update(holder.id, {"lookup_key": "free-now"})

        with pytest.raises(stripe.InvalidRequestError, match="already uses that lookup key") as replayed:
            api.prices.create(params, KEY)

        assert replayed.value.headers["Idempotent-Replayed"] == "true"

    def test_a_missing_key_leaves_nothing_behind(self, api, sandbox):
        stranger = stripe.StripeClient("rk_live_1", http_client=InProcessClient(sandbox)).v1
        with pytest.raises(stripe.AuthenticationError):
            stranger.customers.create({"name": "Ada"}, KEY)

        assert api.customers.create({"name": "Grace"}, KEY).name == "Grace"


class TestInFlight:
    def test_a_twin_of_a_running_request_is_refused(self):
        sandbox = Sandbox()
        api = stripe.StripeClient("sk_test_suite", http_client=InProcessClient(sandbox)).v1
        sandbox.delays.latency_ms = 1500
        made = []
        running = threading.Thread(target=lambda: made.append(api.customers.create({}, KEY)))
        running.start()
        while "POST /v1/customers" not in sandbox.calls:
            pass

        with pytest.raises(stripe.APIError) as refused:
            api.customers.create({}, KEY)

        running.join()
        assert (refused.value.http_status, refused.value.error.code) == (409, "idempotency_key_in_use")
        sandbox.delays.latency_ms = 0
        assert api.customers.create({}, KEY).id == made[0].id
        assert len(api.customers.list().data) == 1
