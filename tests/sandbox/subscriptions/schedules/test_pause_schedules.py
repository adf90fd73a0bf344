"""Schedules that pause a subscription and resume it."""

import pytest

from tests.sandbox.shop import NOW, at, error_of

DAY = 86_400
FIRST, SECOND = at("2027-02-28 10:30"), at("2027-03-31 10:30")


def when(moment):
    return {"type": "timestamp", "timestamp": moment}


@pytest.fixture
def planned(shop, create):
    """Create a subscription of 28.00 a month with a pause schedule."""

    def make(pause, resume=None, **choices):
        subscription = create(shop.price(2800), **choices)
        entry = {"pause": pause, **({"resume": resume} if resume else {})}
        given = {"from_subscription": subscription.id, "pause_schedules": [entry]}
        return shop.api.subscription_schedules.create(given)

    return make


def entry(shop, schedule):
    (found,) = shop.api.subscription_schedules.retrieve(schedule.id).pause_schedules
    return found


class TestPauseSchedule:
    def test_pauses_and_resumes_by_the_clock(self, shop, planned):
        schedule = planned({"pause_at": when(NOW + 14 * DAY)}, {"resume_at": when(NOW + 40 * DAY)})
        found = entry(shop, schedule)
        assert (found.pause.status.type, found.resume.status.type) == ("scheduled", "scheduled")
        assert found.pause.settings.bill_for.unused_time_from.type == "pause_at"
        assert found.resume.settings.to_dict() == {
            "billing_cycle_anchor": "resume_at",
            "payment_behavior": "resume_on_payment_success",
            "proration_behavior": "create_prorations",
        }

        shop.advance(days=14)
        paused = shop.subscription(schedule.subscription)
        assert (paused.status, paused.status_details.paused.subscription.type) == ("paused", "pause_requested")
        assert entry(shop, schedule).pause.status.type == "succeeded"
        shop.move_to(NOW + 40 * DAY)

        resumed = shop.subscription(schedule.subscription)
        assert (resumed.status, resumed.billing_cycle_anchor) == ("active", NOW + 40 * DAY)
        assert entry(shop, schedule).resume.status.type == "succeeded"
        assert [invoice.total for invoice in shop.invoices(resumed)] == [2800, 1400]
        types = [event["type"] for event in shop.events()]
        assert {"customer.subscription.paused", "customer.subscription.resumed"} <= set(types)

    def test_can_pause_now_for_a_time(self, shop, planned):
        month = {"type": "duration", "duration": {"interval": "month"}}

        schedule = planned({"pause_at": {"type": "now"}}, {"resume_at": month})

        assert shop.subscription(schedule.subscription).status == "paused"
        assert entry(shop, schedule).resume.resume_at == FIRST
        shop.move_to(FIRST)
        assert shop.subscription(schedule.subscription).status == "active"

    def test_waits_for_the_payment_of_the_invoice(self, shop, planned):
        schedule = planned({"pause_at": {"type": "now"}}, {"resume_at": when(SECOND)})
        card = shop.api.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": schedule.customer})
        shop.api.subscriptions.update(schedule.subscription, {"default_payment_method": card.id})
        item = shop.subscription(schedule.subscription)["items"].data[0].id
        shop.api.subscriptions.update(schedule.subscription, {"items": [{"id": item, "quantity": 3}]})

        shop.move_to(SECOND)

        assert shop.subscription(schedule.subscription).status == "paused"
        assert entry(shop, schedule).resume.status.type == "pending"
        invoice = shop.subscription(schedule.subscription).latest_invoice
        shop.api.invoices.pay(invoice, {"payment_method": "pm_card_visa"})
        assert shop.subscription(schedule.subscription).status == "active"
        assert entry(shop, schedule).resume.status.type == "succeeded"

    def test_says_why_it_could_not_pause(self, shop, planned):
        schedule = planned({"pause_at": when(NOW + DAY)}, billing_mode={"type": "classic"})

        shop.advance(days=1)

        found = entry(shop, schedule).pause.status
        assert (found.type, found.error.message) == (
            "error",
            "Only subscriptions with `billing_mode[type]=flexible` can be paused.",
        )
        assert shop.subscription(schedule.subscription).status == "active"

    def test_can_be_added_changed_and_removed(self, shop, create, scheduled):
        schedule = scheduled(create())
        update = shop.api.subscription_schedules.update
        given = {"key": "holiday", "pause": {"pause_at": when(NOW + DAY)}}
        added = update(schedule.id, {"pause_schedules": [given]})
        assert (added.pause_schedules[0].key, added.pause_schedules[0].resume) == ("holiday", None)

        changed = update(
            schedule.id, {"pause_schedules": [{"key": "holiday", "resume": {"resume_at": when(NOW + 9 * DAY)}}]}
        )
        assert changed.pause_schedules[0].pause.pause_at == NOW + DAY
        assert changed.pause_schedules[0].resume.resume_at == NOW + 9 * DAY

        assert update(schedule.id, {"pause_schedules": ""}).pause_schedules == []
        shop.advance(days=2)
        assert shop.subscription(schedule.subscription).status == "active"

    def test_can_resume_what_is_paused_already(self, shop, create, scheduled):
        subscription = create()
        shop.api.subscriptions.pause(subscription.id)
        schedule = scheduled(subscription)

        given = [{"resume": {"resume_at": when(NOW + 5 * DAY)}}]
        shop.api.subscription_schedules.update(schedule.id, {"pause_schedules": given})

        found = entry(shop, schedule)
        assert (found.pause.pause_at, found.pause.settings, found.pause.status.type) == (NOW, None, "succeeded")
        shop.advance(days=5)
        assert shop.subscription(subscription.id).status == "active"

    def test_is_refused_where_it_makes_no_sense(self, shop, create, scheduled):
        schedule = scheduled(create())

        def refusal(**given):
            return error_of(shop.api.subscription_schedules.update, schedule.id, {"pause_schedules": [given]})

        assert refusal(resume={"resume_at": when(NOW + DAY)}).param == "pause_schedules[0][pause]"
        assert refusal(pause={"pause_at": when(NOW - 1)}).param == "pause_schedules[0][pause][pause_at][timestamp]"
        early = {"pause": {"pause_at": when(NOW + DAY)}, "resume": {"resume_at": when(NOW + DAY)}}
        assert refusal(**early).param == "pause_schedules[0][resume][resume_at]"

    def test_bills_no_usage(self, shop, create, scheduled, metered):
        schedule = scheduled(create(metered()))

        def pause(**settings):
            given = [{"pause": {"pause_at": when(NOW + DAY), "settings": settings}}]
            return shop.api.subscription_schedules.update(schedule.id, {"pause_schedules": given})

        error = error_of(pause)
        assert (error.code, error.param) == (
            "sandbox_unsupported",
            "pause_schedules[0][pause][settings][bill_for][outstanding_usage_through]",
        )
        settings = pause(bill_for={"outstanding_usage_through": {"type": "none"}}).pause_schedules[0].pause.settings
        assert settings.bill_for.outstanding_usage_through.type == "none"
