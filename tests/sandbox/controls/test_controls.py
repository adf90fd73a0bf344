import pytest
from werkzeug.test import Client

from sandbox.app import Sandbox
from tests.sandbox.conftest import NOW
from tests.wording import starting

DAY = 86400


class TestState:
    def test_shows_everything_at_a_glance(self, api, http_client):
        api.customers.create()
        api.customers.retrieve(api.customers.create().id)
        api.products.delete(api.products.create({"name": "Pro"}).id)

        assert http_client.get("/_sandbox/state").get_json() == {
            "clock": {"now": NOW, "offset": 0, "target": None},
            "switches": {
                "webhooks": {"mode": "deliver", "duplicate": 0, "shuffle": False, "seed": 0},
                "faults": [],
                "date_delay": 0,
                "latency_ms": 0,
            },
            "objects": {"customer": 2, "event": 4},
            "calls": {
                "DELETE /v1/products/{id}": 1,
                "GET /v1/customers/{customer}": 1,
                "POST /v1/customers": 2,
                "POST /v1/products": 1,
            },
            "deliveries": {"waiting": 0, "held": 0},
            "violations": [],
        }

    def test_counts_held_deliveries(self, api, http_client, control):
        control("webhooks", mode="hold")
        api.webhook_endpoints.create({"url": "http://shop.example", "enabled_events": ["*"]})
        api.customers.create()

        assert http_client.get("/_sandbox/state").get_json()["deliveries"] == {"waiting": 0, "held": 1}


class TestReset:
    def test_forgets_everything(self, api, control):
        api.customers.create({"name": "Ada"}, {"idempotency_key": "key-1"})
        control("clock", advance=DAY)
        control("webhooks", mode="hold", duplicate=1)
        control("faults", status=429, count=9)
        control("latency", latency_ms=1)

        state = control("reset")

        assert state["clock"] == {"now": NOW, "offset": 0, "target": None}
        assert state["objects"] == {}
        assert state["calls"] == {}
        assert state["switches"] == {
            "webhooks": {"mode": "deliver", "duplicate": 0, "shuffle": False, "seed": 0},
            "faults": [],
            "date_delay": 0,
            "latency_ms": 0,
        }
        assert api.customers.create({"name": "Grace"}, {"idempotency_key": "key-1"}).name == "Grace"

    def test_keeps_the_endpoints_given_at_start(self, control):
        sandbox = Sandbox(webhooks={"http://shop.example": "whsec_1"})

        Client(sandbox).post("/_sandbox/reset")

        with sandbox.account.transaction():
            endpoints = list(sandbox.account.store.scan("webhook_endpoint"))
        assert [(each["url"], each["_secret"]) for each in endpoints] == [("http://shop.example", "whsec_1")]


class TestClock:
    def test_advances(self, api, control):
        assert control("clock", advance=90) == {"now": NOW + 90, "offset": 90, "happened": 0}
        assert api.customers.create().created == NOW + 90

    def test_jumps_to_a_moment(self, control):
        assert control("clock", to=NOW + DAY) == {"now": NOW + DAY, "offset": DAY, "happened": 0}

    def test_moves_the_date_header(self, api, control):
        control("clock", to=1_900_000_000)

        assert api.customers.list().last_response.headers["Date"] == "Sun, 17 Mar 2030 17:46:40 GMT"

    def test_lets_each_thing_happen_at_its_own_moment(self, api, control, price):
        customer = api.customers.create().id
        for days in (9, 6):
            items = [{"price": price.id}]
            api.subscriptions.create({"customer": customer, "items": items, "trial_period_days": days})

        assert control("clock", advance=7 * DAY)["happened"] == 4

        noticed = api.events.list({"type": "customer.subscription.trial_will_end"}).data
        assert [event.created - NOW for event in noticed] == [6 * DAY, 3 * DAY]

    @pytest.mark.parametrize(
        ("body", "param"),
        [
            ({}, "advance"),
            ({"advance": 1, "to": NOW + 1}, "advance"),
            ({"advance": -1}, "advance"),
            ({"advance": 1.5}, "advance"),
            ({"advance": True}, "advance"),
            ({"advance": "1"}, "advance"),
            ({"advance": 10**12}, "advance"),
            ({"advance": 4_000_000_000}, "advance"),
            ({"to": NOW - 1}, "to"),
            ({"forward": 1}, "forward"),
        ],
    )
    def test_refuses_nonsense(self, http_client, body, param):
        answer = http_client.post("/_sandbox/clock", json=body)

        assert answer.status_code == 400
        assert answer.get_json()["error"]["param"] == param
        assert http_client.get("/_sandbox/state").get_json()["clock"] == {"now": NOW, "offset": 0, "target": None}


class TestBadInput:
    @pytest.mark.parametrize(
        ("control", "body", "param"),
        [
            ("webhooks", {"mode": "sometimes"}, "mode"),
            ("webhooks", {"duplicate": -1}, "duplicate"),
            ("webhooks", {"duplicate": 11}, "duplicate"),
            ("webhooks", {"shuffle": 1}, "shuffle"),
            ("webhooks", {"mode": "hold", "shufle": True}, "shufle"),
            ("faults", {"status": 418}, "status"),
            ("faults", {"status": True}, "status"),
            ("faults", {"count": 1}, "status"),
            ("faults", {"status": 429, "count": -1}, "count"),
            ("faults", {"status": 429, "path": 7}, "path"),
            ("faults", {"status": 429, "path": "\ud800"}, "path"),
            ("faults", {"status": 429, "method": "PATCH"}, "method"),
            ("faults", {"status": 429, "after": "yes"}, "after"),
            ("date_delay", {}, "seconds"),
            ("date_delay", {"seconds": -1}, "seconds"),
            ("latency", {}, "latency_ms"),
            ("latency", {"latency_ms": 1.5}, "latency_ms"),
            ("reset", {"now": True}, "now"),
        ],
    )
    def test_is_refused_with_the_fields_name(self, http_client, control, body, param):
        before = http_client.get("/_sandbox/state").get_json()

        answer = http_client.post(f"/_sandbox/{control}", json=body)

        assert answer.status_code == 400
        assert answer.get_json()["error"]["param"] == param
        assert http_client.get("/_sandbox/state").get_json() == before

    @pytest.mark.parametrize("body", ["{", "[]", "7", '"x"', "\xff"])
    def test_must_be_a_json_object(self, http_client, body):
        answer = http_client.post("/_sandbox/clock", data=body.encode("latin-1"))

        assert answer.status_code == 400
        assert answer.get_json()["error"]["message"] == starting("The body ")

    def test_has_its_own_method(self, http_client):
        answer = http_client.get("/_sandbox/reset")

        assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")

    def test_has_its_own_path(self, http_client):
        answer = http_client.get("/_sandbox/secrets")

        assert answer.status_code == 404
        assert answer.get_json()["error"]["message"] == "There is no control /_sandbox/secrets."
