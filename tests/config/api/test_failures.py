"""Every failure has the one shape, whoever makes it, and an id that is in the log."""

import logging
from typing import Any

import pytest
from django.test import Client

from billing.models import Price
from config.api import failures
from subscriptions.customers import services as customers
from subscriptions.models import Subscription
from tests.config.api.conftest import Program, refused
from tests.config.api.endpoints import GETS, POSTS
from tests.fixtures import LocalStripe
from tests.subscriptions.rows import subscribe
from tests.wording import matching, starting

pytestmark = pytest.mark.django_db

REACHES_STRIPE: dict[str, tuple[str, dict[str, Any]]] = {
    "product": ("/v1/products", {"prod_name": "New", "unit_amount": 900}),
    "updateprod": ("/v1/products", {"prod_name": "Pro", "new_name": "Pro+"}),
    "createcustomer": ("/v1/customers", {"user_name": "zoe", "email": "zoe@example.com"}),
    "session": ("/v1/checkout", {"prod_name": "Pro"}),
    "getsubs": ("/v1/checkout", {"session_id": "{session}"}),
    "cancel": ("/v1/subscriptions", {"price_id": "{price}"}),
    "updatesub": ("/v1/invoices", {"price_id": "{team}"}),
}


@pytest.fixture
def ask(backend: Program, price: Price, local_stripe: LocalStripe, request: pytest.FixtureRequest) -> Any:
    """Ask an endpoint, by staff for themselves, in a way that makes it call Stripe."""

    def asked(path: str) -> Any:
        ids = {"price": price.pk, "team": "", "session": ""}
        if path == "getsubs":
            ids["session"] = backend.post("session", prod_name="Pro").json()["session_id"]
        if path in {"cancel", "updatesub"}:
            subscribe(customers.ensure(request.getfixturevalue("staff")), price)
        if path == "updatesub":
            ids["team"] = request.getfixturevalue("team").pk
        fields = REACHES_STRIPE[path][1]
        filled = {name: text.format(**ids) if isinstance(text, str) else text for name, text in fields.items()}
        return lambda: backend.post(path, **filled)

    return asked


