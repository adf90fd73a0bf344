"""Renewals: new periods begin and are billed on time and in order."""

import time
from collections import Counter

import pytest

from sandbox.app import Sandbox
from tests.sandbox.shop import NOW, Shop, at, shown

DAY = 86_400
HOUR = 3600
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


class TestRenewal:
    def test_begins_a_new_period_and_bills_it(self, shop):
        subscription = shop.subscribed()
        shop.forget_events()

        shop.move_to(FIRST)

        renewed = shop.subscription(subscription.id)
        (item,) = renewed["items"].data
        assert (renewed.status, item.current_period_start, item.current_period_end) == ("active", FIRST, SECOND)
        assert renewed.billing_cycle_anchor == NOW
        second = shop.invoices(subscription)[-1]
        assert renewed.latest_invoice == second.id
        assert (second.billing_reason, second.status, second.amount_paid) == ("subscription_cycle", "paid", 1900)
        assert (second.period_start, second.period_end) == (NOW, FIRST)
        assert (second.lines.data[0].period.start, second.lines.data[0].period.end) == (FIRST, SECOND)
        assert second.number[-5:] == "-0002"
        assert Counter(shop.new_types()) == Counter(["invoice.upcoming", *RENEWAL])
        assert {event["created"] for event in shop.new_events()} == {FIRST - 7 * DAY, FIRST}
        assert {event["request"]["id"] for event in shop.new_events()} == {None}

    def test_shows_the_period_that_ended_in_its_event(self, shop):
        shop.subscribed()
        shop.forget_events()

        shop.move_to(FIRST)

        (event,) = [event for event in shop.new_events() if event["type"] == "customer.subscription.updated"]
        (before,) = event["data"]["previous_attributes"]["items"]["data"]
        (after,) = event["data"]["object"]["items"]["data"]
        assert (before["current_period_start"], before["current_period_end"]) == (NOW, FIRST)
        assert (after["current_period_start"], after["current_period_end"]) == (FIRST, SECOND)

    def test_does_not_happen_a_second_early(self, shop):
        subscription = shop.subscribed()

        shop.move_to(FIRST - 1)

        assert len(shop.invoices(subscription)) == 1

    def test_returns_to_the_31st_after_shorter_months(self, shop):
        subscription = shop.subscribed()

        shop.move_to(at("2027-07-01 00:00"))

        assert [shown(invoice.created) for invoice in shop.invoices(subscription)] == [
            "2027-01-31 10:30",
            "2027-02-28 10:30",
            "2027-03-31 10:30",
            "2027-04-30 10:30",
            "2027-05-31 10:30",
            "2027-06-30 10:30",
        ]

    @pytest.mark.parametrize(
        ("interval", "end"),
        [("day", "2027-02-01 10:30"), ("week", "2027-02-07 10:30"), ("year", "2028-01-31 10:30")],
    )
    def test_follows_the_interval(self, shop, interval, end):
        subscription = shop.subscribed(shop.price(interval=interval))

        shop.move_to(at(end))

        assert [invoice.created for invoice in shop.invoices(subscription)] == [NOW, at(end)]

    def test_bills_each_item_at_its_own_interval(self, shop):
        subscription = shop.subscribed(shop.price(100))
        quarterly = shop.price(1000, recurring={"interval": "month", "interval_count": 3})
        shop.api.subscriptions.update(
            subscription.id, {"items": [{"price": quarterly}], "proration_behavior": "always_invoice"}
        )

        shop.move_to(at("2027-04-30 10:30"))

        totals = [(shown(invoice.created), invoice.total) for invoice in shop.invoices(subscription)]
        assert totals == [
            ("2027-01-31 10:30", 100),
            ("2027-01-31 10:30", 1000),
            ("2027-02-28 10:30", 100),
            ("2027-03-31 10:30", 100),
            ("2027-04-30 10:30", 1100),
        ]

    def test_bills_an_archived_price(self, shop):
        price = shop.price()
        subscription = shop.subscribed(price)
        shop.api.prices.update(price, {"active": False})

        shop.move_to(FIRST)

        assert shop.invoices(subscription)[-1].amount_paid == 1900

    def test_of_a_free_price_creates_an_invoice_of_zero(self, shop):
        subscription = shop.subscribed(shop.price(0))

        shop.move_to(FIRST)

        assert [(invoice.total, invoice.status) for invoice in shop.invoices(subscription)] == [(0, "paid")] * 2
        assert shop.subscription(subscription.id).status == "active"

    def test_of_a_year_takes_well_under_a_second(self, shop):
        subscription = shop.subscribed()
        began = time.process_time()

        shop.move_to(at("2028-01-31 10:30"))

        assert time.process_time() - began < 1
        assert len(shop.invoices(subscription)) == 13

    def test_happens_in_order_of_time_across_subscriptions(self, shop):
        monthly, weekly = shop.subscribed(), shop.subscribed(shop.price(interval="week"))
        session = shop.session(expires_at=shop.now + HOUR)
        shop.forget_events()

        shop.move_to(FIRST)

        created = [event["created"] for event in shop.new_events()]
        assert created == sorted(created)
        assert shop.new_types()[0] == "checkout.session.expired"
        assert shop.api.checkout.sessions.retrieve(session.id).status == "expired"
        assert (len(shop.invoices(monthly)), len(shop.invoices(weekly))) == (2, 5)

    def test_happens_when_real_time_has_passed(self, shop):
        subscription = shop.subscribed()

        shop.sandbox.account.clock.real = lambda: FIRST + 5 * HOUR

        assert shop.subscription(subscription.id)["items"].data[0].current_period_start == FIRST
        assert shop.invoices(subscription)[-1].created == FIRST

    def test_happens_once_when_the_clock_stays_at_the_renewal(self, shop):
        subscription = shop.subscribed()

        for _ in range(3):
            shop.move_to(FIRST)

        assert len(shop.invoices(subscription)) == 2

    def test_sends_an_invoice_where_no_card_is_charged(self, shop):
        subscription = shop.api.subscriptions.create(
            {
                "customer": shop.customer(),
                "items": [{"price": shop.price()}],
                "collection_method": "send_invoice",
                "days_until_due": 14,
            }
        )

        shop.move_to(FIRST)

        assert [(invoice.status, invoice.due_date) for invoice in shop.invoices(subscription)] == [
            ("open", NOW + 14 * DAY),
            ("open", FIRST + 14 * DAY),
        ]
        assert shop.subscription(subscription.id).status == "past_due"


class TestRestart:
    def test_goes_on_where_the_state_file_left_off(self, tmp_path):
        shop = Shop(Sandbox(tmp_path / "state", real_time=lambda: NOW))
        subscription = shop.subscribed()
        shop.sandbox.close()

        again = Shop(Sandbox(tmp_path / "state", real_time=lambda: FIRST))

        assert [invoice.created for invoice in again.invoices(subscription)] == [NOW, FIRST]
        again.sandbox.close()
