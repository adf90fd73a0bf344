"""Schedules that create their subscription."""

import pytest

from tests.sandbox.shop import NOW, at, error_of, ids

DAY = 86_400
FIRST, SECOND = at("2027-02-28 10:30"), at("2027-03-31 10:30")


@pytest.fixture
def schedule(shop, customer):
    """Create a schedule; each phase is a dict of its parameters."""

    def make(*phases, **choices):
        given = [
            {"items": [{"price": shop.price()}], "duration": {"interval": "month"}, **phase}
            for phase in phases or [{}]
        ]
        return shop.api.subscription_schedules.create({"customer": customer, "phases": given, **choices})

    return make


class TestStart:
    def test_creates_the_subscription_at_once(self, shop, schedule):
        made = schedule({"metadata": {"plan": "gold"}}, start_date="now", metadata={"a": "b"})

        subscription = shop.subscription(made.subscription)
        assert (made.status, made.current_phase.start_date, made.phases[0].end_date) == ("active", NOW, FIRST)
        assert made.metadata.to_dict() == {"a": "b"}
        assert (subscription.status, subscription.schedule) == ("active", made.id)
        assert subscription.metadata.to_dict() == {"plan": "gold"}
        assert [invoice.amount_paid for invoice in shop.invoices(subscription)] == [1900]
        created = [event["type"] for event in shop.events() if "created" in event["type"]]
        assert created[-1] == "subscription_schedule.created"

    def test_waits_for_its_date(self, shop, schedule):
        made = schedule(start_date=NOW + 10 * DAY)

        assert (made.status, made.subscription, made.current_phase) == ("not_started", None, None)
        assert ids(shop.api.subscription_schedules.list({"scheduled": True})) == [made.id]
        shop.forget_events()
        shop.advance(days=10)

        started = shop.api.subscription_schedules.retrieve(made.id)
        subscription = shop.subscription(started.subscription)
        assert (started.status, started.current_phase.start_date) == ("active", NOW + 10 * DAY)
        assert (subscription.start_date, subscription.status) == (NOW + 10 * DAY, "active")
        assert {"customer.subscription.created", "subscription_schedule.updated", "invoice.paid"} <= set(
            shop.new_types()
        )
        assert ids(shop.api.subscription_schedules.list({"scheduled": True})) == []

    def test_bills_in_the_currency_that_its_phase_names(self, shop, schedule):
        price = shop.price(1900, currency_options={"eur": {"unit_amount": 1700}})

        made = schedule({"items": [{"price": price}], "currency": "eur"})

        subscription = shop.subscription(made.subscription)
        assert (made.phases[0].currency, subscription.currency) == ("eur", "eur")
        assert [(invoice.currency, invoice.amount_paid) for invoice in shop.invoices(subscription)] == [("eur", 1700)]

    def test_is_past_due_when_the_card_fails(self, shop, schedule):
        made = schedule({"default_payment_method": "pm_card_chargeCustomerFail"})

        assert shop.subscription(made.subscription).status == "past_due"

    def test_takes_the_settings_of_its_phase(self, shop, schedule, coupon):
        setup = shop.price(5000, interval=None)
        half = coupon(duration="forever")

        made = schedule(
            {
                "items": [{"price": shop.price(1000), "quantity": 3}],
                "add_invoice_items": [{"price": setup}],
                "discounts": [{"coupon": half}],
                "description": "Gold",
                "collection_method": "send_invoice",
                "invoice_settings": {"days_until_due": 7},
            }
        )

        subscription = shop.subscription(made.subscription)
        (invoice,) = shop.invoices(subscription)
        assert (subscription.description, subscription.days_until_due) == ("Gold", 7)
        assert (invoice.subtotal, invoice.total, invoice.status) == (8000, 4000, "open")

    def test_can_begin_with_a_trial(self, shop, schedule):
        made = schedule({"trial": True}, {})

        subscription = shop.subscription(made.subscription)
        assert (subscription.status, subscription.trial_end) == ("trialing", FIRST)
        shop.move_to(FIRST)
        assert shop.subscription(made.subscription).status == "active"

    def test_is_refused_where_stripe_refuses_it(self, shop, schedule, customer):
        create = shop.api.subscription_schedules.create
        assert error_of(create, {"phases": []}).param == "customer"
        assert error_of(create, {"customer": customer}).param == "phases"
        assert error_of(schedule, start_date=NOW - 1).code == "sandbox_unsupported"
        assert error_of(schedule, end_behavior="none").code == "sandbox_unsupported"
        assert error_of(schedule, {"trial": True, "billing_cycle_anchor": "phase_start"}).http_status == 400
        assert error_of(schedule, {"collection_method": "send_invoice"}).http_status == 400
        assert error_of(schedule, {}, {"trial": True}).param == "phases[1][trial]"
        assert shop.api.subscription_schedules.list().data == []


