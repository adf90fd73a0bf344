"""Update, release, cancel and list schedules; the changes that a schedule forbids its subscription."""

from collections import Counter

import pytest

from tests.sandbox.shop import NOW, at, error_of, ids, shown

DAY = 86_400
FIRST, SECOND = at("2027-02-28 10:30"), at("2027-03-31 10:30")


class TestRelease:
    def test_drops_the_later_phases(self, shop, create, scheduled, plan):
        subscription = create(shop.price(2800))
        schedule = plan(scheduled(subscription), shop.price(1000))
        shop.forget_events()

        released = shop.api.subscription_schedules.release(schedule.id)

        assert (released.status, released.released_at) == ("released", NOW)
        assert (released.subscription, released.released_subscription) == (None, subscription.id)
        assert shop.subscription(subscription.id).schedule is None
        assert Counter(shop.new_types()) == Counter(
            ["subscription_schedule.released", "customer.subscription.updated"]
        )
        shop.move_to(FIRST)
        assert shop.invoices(subscription)[-1].total == 2800

    def test_allows_a_new_schedule(self, shop, create, scheduled):
        subscription = create()
        first = scheduled(subscription)
        shop.api.subscription_schedules.release(first.id)

        second = scheduled(subscription)

        assert shop.subscription(subscription.id).schedule == second.id != first.id

    @pytest.mark.parametrize(("keeps", "cancel_at"), [(True, FIRST), (False, None)])
    def test_removes_the_scheduled_end_unless_preserved(self, shop, create, scheduled, keeps, cancel_at):
        subscription = create()
        schedule = scheduled(subscription)
        shop.api.subscription_schedules.update(schedule.id, {"end_behavior": "cancel"})

        shop.api.subscription_schedules.release(schedule.id, {"preserve_cancel_date": keeps})

        assert shop.subscription(subscription.id).cancel_at == cancel_at

    def test_is_refused_a_second_time(self, shop, create, scheduled):
        schedule = scheduled(create())
        shop.api.subscription_schedules.release(schedule.id)
        shop.forget_events()

        error = error_of(shop.api.subscription_schedules.release, schedule.id)

        assert error.user_message == (
            "You cannot release a subscription schedule that is currently in the `released` status. It must be in "
            "`not_started` or `active` status."
        )
        assert shop.new_types() == []


class TestCancel:
    def test_ends_the_subscription_too(self, shop, create, scheduled):
        # Half of the 28 days are left: 1400 credited.
        subscription = create(shop.price(2800))
        schedule = scheduled(subscription)
        shop.advance(days=14)
        shop.forget_events()

        canceled = shop.api.subscription_schedules.cancel(schedule.id)

        assert (canceled.status, canceled.canceled_at) == ("canceled", NOW + 14 * DAY)
        assert shop.subscription(subscription.id).status == "canceled"
        assert shop.invoices(subscription)[-1].total == -1400
        assert shop.new_types().count("subscription_schedule.canceled") == 1

    def test_happens_when_the_subscription_is_canceled(self, shop, create, scheduled):
        subscription = create()
        schedule = scheduled(subscription)

        shop.api.subscriptions.cancel(subscription.id)

        assert shop.api.subscription_schedules.retrieve(schedule.id).status == "canceled"
        assert "subscription_schedule.canceled" in shop.new_types()


class TestTheScheduledSubscription:
    @pytest.mark.parametrize("change", [{"cancel_at_period_end": True}, {"cancel_at": SECOND}, {"cancel_at": ""}])
    def test_refuses_a_cancelation_that_bypasses_the_schedule(self, shop, create, scheduled, change):
        subscription = create()
        schedule = scheduled(subscription)
        shop.forget_events()

        error = error_of(shop.api.subscriptions.update, subscription.id, change)

        assert error.user_message == (
            f"The subscription is managed by the subscription schedule `{schedule.id}`, and updating any cancelation "
            "behavior directly is not allowed. Please update the schedule instead."
        )
        assert shop.new_types() == []

    def test_may_be_changed_in_its_current_phase(self, shop, create, scheduled, plan):
        subscription, dearer, cheaper = create(shop.price(2800)), shop.price(5600), shop.price(1000)
        schedule = plan(scheduled(subscription), cheaper)
        item = subscription["items"].data[0].id

        shop.api.subscriptions.update(
            subscription.id, {"items": [{"id": item, "price": dearer}], "proration_behavior": "none"}
        )

        first, second = shop.api.subscription_schedules.retrieve(schedule.id).phases
        assert (first["items"][0].price, second["items"][0].price) == (dearer, cheaper)


