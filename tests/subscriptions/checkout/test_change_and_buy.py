"""A checkout for the plan that a subscription changes to: paid after the change, it would be a second one."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from billing.models import Price
from subscriptions.checkout.errors import CannotBuy
from subscriptions.models import CheckoutSession, ProductClaim, Subscription
from tests.fixtures import LocalStripe
from tests.subscriptions.conftest import Meanwhile, buy, path_to, sessions_by_status

pytestmark = pytest.mark.django_db


def change(client: Client, path: str) -> Any:
    token = client.get(path).context["preview"].token
    return client.post(path, {"preview": token, "when": "now"})


def claim_change(subscription: Subscription, price: Price, *, taken_at: datetime) -> ProductClaim:
    """The claim that a killed process left while it changed the subscription."""
    return ProductClaim.objects.create(
        pk=ProductClaim.key_of(str(subscription.customer_id), str(price.product_id)),
        customer_id=subscription.customer_id,
        product_id=price.product_id,
        state="changing",
        subscription=subscription,
        taken_at=taken_at,
    )


@pytest.fixture
def begun(person: User, subscription: Subscription, team: Price) -> CheckoutSession:
    session = buy(person, team).session
    assert session is not None
    return session


def test_can_no_longer_be_paid(
    customer_client: Client,
    subscription: Subscription,
    team: Price,
    begun: CheckoutSession,
    local_stripe: LocalStripe,
) -> None:
    assert change(customer_client, path_to(subscription, team)).status_code == 302
    assert sessions_by_status(local_stripe) == ["complete", "expired"]
    begun.refresh_from_db()
    assert (begun.status, ProductClaim.objects.count()) == ("expired", 0)
    subscription.refresh_from_db()
    assert subscription.price_id == team.pk


def test_and_is_paid_already_bars_the_change(
    customer_client: Client,
    subscription: Subscription,
    team: Price,
    begun: CheckoutSession,
    local_stripe: LocalStripe,
) -> None:
    page = customer_client.get(path_to(subscription, team))
    local_stripe.pay(begun.stripe_id)
    token = page.context["preview"].token
    response = customer_client.post(path_to(subscription, team), {"preview": token, "when": "now"})
    assert response.status_code == 400
    assert "You already have another subscription to this." in response.content.decode()
    bought = Subscription.objects.exclude(pk=subscription.pk).get()
    assert (bought.price_id, bought.status) == (team.pk, "active")
    subscription.refresh_from_db()
    assert subscription.price_id != team.pk


def test_is_not_begun_while_stripe_changes_it(
    customer_client: Client, person: User, subscription: Subscription, team: Price, meanwhile: Meanwhile
) -> None:
    def buy_it_too() -> None:
        with pytest.raises(CannotBuy, match="being changed to this plan right now"):
            buy(person, team)

    meanwhile.before(f"POST /v1/subscriptions/{subscription.pk}", buy_it_too)
    assert change(customer_client, path_to(subscription, team)).status_code == 302
    assert CheckoutSession.objects.filter(product=team.product).exclude(stripe_id=None).count() == 0


@pytest.mark.usefixtures("begun")
def test_for_the_plan_that_it_has_goes_on(
    customer_client: Client,
    subscription: Subscription,
    yearly: Price,
    local_stripe: LocalStripe,
) -> None:
    assert change(customer_client, path_to(subscription, yearly)).status_code == 302
    assert sessions_by_status(local_stripe) == ["complete", "open"]


class TestAtThePeriodsEnd:
    @pytest.fixture
    def path_after_scheduling(self, customer_client: Client, subscription: Subscription, team: Price) -> str:
        """The page's path after Ada has chosen Team from the end of her paid period on."""
        path = path_to(subscription, team)
        token = customer_client.get(path).context["preview"].token
        assert customer_client.post(path, {"preview": token, "when": "period_end"}).status_code == 302
        return path

    def test_a_checkout_begun_before_can_no_longer_be_paid(
        self, begun: CheckoutSession, path_after_scheduling: str, local_stripe: LocalStripe
    ) -> None:
        assert sessions_by_status(local_stripe) == ["complete", "expired"]
        begun.refresh_from_db()
        assert (begun.status, ProductClaim.objects.count()) == ("expired", 0)

    def test_none_is_begun(
        self,
        path_after_scheduling: str,
        person: User,
        subscription: Subscription,
        team: Price,
        local_stripe: LocalStripe,
    ) -> None:
        local_stripe.forget_calls()
        started = buy(person, team)
        assert (started.session, started.held, local_stripe.calls) == (None, subscription, [])

    def test_given_up_it_can_be_bought(
        self,
        customer_client: Client,
        path_after_scheduling: str,
        person: User,
        subscription: Subscription,
        team: Price,
    ) -> None:
        customer_client.post(f"/subscriptions/{subscription.pk}/undo-change/")
        assert buy(person, team).session is not None


class TestCutOff:
    """A change that Stripe made and whose answer never came, before any event tells of it."""

    @pytest.fixture
    def cut_off(
        self, customer_client: Client, subscription: Subscription, team: Price, local_stripe: LocalStripe
    ) -> Subscription:
        path = path_to(subscription, team)
        token = customer_client.get(path).context["preview"].token
        at = f"/v1/subscriptions/{subscription.pk}"
        local_stripe.control("faults", status="timeout", count=9, path=at, method="POST", after=True)
        assert customer_client.post(path, {"preview": token, "when": "now"}).status_code == 503
        local_stripe.control("faults", status="timeout", count=0)
        subscription.refresh_from_db()
        claim = ProductClaim.objects.get()
        assert (subscription.price_id != team.pk, claim.product_id) == (True, team.product_id)
        assert (claim.state, claim.subscription_id) == ("changing", subscription.pk)
        return subscription

    def test_it_is_not_bought_besides(
        self, cut_off: Subscription, person: User, team: Price, local_stripe: LocalStripe
    ) -> None:
        local_stripe.forget_calls()
        started = buy(person, team)
        assert (started.session, started.held) == (None, cut_off)
        assert local_stripe.calls == [f"GET /v1/subscriptions/{cut_off.pk}"]
        cut_off.refresh_from_db()
        assert (cut_off.price_id, ProductClaim.objects.count()) == (team.pk, 0)

    def test_while_nobody_can_tell_nothing_is_sold(
        self, subscription: Subscription, person: User, team: Price, local_stripe: LocalStripe
    ) -> None:
        claim_change(subscription, team, taken_at=timezone.now())
        with pytest.raises(CannotBuy, match="being changed"):
            buy(person, team)
        assert sessions_by_status(local_stripe) == ["complete"]

    def test_one_that_came_to_nothing_is_forgotten(
        self, subscription: Subscription, person: User, team: Price, local_stripe: LocalStripe
    ) -> None:
        long_ago = timezone.now() - timedelta(minutes=7)
        claim_change(subscription, team, taken_at=long_ago)
        session = buy(person, team).session
        assert session is not None
        claim = ProductClaim.objects.get()
        assert (claim.state, claim.attempt_id, claim.subscription_id) == ("at_checkout", session.pk, None)

    def test_a_refusal_leaves_nothing_announced(
        self, customer_client: Client, subscription: Subscription, team: Price, local_stripe: LocalStripe
    ) -> None:
        path = path_to(subscription, team)
        token = customer_client.get(path).context["preview"].token
        local_stripe.api.subscriptions.cancel(subscription.pk)
        customer_client.post(path, {"preview": token, "when": "now"})
        assert ProductClaim.objects.count() == 0
