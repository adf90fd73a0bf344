"""The description says what the contract says, its page needs nobody else, and CORS is off by default."""

import json
import re
from typing import Any

import pytest
from django.test import Client

from billing.models import Price
from config.api.urls import api
from tests.config.api.conftest import Program
from tests.config.api.endpoints import GETS, POSTS

pytestmark = pytest.mark.django_db

KINDS = {"application/json", "application/x-www-form-urlencoded", "multipart/form-data"}
# Of the contract: what an endpoint takes, and the defaults.
TAKES: dict[str, dict[str, Any]] = {
    "product": {
        "prod_name": ..., "unit_amount": ..., "currency": "usd", "interval": "month", "interval_count": 1,
        "description": None, "trial_days": None,
    },
    "updateprod": dict.fromkeys(("prod_name", "product_id", "new_name", "description", "unit_amount", "active")),
    "createcustomer": {"user_name": None, "email": None},
    "session": {
        "user_name": None, "customer_id": None, "price_id": None, "prod_name": None, "mode": None, "quantity": 1,
    },
    "getsubs": {"session_id": None, "user_name": None},
    "cancel": {"user_name": None, "price_id": None, "subscription_id": None, "at_period_end": False},
    "updatesub": {"user_name": None, "price_id": ..., "subscription_id": None},
}  # fmt: skip


@pytest.fixture
def description(client: Client) -> dict[str, Any]:
    answer = client.get("/api/openapi.json")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def operations(description: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{method} {path.removeprefix('/api/')}": operation
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
    }


class TestDescription:
    def test_has_the_nine_endpoints(self, description: dict[str, Any]) -> None:
        expected = {f"post {path}" for path in POSTS} | {f"get {path}" for path in GETS}
        assert set(operations(description)) == expected
        ids = [operation["operationId"] for operation in operations(description).values()]
        assert sorted(ids) == sorted([*POSTS, *GETS])

    @pytest.mark.parametrize("path", POSTS)
    def test_takes_each_kind_of_body(self, description: dict[str, Any], path: str) -> None:
        content = operations(description)[f"post {path}"]["requestBody"]["content"]
        assert set(content) == KINDS
        for kind in content.values():
            fields = kind["schema"]["properties"]
            assert set(fields) == set(TAKES[path])
            assert set(kind["schema"].get("required", [])) == {name for name in fields if TAKES[path][name] is ...}
            assert set(kind["example"]) <= set(fields)
        defaults = {
            name: field.get("default", ...)
            for name, field in content["application/json"]["schema"]["properties"].items()
        }
        assert defaults == TAKES[path]

    def test_is_nobody_elses_to_change(self, description: dict[str, Any]) -> None:
        mine = api.get_openapi_schema(path_prefix="/api/")
        fields = operations(mine)["post cancel"]["requestBody"]["content"]["application/json"]["schema"]["properties"]
        fields["user_name"].clear()
        again = api.get_openapi_schema(path_prefix="/api/")
        assert json.loads(json.dumps(again, default=str)) == description

    def test_says_what_may_go_wrong(self, description: dict[str, Any]) -> None:
        for name, operation in operations(description).items():
            for status, answer in operation["responses"].items():
                assert answer["description"]
                assert "X-Request-Id" in answer["headers"]
                assert ("Retry-After" in answer["headers"]) == (status in {"429", "503"})
                if status >= "400":
                    assert set(answer["content"]["application/json"]["example"]["error"]) >= {"code", "message"}
            statuses = {status for status in operation["responses"] if status >= "400"}
            if name.startswith("post"):
                assert statuses >= {"400", "401", "403", "404", "422", "429", "503"}

    def test_says_how_to_sign_in(self, description: dict[str, Any]) -> None:
        schemes = description["components"]["securitySchemes"]
        assert {(scheme["type"], scheme.get("scheme", scheme.get("in"))) for scheme in schemes.values()} == {
            ("http", "bearer"),
            ("apiKey", "cookie"),
        }
        for name, operation in operations(description).items():
            assert ("security" in operation) == (name != "get plans")

    def test_names_nothing_that_is_not_there(self, description: dict[str, Any]) -> None:
        named = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(description)))
        assert named <= set(description["components"]["schemas"])

    @pytest.mark.parametrize("path", POSTS)
    def test_samples_are_understood(
        self, backend: Program, price: Price, description: dict[str, Any], path: str
    ) -> None:
        sample = operations(description)[f"post {path}"]["requestBody"]["content"]["application/json"]["example"]
        assert backend.post(path, **sample).status_code in {200, 201, 404, 409}


class TestDocsPage:
    def test_asks_nobody_else(self, client: Client) -> None:
        page = client.get("/api/docs").content.decode()
        loaded = re.findall(r'(?:src|href)="([^"]*)"', page)
        assert len(loaded) >= 3
        assert [address for address in loaded if not address.startswith("/static/ninja/")] == []
        assert '"validatorUrl": null' in page

    def test_is_of_this_api(self) -> None:
        assert (api.docs_url, api.openapi_url) == ("/docs", "/openapi.json")


class TestOtherSites:
    ASKING = {"Origin": "https://shop.example.com"}

    def test_are_not_let_in(self, stranger: Program) -> None:
        assert "Access-Control-Allow-Origin" not in stranger.get("plans", **self.ASKING)

    def test_are_let_in_where_a_setting_says_so(self, stranger: Program, settings: Any) -> None:
        settings.CORS_ALLOWED_ORIGINS = ["https://shop.example.com"]
        for answer in (stranger.get("plans", **self.ASKING), stranger.get("me", **self.ASKING)):
            assert answer["Access-Control-Allow-Origin"] == "https://shop.example.com"
            assert set(answer["Access-Control-Expose-Headers"].split(", ")) == {"Retry-After", "X-Request-Id"}
            assert "Access-Control-Allow-Credentials" not in answer
        assert "Access-Control-Allow-Origin" not in stranger.get("plans", Origin="https://evil.example")

    def test_may_ask_first(self, stranger: Program, settings: Any) -> None:
        settings.CORS_ALLOWED_ORIGINS = ["https://shop.example.com"]
        asking = {
            **self.ASKING,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization, content-type",
        }
        answer = stranger.client.options("/api/session", headers=asking)
        assert answer.status_code == 200
        assert {"authorization", "content-type"} <= set(answer["Access-Control-Allow-Headers"].split(", "))
        assert "POST" in answer["Access-Control-Allow-Methods"]

    def test_have_no_business_on_the_pages(self, client: Client, settings: Any) -> None:
        settings.CORS_ALLOWED_ORIGINS = ["https://shop.example.com"]
        assert "Access-Control-Allow-Origin" not in client.get("/", headers=self.ASKING)
