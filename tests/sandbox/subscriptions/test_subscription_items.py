"""The items of a subscription, one by one."""

import pytest

from tests.sandbox.shop import NOW, at, error_of, ids

FIRST = at("2027-02-28 10:30")


@pytest.fixture
def items(shop):
    return shop.api.subscription_items


class TestCreate:
    def test_adds_an_item_and_prorates_it(self, shop, create, items):
        subscription = create()
        shop.advance(days=14)
        shop.forget_events()

        added = items.create(
            {"subscription": subscription.id, "price": shop.price(1000), "quantity": 2, "metadata": {"seat": "a"}}
        )

        assert (added.object, added.quantity, added.metadata.to_dict()) == ("subscription_item", 2, {"seat": "a"})
        assert (added.current_period_start, added.current_period_end) == (NOW, FIRST)
        assert "customer.subscription.updated" in shop.new_types()
        shop.move_to(FIRST)
        assert shop.invoices(subscription)[-1].total == 1000 + 1900 + 2000

    def test_bills_it_at_once_when_asked(self, shop, create, items):
        subscription = create()

        items.create(
            {"subscription": subscription.id, "price": shop.price(1000), "proration_behavior": "always_invoice"}
        )

        assert [invoice.total for invoice in shop.invoices(subscription)] == [1900, 1000]

    def test_takes_price_data(self, shop, create, items):
        subscription = create()
        product = shop.api.products.create({"name": "Extra"}).id
        data = {"currency": "usd", "product": product, "recurring": {"interval": "month"}, "unit_amount": 300}

        added = items.create({"subscription": subscription.id, "price_data": data})

        assert (added.price.unit_amount, added.price.product) == (300, product)

    def test_refuses_what_it_does_not_play(self, shop, create, items):
        subscription = create()

        error = error_of(items.create, {"subscription": subscription.id, "price": shop.price(), "tax_rates": ["txr"]})

        assert (error.code, error.param) == ("sandbox_unsupported", "tax_rates")
        assert error_of(items.create, {"subscription": "sub_none", "price": shop.price()}).param == "subscription"


class TestRetrieve:
    def test_returns_the_item(self, create, items):
        item = create()["items"].data[0]

        assert items.retrieve(item.id).to_dict() == item.to_dict()

    def test_does_not_know_other_ids(self, items):
        error = error_of(items.retrieve, "si_none")

        assert (error.http_status, error.code) == (404, "resource_missing")


class TestUpdate:
    def test_changes_quantity_price_and_metadata(self, shop, create, items):
        item = create()["items"].data[0].id
        dearer = shop.price(2900)

        changed = items.update(item, {"price": dearer, "quantity": 3, "metadata": {"a": "b"}})

        assert (changed.id, changed.price.id, changed.quantity) == (item, dearer, 3)
        assert items.update(item, {"metadata": ""}).metadata.to_dict() == {}

    def test_leaves_a_failed_change_undone(self, shop, create, items):
        subscription = create()
        shop.api.subscriptions.update(subscription.id, {"default_payment_method": "pm_card_chargeCustomerFail"})
        item = subscription["items"].data[0].id

        error = error_of(
            items.update,
            item,
            {"quantity": 5, "proration_behavior": "always_invoice", "payment_behavior": "error_if_incomplete"},
        )

        assert error.http_status == 402
        assert items.retrieve(item).quantity == 1


class TestDelete:
    def test_removes_the_item(self, shop, create, items):
        subscription = create(shop.price(), shop.price(500))
        kept, dropped = ids(subscription["items"].data)

        gone = items.delete(dropped, {"clear_usage": True, "proration_behavior": "none"})

        assert (gone.id, gone.object, gone.deleted) == (dropped, "subscription_item", True)
        assert ids(items.list({"subscription": subscription.id}).data) == [kept]
        assert error_of(items.retrieve, dropped).http_status == 404

    def test_refuses_the_last_item(self, create, items):
        item = create()["items"].data[0].id

        assert "at least one active plan" in error_of(items.delete, item).user_message

    def test_refuses_an_ended_subscription(self, shop, create, items):
        subscription = create()
        item = subscription["items"].data[0].id
        shop.api.subscriptions.cancel(subscription.id)

        assert error_of(items.update, item, {"quantity": 2}).http_status == 400


class TestList:
    def test_pages_through_the_items(self, shop, create, items):
        subscription = create(*(shop.price(amount) for amount in (100, 200, 300)))
        first, second, third = ids(subscription["items"].data)

        page = items.list({"subscription": subscription.id, "limit": 2})

        assert (ids(page.data), page.has_more) == ([first, second], True)
        assert ids(items.list({"subscription": subscription.id, "starting_after": second}).data) == [third]
        assert ids(page.auto_paging_iter()) == [first, second, third]
