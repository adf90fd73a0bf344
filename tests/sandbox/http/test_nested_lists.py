"""Lists inside objects: the first ten members, and all of them at the list's URL."""

import pytest

from tests.sandbox.shop import error_of, ids


@pytest.fixture
def large(shop, customer):
    """A subscription with twelve items, paid."""
    product = shop.api.products.create({"name": "Pro"}).id
    price = {"product": product, "currency": "usd", "recurring": {"interval": "month"}}
    prices = [shop.api.prices.create({**price, "unit_amount": 100 * number}).id for number in range(1, 13)]
    items = [{"price": each} for each in prices]
    return shop.api.subscriptions.create({"customer": customer, "items": items, "expand": ["latest_invoice"]})


class TestSubscriptionItems:
    def test_ten_are_shown(self, shop, large):
        for shown in (
            large,
            shop.subscription(large.id),
            shop.api.subscriptions.list().data[0],
            shop.api.subscriptions.search({"query": "status:'active'"}).data[0],
        ):
            assert (len(shown["items"].data), shown["items"].has_more) == (10, True)
            assert shown["items"].url == f"/v1/subscription_items?subscription={large.id}"

    def test_all_are_found_at_the_url(self, shop, large):
        followed = ids(large["items"].auto_paging_iter())

        assert len(set(followed)) == 12
        assert followed == ids(shop.api.subscription_items.list({"subscription": large.id, "limit": 100}).data)

    def test_ten_are_in_events(self, shop, large):
        shop.api.subscriptions.update(large.id, {"metadata": {"a": "1"}})

        for event in shop.events():
            if event["type"].startswith("customer.subscription."):
                items = event["data"]["object"]["items"]
                assert (len(items["data"]), items["has_more"]) == (10, True)

    def test_ten_are_among_the_previous_attributes(self, shop, large):
        shop.forget_events()
        changes = [{"id": large["items"].data[0].id, "quantity": 2}]
        shop.api.subscriptions.update(large.id, {"items": changes, "proration_behavior": "none"})

        [event] = [event for event in shop.new_events() if event["type"] == "customer.subscription.updated"]
        assert len(event["data"]["previous_attributes"]["items"]["data"]) == 10

    def test_a_renewal_bills_all(self, shop, large):
        shop.advance(days=32)

        assert [invoice.total for invoice in shop.invoices(large)] == [7800, 7800]

    def test_a_short_list_is_whole(self, create):
        subscription = create()

        assert (len(subscription["items"].data), subscription["items"].has_more) == (1, False)


class TestInvoiceLines:
    def test_ten_are_shown_and_all_are_found(self, shop, large):
        lines = large.latest_invoice.lines

        assert (len(lines.data), lines.has_more) == (10, True)
        assert lines.url == f"/v1/invoices/{large.latest_invoice.id}/lines"
        assert sum(line.amount for line in lines.auto_paging_iter()) == 7800

    def test_of_a_preview_are_found_too(self, shop, large):
        preview = shop.api.invoices.create_preview({"subscription": large.id})

        assert (len(preview.lines.data), preview.lines.has_more) == (10, True)
        assert sum(line.amount for line in preview.lines.auto_paging_iter()) == preview.total == 7800

    def test_of_a_preview_are_kept_for_a_day(self, shop, large):
        old = shop.api.invoices.create_preview({"subscription": large.id})
        shop.advance(days=1, seconds=1)
        shop.api.invoices.create_preview({"subscription": large.id})

        assert error_of(shop.api.invoices.line_items.list, old.id).http_status == 404


class TestSessionLines:
    def test_ten_are_shown_and_all_are_found(self, shop):
        session = shop.session(*[shop.price() for _ in range(12)], expand=["line_items"])

        assert (len(session.line_items.data), session.line_items.has_more) == (10, True)
        assert len(ids(session.line_items.auto_paging_iter())) == 12


class TestCustomersSubscriptions:
    def test_ten_are_shown_and_all_are_found(self, shop, create, customer):
        price = shop.price()
        subscriptions = [create(price).id for _ in range(11)]

        shown = shop.api.customers.retrieve(customer, {"expand": ["subscriptions"]}).subscriptions

        assert (ids(shown.data), shown.has_more) == (subscriptions[:0:-1], True)
        assert shown.url == f"/v1/customers/{customer}/subscriptions"
        assert ids(shown.auto_paging_iter()) == subscriptions[::-1]

    def test_of_nobody_are_none(self, shop):
        answer = shop.programs.get("/v1/customers/cus_none/subscriptions", auth=("sk_test_any", ""))

        assert answer.status_code == 404


class TestRefunds:
    def test_are_found_at_the_charge(self, shop, create):
        create()
        [charge] = shop.api.charges.list().data
        refunds = [shop.api.refunds.create({"charge": charge.id, "amount": 100}).id for _ in range(2)]

        answer = shop.programs.get(f"/v1/charges/{charge.id}/refunds", auth=("sk_test_any", "")).get_json()

        assert [refund["id"] for refund in answer["data"]] == refunds[::-1]
        assert answer["url"] == f"/v1/charges/{charge.id}/refunds"
