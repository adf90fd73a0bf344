"""A subscription is switched between charging and sending invoices; items are changed off session."""

import pytest

from tests.sandbox.shop import at, error_of

MONTHS_END = at("2027-02-28 10:30")
DAY = 86400


class TestCollectionMethod:
    def test_sends_the_next_invoice_with_its_due_date(self, shop, create):
        subscription = create()
        changed = shop.api.subscriptions.update(
            subscription.id, {"collection_method": "send_invoice", "days_until_due": 10}
        )
        shop.move_to(MONTHS_END)

        assert (changed.collection_method, changed.days_until_due) == ("send_invoice", 10)
        first, second = shop.invoices(subscription)
        assert (first.collection_method, first.status, first.due_date) == ("charge_automatically", "paid", None)
        assert (second.collection_method, second.status) == ("send_invoice", "open")
        assert (second.due_date, second.amount_due) == (MONTHS_END + 10 * DAY, 1900)

    def test_charges_again_without_days(self, shop, create):
        subscription = create(collection_method="send_invoice", days_until_due=10)
        changed = shop.api.subscriptions.update(subscription.id, {"collection_method": "charge_automatically"})
        shop.move_to(MONTHS_END)

        assert (changed.collection_method, changed.days_until_due) == ("charge_automatically", None)
        assert [invoice.status for invoice in shop.invoices(subscription)] == ["open", "paid"]

    @pytest.mark.parametrize(
        "params",
        [{"collection_method": "send_invoice"}, {"days_until_due": 5}, {"days_until_due": -1}],
        ids=["no days", "charged", "negative"],
    )
    def test_refuses_days_that_do_not_fit(self, shop, create, params):
        subscription = create()
        shop.forget_events()
        error = error_of(shop.api.subscriptions.update, subscription.id, params)

        assert (error.http_status, error.param, shop.new_types()) == (400, "days_until_due", [])

    def test_refuses_days_of_a_new_subscription_that_is_charged(self, shop, customer):
        items = [{"price": shop.price()}]
        error = error_of(shop.api.subscriptions.create, {"customer": customer, "items": items, "days_until_due": 5})

        assert error.param == "days_until_due"


class TestItems:
    def test_are_deleted_with_clear_usage(self, shop, create, metered):
        subscription = create(shop.price(), metered())
        seats, usage = subscription["items"].data
        items = [{"id": usage.id, "deleted": True, "clear_usage": True}]

        changed = shop.api.subscriptions.update(subscription.id, {"items": items})

        assert [item.id for item in changed["items"].data] == [seats.id]

    def test_are_deleted_only_by_id(self, shop, create):
        error = error_of(shop.api.subscriptions.update, create().id, {"items": [{"deleted": True}]})

        assert (error.code, error.param) == ("parameter_missing", "items[0][id]")

    def test_are_changed_off_session(self, shop, create):
        subscription = create()
        item = subscription["items"].data[0].id

        changed = shop.api.subscription_items.update(item, {"quantity": 3, "off_session": True})

        assert changed.quantity == 3
