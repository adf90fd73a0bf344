"""Events of other accounts, modes and versions, test clocks and the account, over a year."""

import json

import pytest
import stripe

from sandbox.core.account import API_VERSION
from sandbox.transport import InProcessClient
from tests.sandbox.shop import at, error_of, shown
from tests.sandbox.years.bills import DAYS, bills, monthly, walk

OLD = "2024-06-20"
ORIGINS = [
    {"account": "acct_7"},
    {"livemode": True},
    {"account": "acct_7", "livemode": True},
    {"api_version": OLD},
]


class TestEvents:
    @pytest.mark.parametrize("origin", ORIGINS, ids="-".join)
    def test_come_from_elsewhere_every_month(self, shop, create, told, origin):
        subscription = create()
        for day in DAYS[1:]:
            shop.move_to(at(f"{day} 10:30"))
            shop.control("events", type="customer.subscription.updated", object=subscription.id, **origin)

        usual = {"account": None, "livemode": False, "api_version": API_VERSION, **origin}
        found = [event for event in told if {name: event.get(name) for name in usual} == usual]
        assert [shown(event["created"])[:10] for event in found] == DAYS[1:]
        assert {event["data"]["object"]["id"] for event in found} == {subscription.id}
        holder = found[-1]["data"]["object"]
        holder = holder if origin.get("api_version") else holder["items"]["data"][0]
        assert shown(holder["current_period_end"]) == "2028-02-29 10:30"
        assert bills(shop, subscription) == monthly(1900)

    def test_are_thin(self, shop, create, told):
        subscription = create()
        client = stripe.StripeClient("sk_test_thin", http_client=InProcessClient(shop.sandbox))
        for day in DAYS[1:]:
            shop.move_to(at(f"{day} 10:30"))
            shop.control("events", type="customer.subscription.updated", object=subscription.id, thin=True)
            notification = client.parse_event_notification_without_verification(json.dumps(told[-1]).encode())
            assert notification.fetch_related_object().id == subscription.id

        thin = [event for event in told if event["object"] == "v2.core.event"]
        assert {event["type"] for event in thin} == {"v1.customer.subscription.updated"}
        assert len(thin) == 12
        assert error_of(client.v2.core.events.retrieve, thin[0]["id"]).http_status == 404  # Dropped after 30 days.

    def test_are_listed_for_thirty_days(self, shop, create):
        create()
        walk(shop)

        listed = list(shop.api.events.list({"limit": 100}).auto_paging_iter())
        assert {shown(event.created)[:10] for event in listed} == {"2028-01-24", "2028-01-31"}


class TestClocks:
    def test_walk_through_a_year_alone(self, shop):
        clock = shop.api.test_helpers.test_clocks.create({"frozen_time": shop.now}).id
        customer = shop.customer(test_clock=clock)
        card = shop.api.payment_methods.attach("pm_card_visa", {"customer": customer}).id
        shop.api.customers.update(customer, {"invoice_settings": {"default_payment_method": card}})
        items = [{"price": shop.price()}]
        subscription = shop.api.subscriptions.create({"customer": customer, "items": items})
        began = shop.now
        for day in DAYS[1:]:
            shop.api.test_helpers.test_clocks.advance(clock, {"frozen_time": at(f"{day} 10:30")})
            assert shop.api.test_helpers.test_clocks.retrieve(clock).status == "ready"

        assert bills(shop, subscription) == monthly(1900)
        assert (shop.now, shop.subscription(subscription.id).test_clock) == (began, clock)


class TestAccount:
    def test_is_the_same_all_year(self, shop, create):
        before = shop.api.accounts.retrieve_current().to_dict(for_json=True)
        create()
        walk(shop)

        assert shop.api.accounts.retrieve_current().to_dict(for_json=True) == before
        balance = shop.api.balance.retrieve()
        fees = 13 * (round(1900 * 0.029) + 30)
        assert balance.available[0].amount + balance.pending[0].amount == 13 * 1900 - fees