class TestUpdate:
    def test_changes_the_current_phase_now(self, shop, create, scheduled):
        # Half of the 28 days are left: 1400 credited, 2800 charged.
        subscription, dearer = create(shop.price(2800)), shop.price(5600)
        schedule = scheduled(subscription)
        shop.advance(days=14)

        phases = [{"items": [{"price": dearer}], "start_date": NOW, "end_date": FIRST}]
        shop.api.subscription_schedules.update(schedule.id, {"phases": phases})

        assert shop.subscription(subscription.id)["items"].data[0].price.id == dearer
        shop.move_to(FIRST)
        assert [line.amount for line in shop.invoices(subscription)[-1].lines.data] == [-1400, 2800, 5600]

    def test_merges_metadata(self, shop, create, scheduled):
        schedule = scheduled(create())

        noted = shop.api.subscription_schedules.update(schedule.id, {"metadata": {"why": "downgrade"}})
        shop.api.subscription_schedules.release(schedule.id)
        after = shop.api.subscription_schedules.update(schedule.id, {"metadata": {"why": ""}})

        assert (noted.metadata.to_dict(), after.metadata.to_dict()) == ({"why": "downgrade"}, {})

    def test_a_last_phase_without_an_end_lasts_one_interval_of_its_price(self, shop, create, scheduled):
        subscription = create()
        yearly = shop.price(19000, interval="year")
        now = {"items": [{"price": subscription["items"].data[0].price.id}], "start_date": NOW, "end_date": FIRST}

        changed = shop.api.subscription_schedules.update(
            scheduled(subscription).id, {"phases": [now, {"items": [{"price": yearly}], "proration_behavior": "none"}]}
        )

        assert [shown(phase.end_date) for phase in changed.phases] == ["2027-02-28 10:30", "2028-02-28 10:30"]

    @pytest.mark.parametrize(
        ("phases", "param"),
        [
            ([{"end_date": FIRST}], "phases[0][start_date]"),
            ([{"start_date": NOW + 1, "end_date": FIRST}], "phases[0][start_date]"),
            ([{"start_date": NOW}], "phases[0]"),
            (
                [{"start_date": NOW, "end_date": FIRST, "duration": {"interval": "month"}}],
                "phases[0]",
            ),
            ([{"start_date": NOW, "end_date": NOW - 1}], "phases[0][end_date]"),
            (
                [{"start_date": NOW, "duration": {"interval": "month", "interval_count": 0}}],
                "phases[0][duration][interval_count]",
            ),
            (
                [{"start_date": NOW, "duration": {"interval": "month", "interval_count": 121}}],
                "phases[0][duration][interval_count]",
            ),
            (
                [{"start_date": NOW, "end_date": FIRST}, {"start_date": FIRST + 1, "end_date": SECOND}],
                "phases[1][start_date]",
            ),
            (
                [{"start_date": NOW, "end_date": FIRST, "items": [{"price": "price_none"}]}],
                "phases[0][items][0][price]",
            ),
            ([{"start_date": NOW, "end_date": FIRST, "trial": True}], "phases[0][trial]"),
            ([{"start_date": NOW, "iterations": 1}], "phases[0][iterations]"),
            (
                [{"start_date": NOW, "end_date": FIRST}, {"items": [{"price": "price_none"}]}],
                "phases[1][items][0][price]",
            ),
        ],
    )
    def test_names_the_wrong_parameter(self, shop, create, scheduled, phases, param):
        subscription = create()
        schedule = scheduled(subscription)
        items = [{"price": subscription["items"].data[0].price.id}]
        shop.forget_events()

        error = error_of(
            shop.api.subscription_schedules.update,
            schedule.id,
            {"phases": [{"items": items, **phase} for phase in phases]},
        )

        assert (error.http_status, error.param) == (400, param)
        assert shop.new_types() == []

    @pytest.mark.parametrize("choices", [{"currency": "eur"}, {"interval": None}, {"active": False}])
    def test_refuses_a_price_that_the_subscription_cannot_have(self, shop, create, scheduled, choices):
        active = choices.pop("active", True)
        other = shop.price(1000, **choices)
        shop.api.prices.update(other, {"active": active})
        schedule = scheduled(create())

        phases = [{"items": [{"price": other}], "start_date": NOW, "end_date": FIRST}]
        error = error_of(shop.api.subscription_schedules.update, schedule.id, {"phases": phases})

        assert (error.http_status, error.param) == (400, "phases[0][items][0][price]")

    def test_keeps_an_archived_price(self, shop, create, scheduled, plan):
        price = shop.price(2800)
        schedule = scheduled(create(price))
        shop.api.prices.update(price, {"active": False})

        assert len(plan(schedule, shop.price(1000)).phases) == 2


class TestList:
    def test_filters_by_customer(self, shop, create, customer, scheduled):
        first, second = scheduled(create()), scheduled(create())
        shop.api.subscription_schedules.release(first.id)

        listed = shop.api.subscription_schedules.list({"customer": customer})

        assert ids(listed) == [second.id, first.id]
        assert ids(shop.api.subscription_schedules.list({"customer": shop.customer()})) == []
        assert ids(shop.api.subscription_schedules.list({"released_at": {"gte": NOW}})) == [first.id]
        assert ids(shop.api.subscription_schedules.list({"scheduled": True})) == []

    def test_is_expanded(self, shop, create, scheduled):
        subscription = create()
        schedule = scheduled(subscription)

        seen = shop.api.subscriptions.retrieve(subscription.id, {"expand": ["schedule"]})

        assert seen.schedule.phases[0].start_date == NOW
        assert error_of(shop.api.subscription_schedules.retrieve, "sub_sched_none").http_status == 404
        assert schedule.id == seen.schedule.id
