import pytest
import stripe

from sandbox.transport import InProcessClient
from tests.wording import starting

BEARER = {"Authorization": "Bearer sk_test_any"}


class TestKey:
    @pytest.mark.parametrize(
        "headers",
        [BEARER, {"Authorization": "bearer sk_test_any"}, {"Authorization": "Bearer rk_test_restricted"}],
    )
    def test_any_test_key_signs_in(self, http_client, headers):
        assert http_client.get("/v1/customers", headers=headers).status_code == 200

    @pytest.mark.parametrize("key", ["sk_test_any", "rk_test_restricted"])
    def test_basic_authentication_is_taken_too(self, http_client, key):
        assert http_client.get("/v1/customers", auth=(key, "")).status_code == 200

    @pytest.mark.parametrize(
        ("authorization", "message"),
        [
            ("", "You did not provide an API key."),
            ("Bearer ", "You did not provide an API key."),
            ("Basic %%%", "You did not provide an API key."),
            ("Digest x", "You did not provide an API key."),
            ("Bearer sk_live_1234567890abcd", "Invalid API Key provided: sk_live_**********abcd"),
            ("Bearer rk_live_1234567890abcd", "Invalid API Key provided: rk_live_**********abcd"),
            ("Bearer secret", "Invalid API Key provided: ******"),
        ],
    )
    def test_anything_else_is_refused(self, http_client, authorization, message):
        answer = http_client.post("/v1/customers", headers={"Authorization": authorization})

        assert answer.status_code == 401
        assert answer.get_json()["error"]["type"] == "invalid_request_error"
        assert answer.get_json()["error"]["message"] == starting(message)
        assert http_client.get("/v1/customers", headers=BEARER).get_json()["data"] == []

    def test_the_sdk_raises_its_own_error(self, sandbox):
        stranger = stripe.StripeClient("sk_live_1", http_client=InProcessClient(sandbox)).v1

        with pytest.raises(stripe.AuthenticationError):
            stranger.customers.list()


class TestPath:
    @pytest.mark.parametrize(
        ("method", "path"),
        [("GET", "/v1/subscribers"), ("PATCH", "/v1/customers"), ("GET", "/v1/"), ("GET", "/v1/customers/")],
    )
    def test_operations_unknown_to_stripe_are_unrecognized(self, http_client, method, path):
        answer = http_client.open(path, method=method, headers=BEARER)

        assert answer.status_code == 404
        assert answer.get_json()["error"]["message"] == starting(f"Unrecognized request URL ({method}: {path}).")

    def test_operations_that_only_the_sandbox_lacks_are_unsupported(self, http_client):
        answer = http_client.get("/v1/issuing/cards", headers=BEARER)

        assert answer.status_code == 404
        assert answer.get_json()["error"]["code"] == "sandbox_unsupported"
        assert "this sandbox does not" in answer.get_json()["error"]["message"]


class TestBody:
    @pytest.mark.parametrize("body", [b"name[=x", b"a[b=1", b"metadata=1&metadata[a]=2", b"expand[x]=product"])
    def test_a_malformed_one_is_refused(self, http_client, body):
        headers = {**BEARER, "Content-Type": "application/x-www-form-urlencoded"}
        answer = http_client.post("/v1/customers", data=body, headers=headers)

        assert answer.status_code == 400
        assert answer.get_json()["error"]["type"] == "invalid_request_error"

    def test_bytes_that_are_no_text_are_survived(self, http_client):
        headers = {**BEARER, "Content-Type": "application/x-www-form-urlencoded"}
        answer = http_client.post("/v1/customers", data=b"name=%FF%FE", headers=headers)

        assert answer.status_code == 200


class TestAnswer:
    def test_carries_stripes_headers(self, api):
        answer = api.customers.create({}, {"idempotency_key": "key-1"}).last_response

        assert answer.request_id == starting("req_")
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.headers["Idempotency-Key"] == "key-1"
        assert answer.headers["Date"] == "Fri, 15 Jan 2027 08:00:00 GMT"
        assert int(answer.headers["Content-Length"]) == len(answer.body.encode())


class TestOwnBreach:
    def test_is_a_500_that_is_remembered(self, api, sandbox):
        customer = api.customers.create()
        with sandbox.account.transaction():
            sandbox.account.store.put({**sandbox.account.find("customer", customer.id), "colour": "red"})

        with pytest.raises(stripe.APIError) as refused:
            api.customers.retrieve(customer.id)

        assert refused.value.http_status == 500
        assert "customer.colour: not a field of Customer" in refused.value.user_message
        assert sandbox.violations == ["customer.colour: not a field of Customer"]
        sandbox.violations.clear()

    def test_a_crash_is_one_too(self, api, sandbox):
        customer = api.customers.create()
        with sandbox.account.transaction():
            sandbox.account.store.put({"object": "customer", "id": customer.id, "created": 0})

        with pytest.raises(stripe.APIError) as refused:
            api.customers.update(customer.id, {"metadata": {"a": "1"}})

        assert refused.value.http_status == 500
        assert sandbox.violations == [f"POST /v1/customers/{customer.id}: KeyError('metadata')"]
        sandbox.violations.clear()
