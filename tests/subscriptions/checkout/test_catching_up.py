"""Buying after a backup was restored: what was bought since is not bought a second time."""

from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from billing.models import Price, Product
from subscriptions.checkout import catching_up
from subscriptions.customers import confirming, linking
from subscriptions.models import (
    BillingAccount,
    CheckoutSession,
    Customer,
    Invoice,
    Payment,
    ProductClaim,
    StatusChange,
    Subscription,
    SyncState,
    WebhookEvent,
)
from tests.fixtures import LocalStripe
from tests.subscriptions.conftest import settle, sync_now

pytestmark = pytest.mark.django_db

CREATE_SESSION = "POST /v1/checkout/sessions"


def restore_backup(*, with_customer: bool = True) -> None:
    """Leave what a backup from two hours ago has, when the person had bought nothing."""
    for model in (Subscription, CheckoutSession, Payment, Invoice, StatusChange, WebhookEvent, ProductClaim):
        model._default_manager.all().delete()
    if not with_customer:
        BillingAccount.objects.update(customer=None)
        Customer.objects.all().delete()
    SyncState.objects.update(last_pass_at=timezone.now() - timedelta(hours=2))


@pytest.fixture
def bought(subscription: Subscription) -> Price:
    """What Ada subscribes to, which the backup does not know."""
    sync_now()
    assert subscription.price
    return subscription.price


def click(client: Client, price: Price) -> str:
    response = client.post(f"/buy/{price.pk}/")
    assert response.status_code in {302, 303}
    return str(response["Location"])


