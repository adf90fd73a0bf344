"""What the tests of customers and their subscriptions begin with."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from billing import gateway
from billing.catalog import services as catalog
from billing.catalog.services import PriceTerms
from billing.models import Price
from sandbox.transport import InProcessClient
from subscriptions.checkout import services as checkout
from subscriptions.checkout.services import Started
from subscriptions.customers import services as customers
from subscriptions.models import CheckoutSession, Customer, Payment, Subscription, SyncRun
from subscriptions.sync import incremental
from subscriptions.sync.context import SyncResults
from tests.fixtures import LocalStripe
from tests.subscriptions.crontab.debian import FakeCrontab

User = get_user_model()

DAY = 86_400


class Meanwhile(InProcessClient):
    """Lets others act while a call of ours is on its way: a race between processes that ends the same every time."""

    def __init__(self, local_stripe: LocalStripe) -> None:
        super().__init__(local_stripe.sandbox)
        self.requests = local_stripe.transport.requests
        self._plans: list[tuple[str, str, Callable[[], object]]] = []

    def before(self, call: str, act: Callable[[], object]) -> None:
        """Act once, just before the first call that begins so ("POST /v1/customers") reaches Stripe."""
        self._plans.append(("before", call, act))

    def after(self, call: str, act: Callable[[], object]) -> None:
        """Act once, when the first call that begins so has taken effect and its answer is on its way to us."""
        self._plans.append(("after", call, act))

    def request(self, method: str, url: str, headers: Any, post_data: Any = None, **usage: Any) -> Any:
        call = f"{method.upper()} {urlsplit(url).path}"
        self._act("before", call)
        answer = super().request(method, url, headers, post_data, **usage)
        self._act("after", call)
        return answer

    def _act(self, when: str, call: str) -> None:
        plan = next((plan for plan in self._plans if plan[0] == when and call.startswith(plan[1])), None)
        if plan is not None:
            self._plans.remove(plan)
            plan[2]()


@pytest.fixture
def meanwhile(local_stripe: LocalStripe) -> Meanwhile:
    transport = Meanwhile(local_stripe)
    gateway.use_transport(transport)
    return transport


@pytest.fixture
def yearly(price: Price) -> Price:
    terms = PriceTerms(unit_amount=19000, currency="usd", interval="year")
    return catalog.add_price(product=price.product, terms=terms, request_id="yearly")


@pytest.fixture
def crontab(tmp_path: Path, settings: Any) -> FakeCrontab:
    """A crontab program that stands for Debian's, without a table."""
    fake = FakeCrontab(tmp_path / "fake")
    settings.CRONTAB_EXECUTABLE = str(fake.program)
    return fake


@pytest.fixture
def customer(person: User, local_stripe: LocalStripe) -> Customer:
    """Ada's Stripe customer."""
    return customers.ensure(person)


@pytest.fixture
def one_time_price(local_stripe: LocalStripe) -> Price:
    """49.00 USD once for the product "Handbook"."""
    terms = PriceTerms(unit_amount=4900, currency="usd", interval="one_time")
    made = catalog.create_product(name="Handbook", price=terms, request_id="fixture-handbook")
    local_stripe.forget_calls()
    return made.price


@pytest.fixture
def paid_session(person: User, price: Price, customer: Customer, local_stripe: LocalStripe) -> CheckoutSession:
    """Ada has paid for a month of Pro at Stripe, and nobody has told us: not the success page, no webhook, no sync."""
    started = checkout.start(user=person, price_id=price.pk, now=timezone.now())
    assert started.session is not None
    local_stripe.pay(started.session.stripe_id)
    local_stripe.forget_calls()
    return started.session


def sync_now(**options: Any) -> tuple[SyncRun, SyncResults]:
    return incremental.run(now=timezone.now(), **options)


def settle() -> None:
    """Sync until all is known: the first sync looks at everything, the second works the events of a moment ago."""
    sync_now()
    sync_now()


def buy(person: User, price: Price) -> Started:
    return checkout.start(user=person, price_id=price.pk, now=timezone.now())


def charge_in_dashboard(local_stripe: LocalStripe, customer_id: str, amount: int) -> str:
    """Charge a customer's card without an invoice or a checkout; returns the payment intent's id."""
    return local_stripe.api.payment_intents.create(
        {
            "amount": amount,
            "currency": "usd",
            "customer": customer_id,
            "payment_method": "pm_card_visa",
            "confirm": True,
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
        }
    ).id


def sessions_by_status(local_stripe: LocalStripe) -> list[str]:
    return sorted(str(session.status) for session in local_stripe.api.checkout.sessions.list().data)


@pytest.fixture
def subscription(paid_session: CheckoutSession, local_stripe: LocalStripe) -> Subscription:
    """Ada's subscription to Pro, 19.00 USD a month, ten days old."""
    settle()
    local_stripe.control("clock", advance=10 * DAY)
    sync_now()
    local_stripe.forget_calls()
    return Subscription.objects.get()


@pytest.fixture
def new_subscription(paid_session: CheckoutSession) -> Subscription:
    """Ada's subscription to Pro, 19.00 USD a month, begun a moment ago."""
    settle()
    return Subscription.objects.get()


@pytest.fixture
def paid_handbook(person: User, customer: Customer, one_time_price: Price, local_stripe: LocalStripe) -> Payment:
    """Ada's Handbook, 49.00 USD once."""
    started = buy(person, one_time_price)
    assert started.session is not None
    local_stripe.pay(started.session.stripe_id)
    settle()
    local_stripe.forget_calls()
    return Payment.objects.get()


@pytest.fixture
def basic(local_stripe: LocalStripe, db: None) -> Price:
    """5.00 USD a month for the product "Basic"."""
    terms = PriceTerms(unit_amount=500, currency="usd")
    return catalog.create_product(name="Basic", price=terms, request_id="basic").price


@pytest.fixture
def team(local_stripe: LocalStripe, db: None) -> Price:
    """49.00 USD a month for the product "Team"."""
    terms = PriceTerms(unit_amount=4900, currency="usd")
    return catalog.create_product(name="Team", price=terms, request_id="team").price


def path_to(subscription: Subscription, price: Price) -> str:
    return f"/subscriptions/{subscription.pk}/change/{price.pk}/"
