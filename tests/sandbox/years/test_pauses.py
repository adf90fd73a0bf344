"""Pauses of every kind within a year of monthly bills."""

import pytest

from tests.sandbox.shop import at
from tests.sandbox.years.bills import DAY, bills, monthly, walk

MAY, AUGUST = at("2027-05-31 10:30"), at("2027-08-31 10:30")


class TestCollection:
    @pytest.mark.parametrize(
        ("behavior", "status", "events"),
        [
            ("keep_as_draft", "draft", {}),
            ("void", "void", {"invoice.voided": 3}),
            ("mark_uncollectible", "uncollectible", {"invoice.marked_uncollectible": 3}),
        ],
    )
    def test_pauses_for_three_bills(self, shop, create, counted, *, behavior, status, events):
        subscription = create()
        walk(shop, until="2027-04-30")
        pause = {"pause_collection": {"behavior": behavior, "resumes_at": AUGUST - DAY}}
        shop.api.subscriptions.update(subscription.id, pause)
        walk(shop)

        year = monthly(1900)
        assert bills(shop, subscription) == [*year[:4], *(day.replace("paid", status) for day in year[4:7]), *year[7:]]
        resumed = shop.subscription(subscription.id)
        assert (resumed.status, resumed.pause_collection) == ("active", None)
        assert counted("invoice.voided", "invoice.marked_uncollectible") == events
        assert counted("invoice.paid") == {"invoice.paid": 10}


class TestOnRequest:
    def test_bills_nothing_until_it_is_resumed(self, shop, create, counted):
        subscription = create()
        walk(shop, until="2027-04-30")
        none = {"bill_for": {"unused_time_from": {"type": "none"}}}
        shop.api.subscriptions.pause(subscription.id, none)
        walk(shop, until="2027-07-31")
        shop.move_to(AUGUST)
        success = {"payment_behavior": "resume_on_payment_success"}
        shop.api.subscriptions.resume(subscription.id, success)
        walk(shop)

        year = monthly(1900)
        assert bills(shop, subscription) == [*year[:4], *year[7:]]
        pauses = ("customer.subscription.paused", "customer.subscription.resumed")
        assert counted(*pauses) == dict.fromkeys(pauses, 1)
        assert shop.subscription(subscription.id).status_details is None

    def test_is_credited_for_the_time_that_is_left(self, shop, create):
        subscription = create(shop.price(3000))
        shop.move_to(at("2027-04-15 10:30"))  # Half of the period that began on 31 March.
        shop.api.subscriptions.pause(subscription.id)
        shop.move_to(AUGUST)
        shop.api.subscriptions.resume(subscription.id, {"payment_behavior": "resume_on_payment_success"})

        assert bills(shop, subscription)[-2:] == ["2027-03-31 3000 paid", "2027-08-31 1500 paid"]


class TestBySchedule:
    def test_pauses_and_resumes_on_the_day(self, shop, create, counted):
        subscription = create()
        pause = {"pause_at": {"type": "timestamp", "timestamp": MAY - DAY}}
        quarter = {"interval": "month", "interval_count": 3}
        pause["settings"] = {"bill_for": {"unused_time_from": {"type": "none"}}, "type": "subscription"}
        resume = {"resume_at": {"type": "duration", "duration": quarter}}
        entry = {"from_subscription": subscription.id, "pause_schedules": [{"pause": pause, "resume": resume}]}
        schedule = shop.api.subscription_schedules.create(entry)
        walk(shop)

        days = ["01-31", "02-28", "03-31", "04-30", "08-30", "09-30", "10-30", "11-30", "12-30"]
        expected = [*(f"2027-{day} 1900 paid" for day in days), "2028-01-30 1900 paid"]
        assert bills(shop, subscription) == expected
        (ran,) = shop.api.subscription_schedules.retrieve(schedule.id).pause_schedules
        assert (ran.pause.status.type, ran.resume.status.type) == ("succeeded", "succeeded")
        pauses = ("customer.subscription.paused", "customer.subscription.resumed")
        assert counted(*pauses) == dict.fromkeys(pauses, 1)


class TestByFailure:
    @pytest.mark.parametrize(
        ("setting", "reason", "moved"),
        [("after_first_attempt", "first_payment_failure", 0), ("after_last_attempt", "final_payment_failure", 15)],
    )
    def test_stays_paused_with_an_open_invoice(self, shop, create, counted, *, setting, reason, moved):
        shop.control("dunning", **{setting: "pause"})
        subscription = create()
        walk(shop, until="2027-03-31")
        shop.api.subscriptions.update(subscription.id, {"default_payment_method": "pm_card_chargeCustomerFail"})
        walk(shop)

        paused = shop.subscription(subscription.id)
        details = paused.status_details.paused
        assert (paused.status, details.subscription.type) == ("paused", reason)
        assert details.transitioned_at == at("2027-04-30 10:30") + moved * DAY
        assert bills(shop, subscription) == [*monthly(1900)[:3], "2027-04-30 1900 open"]
        # Its invoice is still collected, because its payment can resume the subscription.
        assert counted("invoice.payment_failed") == {"invoice.payment_failed": 4}

    def test_resumes_when_its_invoice_is_paid(self, shop, create):
        shop.control("dunning", after_first_attempt="pause", after_payment="resume")
        subscription = create()
        shop.api.subscriptions.update(subscription.id, {"default_payment_method": "pm_card_chargeCustomerFail"})
        walk(shop, until="2027-02-28")
        owed = shop.subscription(subscription.id).latest_invoice
        shop.api.subscriptions.update(subscription.id, {"default_payment_method": "pm_card_visa"})
        shop.api.invoices.pay(owed)
        walk(shop)

        assert bills(shop, subscription) == monthly(1900)


class TestAtTheEndOfATrial:
    def test_waits_for_a_card(self, shop, buyer, counted):
        ending = {"trial_settings": {"end_behavior": {"missing_payment_method": "pause"}}, "trial_period_days": 28}
        items = [{"price": shop.price()}]
        subscription = shop.api.subscriptions.create({"customer": buyer, "items": items, **ending})
        walk(shop, until="2027-05-31")
        paused = shop.subscription(subscription.id).status_details.paused
        shop.api.subscriptions.update(subscription.id, {"default_payment_method": "pm_card_visa"})
        shop.api.subscriptions.resume(subscription.id, {"payment_behavior": "resume_on_payment_success"})
        walk(shop)

        assert paused.subscription.type == "trial_end_without_payment_method"
        assert bills(shop, subscription) == ["2027-01-31 0 paid", *monthly(1900)[4:]]
        assert counted("customer.subscription.trial_will_end").total() == 1