class TestBeforeStart:
    def test_can_be_canceled(self, shop, schedule):
        made = schedule(start_date=NOW + 10 * DAY)
        shop.forget_events()

        canceled = shop.api.subscription_schedules.cancel(made.id)

        assert (canceled.status, canceled.canceled_at) == ("canceled", NOW)
        shop.advance(days=11)
        assert shop.new_types() == ["subscription_schedule.canceled"]

    def test_can_be_released(self, shop, schedule):
        made = schedule(start_date=NOW + 10 * DAY)
        shop.forget_events()

        released = shop.api.subscription_schedules.release(made.id)

        assert (released.status, released.released_subscription) == ("released", None)
        shop.advance(days=11)
        assert shop.new_types() == ["subscription_schedule.released"]

    def test_can_get_other_phases(self, shop, schedule):
        made = schedule(start_date=NOW + 10 * DAY)
        phase = {"items": [{"price": shop.price(500)}], "start_date": NOW + DAY, "end_date": NOW + 40 * DAY}

        changed = shop.api.subscription_schedules.update(made.id, {"phases": [phase]})

        assert (changed.status, changed.phases[0].start_date) == ("not_started", NOW + DAY)
        shop.advance(days=1)
        started = shop.api.subscription_schedules.retrieve(made.id)
        assert shop.invoices(shop.subscription(started.subscription))[0].total == 500


class TestEnd:
    def test_cancels_after_a_year(self, shop, schedule):
        made = schedule({"duration": {"interval": "year"}}, end_behavior="cancel")
        year = at("2028-01-31 10:30")
        assert shop.subscription(made.subscription).cancel_at == year

        shop.move_to(year - 7 * DAY - 1)
        assert "subscription_schedule.expiring" not in [event["type"] for event in shop.events()]
        shop.move_to(year - 7 * DAY)
        assert "subscription_schedule.expiring" in [event["type"] for event in shop.events()]
        shop.move_to(year)

        assert shop.subscription(made.subscription).status == "canceled"
        assert shop.api.subscription_schedules.retrieve(made.id).status == "completed"
        assert len(shop.invoices(shop.subscription(made.subscription))) == 12

    def test_leaves_the_subscription_after_its_phases(self, shop, schedule):
        made = schedule({}, {"items": [{"price": shop.price(2500)}]})

        shop.move_to(FIRST)
        assert shop.invoices(shop.subscription(made.subscription))[-1].total == 2500
        shop.move_to(SECOND)

        subscription = shop.subscription(made.subscription)
        assert (subscription.status, subscription.schedule) == ("active", None)
        assert shop.api.subscription_schedules.retrieve(made.id).status == "completed"

    def test_can_move_the_billing_date_with_a_phase(self, shop, schedule):
        made = schedule(
            {"duration": {"interval": "day", "interval_count": 10}},
            {"billing_cycle_anchor": "phase_start", "default_payment_method": "pm_card_mastercard"},
        )

        shop.advance(days=10)

        subscription = shop.subscription(made.subscription)
        assert subscription.billing_cycle_anchor == NOW + 10 * DAY
        assert shop.api.payment_methods.retrieve(subscription.default_payment_method).card.brand == "mastercard"

    def test_gives_the_discount_of_a_phase(self, shop, schedule, coupon):
        made = schedule({}, {"discounts": [{"coupon": coupon(duration="forever")}]})

        shop.move_to(FIRST)

        assert [invoice.total for invoice in shop.invoices(shop.subscription(made.subscription))] == [1900, 950]
