"""Test clocks: a customer created with one lives on its time, until it is advanced."""

import pytest
import stripe

from tests.sandbox.conftest import NOW

DAY = 86_400
FROZEN = NOW + 100 * DAY


@pytest.fixture
def clock(api):
    return api.test_helpers.test_clocks.create({"frozen_time": FROZEN, "name": "A year"})


@pytest.fixture
def clock_customer(api, clock):
    customer = api.customers.create({"test_clock": clock.id, "email": "ada@example.com"}).id
    api.payment_methods.attach("pm_card_visa", {"customer": customer})
    method = api.payment_methods.list({"customer": customer}).data[0].id
    api.customers.update(customer, {"invoice_settings": {"default_payment_method": method}})
    return customer


@pytest.fixture
def clock_subscription(api, clock_customer, price):
    return api.subscriptions.create({"customer": clock_customer, "items": [{"price": price.id}]})


def advance(api, clock, seconds):
    return api.test_helpers.test_clocks.advance(clock.id, {"frozen_time": FROZEN + seconds})


class TestCreate:
    def test_freezes_a_time_and_is_deleted_after_a_week(self, sandbox, api, clock, event_types):
        assert clock.to_dict() == {
            "id": clock.id,
            "object": "test_helpers.test_clock",
            "created": NOW,
            "deletes_after": NOW + 7 * DAY,
            "frozen_time": FROZEN,
            "livemode": False,
            "name": "A year",
            "status": "ready",
            "status_details": {},
        }
        assert api.test_helpers.test_clocks.list().data[0].id == clock.id
        assert event_types() == ["test_helpers.test_clock.created"]

        with sandbox.transaction():
            sandbox.move_time(NOW + 7 * DAY)

        assert api.test_helpers.test_clocks.list().data == []

    def test_does_not_take_existing_customers(self, api):
        customer = api.customers.create({}).id

        with pytest.raises(stripe.InvalidRequestError) as refused:
            api.test_helpers.test_clocks.create({"frozen_time": NOW, "customer": customer})

        assert (refused.value.code, refused.value.param) == ("sandbox_unsupported", "customer")

    def test_has_three_customers_at_most(self, api, clock):
        for _ in range(3):
            api.customers.create({"test_clock": clock.id})

        with pytest.raises(stripe.InvalidRequestError, match="at most 3 customers"):
            api.customers.create({"test_clock": clock.id})

    def test_must_exist(self, api):
        with pytest.raises(stripe.InvalidRequestError, match="No such test clock: 'clock_1'") as refused:
            api.customers.create({"test_clock": "clock_1"})

        assert refused.value.param == "test_clock"


class TestTime:
    def test_dates_what_belongs_to_the_clock(self, api, clock, clock_customer, clock_subscription):
        invoice = api.invoices.retrieve(clock_subscription.latest_invoice)
        customer = api.customers.retrieve(clock_customer)

        assert [each.created for each in (customer, clock_subscription, invoice)] == [FROZEN] * 3
        assert [each.test_clock for each in (customer, clock_subscription, invoice)] == [clock.id] * 3
        assert clock_subscription.status == "active"
        assert clock_subscription["items"].data[0].current_period_end == FROZEN + 30 * DAY

    def test_dates_payments_and_events_by_real_time(self, api, clock_customer, clock_subscription):
        [intent] = api.payment_intents.list({"customer": clock_customer}).data
        [charge] = api.charges.list({"customer": clock_customer}).data

        assert (intent.created, charge.created) == (NOW, NOW)
        assert {event.created for event in api.events.list().data} == {NOW}

    def test_does_not_pass_with_the_sandbox_s_clock(self, api, control, clock_subscription):
        control("clock", advance=5 * DAY)

        assert api.subscriptions.retrieve(clock_subscription.id)["items"] == clock_subscription["items"]

    def test_is_that_of_pages_and_controls(self, api, control, clock_customer, price):
        session = api.checkout.sessions.create(
            {
                "mode": "subscription",
                "customer": clock_customer,
                "line_items": [{"price": price.id, "quantity": 1}],
                "success_url": "https://example.com",
            }
        )
        paid = control(f"checkout/{session.id}/pay", card="4242424242424242")

        assert api.subscriptions.retrieve(paid["subscription"]).created == FROZEN


class TestAdvance:
    def test_renews_at_its_own_time(self, api, clock, clock_subscription, event_types):
        before = len(event_types())
        end = clock_subscription["items"].data[0].current_period_end

        answer = advance(api, clock, 40 * DAY)

        assert answer.status == "advancing"
        assert answer.status_details.advancing.target_frozen_time == FROZEN + 40 * DAY
        now = api.test_helpers.test_clocks.retrieve(clock.id)
        assert (now.status, now.frozen_time, now.status_details.to_dict()) == ("ready", FROZEN + 40 * DAY, {})
        renewed = api.subscriptions.retrieve(clock_subscription.id, {"expand": ["latest_invoice", "test_clock"]})
        assert renewed["items"].data[0].current_period_start == end
        assert (renewed.latest_invoice.created, renewed.latest_invoice.status) == (end, "paid")
        assert renewed.test_clock.id == clock.id
        happened = event_types()[before:]
        assert happened[0] == "test_helpers.test_clock.advancing"
        assert happened[-1] == "test_helpers.test_clock.ready"
        assert {"invoice.upcoming", "invoice.paid", "customer.subscription.updated"} < set(happened)

    def test_goes_two_intervals_of_the_shortest_subscription_at_most(self, api, clock, clock_subscription):
        with pytest.raises(stripe.InvalidRequestError, match="two intervals") as refused:
            advance(api, clock, 63 * DAY)

        assert refused.value.param == "frozen_time"
        assert api.test_helpers.test_clocks.retrieve(clock.id).frozen_time == FROZEN

    def test_goes_two_years_without_subscriptions(self, api, clock):
        advance(api, clock, 2 * 365 * DAY)

        with pytest.raises(stripe.InvalidRequestError, match="two years"):
            advance(api, clock, 5 * 365 * DAY)

    def test_goes_only_ahead(self, api, clock):
        with pytest.raises(stripe.InvalidRequestError, match="must be after"):
            advance(api, clock, 0)


class TestLists:
    def test_hide_objects_of_clocks(self, api, clock, clock_customer, clock_subscription):
        other = api.customers.create({"email": "ada@example.com"}).id

        assert [each.id for each in api.customers.list().data] == [other]
        assert [each.id for each in api.customers.list({"email": "ada@example.com"}).data] == [other]
        assert [each.id for each in api.customers.list({"test_clock": clock.id}).data] == [clock_customer]
        for service in (api.subscriptions, api.invoices, api.charges, api.payment_intents):
            assert service.list().data == []
            assert len(service.list({"customer": clock_customer}).data) == 1
        assert [each.id for each in api.subscriptions.list({"test_clock": clock.id}).data] == [clock_subscription.id]
        assert len(api.invoices.list({"subscription": clock_subscription.id}).data) == 1


class TestDelete:
    def test_deletes_its_customers_and_cancels_their_subscriptions(
        self, api, clock, clock_customer, clock_subscription, event_types
    ):
        before = len(event_types())

        assert api.test_helpers.test_clocks.delete(clock.id).deleted is True

        assert api.customers.retrieve(clock_customer).deleted is True
        assert api.subscriptions.retrieve(clock_subscription.id).status == "canceled"
        assert event_types()[before:] == [
            "customer.subscription.deleted",
            "customer.deleted",
            "test_helpers.test_clock.deleted",
        ]
        with pytest.raises(stripe.InvalidRequestError, match="No such test clock"):
            advance(api, clock, DAY)
