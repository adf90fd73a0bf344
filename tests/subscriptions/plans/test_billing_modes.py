"""The bill of a change is the one that was shown, in both of Stripe's billing modes: amount, date and period."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.test import Client

from billing.catalog import services as catalog
from billing.catalog.services import PriceTerms
from billing.models import Price
from subscriptions.models import Customer, Subscription
from subscriptions.plans import cancel
from subscriptions.plans import preview as previews
from tests.fixtures import LocalStripe
from tests.subscriptions.conftest import DAY, path_to, settle, sync_now

pytestmark = pytest.mark.django_db

BOTH = pytest.mark.parametrize("mode", ["classic", "flexible"])
MONTH = 2_419_200  # The shortest one.
HOUR = 3600

Subscribe = Callable[..., Subscription]


def sell(name: str, amount: int, interval: str = "month") -> Price:
    terms = PriceTerms(unit_amount=amount, currency="usd", interval=interval)
    return catalog.create_product(name=name, price=terms, request_id=name).price


@pytest.fixture
def begin(customer: Customer, local_stripe: LocalStripe) -> Subscribe:
    """Subscribe ada in the dashboard, in this billing mode, and let ten days go by."""

    def subscribe(price: Price, mode: str, **choices: Any) -> Subscription:
        settle()
        method = local_stripe.api.payment_methods.attach("pm_card_visa", {"customer": customer.pk})
        given: Any = {"customer": customer.pk, "items": [{"price": price.pk}], "billing_mode": {"type": mode}}
        local_stripe.api.subscriptions.create({**given, "default_payment_method": method.id, **choices})
        local_stripe.control("clock", advance=10 * DAY)
        sync_now()
        return Subscription.objects.get()

    return subscribe


def confirmed(client: Client, subscription: Subscription, price: Price) -> Any:
    """Look at the preview and confirm it; return what it said."""
    preview = client.get(path_to(subscription, price)).context["preview"]
    assert client.post(path_to(subscription, price), {"preview": preview.token, "when": "now"}).status_code == 302
    return preview


def newest(local_stripe: LocalStripe, subscription: Subscription) -> Any:
    return local_stripe.api.invoices.list({"subscription": subscription.pk}).data[0]


def period(local_stripe: LocalStripe, subscription: Subscription) -> tuple[int, int]:
    item = local_stripe.api.subscriptions.retrieve(subscription.pk)["items"].data[0]
    return item.current_period_start, item.current_period_end


def seconds(*moments: datetime) -> tuple[int, ...]:
    return tuple(int(moment.timestamp()) for moment in moments)


def assert_billed_now_as_shown(local_stripe: LocalStripe, subscription: Subscription, preview: Any) -> None:
    assert preview.is_billed_now
    assert preview.due_at is None
    invoice = newest(local_stripe, subscription)
    assert invoice.billing_reason == "subscription_update"
    # Unused time is counted to the second, so a second can make a cent.
    assert abs(invoice.total - preview.total) <= 1
    assert abs(invoice.amount_paid - preview.amount_due) <= 1
    shown = seconds(preview.period.start_at, preview.period.end_at)
    billed = period(local_stripe, subscription)
    assert [abs(mine - theirs) <= 5 for mine, theirs in zip(shown, billed, strict=True)] == [True, True]
    assert abs(int(preview.renews_at.timestamp()) - billed[1]) <= 5
    sync_now()
    renews_at = Subscription.objects.get().current_period_end_at
    assert renews_at is not None
    assert seconds(renews_at) == (billed[1],)


def assert_billed_later_as_shown(local_stripe: LocalStripe, subscription: Subscription, preview: Any) -> None:
    assert not preview.is_billed_now
    [due_at] = seconds(preview.due_at)
    before = newest(local_stripe, subscription)
    local_stripe.control("clock", to=due_at - HOUR)
    assert newest(local_stripe, subscription).id == before.id
    local_stripe.control("clock", to=due_at + HOUR)
    invoice = newest(local_stripe, subscription)
    assert (invoice.total, invoice.amount_paid) == (preview.total, preview.amount_due)
    assert invoice.created == due_at
    assert period(local_stripe, subscription) == seconds(preview.period.start_at, preview.period.end_at)


class TestTheBillIsTheOneShown:
    @BOTH
    def test_from_a_month_to_a_year(
        self,
        customer_client: Client,
        price: Price,
        yearly: Price,
        local_stripe: LocalStripe,
        begin: Subscribe,
        *,
        mode: str,
    ) -> None:
        subscription = begin(price, mode)
        preview = confirmed(customer_client, subscription, yearly)
        assert 0 < preview.amount_due < 19_000
        assert_billed_now_as_shown(local_stripe, subscription, preview)

    @BOTH
    def test_from_a_year_to_a_month(
        self,
        customer_client: Client,
        price: Price,
        yearly: Price,
        local_stripe: LocalStripe,
        begin: Subscribe,
        *,
        mode: str,
    ) -> None:
        subscription = begin(yearly, mode)
        preview = confirmed(customer_client, subscription, price)
        assert preview.total < 0
        assert preview.amount_due == 0
        assert_billed_now_as_shown(local_stripe, subscription, preview)

    @BOTH
    def test_from_free_to_paid(
        self, customer_client: Client, price: Price, local_stripe: LocalStripe, begin: Subscribe, *, mode: str
    ) -> None:
        subscription = begin(sell("Free", 0), mode)
        preview = confirmed(customer_client, subscription, price)
        assert preview.amount_due == 1900
        assert_billed_now_as_shown(local_stripe, subscription, preview)

    @BOTH
    @pytest.mark.parametrize("interval", ["month", "year"])
    def test_from_a_trial_to_paid(
        self,
        customer_client: Client,
        price: Price,
        local_stripe: LocalStripe,
        begin: Subscribe,
        *,
        mode: str,
        interval: str,
    ) -> None:
        subscription = begin(price, mode, trial_period_days=20)
        preview = confirmed(customer_client, subscription, sell("Gold", 4900, interval))
        assert preview.total == 4900
        assert preview.due_at == subscription.trial_end_at
        assert_billed_later_as_shown(local_stripe, subscription, preview)

    @BOTH
    def test_to_another_price_of_the_same_interval(
        self,
        customer_client: Client,
        price: Price,
        team: Price,
        local_stripe: LocalStripe,
        begin: Subscribe,
        *,
        mode: str,
    ) -> None:
        subscription = begin(price, mode)
        preview = confirmed(customer_client, subscription, team)
        assert preview.is_due_as_before
        assert_billed_later_as_shown(local_stripe, subscription, preview)

    @BOTH
    def test_of_one_that_is_set_to_end(
        self,
        customer_client: Client,
        price: Price,
        team: Price,
        local_stripe: LocalStripe,
        begin: Subscribe,
        *,
        mode: str,
    ) -> None:
        subscription = cancel.cancel(subscription=begin(price, mode))
        preview = confirmed(customer_client, subscription, team)
        assert (preview.is_billed_now, preview.period) == (False, None)
        [due_at] = seconds(preview.due_at)
        assert preview.due_at == subscription.cancels_at
        local_stripe.control("clock", to=due_at + HOUR)
        assert newest(local_stripe, subscription).total == preview.total

    @BOTH
    def test_at_the_end_of_the_period(
        self,
        customer_client: Client,
        price: Price,
        yearly: Price,
        local_stripe: LocalStripe,
        begin: Subscribe,
        *,
        mode: str,
    ) -> None:
        subscription = begin(price, mode)
        preview = customer_client.get(path_to(subscription, yearly)).context["preview"]
        form = {"preview": preview.token, "when": "period_end"}
        assert customer_client.post(path_to(subscription, yearly), form).status_code == 302
        assert subscription.current_period_end_at is not None
        [changes_at] = seconds(subscription.current_period_end_at)
        local_stripe.control("clock", to=changes_at + HOUR)
        assert newest(local_stripe, subscription).total == 19_000
        begun, ends = period(local_stripe, subscription)
        assert begun == changes_at
        assert ends - begun > 12 * MONTH


class TestAskedTwice:
    @BOTH
    def test_begins_one_period(
        self,
        customer_client: Client,
        price: Price,
        yearly: Price,
        local_stripe: LocalStripe,
        begin: Subscribe,
        *,
        mode: str,
    ) -> None:
        subscription = begin(price, mode)
        preview = customer_client.get(path_to(subscription, yearly)).context["preview"]
        path = f"/v1/subscriptions/{subscription.pk}"
        local_stripe.control("faults", status="reset", count=3, after=True, path=path, method="POST")
        form = {"preview": preview.token, "when": "now"}
        assert customer_client.post(path_to(subscription, yearly), form).status_code == 503
        assert customer_client.post(path_to(subscription, yearly), form).status_code == 302
        assert len(local_stripe.api.invoices.list({"subscription": subscription.pk}).data) == 2

    def test_of_one_that_was_changed_in_the_dashboard_shows_it_again(
        self, customer_client: Client, price: Price, yearly: Price, local_stripe: LocalStripe, begin: Subscribe
    ) -> None:
        subscription = begin(price, "flexible")
        preview = customer_client.get(path_to(subscription, yearly)).context["preview"]
        item = local_stripe.api.subscriptions.retrieve(subscription.pk)["items"].data[0].id
        local_stripe.api.subscriptions.update(subscription.pk, {"items": [{"id": item, "quantity": 3}]})
        response = customer_client.post(path_to(subscription, yearly), {"preview": preview.token, "when": "now"})
        assert (response.status_code, response.context["preview"].price) == (200, yearly)
        assert len(local_stripe.api.invoices.list({"subscription": subscription.pk}).data) == 1


class TestWhatIsAsked:
    @pytest.mark.parametrize("mode", ["classic", "flexible"])
    def test_is_the_same_in_the_preview_and_in_the_change(
        self, price: Price, yearly: Price, team: Price, begin: Subscribe, *, mode: str
    ) -> None:
        subscription = begin(price, mode)
        anchors = [previews.change_params(subscription, to, 1)["billing_cycle_anchor"] for to in (yearly, team)]
        assert anchors == [{"type": "now"}, {"type": "unchanged"}]
