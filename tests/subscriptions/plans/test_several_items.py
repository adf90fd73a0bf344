"""Subscriptions made in the dashboard with several items, some in ways that this site does not sell."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from billing.catalog import services as catalog
from billing.catalog.services import PriceTerms
from billing.models import Price, Product
from subscriptions import access
from subscriptions.models import Customer, Subscription
from subscriptions.plans import change, leaving
from tests.fixtures import LocalStripe, deliver
from tests.subscriptions.conftest import settle, sync_now
from tests.subscriptions.reading import cards, shown, words
from tests.subscriptions.rows import MAY, subscribe
from tests.wording import starting

TIMES = "\N{MULTIPLICATION SIGN}"

pytestmark = pytest.mark.django_db


def sell(name: str, amount: int) -> Price:
    terms = PriceTerms(unit_amount=amount, currency="usd")
    return catalog.create_product(name=name, price=terms, request_id=name).price


@pytest.fixture
def storage(local_stripe: LocalStripe, db: None) -> Price:
    """3.00 USD a month for "Storage"."""
    return sell("Storage", 300)


@pytest.fixture
def two_item_subscription(customer: Customer, price: Price, storage: Price, local_stripe: LocalStripe) -> Subscription:
    """Pro and two of Storage, made for ada in the dashboard."""
    settle()
    method = local_stripe.api.payment_methods.attach("pm_card_visa", {"customer": customer.pk})
    items: Any = [{"price": price.pk}, {"price": storage.pk, "quantity": 2}]
    local_stripe.api.subscriptions.create(
        {"customer": customer.pk, "items": items, "default_payment_method": method.id}
    )
    sync_now()
    return Subscription.objects.get()


def items_at_stripe(local_stripe: LocalStripe, subscription: Subscription) -> list[tuple[str, int | None]]:
    items = local_stripe.api.subscriptions.retrieve(subscription.pk)["items"].data
    return sorted((item.price.id, item.quantity) for item in items)


class TestFromTheDashboard:
    def test_is_on_the_account_page(self, customer_client: Client, two_item_subscription: Subscription) -> None:
        [card] = cards(shown(customer_client, "/account/"))
        assert words(card) == starting(
            f"Pro Active $19.00 per month and Storage, $6.00 per month, 2 {TIMES} $3.00 "
            "Together $25.00 per month Renews on"
        )

    def test_is_on_the_pages_that_change_and_cancel_it(
        self, customer_client: Client, two_item_subscription: Subscription
    ) -> None:
        base = f"/subscriptions/{two_item_subscription.pk}"
        [now, *_] = cards(shown(customer_client, f"{base}/change/"))
        assert "Together $25.00 per month Renews on" in words(now)
        assert "You pay $25.00 per month When should it end?" in words(shown(customer_client, f"{base}/cancel/"))

    def test_of_other_intervals_has_no_sum(
        self, customer_client: Client, two_item_subscription: Subscription, storage: Price
    ) -> None:
        Price.objects.filter(pk=storage.pk).update(interval="year")
        pro, extra = two_item_subscription.items
        Subscription.objects.update(items=[pro, {**extra, "interval": "year"}])
        [card] = cards(shown(customer_client, "/account/"))
        assert f"and Storage, $6.00 per year, 2 {TIMES} $3.00 Renews on" in words(card)

    def test_tells_staff_the_sum(self, admin_client: Client, two_item_subscription: Subscription) -> None:
        Subscription.objects.update(quantity=3)
        listed = words(admin_client.get("/admin/subscriptions/subscription/").content.decode())
        assert f"$57.00 per month, 3 {TIMES} $19.00, and 1 more" in listed
        page = admin_client.get(f"/admin/subscriptions/subscription/{two_item_subscription.pk}/change/", follow=True)
        assert "reads of its costs: $25.00 per month" in words(page.content.decode())
        said = "Pro: $25.00 per month, next charge on "
        assert leaving.charge_in_words(Subscription.objects.select_related("product").get()).startswith(said)

    def test_of_a_trial_costs_all_of_it_then(
        self, customer_client: Client, two_item_subscription: Subscription
    ) -> None:
        Subscription.objects.update(status="trialing", trial_end_at=MAY)
        [card] = cards(shown(customer_client, "/account/"))
        assert "Free until 3 May 2099, then $25.00 per month." in words(card)

    def test_gives_access_by_either_product(
        self, person: User, two_item_subscription: Subscription, price: Price, storage: Price, team: Price
    ) -> None:
        products = [each.product_id for each in (price, storage, team)]
        assert [access.has_access(person, product) for product in products] == [True, True, False]

    @pytest.mark.parametrize("when", ["now", "period_end"])
    def test_a_change_leaves_the_other_item(  # noqa: PLR0917  (fixtures)
        self,
        customer_client: Client,
        two_item_subscription: Subscription,
        price: Price,
        storage: Price,
        local_stripe: LocalStripe,
        when: str,
    ) -> None:
        lite = sell("Lite", 900)
        path = f"/subscriptions/{two_item_subscription.pk}/change/{lite.pk}/"
        token = customer_client.get(path).context["preview"].token
        assert customer_client.post(path, {"preview": token, "when": when}).status_code == 302
        if when == "period_end":
            assert items_at_stripe(local_stripe, two_item_subscription) == sorted([(price.pk, 1), (storage.pk, 2)])
            local_stripe.control("clock", advance=32 * 86_400)
            sync_now()
        assert items_at_stripe(local_stripe, two_item_subscription) == sorted([(lite.pk, 1), (storage.pk, 2)])
        after = Subscription.objects.get()
        assert (after.price_id, after.product_ids) == (lite.pk, {lite.product_id, storage.product_id})

    def test_is_not_changed_to_what_another_item_has(
        self, customer_client: Client, two_item_subscription: Subscription, storage: Price, local_stripe: LocalStripe
    ) -> None:
        more = catalog.add_price(
            product=storage.product, terms=PriceTerms(unit_amount=500, currency="usd"), request_id="more"
        )
        assert change.choices(subscription=two_item_subscription) == []
        local_stripe.forget_calls()
        for each in (storage, more):
            response = customer_client.get(f"/subscriptions/{two_item_subscription.pk}/change/{each.pk}/")
            assert response.status_code == 400
            assert b"part of your subscription already" in response.content
        assert local_stripe.calls == []

    def test_is_shown_with_the_plans(self, customer_client: Client, two_item_subscription: Subscription) -> None:
        offers = customer_client.get("/").context["offers"]
        assert sorted((offer.product.name, offer.prices[0].state) for offer in offers) == [
            ("Pro", "subscribed"),
            ("Storage", "subscribed"),
        ]


class TestOddItems:
    @pytest.fixture
    def odd_event(
        self, customer: Customer, two_item_subscription: Subscription, local_stripe: LocalStripe
    ) -> dict[str, Any]:
        [event] = local_stripe.events("customer.subscription.created")
        return {**event, "id": "evt_odd", "created": event["created"] + 3600, "type": "customer.subscription.updated"}

    def told(self, client: Client, event: dict[str, Any], items: list[Any]) -> Subscription:
        event["data"]["object"]["status"] = "active"
        event["data"]["object"]["items"]["data"] = items
        assert deliver(client, event).status_code == 200
        return Subscription.objects.get()

    def test_none_at_a_time(self, client: Client, odd_event: dict[str, Any]) -> None:
        items = odd_event["data"]["object"]["items"]["data"]
        after = self.told(client, odd_event, [{**items[0], "quantity": 0}, items[1]])
        assert (after.quantity, after.items[0]["quantity"]) == (0, 0)

    def test_none_at_a_time_becomes_one_by_a_change(
        self, customer_client: Client, odd_event: dict[str, Any], team: Price
    ) -> None:
        Product.objects.update(has_quantity=True)
        items = odd_event["data"]["object"]["items"]["data"]
        after = self.told(customer_client, odd_event, [{**items[0], "quantity": 0}, items[1]])
        path = f"/subscriptions/{after.pk}/change/"
        assert 'name="quantity" value="1"' in shown(customer_client, path)
        page = shown(customer_client, f"{path}{team.pk}/")
        assert "To Team, $49.00 per month If you change now" in words(page)

    def test_billed_by_use_and_in_tiers(self, customer_client: Client, odd_event: dict[str, Any], team: Price) -> None:
        item = odd_event["data"]["object"]["items"]["data"][0]
        tiers = {**item, "price": {**item["price"], "unit_amount": None}}
        tiers.pop("quantity")
        after = self.told(customer_client, odd_event, [tiers])
        assert (after.quantity, after.items[0]["unit_amount"]) == (1, None)
        assert customer_client.get("/account/").status_code == 200
        assert customer_client.get(f"/subscriptions/{after.pk}/change/").status_code == 200

    def test_none_at_all(self, customer_client: Client, odd_event: dict[str, Any], team: Price) -> None:
        after = self.told(customer_client, odd_event, [])
        assert (after.price_id, after.items, after.can_change) == (None, [], False)
        for page in ("/account/", f"/subscriptions/{after.pk}/change/", f"/subscriptions/{after.pk}/cancel/"):
            assert customer_client.get(page).status_code == 200
        response = customer_client.get(f"/subscriptions/{after.pk}/change/{team.pk}/")
        assert response.status_code == 400
        assert "This subscription has no plan that can be changed." in words(response.content.decode())


class TestHeldOtherwise:
    def test_is_not_changed_to_what_another_subscription_has(
        self, customer_client: Client, customer: Customer, price: Price, team: Price
    ) -> None:
        subscribe(customer, price)
        subscribe(customer, team, pk="sub_2", items=[{"id": "si_2", "price": team.pk, "product": team.product_id}])
        response = customer_client.get(f"/subscriptions/sub_1/change/{team.pk}/")
        assert (response.status_code, b"another subscription to this" in response.content) == (400, True)
