"""Create a schedule from a subscription, begin its phases, and end it."""

from collections import Counter

import pytest

from tests.sandbox.shop import NOW, at, error_of
from tests.wording import starting

DAY = 86_400
FIRST, SECOND = at("2027-02-28 10:30"), at("2027-03-31 10:30")


class TestCreate:
    def test_takes_over_the_running_period(self, shop, create, scheduled):
        subscription = create()
        shop.forget_events()

        schedule = scheduled(subscription)

        assert schedule.id == starting("sub_sched_")
        assert (schedule.status, schedule.end_behavior, schedule.subscription) == (
            "active",
            "release",
            subscription.id,
        )
        (phase,) = schedule.phases
        (item,) = phase["items"]
        assert (phase.start_date, phase.end_date) == (NOW, FIRST)
        assert (item.price, item.quantity) == (subscription["items"].data[0].price.id, 1)
        assert (schedule.current_phase.start_date, schedule.current_phase.end_date) == (NOW, FIRST)
        assert shop.subscription(subscription.id).schedule == schedule.id
        assert Counter(shop.new_types()) == Counter(["subscription_schedule.created", "customer.subscription.updated"])

    def test_of_a_trial_ends_its_first_phase_with_the_trial(self, create, scheduled):
        (phase,) = scheduled(create(trial_period_days=10)).phases

        assert (phase.start_date, phase.end_date, phase.trial_end) == (NOW, NOW + 10 * DAY, NOW + 10 * DAY)

    def test_refuses_other_parameters(self, shop, create):
        subscription = create()
        given = {"from_subscription": subscription.id, "end_behavior": "release"}

        error = error_of(shop.api.subscription_schedules.create, given)

        assert error.user_message == "You cannot set `end_behavior` if `from_subscription` is set."
        assert shop.subscription(subscription.id).schedule is None

    def test_is_refused_a_second_time(self, shop, create, scheduled):
        subscription = create()
        schedule = scheduled(subscription)
        shop.forget_events()

        error = error_of(shop.api.subscription_schedules.create, {"from_subscription": subscription.id})

        assert error.user_message == (
            f"You cannot migrate a subscription that is already attached to a schedule: `{subscription.id}`"
        )
        assert shop.subscription(subscription.id).schedule == schedule.id
        assert shop.new_types() == []

    def test_is_refused_for_an_ended_or_unknown_subscription(self, shop, create):
        subscription = create()
        shop.api.subscriptions.cancel(subscription.id)

        for given in ({"from_subscription": subscription.id}, {"from_subscription": "sub_none"}):
            error = error_of(shop.api.subscription_schedules.create, given)
            assert (error.http_status, error.param) == (400, "from_subscription")


class TestTheNextPhase:
    def test_begins_with_the_next_period_and_is_billed_by_it(self, shop, create, scheduled, plan):
        subscription, cheaper = create(shop.price(2800)), shop.price(1000)
        schedule = plan(scheduled(subscription), cheaper)
        assert shop.subscription(subscription.id)["items"].data[0].price.unit_amount == 2800

        shop.move_to(FIRST - 1)
        assert len(shop.invoices(subscription)) == 1
        shop.move_to(FIRST)

        changed = shop.subscription(subscription.id)
        (item,) = changed["items"].data
        assert (item.price.id, item.current_period_start, item.current_period_end) == (cheaper, FIRST, SECOND)
        renewal = shop.invoices(subscription)[-1]
        assert [line.amount for line in renewal.lines.data] == [1000]
        assert (renewal.billing_reason, renewal.amount_paid, renewal.created) == ("subscription_cycle", 1000, FIRST)
        current = shop.api.subscription_schedules.retrieve(schedule.id).current_phase
        assert (current.start_date, current.end_date) == (FIRST, at("2027-03-28 10:30"))

    def test_sends_events(self, shop, create, scheduled, plan):
        subscription = create(shop.price(2800))
        plan(scheduled(subscription), shop.price(1000))
        shop.forget_events()

        shop.move_to(FIRST)

        told = Counter(shop.new_types())
        assert told["subscription_schedule.updated"] == 1
        assert told["invoice.paid"] == 1
        assert told["customer.subscription.updated"] >= 2
        renewed = [event for event in shop.new_events() if event["type"] != "invoice.upcoming"]
        assert {event["created"] for event in renewed} == {FIRST}

    def test_is_included_in_previews(self, shop, create, scheduled, plan):
        subscription = create(shop.price(2800))
        schedule = plan(scheduled(subscription), shop.price(1000))

        by_subscription = shop.api.invoices.create_preview({"subscription": subscription.id})
        by_schedule = shop.api.invoices.create_preview({"schedule": schedule.id})

        assert (by_subscription.total, by_subscription.created) == (1000, FIRST)
        assert (by_schedule.total, by_schedule.created) == (1000, FIRST)
        assert shop.subscription(subscription.id)["items"].data[0].price.unit_amount == 2800

    @pytest.mark.parametrize(
        "case", [("classic", "automatic"), ("classic", "phase_start"), ("flexible", "phase_start")], ids="-".join
    )
    def test_with_another_interval_begins_a_new_period(self, shop, create, scheduled, plan, *, case):
        mode, anchor = case
        subscription = create(shop.price(2800), billing_mode={"type": mode})
        plan(scheduled(subscription), shop.price(20_000, interval="year"), anchor=anchor)

        shop.move_to(FIRST)

        changed = shop.subscription(subscription.id)
        assert changed["items"].data[0].current_period_end == at("2028-02-28 10:30")
        assert changed.billing_cycle_anchor == FIRST
        assert [invoice.total for invoice in shop.invoices(subscription)] == [2800, 20_000]

    @pytest.mark.parametrize(
        ("behavior", "total"),
        # 28 February 2027 to 31 January 2028 are 337 of 365 days: 20,000 x 337/365 = 18,465.75.
        [("none", None), ("create_prorations", None), ("always_invoice", 18_466)],
    )
    def test_keeps_the_billing_date_in_flexible_mode(self, shop, create, scheduled, plan, *, behavior, total):
        subscription = create(shop.price(2800))
        plan(scheduled(subscription), shop.price(20_000, interval="year"), behavior=behavior)

        shop.move_to(FIRST)

        changed = shop.subscription(subscription.id)
        assert changed["items"].data[0].current_period_end == at("2028-01-31 10:30")
        assert changed.billing_cycle_anchor == NOW
        billed = [invoice.total for invoice in shop.invoices(subscription)]
        assert billed == ([2800] if total is None else [2800, total])

    def test_prorates_when_it_begins_within_a_period(self, shop, create, scheduled):
        # Half of the 28 days are left: 1400 credited, 2800 charged.
        subscription, dearer = create(shop.price(2800)), shop.price(5600)
        schedule = scheduled(subscription)
        item = {"price": subscription["items"].data[0].price.id}
        phases = [
            {"items": [item], "start_date": NOW, "end_date": NOW + 14 * DAY},
            {"items": [{"price": dearer}], "end_date": SECOND, "proration_behavior": "create_prorations"},
        ]
        shop.api.subscription_schedules.update(schedule.id, {"phases": phases})

        shop.move_to(FIRST)

        assert [line.amount for line in shop.invoices(subscription)[-1].lines.data] == [-1400, 2800, 5600]

    def test_sets_quantity_and_metadata_of_the_subscription(self, shop, create, scheduled):
        price = shop.price(1000)
        subscription = create(price, metadata={"team": "red"})
        first = scheduled(subscription)
        item = subscription["items"].data[0].id
        phases = [
            {"items": [{"price": price}], "start_date": NOW, "end_date": FIRST},
            {"items": [{"price": price, "quantity": 3}], "end_date": SECOND, "metadata": {"plan": "team"}},
        ]
        shop.api.subscription_schedules.update(first.id, {"phases": phases})

        shop.move_to(FIRST)

        changed = shop.subscription(subscription.id)
        assert (changed["items"].data[0].id, changed["items"].data[0].quantity) == (item, 3)
        assert changed.metadata.to_dict() == {"team": "red", "plan": "team"}
        assert shop.invoices(subscription)[-1].total == 3000


