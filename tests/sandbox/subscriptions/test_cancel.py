import pytest

from tests.sandbox.shop import NOW, at, error_of

DAY = 86_400
NEXT_MONTH = at("2027-02-28 10:30")


class TestScheduledCancel:
    def test_is_set_for_the_end_of_the_period(self, shop, create):
        subscription = create()
        shop.forget_events()

        changed = shop.api.subscriptions.update(subscription.id, {"cancel_at_period_end": True})

        assert (changed.status, changed.cancel_at_period_end) == ("active", True)
        assert (changed.cancel_at, changed.canceled_at, changed.ended_at) == (NEXT_MONTH, NOW, None)
        assert changed.cancellation_details.reason == "cancellation_requested"
        (event,) = shop.new_events()
        assert event["type"] == "customer.subscription.updated"
        assert event["data"]["previous_attributes"] == {
            "cancel_at": None,
            "cancel_at_period_end": False,
            "canceled_at": None,
            "cancellation_details": {"reason": None},
        }

    def test_is_undone(self, shop, create):
        subscription = create(cancel_at_period_end=True)

        changed = shop.api.subscriptions.update(subscription.id, {"cancel_at_period_end": False})

        assert (changed.cancel_at_period_end, changed.cancel_at, changed.canceled_at) == (False, None, None)
        assert changed.cancellation_details.reason is None
        shop.move_to(NEXT_MONTH)
        assert shop.subscription(subscription.id).status == "active"

    def test_is_set_for_a_date(self, shop, create):
        subscription = create()

        changed = shop.api.subscriptions.update(subscription.id, {"cancel_at": NOW + 5 * DAY})

        assert (changed.cancel_at, changed.cancel_at_period_end) == (NOW + 5 * DAY, False)
        undone = shop.api.subscriptions.update(subscription.id, {"cancel_at": ""})
        assert (undone.cancel_at, undone.canceled_at) == (None, None)

    def test_accepts_stripes_named_dates(self, shop, create):
        subscription = create(shop.price(), shop.price(interval="year"))

        first = shop.api.subscriptions.update(subscription.id, {"cancel_at": "min_period_end"})
        last = shop.api.subscriptions.update(subscription.id, {"cancel_at": "max_period_end"})

        assert (first.cancel_at, last.cancel_at) == (NEXT_MONTH, at("2028-01-31 10:30"))

    def test_keeps_feedback_and_comment(self, shop, create):
        subscription = create()

        changed = shop.api.subscriptions.update(
            subscription.id,
            {"cancel_at_period_end": True, "cancellation_details": {"comment": "Bye", "feedback": "too_expensive"}},
        )

        details = changed.cancellation_details
        assert (details.comment, details.feedback, details.reason) == (
            "Bye",
            "too_expensive",
            "cancellation_requested",
        )

    @pytest.mark.parametrize("choices", [{"cancel_at": NOW}, {"cancel_at": NOW + DAY, "cancel_at_period_end": True}])
    def test_refuses_a_past_date_and_both_parameters(self, shop, create, choices):
        subscription = create()

        assert error_of(shop.api.subscriptions.update, subscription.id, choices).http_status == 400
        assert shop.subscription(subscription.id).cancel_at is None


class TestCancel:
    def test_ends_at_once(self, shop, create):
        subscription = create()
        shop.forget_events()

        ended = shop.api.subscriptions.cancel(subscription.id, {"cancellation_details": {"comment": "Bye"}})

        assert (ended.status, ended.canceled_at, ended.ended_at) == ("canceled", NOW, NOW)
        details = ended.cancellation_details
        assert (details.comment, details.reason) == ("Bye", "cancellation_requested")
        assert shop.new_types() == ["customer.subscription.deleted"]
        assert shop.subscription(subscription.id).status == "canceled"

    def test_is_never_renewed_again(self, shop, create):
        subscription = create()
        shop.api.subscriptions.cancel(subscription.id)
        shop.forget_events()

        shop.advance(days=100)

        assert shop.new_types() == []

    def test_of_an_ended_subscription_is_not_found(self, shop, create):
        subscription = create()
        shop.api.subscriptions.cancel(subscription.id)
        shop.forget_events()

        for subscription_id in (subscription.id, "sub_none"):
            error = error_of(shop.api.subscriptions.cancel, subscription_id)
            assert (error.http_status, error.code, error.param) == (404, "resource_missing", "id")
            assert error.user_message == f"No such subscription: '{subscription_id}'"
        assert shop.new_types() == []

    def test_allows_only_details_and_metadata_to_change_afterwards(self, shop, create):
        subscription = create()
        shop.api.subscriptions.cancel(subscription.id)

        changed = shop.api.subscriptions.update(
            subscription.id, {"metadata": {"a": "b"}, "cancellation_details": {"comment": "Moved away"}}
        )
        error = error_of(shop.api.subscriptions.update, subscription.id, {"cancel_at_period_end": False})

        assert (changed.metadata.to_dict(), changed.cancellation_details.comment) == ({"a": "b"}, "Moved away")
        assert error.user_message == ("A canceled subscription can only update its cancellation_details and metadata.")

    def test_happens_when_the_customer_is_deleted(self, shop, create, customer):
        subscription = create()

        shop.api.customers.delete(customer)

        assert shop.subscription(subscription.id).status == "canceled"
        shop.advance(days=60)
        assert len(shop.invoices(subscription)) == 1


class TestCancelWithWaitingProrations:
    @pytest.fixture
    def upgraded(self, shop, create):
        subscription, dearer = create(shop.price(2800)), shop.price(5600)
        shop.advance(days=14)
        item = subscription["items"].data[0].id
        return shop.api.subscriptions.update(subscription.id, {"items": [{"id": item, "price": dearer}]})

    def test_deletes_them(self, shop, upgraded):
        shop.forget_events()

        shop.api.subscriptions.cancel(upgraded.id)

        assert len(shop.invoices(upgraded)) == 1
        assert sorted(shop.new_types()) == [
            "customer.subscription.deleted",
            "invoiceitem.deleted",
            "invoiceitem.deleted",
        ]

    def test_bills_them_when_asked(self, shop, upgraded):
        shop.api.subscriptions.cancel(upgraded.id, {"invoice_now": True})

        assert [invoice.amount_paid for invoice in shop.invoices(upgraded)] == [2800, 1400]

    def test_credits_unused_time_when_asked(self, shop, upgraded):
        shop.api.subscriptions.cancel(upgraded.id, {"invoice_now": True, "prorate": True})

        last = shop.invoices(upgraded)[-1]
        assert [line.amount for line in last.lines.data] == [-1400, 2800, -2800]
        assert shop.api.customers.retrieve(upgraded.customer).balance == -1400

    def test_bills_them_at_a_scheduled_end(self, shop, upgraded):
        shop.api.subscriptions.update(upgraded.id, {"cancel_at_period_end": True})

        shop.move_to(NEXT_MONTH)

        assert [invoice.amount_paid for invoice in shop.invoices(upgraded)] == [2800, 1400]
        assert shop.subscription(upgraded.id).status == "canceled"
