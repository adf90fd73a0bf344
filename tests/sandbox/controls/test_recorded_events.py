"""Events by control: of connected accounts, of live mode, of other API versions, and thin ones."""

import json

import pytest
import stripe

from sandbox.app import Sandbox
from sandbox.core.account import API_VERSION
from sandbox.transport import InProcessClient
from tests.sandbox.conftest import NOW
from tests.sandbox.shop import Shop, error_of

URL, SECRET = "https://shop.example/hook", "whsec_suite"
OLD = "2024-06-20"


@pytest.fixture
def received():
    return []


@pytest.fixture
def shop(received):
    def receive(_url, body, headers):
        stripe.WebhookSignature.verify_header(body.decode(), headers["Stripe-Signature"], SECRET, tolerance=60)
        received.append(body)
        return 200

    shop = Shop(Sandbox(webhooks={URL: SECRET}, deliver=receive, real_time=lambda: NOW))
    yield shop
    assert shop.sandbox.violations == []


def last(received):
    return json.loads(received[-1])


class TestOrigin:
    def test_of_a_connected_account_in_live_mode(self, shop, received):
        price = shop.price()

        event = shop.control(
            "events", type="price.updated", object=price, account="acct_7", livemode=True, created=NOW - 60
        )

        sent = last(received)
        assert (sent["account"], sent["livemode"], sent["created"]) == ("acct_7", True, NOW - 60)
        assert sent["data"]["object"] == shop.api.prices.retrieve(price).to_dict(for_json=True) | {"livemode": True}
        assert shop.api.events.retrieve(event["id"]).account == "acct_7"

    def test_of_an_object_that_is_given(self, shop, received):
        customer = shop.api.customers.retrieve(shop.customer()).to_dict(for_json=True)
        given = customer | {"id": "cus_elsewhere"}

        shop.control("events", type="customer.updated", object=given, previous_attributes={"name": "Eve"})

        assert last(received)["data"] == {"object": given, "previous_attributes": {"name": "Eve"}}
        assert shop.ask("events", type="customer.updated", object={"id": "x", "object": "nonsense"}).status_code == 400

    @pytest.mark.parametrize(
        ("body", "param"),
        [
            ({"object": "prod_none", "type": "product.updated"}, "object"),
            ({"type": "product.updated"}, "object"),
            ({"object": 7, "type": "product.updated"}, "object"),
            ({"object": "PRICE", "type": "price.exploded"}, "type"),
            ({"object": "PRICE", "type": "price.exploded", "thin": True}, "type"),
            ({"object": "PRICE"}, "type"),
        ],
    )
    def test_must_be_about_something(self, shop, received, body, param):
        price = shop.price()
        received.clear()

        answer = shop.ask("events", **{**body, **({"object": price} if body.get("object") == "PRICE" else {})})

        assert (answer.status_code, answer.get_json()["error"]["param"]) == (400, param)
        assert received == []


class TestOlderVersion:
    def test_has_the_periods_on_the_subscription(self, shop, received):
        subscription = shop.subscribed(customer=shop.customer())
        item = subscription["items"].data[0]

        event = shop.control("events", type="customer.subscription.updated", object=subscription.id, api_version=OLD)

        shown = last(received)["data"]["object"]
        assert last(received)["api_version"] == OLD
        assert shown["current_period_end"] == item.current_period_end
        assert "current_period_end" not in shown["items"]["data"][0]
        assert (shown["quantity"], shown["discount"]) == (1, None)
        assert shop.api.events.retrieve(event["id"]).api_version == OLD

    def test_has_subscription_and_payment_on_the_invoice(self, shop, received):
        subscription = shop.subscribed(customer=shop.customer())
        intent = shop.api.payment_intents.list().data[0]

        shop.control("events", type="invoice.paid", object=str(subscription.latest_invoice), api_version=OLD)

        shown = last(received)["data"]["object"]
        assert (shown["subscription"], shown["paid"]) == (subscription.id, True)
        assert (shown["payment_intent"], shown["charge"]) == (intent.id, intent.latest_charge)
        assert shown["lines"]["data"][0]["price"]["id"] == subscription["items"].data[0].price.id
        assert "parent" not in shown

    def test_has_the_coupon_on_the_promotion_code(self, shop, received):
        coupon = shop.api.coupons.create({"percent_off": 50}).id
        promotion = {"type": "coupon", "coupon": coupon}
        code = shop.api.promotion_codes.create({"promotion": promotion, "code": "SPRING"})

        shop.control("events", type="promotion_code.updated", object=code.id, api_version="2025-08-27.basil")

        shown = last(received)["data"]["object"]
        assert shown["coupon"]["id"] == coupon
        assert "promotion" not in shown

    def test_is_what_an_endpoint_of_its_own_version_gets(self, shop):
        secret = shop.api.webhook_endpoints.create(
            {
                "url": "https://shop.example/old",
                "enabled_events": ["customer.subscription.created"],
                "api_version": OLD,
            }
        ).secret
        got = []

        def receive(url, body, headers):
            if url.endswith("/old"):
                stripe.WebhookSignature.verify_header(body.decode(), headers["Stripe-Signature"], secret)
                got.append(json.loads(body))
            return 200

        shop.sandbox.deliveries._post_inline = receive
        subscription = shop.subscribed(customer=shop.customer())

        assert [event["api_version"] for event in got] == [OLD]
        end = subscription["items"].data[0].current_period_end
        assert got[0]["data"]["object"]["current_period_end"] == end
        created = shop.api.events.list({"type": "customer.subscription.created"}).data[0]
        assert created.api_version == API_VERSION
        assert "current_period_end" not in created.data.object


class TestThin:
    def test_is_parsed_and_fetched_by_the_sdk(self, shop, received):
        subscription = shop.subscribed(customer=shop.customer())
        client = stripe.StripeClient("sk_test_thin", http_client=InProcessClient(shop.sandbox))

        shown = shop.control("events", type="customer.subscription.updated", object=subscription.id, thin=True)

        notification = client.parse_event_notification_without_verification(received[-1])
        assert type(notification).__name__ == "V1CustomerSubscriptionUpdatedEventNotification"
        assert (notification.id, notification.livemode, notification.context) == (shown["id"], False, None)
        assert notification.fetch_related_object().id == subscription.id
        event = notification.fetch_event()
        assert (event.type, event.related_object.id) == ("v1.customer.subscription.updated", subscription.id)
        assert event.created == "2027-01-15T08:00:00.000Z"
        assert error_of(client.v1.events.retrieve, shown["id"]).code == "resource_missing"

    def test_that_does_not_exist_is_not_found(self, shop):
        client = stripe.StripeClient("sk_test_thin", http_client=InProcessClient(shop.sandbox))

        assert error_of(client.v2.core.events.retrieve, "evt_test_none").http_status == 404

    def test_can_be_of_a_connected_account(self, shop, received):
        shop.control(
            "events", type="v1.price.updated", object=shop.price(), thin=True, account="acct_7", livemode=True
        )

        assert (last(received)["context"], last(received)["livemode"]) == ("acct_7", True)
