"""Ends of trials, and scheduled ends of subscriptions."""

from collections import Counter

import pytest

from tests.sandbox.shop import NOW, at

DAY = 86_400
FIRST = at("2027-02-28 10:30")
SECOND = at("2027-03-31 10:30")
RENEWAL = [
    "charge.succeeded",
    "customer.subscription.updated",
    "invoice.created",
    "invoice.finalized",
    "invoice.paid",
    "invoice.payment_succeeded",
    "invoice.updated",
    "invoice_payment.paid",
    "payment_intent.created",
    "payment_intent.succeeded",
]


class TestTrialEnd:
    def test_is_announced_three_days_before(self, shop):
        subscription = shop.subscribed(subscription_data={"trial_period_days": 14})
        shop.forget_events()

        shop.advance(days=11)

        upcoming, event = shop.new_events()
        assert (upcoming["type"], upcoming["created"]) == ("invoice.upcoming", NOW + 7 * DAY)
        assert (event["type"], event["created"]) == ("customer.subscription.trial_will_end", NOW + 11 * DAY)
        assert event["data"]["object"]["id"] == subscription.id

    def test_is_announced_at_once_when_it_is_near(self, shop):
        shop.subscribed(subscription_data={"trial_period_days": 2})
        shop.advance(days=1)

        announced = [e for e in shop.events() if e["type"] == "customer.subscription.trial_will_end"]

        assert [event["created"] for event in announced] == [NOW]

    def test_charges_the_card(self, shop):
        subscription = shop.subscribed(subscription_data={"trial_period_days": 14})
        shop.advance(days=13)
        shop.forget_events()

        shop.advance(days=1)

        end = NOW + 14 * DAY
        active = shop.subscription(subscription.id)
        assert (active.status, active.trial_end, active.billing_cycle_anchor) == ("active", end, end)
        assert active["items"].data[0].current_period_start == end
        assert active["items"].data[0].current_period_end == at("2027-03-14 10:30")
        assert [invoice.amount_paid for invoice in shop.invoices(subscription)] == [0, 1900]
        assert shop.invoices(subscription)[-1].billing_reason == "subscription_cycle"
        assert Counter(shop.new_types()) == Counter(RENEWAL)

    def test_leaves_it_past_due_if_the_card_fails(self, shop):
        subscription = shop.subscribed(subscription_data={"trial_period_days": 14}, card="4000000000000341")

        shop.advance(days=14)

        assert shop.subscription(subscription.id).status == "past_due"

    @pytest.mark.parametrize(
        ("behavior", "status"), [("cancel", "canceled"), ("pause", "paused"), ("create_invoice", "past_due")]
    )
    def test_without_a_card_follows_the_trial_settings(self, shop, behavior, status):
        session = shop.session(
            payment_method_collection="if_required",
            subscription_data={
                "trial_period_days": 14,
                "trial_settings": {"end_behavior": {"missing_payment_method": behavior}},
            },
        )
        subscription = shop.pay(session, card=None).subscription
        shop.forget_events()

        shop.advance(days=14)

        assert shop.subscription(subscription).status == status
        told = {"cancel": "deleted", "pause": "paused", "create_invoice": "updated"}[behavior]
        assert f"customer.subscription.{told}" in shop.new_types()
        shop.advance(days=60)
        assert shop.subscription(subscription).status == {"past_due": "canceled"}.get(status, status)


class TestScheduledEnd:
    def test_comes_at_the_end_of_the_period(self, shop):
        subscription = shop.subscribed()
        shop.api.subscriptions.update(subscription.id, {"cancel_at_period_end": True})
        shop.forget_events()

        shop.move_to(FIRST - 1)
        assert shop.subscription(subscription.id).status == "active"
        shop.move_to(FIRST)

        ended = shop.subscription(subscription.id)
        assert (ended.status, ended.ended_at, ended.canceled_at) == ("canceled", FIRST, NOW)
        assert (ended.cancel_at_period_end, ended.cancellation_details.reason) == (True, "cancellation_requested")
        assert shop.new_types() == ["customer.subscription.deleted"]
        assert len(shop.invoices(subscription)) == 1

    def test_comes_on_its_day_after_renewals_before_it(self, shop):
        subscription = shop.subscribed()
        shop.api.subscriptions.update(subscription.id, {"cancel_at": SECOND + DAY})

        shop.advance(days=365)

        assert shop.subscription(subscription.id).ended_at == SECOND + DAY
        assert [invoice.created for invoice in shop.invoices(subscription)] == [NOW, FIRST, SECOND]

    def test_comes_with_the_end_of_a_trial(self, shop):
        subscription = shop.subscribed(subscription_data={"trial_period_days": 14})
        shop.api.subscriptions.update(subscription.id, {"cancel_at_period_end": True})

        shop.advance(days=14)

        assert shop.subscription(subscription.id).status == "canceled"
        assert shop.api.charges.list().data == []