class TestTheEnd:
    def test_completes_it_and_the_subscription_continues(self, shop, create, scheduled, plan):
        subscription, cheaper = create(shop.price(2800)), shop.price(1000)
        schedule = plan(scheduled(subscription), cheaper)
        shop.move_to(FIRST)
        shop.forget_events()

        shop.move_to(at("2027-03-28 10:30"))

        assert Counter(shop.new_types()) == Counter(
            [
                "customer.subscription.updated",
                "invoice.upcoming",
                "subscription_schedule.completed",
                "subscription_schedule.expiring",
            ]
        )
        ended = shop.api.subscription_schedules.retrieve(schedule.id)
        assert (ended.status, ended.completed_at) == ("completed", at("2027-03-28 10:30"))
        assert (ended.subscription, ended.released_subscription) == (None, subscription.id)
        free = shop.subscription(subscription.id)
        assert (free.schedule, free.status, free["items"].data[0].price.id) == (None, "active", cheaper)
        shop.move_to(SECOND)
        assert shop.invoices(subscription)[-1].created == SECOND

    def test_can_end_the_subscription(self, shop, create, scheduled):
        subscription = create()
        schedule = scheduled(subscription)

        shop.api.subscription_schedules.update(schedule.id, {"end_behavior": "cancel"})

        assert shop.subscription(subscription.id).cancel_at == FIRST
        shop.forget_events()
        shop.move_to(FIRST)
        assert shop.subscription(subscription.id).status == "canceled"
        assert shop.api.subscription_schedules.retrieve(schedule.id).status == "completed"
        assert Counter(shop.new_types()) == Counter(
            ["subscription_schedule.expiring", "subscription_schedule.completed", "customer.subscription.deleted"]
        )

    def test_can_be_removed(self, shop, create, scheduled):
        subscription = create()
        schedule = scheduled(subscription)
        shop.api.subscription_schedules.update(schedule.id, {"end_behavior": "cancel"})

        shop.api.subscription_schedules.update(schedule.id, {"end_behavior": "release"})

        assert shop.subscription(subscription.id).cancel_at is None

    def test_of_a_subscription_with_a_scheduled_end_is_kept(self, shop, create, scheduled):
        subscription = create(cancel_at_period_end=True)

        schedule = scheduled(subscription)

        assert schedule.end_behavior == "cancel"
        shop.move_to(FIRST)
        assert shop.subscription(subscription.id).status == "canceled"

    def test_comes_when_the_subscription_ends_unpaid(self, shop, create, scheduled):
        subscription = create()
        shop.api.subscriptions.update(subscription.id, {"default_payment_method": "pm_card_chargeCustomerFail"})
        schedule = scheduled(subscription)
        price = subscription["items"].data[0].price.id
        phases = [{"items": [{"price": price}], "start_date": NOW, "end_date": NOW + 200 * DAY}]
        shop.api.subscription_schedules.update(schedule.id, {"phases": phases})
        shop.forget_events()

        shop.move_to(FIRST + 15 * DAY)

        assert shop.subscription(subscription.id).status == "canceled"
        assert shop.api.subscription_schedules.retrieve(schedule.id).status == "canceled"
        assert "subscription_schedule.aborted" in shop.new_types()
