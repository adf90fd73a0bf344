"""The product's fixtures: a Stripe in this process, behind the real SDK, and people who use the site."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
import stripe
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client

from billing import gateway
from billing.catalog import services as catalog
from billing.catalog.services import PriceTerms
from billing.models import Price
from sandbox.app import Sandbox
from sandbox.transport import InProcessClient
from subscriptions import stripe_clock
from subscriptions.customers import api_tokens
from tests import controls, joins

User = get_user_model()

WEBHOOK_SECRET = "whsec_suite"
WEBHOOK_PATH = "/stripe/webhook/"


class LocalStripe:
    """The sandbox as the tests see it: the raw SDK beside ours, the calls made, the events to deliver."""

    def __init__(self) -> None:
        self.sandbox = Sandbox()
        self.transport = InProcessClient(self.sandbox)
        # Another client, whose calls are not counted as ours: the "dashboard".
        self.api = stripe.StripeClient(
            "sk_test_dashboard",
            http_client=InProcessClient(self.sandbox),
        ).v1

    @property
    def calls(self) -> list[str]:
        """The calls that our gateway made, such as "POST /v1/products", repeated as often as made."""
        return list(self.transport.requests.elements())

    def forget_calls(self) -> None:
        self.transport.requests.clear()

    def control(self, path: str, /, **body: Any) -> Any:
        """Use one of the sandbox's controls, such as "clock" or "faults"; returns its JSON."""
        return controls.control(self.sandbox, path, **body)

    def pay(self, session_id: str | None, *, card: str = "4242424242424242", **choices: Any) -> Any:
        """Do what the hosted page does: pay a checkout session; returns it."""
        return self.control(f"checkout/{session_id}/pay", card=card, **choices)

    def events(self, *types: str) -> list[dict[str, Any]]:
        """Every event so far, oldest first; of these types, where any is named."""
        listed = [event.to_dict(for_json=True) for event in self.api.events.list({"limit": 100}).auto_paging_iter()]
        return [event for event in reversed(listed) if not types or event["type"] in types]


def sign(body: str, *, secret: str = WEBHOOK_SECRET, timestamp: int | None = None) -> str:
    return stripe.WebhookSignature.generate_signature_header(body, secret, timestamp)


def deliver(client: Client, event: dict[str, Any]) -> Any:
    """Send one event to our webhook as Stripe does, and return the response."""
    body = json.dumps(event)
    return client.post(
        WEBHOOK_PATH, data=body, content_type="application/json", headers={"Stripe-Signature": sign(body)}
    )


def owner_of_token(*, text: str, now: datetime) -> Any:
    """Return the user whose usable API token has this text; None if there is none."""
    token = api_tokens.find(text=text, now=now)
    return token.user if token else None


@pytest.fixture
def local_stripe() -> Iterator[LocalStripe]:
    local = LocalStripe()
    gateway.use_transport(local.transport)
    yield local
    gateway.use_transport(None)
    assert local.sandbox.account.violations == []


@pytest.fixture(autouse=True)
def _no_waiting_between_retries(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Retry at once, except where threads act side by side: there a retry waits for the others."""
    marker = request.node.get_closest_marker("django_db")
    if (marker and marker.kwargs.get("transaction")) or "transactional_db" in request.fixturenames:
        return
    monkeypatch.setattr(stripe.HTTPClient, "INITIAL_DELAY", 0)
    monkeypatch.setattr(stripe.HTTPClient, "MAX_DELAY", 0)


@pytest.fixture(autouse=True)
def _no_joins_while_somebody_waits() -> Iterator[None]:
    with connection.execute_wrapper(joins.watch):
        yield


@pytest.fixture(autouse=True)
def _stripe_clock_unread() -> None:
    """What another test's sandbox had on its clock is forgotten."""
    stripe_clock.forget()


@pytest.fixture
def person(db: None) -> User:
    return User.objects.create_user("ada", "ada@example.com", "correct horse battery")


@pytest.fixture
def staff(db: None) -> User:
    return User.objects.create_superuser("grace", "grace@example.com", "correct horse battery")


@pytest.fixture
def customer_client(client: Client, person: User, local_stripe: LocalStripe) -> Client:
    """A browser in which ada is signed in, so that she has a Stripe customer."""
    client.force_login(person)
    local_stripe.forget_calls()
    return client


@pytest.fixture
def price(db: None, local_stripe: LocalStripe) -> Price:
    """19.00 USD a month for the product "Pro"."""
    terms = PriceTerms(unit_amount=1900, currency="usd")
    made = catalog.create_product(name="Pro", price=terms, request_id="fixture-pro")
    local_stripe.forget_calls()
    return made.price
