"""A shop that sells through the sandbox: calls by SDK, buyers and clock by the sandbox's controls."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import stripe
from werkzeug.test import Client, TestResponse

from sandbox.app import Sandbox
from sandbox.transport import InProcessClient
from tests import controls

NOW = int(datetime(2027, 1, 31, 10, 30, tzinfo=UTC).timestamp())
SUCCESS_URL = "https://shop.example/thanks?session={CHECKOUT_SESSION_ID}"
VISA = "4242424242424242"


class Shop:
    def __init__(self, sandbox: Sandbox | None = None) -> None:
        self.sandbox = sandbox or Sandbox(real_time=lambda: NOW)
        self.api = stripe.StripeClient("sk_test_shop", http_client=InProcessClient(self.sandbox)).v1
        self.programs = Client(self.sandbox)
        self.seen: set[str] = set()

    def price(self, amount: int = 1900, *, interval: str | None = "month", name: str = "Pro", **choices: Any) -> str:
        product = self.api.products.create({"name": name})
        recurring = {"recurring": {"interval": interval}} if interval else {}
        given = {"product": product.id, "currency": "usd", "unit_amount": amount, **recurring, **choices}
        return self.api.prices.create(given).id

    def customer(self, **choices: Any) -> str:
        return self.api.customers.create({"email": "ada@example.com", "name": "Ada", **choices}).id

    def session(self, *prices: str, mode: str = "subscription", **choices: Any) -> stripe.checkout.Session:
        lines = [{"price": price, "quantity": 1} for price in prices or (self.price(),)]
        given = {"mode": mode, "line_items": lines, "success_url": SUCCESS_URL, **choices}
        return self.api.checkout.sessions.create(given)

    def control(self, path: str, /, **body: Any) -> Any:
        """Call one of the controls; returns its JSON."""
        return controls.control(self.sandbox, path, **body)

    def ask(self, path: str, /, **body: Any) -> TestResponse:
        """Call one of the controls; returns its answer, which may be a refusal."""
        return controls.ask(self.sandbox, path, **body)

    def pay(self, session: stripe.checkout.Session, *, card: str = VISA, **choices: Any) -> stripe.checkout.Session:
        """Pay the session and return it as the API shows it afterwards."""
        self.control(f"checkout/{session.id}/pay", card=card, **choices)
        return self.api.checkout.sessions.retrieve(session.id)

    def refusal(self, session: stripe.checkout.Session, *, card: str = VISA, **choices: Any) -> tuple[int, Any]:
        """Try to pay; return the HTTP status and the error."""
        answer = self.ask(f"checkout/{session.id}/pay", card=card, **choices)
        assert answer.status_code != 200
        return answer.status_code, answer.get_json()["error"]

    def subscribed(self, *prices: str, card: str = VISA, **choices: Any) -> stripe.Subscription:
        """Buy a subscription and return it."""
        bought = self.pay(self.session(*prices, **choices), card=card)
        return self.subscription(bought.subscription)

    def subscription(self, subscription_id: Any) -> stripe.Subscription:
        return self.api.subscriptions.retrieve(str(subscription_id))

    def invoices(self, subscription: stripe.Subscription) -> list[stripe.Invoice]:
        """Return the subscription's invoices, oldest first."""
        listed = self.api.invoices.list({"subscription": subscription.id, "limit": 100})
        return listed.data[::-1]

    def advance(self, **span: float) -> None:
        self.move_to(self.now + int(timedelta(**span).total_seconds()))

    def move_to(self, moment: int) -> None:
        self.control("clock", to=moment)

    @property
    def now(self) -> int:
        return self.sandbox.account.clock.now()

    def events(self) -> list[dict[str, Any]]:
        """Return all events, oldest first."""
        listed = self.api.events.list({"limit": 100}).auto_paging_iter()
        return [event.to_dict(for_json=True) for event in listed][::-1]

    def forget_events(self) -> None:
        """Let `new_events` return only later events."""
        self.seen = {event["id"] for event in self.events()}

    def new_events(self) -> list[dict[str, Any]]:
        return [event for event in self.events() if event["id"] not in self.seen]

    def new_types(self) -> list[str]:
        return [event["type"] for event in self.new_events()]


def at(text: str) -> int:
    """Return the Unix time of a UTC date such as `2027-02-28 10:30`."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def shown(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M")


def error_of(call: Callable[..., Any], *arguments: Any, **choices: Any) -> Any:
    """Return the error that the call raises."""
    with pytest.raises(stripe.StripeError) as refusal:
        call(*arguments, **choices)
    return refusal.value


def ids(listed: Iterable[Any]) -> list[str]:
    return [each.id for each in listed]
