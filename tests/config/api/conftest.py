"""What the tests of the JSON API begin with: programs with a token, a front end with a session."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from billing.catalog import services as catalog
from billing.catalog.services import PriceTerms
from billing.models import Price
from subscriptions.customers import api_tokens
from subscriptions.customers import services as customers
from tests.fixtures import LocalStripe
from tests.subscriptions.conftest import customer, meanwhile, paid_session, subscription, team, yearly

User = get_user_model()

__all__ = ["customer", "meanwhile", "paid_session", "subscription", "team", "yearly"]

KINDS = ["json", "urlencoded", "multipart"]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Note how many requests a test made up, whether it passes or fails."""
    try:
        yield
    finally:
        town = getattr(item, "funcargs", {}).get("town")
        if town is not None:
            item.user_properties.append(("made up", (town.asked, town.seed)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many requests were made up, and how to make them again."""
    reports = terminalreporter.getreports("passed") + terminalreporter.getreports("failed")
    made_up = [value for report in reports for name, value in report.user_properties if name == "made up"]
    if made_up:
        cases, seeds = zip(*made_up, strict=True)
        terminalreporter.write_line(f"requests made up: {sum(cases)}, with API_SEED={seeds[0]}")


@dataclass
class Program:
    """A program that calls the API; with a token, that of somebody."""

    token: str = ""
    client: Client = field(default_factory=lambda: Client(raise_request_exception=False))

    def post(self, path: str, *, kind: str = "json", **fields: Any) -> Any:
        match kind:
            case "json":
                return self.send(path, json.dumps(fields))
            case "urlencoded":
                sent = "&".join(f"{name}={value}" for name, value in fields.items())
                return self.send(path, sent, "application/x-www-form-urlencoded")
        return self.client.post(f"/api/{path}", fields, headers=self.headers)

    def send(self, path: str, body: str | bytes, content_type: str = "application/json", **headers: str) -> Any:
        return self.client.post(
            f"/api/{path}", data=body, content_type=content_type, headers={**self.headers, **headers}
        )

    def get(self, path: str, **headers: str) -> Any:
        return self.client.get(f"/api/{path}", headers={**self.headers, **headers})

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}


def program_of(user: User) -> Program:
    return Program(api_tokens.create(user=user, name="test", now=timezone.now())[1])


def refused(answer: Any, status: int, code: str) -> dict[str, Any]:
    """The error of an answer that must have this status and code, and the contract's shape."""
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/json"), answer.content
    body = answer.json()
    assert body["error"]["code"] == code, body
    assert set(body["error"]) <= {"code", "message", "fields"}
    assert body["error"]["message"]
    assert answer["X-Request-Id"]
    error: dict[str, Any] = body["error"]
    return error


@pytest.fixture(autouse=True)
def _nobody_called_before() -> None:
    cache.clear()


@pytest.fixture
def ada(person: User, local_stripe: LocalStripe) -> Program:
    """A program with ada's own token."""
    return program_of(person)


@pytest.fixture
def backend(staff: User, local_stripe: LocalStripe) -> Program:
    """A program with a token of staff."""
    return program_of(staff)


@pytest.fixture
def stranger(local_stripe: LocalStripe, db: None) -> Program:
    """A program without a token."""
    return Program()


@pytest.fixture
def bob(local_stripe: LocalStripe, db: None) -> User:
    """Somebody else, with a customer of his own."""
    user = User.objects.create_user("bob", "bob@example.com")
    customers.ensure(user)
    local_stripe.forget_calls()
    return user


@pytest.fixture
def book(local_stripe: LocalStripe, db: None) -> Price:
    """49.00 USD once for the product "Book"."""
    terms = PriceTerms(unit_amount=4900, currency="usd", interval="one_time")
    made = catalog.create_product(name="Book", price=terms, request_id="book")
    local_stripe.forget_calls()
    return made.price