class TestStripe:
    @pytest.mark.parametrize("path", REACHES_STRIPE)
    @pytest.mark.parametrize("trouble", [429, 500, "reset", "timeout"])
    def test_that_is_away(self, ask: Any, local_stripe: LocalStripe, path: str, trouble: Any) -> None:
        request = ask(path)
        local_stripe.control("faults", status=trouble, count=20, path=REACHES_STRIPE[path][0])
        answer = request()
        refused(answer, 503, "stripe_unavailable")
        assert answer["Retry-After"] == "5"

    @pytest.mark.parametrize("path", REACHES_STRIPE)
    def test_that_does_not_accept_our_key(
        self, ask: Any, local_stripe: LocalStripe, settings: Any, path: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        request = ask(path)
        settings.STRIPE_KEY = ""
        error = refused(request(), 503, "misconfigured")
        assert "STRIPE_KEY" not in error["message"]
        assert "STRIPE_KEY is wrong" in caplog.text

    def test_that_refuses(self, backend: Program, price: Price, local_stripe: LocalStripe) -> None:
        """Its own words come through: here, that it does not know the price."""
        Price.objects.create(pk="price_gone", product=price.product, currency="usd", unit_amount=900)
        answer = backend.post("session", price_id="price_gone")
        assert refused(answer, 400, "stripe_refused")["message"] == "No such price: 'price_gone'"

    @pytest.mark.parametrize("path", ["cancel", "updatesub"])
    def test_that_refuses_a_change(self, ask: Any, local_stripe: LocalStripe, path: str) -> None:
        """The subscription is in our copy alone."""
        error = refused(ask(path)(), 400, "stripe_refused")
        assert error["message"] == starting("No such subscription")
        assert Subscription.objects.get().status == "active"

    def test_that_refuses_a_product(self, backend: Program) -> None:
        answer = backend.post("product", prod_name="Odd", unit_amount=900, currency="xts")
        assert "xts" in refused(answer, 400, "stripe_refused")["message"]


class TestAddresses:
    @pytest.mark.parametrize("path", ["", "nothing", "plans/", "product/1", "docs/", "\N{SNOWMAN}"])
    def test_that_are_nobodys(self, ada: Program, path: str) -> None:
        for answer in (ada.get(path), ada.post(path)):
            assert refused(answer, 404, "not_found")["message"] == "There is nothing at this address."

    @pytest.mark.parametrize("path", POSTS)
    @pytest.mark.parametrize("method", ["get", "put", "patch", "delete", "trace"])
    def test_asked_by_another_method(self, ada: Program, local_stripe: LocalStripe, path: str, method: str) -> None:
        answer = getattr(ada.client, method)(f"/api/{path}", headers=ada.headers)
        refused(answer, 405, "method_not_allowed")
        assert (answer["Allow"], local_stripe.calls) == ("POST", [])

    @pytest.mark.parametrize("path", GETS)
    @pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
    def test_that_are_only_read(self, ada: Program, path: str, method: str) -> None:
        answer = getattr(ada.client, method)(f"/api/{path}", headers=ada.headers)
        refused(answer, 405, "method_not_allowed")
        assert answer["Allow"] == "GET"

    def test_with_a_null_byte(self, ada: Program) -> None:
        refused(ada.get("plans?a=%00"), 400, "bad_request")

    def test_of_a_host_that_is_not_ours(self, ada: Program) -> None:
        refused(ada.get("plans", Host="evil.example"), 400, "bad_request")

    def test_of_a_host_that_is_not_ours_where_the_site_insists_on_tls(self, ada: Program, settings: Any) -> None:
        settings.SECURE_SSL_REDIRECT = True
        answer = Program().get("plans", Host="evil.example")
        refused(answer, 400, "bad_request")
        assert answer["X-Request-Id"] == matching(r"[0-9a-f]{32}")

    def test_keep_what_protects_a_browser(self, ada: Program) -> None:
        for answer in (ada.get("nothing"), ada.get("product"), ada.get("me")):
            assert (answer["X-Content-Type-Options"], answer["Referrer-Policy"]) == ("nosniff", "same-origin")

    def test_outside_the_api_are_as_ever(self, client: Client) -> None:
        answer = client.get("/nothing", headers={"X-Request-Id": "mine"})
        assert (answer.status_code, answer["Content-Type"]) == (404, "text/html; charset=utf-8")
        assert "X-Request-Id" not in answer


class TestOurFault:
    def test_is_logged_under_its_id(
        self, ada: Program, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        def break_down(_: object) -> None:
            raise ZeroDivisionError("a secret")

        monkeypatch.setattr(customers, "ensured", break_down)
        answer = ada.post("createcustomer")
        error = refused(answer, 500, "internal_error")
        assert "secret" not in answer.content.decode()
        assert error["message"] == "Something went wrong here. It is in our log under this request's id."
        (record,) = [entry for entry in caplog.records if entry.exc_info and entry.name == failures.__name__]
        assert record.getMessage() == f"request {answer['X-Request-Id']} failed at /api/createcustomer"


class TestRequestId:
    def test_is_on_every_answer(self, ada: Program, stranger: Program) -> None:
        answers = [ada.get("me"), ada.get("nothing"), ada.get("product"), stranger.get("me"), stranger.get("plans")]
        ids = [answer["X-Request-Id"] for answer in answers]
        assert ids == [matching(r"[0-9a-f]{32}")] * 5
        assert len(set(ids)) == 5

    def test_is_the_callers_own_where_it_is_sane(self, ada: Program) -> None:
        assert ada.get("me", **{"X-Request-Id": "front-end_7.1"})["X-Request-Id"] == "front-end_7.1"

    @pytest.mark.parametrize("sent", ["x" * 65, "a b", "a\tb", "<b>", "ü", ""])
    def test_is_another_where_it_is_not(self, ada: Program, sent: str) -> None:
        assert ada.get("me", **{"X-Request-Id": sent})["X-Request-Id"] == matching(r"[0-9a-f]{32}")

    def test_is_in_the_log(self, ada: Program, caplog: pytest.LogCaptureFixture) -> None:
        with caplog.at_level(logging.INFO, failures.__name__):
            refused(ada.post("session"), 422, "bad_input")
            answer = ada.get("no%0Athing", **{"X-Request-Id": "mine"})
            ada.get("me", **{"X-Request-Id": "hers"})
        assert answer.status_code == 404
        lines = [record.getMessage() for record in caplog.records if record.name == failures.__name__]
        assert len(lines) == 3
        assert lines[0] == starting("POST /api/session answered 422, request ")
        assert lines[1:] == [
            "GET /api/no%0Athing answered 404, request mine",
            "GET /api/me answered 200, request hers",
        ]
