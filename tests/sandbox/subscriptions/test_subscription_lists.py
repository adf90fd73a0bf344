import pytest

from tests.sandbox.shop import NOW

DAY = 86_400


class TestList:
    def test_filters(self, shop, create, customer):
        monthly, yearly = shop.price(), shop.price(interval="year")
        active, long, trialing = create(monthly), create(yearly), create(monthly, trial_period_days=5)
        ended = create(monthly)
        shop.api.subscriptions.cancel(ended.id)
        dead = create(monthly, default_payment_method="pm_card_chargeCustomerFail")
        stranger = shop.subscribed(monthly)
        shop.advance(hours=23)

        def listed(**filters):
            return [each.id for each in shop.api.subscriptions.list(filters)]

        assert listed() == [stranger.id, dead.id, trialing.id, long.id, active.id]
        assert listed(status="all") == [stranger.id, dead.id, ended.id, trialing.id, long.id, active.id]
        assert listed(status="ended") == [dead.id, ended.id]
        assert listed(status="canceled") == [ended.id]
        assert listed(status="trialing") == [trialing.id]
        assert listed(customer=customer, status="active") == [long.id, active.id]
        assert listed(price=yearly) == [long.id]
        assert listed(price=monthly, customer=customer) == [dead.id, trialing.id, active.id]
        assert listed(collection_method="send_invoice") == []
        assert listed(current_period_end={"lt": NOW + 6 * DAY}) == [trialing.id]
        assert listed(current_period_start=NOW, status="active") == [stranger.id, long.id, active.id]
        assert listed(created={"gt": NOW}) == []
        assert listed(plan=yearly) == [long.id]
        assert listed(plan=monthly, status="all", price=yearly) == []
        assert listed(automatic_tax={"enabled": True}) == []
        assert listed(automatic_tax={"enabled": False}, status="trialing") == [trialing.id]
        assert listed(test_clock="clock_none") == []

    @pytest.mark.parametrize(
        "status",
        ["active", "canceled", "incomplete", "incomplete_expired", "past_due", "paused", "trialing", "unpaid"],
    )
    def test_reads_only_subscriptions_with_the_status(self, shop, create, status):
        create()
        store = shop.sandbox.account.store
        read = []
        scan = store.scan
        store.scan = lambda kind, **choices: read.append(choices["index"]) or scan(kind, **choices)

        shop.api.subscriptions.list({"status": status})

        assert read == [{"status": status}]

    def test_pages(self, shop, create):
        price = shop.price()
        ids = [create(price).id for _ in range(5)]

        found = shop.api.subscriptions.list({"limit": 2})

        assert [each.id for each in found.auto_paging_iter()] == ids[::-1]
        assert shop.api.subscriptions.list({"limit": 2, "ending_before": ids[1]}).data[0].id == ids[3]

    def test_is_part_of_an_expanded_customer(self, shop, create, customer):
        subscription = create()

        expanded = shop.api.customers.retrieve(customer, {"expand": ["subscriptions"]})

        assert [each.id for each in expanded.subscriptions] == [subscription.id]
        assert "subscriptions" not in shop.api.customers.retrieve(customer)

    def test_expands_deep(self, shop, create):
        create()

        (listed,) = shop.api.subscriptions.list(
            {"expand": ["data.customer", "data.default_payment_method", "data.latest_invoice.payments"]}
        )

        assert listed.customer.email == "ada@example.com"
        assert listed.latest_invoice.payments.data[0].status == "paid"
