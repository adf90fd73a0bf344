"""Changes that wait for the period's end: what Stripe is told, and what becomes of a stale click."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from billing.models import Price, Product
from subscriptions import stripe_clock
from subscriptions.models import Subscription, SubscriptionSchedule
from subscriptions.plans import change
from subscriptions.plans import schedule as schedules
from subscriptions.plans.errors import CannotChange
from tests.fixtures import LocalStripe, deliver
from tests.subscriptions import reading
from tests.subscriptions.conftest import sync_now

pytestmark = pytest.mark.django_db

DAY = 86_400
APOSTROPHE = "\N{RIGHT SINGLE QUOTATION MARK}"


@pytest.fixture
def changing_subscription(new_subscription: Subscription, basic: Price) -> Subscription:
    """It changes to Basic when the period ends."""
    change.schedule_change(subscription=new_subscription, price=basic, quantity=1)
    return Subscription.objects.select_related("schedule").get()


def phase(**members: Any) -> dict[str, Any]:
    return {"start_date": 100, "end_date": 200, "items": [item("price_pro", 1)], **members}


def item(price: str, quantity: int | None, **members: Any) -> dict[str, Any]:
    return {"price": price, "quantity": quantity, **members}


def with_change(now: dict[str, Any], *, price: Price, is_other_interval: bool = False) -> list[dict[str, Any]]:
    told = schedules.with_change({"phases": [now]}, price=price, quantity=1, is_other_interval=is_other_interval)
    phases: list[dict[str, Any]] = told["phases"]
    return phases


class TestWithChange:
    def test_names_the_two_phases(self, basic: Price) -> None:
        schedule = {"current_phase": {"start_date": 100, "end_date": 200}, "phases": [phase()]}
        assert schedules.with_change(schedule, price=basic, quantity=2, is_other_interval=False) == {
            "end_behavior": "release",
            "proration_behavior": "none",
            "phases": [
                {"start_date": 100, "end_date": 200, "items": [{"price": "price_pro", "quantity": 1}]},
                {
                    "items": [{"price": basic.pk, "quantity": 2}],
                    "proration_behavior": "none",
                    "billing_cycle_anchor": "automatic",
                    "duration": {"interval": "month", "interval_count": 1},
                },
            ],
        }

    def test_begins_a_period_with_another_interval(self, basic: Price) -> None:
        _, following = with_change(phase(), price=basic, is_other_interval=True)
        assert following["billing_cycle_anchor"] == "phase_start"

    def test_keeps_discounts_taxes_and_metadata(self, basic: Price) -> None:
        now = phase(
            items=[item("price_pro", 1, discounts=[{"coupon": "OFF", "discount": None}], tax_rates=[{"id": "txr_1"}])],
            discounts=[{"coupon": "HALF", "discount": "di_1", "promotion_code": "promo_1"}],
            default_tax_rates=["txr_2"],
            metadata={"seen": "yes"},
        )
        for told in with_change(now, price=basic):
            assert told["discounts"] == [{"discount": "di_1"}]
            assert (told["default_tax_rates"], told["metadata"]) == (["txr_2"], {"seen": "yes"})
            assert told["items"][0]["discounts"] == [{"coupon": "OFF"}]
            assert told["items"][0]["tax_rates"] == ["txr_1"]

    def test_names_no_quantity_of_what_is_billed_by_use(self, basic: Price) -> None:
        now = phase(items=[item("price_pro", 1), item("price_calls", None)])
        told = with_change(now, price=basic)
        assert [each["items"][1] for each in told] == [{"price": "price_calls"}] * 2


class TestSchedule:
    def test_takes_another_where_the_known_one_was_released(
        self, changing_subscription: Subscription, basic: Price, local_stripe: LocalStripe
    ) -> None:
        local_stripe.api.subscription_schedules.release(str(changing_subscription.schedule_id))
        Product.objects.update(has_quantity=True)
        basic.refresh_from_db()
        after = change.schedule_change(subscription=changing_subscription, price=basic, quantity=3)
        assert after.schedule_id != changing_subscription.schedule_id
        pending = Subscription.objects.select_related("schedule").get().pending_change
        assert pending is not None
        assert (pending.next_price_id, pending.next_quantity) == (basic.pk, 3)

    def test_leaves_trials_alone(
        self, new_subscription: Subscription, basic: Price, local_stripe: LocalStripe
    ) -> None:
        """A phase would need the trial's end, without which Stripe ends the trial there and then."""
        Subscription.objects.update(status="trialing")
        trial = Subscription.objects.get()
        local_stripe.forget_calls()
        with pytest.raises(CannotChange, match="During a trial"):
            change.schedule_change(subscription=trial, price=basic, quantity=1)
        assert not change.can_wait(subscription=trial, price=basic, quantity=1)
        assert local_stripe.calls == []