class TestAfterARestore:
    @pytest.mark.parametrize("with_customer", [True, False])
    def test_a_subscription_is_not_bought_again(
        self,
        customer_client: Client,
        subscription: Subscription,
        bought: Price,
        local_stripe: LocalStripe,
        *,
        with_customer: bool,
    ) -> None:
        restore_backup(with_customer=with_customer)
        local_stripe.forget_calls()
        assert click(customer_client, bought) == "/account/"
        assert CREATE_SESSION not in local_stripe.calls
        assert [theirs.id for theirs in local_stripe.api.subscriptions.list().data] == [subscription.pk]

    def test_a_one_time_purchase_is_not_made_again(
        self, customer_client: Client, paid_handbook: Payment, one_time_price: Price, local_stripe: LocalStripe
    ) -> None:
        sync_now()
        restore_backup()
        local_stripe.forget_calls()
        assert click(customer_client, one_time_price) == "/account/"
        assert CREATE_SESSION not in local_stripe.calls
        assert Payment.objects.get().payment_intent_id == paid_handbook.payment_intent_id

    def test_an_open_checkout_can_no_longer_be_paid(
        self, customer_client: Client, price: Price, local_stripe: LocalStripe
    ) -> None:
        settle()
        click(customer_client, price)
        before = CheckoutSession.objects.get()
        restore_backup()
        assert click(customer_client, price).startswith("http")
        now_open = CheckoutSession.objects.get()
        statuses = {theirs.id: theirs.status for theirs in local_stripe.api.checkout.sessions.list().data}
        assert statuses == {before.stripe_id: "expired", now_open.stripe_id: "open"}

    @pytest.mark.parametrize("by_sync", [True, False])
    def test_who_signs_up_anew_does_not_pay_twice(
        self, client: Client, subscription: Subscription, bought: Price, local_stripe: LocalStripe, *, by_sync: bool
    ) -> None:
        restore_backup(with_customer=False)
        User.objects.all().delete()
        if by_sync:
            sync_now(full=True)
        anew = User.objects.create_user("ada2", "ada@example.com")
        client.force_login(anew)
        local_stripe.forget_calls()
        answer = client.post(f"/buy/{bought.pk}/", follow=True)
        assert "There is a subscription to this with your address already" in answer.content.decode()
        assert CREATE_SESSION not in local_stripe.calls
        assert "We have purchases made with ada@example.com" in client.get("/account/").content.decode()
        confirming.confirm(user=anew, token=confirming.token_for(anew), now=timezone.now())
        assert linking.link_confirmed(user=anew, now=timezone.now()) == [subscription.customer_id]
        assert click(client, bought) == "/account/"
        assert [theirs.id for theirs in local_stripe.api.subscriptions.list().data] == [subscription.pk]

    @pytest.mark.parametrize("by_sync", [True, False])
    def test_who_signs_up_anew_does_not_pay_twice_for_a_one_time_purchase(
        self,
        client: Client,
        paid_handbook: Payment,
        one_time_price: Price,
        local_stripe: LocalStripe,
        *,
        by_sync: bool,
    ) -> None:
        anew = self._signed_up_anew(client, by_sync=by_sync)
        local_stripe.forget_calls()
        answer = client.post(f"/buy/{one_time_price.pk}/", follow=True)
        assert "There is a purchase of this with your address already" in answer.content.decode()
        assert CREATE_SESSION not in local_stripe.calls
        confirming.confirm(user=anew, token=confirming.token_for(anew), now=timezone.now())
        assert linking.link_confirmed(user=anew, now=timezone.now()) == [paid_handbook.customer_id]
        assert click(client, one_time_price) == "/account/"
        assert [payment.pk for payment in Payment.objects.of(anew)] == [paid_handbook.pk]

    def test_what_can_be_bought_again_can_be_bought_anew(
        self, client: Client, paid_handbook: Payment, one_time_price: Price, local_stripe: LocalStripe
    ) -> None:
        self._signed_up_anew(client, by_sync=True)
        Product.objects.update(can_be_bought_again=True)
        assert click(client, one_time_price).startswith("http")

    def test_a_refunded_purchase_can_be_made_anew(
        self, client: Client, paid_handbook: Payment, one_time_price: Price, local_stripe: LocalStripe
    ) -> None:
        self._signed_up_anew(client, by_sync=True)
        Payment.objects.update(access_ended_at=timezone.now())
        assert click(client, one_time_price).startswith("http")

    def _signed_up_anew(self, client: Client, *, by_sync: bool) -> User:
        sync_now()
        restore_backup(with_customer=False)
        User.objects.all().delete()
        if by_sync:
            sync_now(full=True)
        anew = User.objects.create_user("ada2", "ada@example.com")
        client.force_login(anew)
        return anew

    def test_somebody_elses_product_or_address_bars_nobody(
        self, client: Client, bought: Price, yearly: Price, team: Price, local_stripe: LocalStripe
    ) -> None:
        restore_backup(with_customer=False)
        User.objects.all().delete()
        sync_now(full=True)
        for name, wanted in (("ada", team), ("bob", bought)):
            client.force_login(User.objects.create_user(name, f"{name}@example.com"))
            assert click(client, wanted).startswith("http")

    def test_another_click_after_the_sync_costs_nothing_more(
        self, customer_client: Client, price: Price, local_stripe: LocalStripe
    ) -> None:
        settle()
        restore_backup()
        sync_now()
        local_stripe.forget_calls()
        click(customer_client, price)
        assert local_stripe.calls == [CREATE_SESSION]


class TestIsBehind:
    NOW = datetime(2026, 11, 28, 12, tzinfo=timezone.get_fixed_timezone(0))

    @pytest.mark.parametrize(
        ("ago", "is_behind"),
        [(0, False), (90, False), (91, True), (7200, True), (-20, False), (-40 * 86400, True)],
    )
    def test_after_three_intervals_without_a_pass(self, ago: int, *, is_behind: bool) -> None:
        SyncState.objects.create(last_pass_at=self.NOW - timedelta(seconds=ago))
        assert catching_up.is_behind(self.NOW) is is_behind

    def test_not_where_no_sync_has_ever_run(self) -> None:
        assert not catching_up.is_behind(self.NOW)
        SyncState.objects.create()
        assert not catching_up.is_behind(self.NOW)


def test_without_a_sync_buying_makes_one_call(
    customer_client: Client, person: User, price: Price, local_stripe: LocalStripe
) -> None:
    local_stripe.forget_calls()
    click(customer_client, price)
    assert local_stripe.calls == [CREATE_SESSION]
