import pytest

from tests.sandbox.shop import error_of, ids


class TestSearch:
    def test_finds_by_metadata_newest_first(self, api):
        mine = [api.customers.create({"metadata": {"user": "7"}}).id for _ in range(2)]
        api.customers.create({"metadata": {"user": "8"}})

        found = api.customers.search({"query": 'metadata["user"]:"7"'})

        assert (ids(found.data), found.has_more, found.next_page) == (mine[::-1], False, None)
        assert (found.object, found.url) == ("search_result", "/v1/customers/search")

    def test_goes_on_by_page(self, api):
        customers = [api.customers.create({"name": f"Ada {number}"}).id for number in range(5)]

        found = api.customers.search({"query": 'name~"ada"', "limit": 2})

        assert (ids(found.data), found.has_more) == (customers[:2:-1], True)
        assert ids(found.auto_paging_iter()) == customers[::-1]

    def test_counts_all_if_asked_to(self, api):
        for number in range(3):
            api.customers.create({"name": f"Ada {number}"})

        found = api.customers.search({"query": 'name~"ada"', "limit": 1, "expand": ["total_count"]})

        assert (found.total_count, len(found.data)) == (3, 1)
        assert "total_count" not in api.customers.search({"query": 'name~"ada"'})

    def test_leaves_out_what_is_deleted(self, api):
        api.customers.delete(api.customers.create({"name": "Ada"}).id)

        assert api.customers.search({"query": 'name:"Ada"'}).data == []

    def test_expands_members(self, api, price):
        found = api.prices.search({"query": f'product:"{price.product}"', "expand": ["data.product"]})

        assert [each.product.name for each in found.data] == ["Pro"]

    @pytest.mark.parametrize("page", ["nonsense", "Y3VzX25vbmU=", "é"])
    def test_refuses_a_page_that_it_did_not_name(self, api, page):
        error = error_of(api.customers.search, {"query": 'name:"Ada"', "page": page})

        assert (error.http_status, error.param) == (400, "page")

    def test_finds_a_paid_subscription_and_all_that_belongs_to_it(self, shop, customer, create):
        subscription = create(metadata={"team": "blue"})

        assert ids(shop.api.subscriptions.search({"query": "metadata['team']:'blue' status:'active'"}).data) == [
            subscription.id
        ]
        [invoice] = shop.api.invoices.search({"query": f"subscription:'{subscription.id}' total>1000"}).data
        [intent] = shop.api.payment_intents.search({"query": f"customer:'{customer}' amount=1900"}).data
        [charge] = shop.api.charges.search({"query": "payment_method_details.card.last4:'4242'"}).data
        assert (invoice.id, charge.payment_intent) == (subscription.latest_invoice, intent.id)