class TestAnotherChangeInstead:
    def test_promises_no_bill_of_the_scheduled_one(
        self, customer_client: Client, changing_subscription: Subscription, team: Price, local_stripe: LocalStripe
    ) -> None:
        path = f"/subscriptions/{changing_subscription.pk}/change/{team.pk}/"
        answer = customer_client.get(path)
        preview, costs = answer.context["preview"], reading.section(answer.content.decode(), "costs")
        renews_at = changing_subscription.current_period_end_at
        assert renews_at is not None
        said = reading.words(costs)
        assert (
            f"Nothing is charged today. Your next invoice comes on {renews_at:%-d %B %Y}, as before. "
            f"It is for the new plan{APOSTROPHE}s next period, with this difference for the running one. "
            f"The change scheduled for {renews_at:%-d %B %Y} will not happen. The difference For"
        ) in said
        assert "Basic" not in said
        assert "Total" not in said

        assert customer_client.post(path, reading.forms(costs)[0]).status_code == 302
        local_stripe.control("clock", to=int(renews_at.timestamp()) + DAY)
        newest = local_stripe.api.invoices.list({"subscription": changing_subscription.pk}).data[0]
        assert newest.total == team.unit_amount + sum(line.amount for line in preview.lines)

    def test_is_told_with_the_whole_bill_that_comes_before_the_scheduled_one(
        self, customer_client: Client, changing_subscription: Subscription, team: Price
    ) -> None:
        later = int((stripe_clock.now() + timedelta(days=60)).timestamp())
        SubscriptionSchedule.objects.update(next_at=datetime.fromtimestamp(later, UTC))
        answer = customer_client.get(f"/subscriptions/{changing_subscription.pk}/change/{team.pk}/")
        assert "It will be $" in reading.words(answer.content.decode())


class TestUndo:
    def undo(self, client: Client, subscription: Subscription) -> Any:
        return client.post(f"/subscriptions/{subscription.pk}/undo-change/")

    def test_twice_says_that_nothing_waits(
        self, customer_client: Client, changing_subscription: Subscription, local_stripe: LocalStripe
    ) -> None:
        assert self.undo(customer_client, changing_subscription).status_code == 302
        local_stripe.forget_calls()
        response = self.undo(customer_client, changing_subscription)
        assert (response.status_code, b"No change of plan is scheduled" in response.content) == (400, True)
        assert local_stripe.calls == []

    @pytest.mark.parametrize("is_heard", [True, False])
    def test_of_what_has_taken_effect_says_so(
        self,
        customer_client: Client,
        changing_subscription: Subscription,
        basic: Price,
        local_stripe: LocalStripe,
        is_heard: bool,  # noqa: FBT001
    ) -> None:
        assert changing_subscription.current_period_end_at is not None
        local_stripe.control("clock", to=int(changing_subscription.current_period_end_at.timestamp()) + DAY)
        if is_heard:
            sync_now()
        response = self.undo(customer_client, changing_subscription)
        assert response.status_code == 400
        assert (b"No change of plan" if is_heard else b"has taken effect already") in response.content
        assert Subscription.objects.get().price_id == basic.pk


class TestMadeInTheDashboard:
    def test_is_fetched_with_its_subscription(
        self, customer_client: Client, changing_subscription: Subscription, basic: Price, local_stripe: LocalStripe
    ) -> None:
        """As if it had come with all its phases: nothing but its subscription's event tells the sync of it."""
        SubscriptionSchedule.objects.all().delete()
        told = [event for event in local_stripe.events() if event["data"]["object"]["id"] == changing_subscription.pk]
        later = {**told[-1], "id": "evt_later", "created": told[-1]["created"] + 60}
        assert later["data"]["object"]["schedule"] == changing_subscription.schedule_id
        assert deliver(customer_client, later).status_code == 200
        assert SubscriptionSchedule.objects.get().next_price_id == basic.pk


class TestClickedTwice:
    def test_schedules_once(
        self, customer_client: Client, new_subscription: Subscription, basic: Price, local_stripe: LocalStripe
    ) -> None:
        path = f"/subscriptions/{new_subscription.pk}/change/{basic.pk}/"
        form = {"preview": customer_client.get(path).context["preview"].token, "when": "period_end"}
        assert customer_client.post(path, form).status_code == 302
        local_stripe.forget_calls()
        response = customer_client.post(path, form)
        assert (response.status_code, b"Please confirm them." in response.content) == (200, True)
        assert local_stripe.calls == ["POST /v1/invoices/create_preview"]
