"""The portal's pages for plans, cards and details, without JavaScript."""

import pytest

from tests.sandbox.pages.page_text import text_of, value_of
from tests.sandbox.pages.portal.test_portal import RETURN_URL, TYPED, path


@pytest.fixture
def buyer(api):
    return api.customers.create({"email": "ada@example.com", "name": "Ada Lovelace"}).id


@pytest.fixture
def prices(api):
    product = api.products.create({"name": "Pro"}).id
    return [
        api.prices.create(
            {"product": product, "currency": "usd", "unit_amount": amount, "recurring": {"interval": "month"}}
        )
        for amount in (1900, 4900)
    ]


@pytest.fixture
def subscription(api, browser, buyer, open_session, prices):
    session = open_session(prices[0].id, customer=buyer)
    assert browser.post(path(session), data=TYPED).status_code == 303
    return api.checkout.sessions.retrieve(session.id).subscription


@pytest.fixture
def portal(api, buyer, prices):
    """Create a session of a portal where everything is enabled; return the path of its page."""

    def make(**choices):
        product = {
            "product": prices[0].product,
            "prices": [price.id for price in prices],
            "adjustable_quantity": {"enabled": True, "maximum": 5},
        }
        features = {
            "customer_update": {"enabled": True, "allowed_updates": ["name", "email", "phone", "address", "shipping"]},
            "payment_method_update": {"enabled": True},
            "subscription_cancel": {"enabled": True},
            "subscription_update": {
                "enabled": True,
                "default_allowed_updates": ["price", "quantity"],
                "products": [product],
                "proration_behavior": "always_invoice",
            },
        }
        configuration = api.billing_portal.configurations.create({"features": features}).id
        given = {"customer": buyer, "return_url": RETURN_URL, "configuration": configuration, **choices}
        return f"/portal/{api.billing_portal.sessions.create(given).id}"

    return make


class TestPlans:
    def test_are_offered(self, browser, portal, subscription):
        home = portal()
        assert f"{home}/plan/{subscription}" in browser.get(home).text

        page = browser.get(f"{home}/plan/{subscription}")

        assert "Pro your present plan $19.00 per month" in text_of(page)
        assert "Pro $49.00 per month" in text_of(page)
        assert value_of(page, "quantity") == "1"

    def test_are_confirmed_with_what_they_cost(self, api, browser, portal, prices, subscription):
        page = browser.get(f"{portal()}/confirm/{subscription}?price={prices[1].id}&quantity=1")

        words = text_of(page)
        assert "Now $19.00 per month Then $49.00 per month" in words
        assert "this invoice is paid with your card today" in words
        assert "Total $30.00" in words
        assert api.subscriptions.retrieve(subscription)["items"].data[0].price.id == prices[0].id

    def test_are_changed(self, api, browser, portal, prices, subscription):
        home = portal()

        answer = browser.post(f"{home}/confirm/{subscription}", data={"price": prices[1].id, "quantity": "2"})

        assert answer.headers["Location"] == f"{home}?done=plan"
        item = api.subscriptions.retrieve(subscription)["items"].data[0]
        assert (item.price.id, item.quantity) == (prices[1].id, 2)

    @pytest.mark.parametrize(
        ("query", "message"),
        [
            ("quantity=9", "The quantity must be from 1 to 5."),
            ("quantity=two", "The quantity must be a whole number."),
            ("price=price_none", "This portal does not offer this price."),
            ("", "This is your present plan."),
        ],
    )
    def test_refuse_an_unfit_choice(self, browser, portal, subscription, query, message):
        page = browser.get(f"{portal()}/confirm/{subscription}?{query}")
        assert (page.status_code, message in text_of(page)) == (400, True)

    def test_of_a_flow_are_confirmed(self, api, browser, portal, prices, subscription):
        item = api.subscriptions.retrieve(subscription)["items"].data[0].id
        flow = {
            "type": "subscription_update_confirm",
            "subscription_update_confirm": {
                "subscription": subscription,
                "items": [{"id": item, "price": prices[1].id}],
            },
            "after_completion": {"type": "redirect", "redirect": {"return_url": "https://shop.example/changed"}},
        }
        answer = browser.get(portal(flow_data=flow))
        assert "Total $30.00" in text_of(browser.get(answer.headers["Location"]))

        done = browser.post(answer.headers["Location"])

        assert done.headers["Location"] == "https://shop.example/changed"
        assert api.subscriptions.retrieve(subscription)["items"].data[0].price.id == prices[1].id

    def test_of_a_flow_are_chosen(self, browser, portal, subscription):
        flow = {"type": "subscription_update", "subscription_update": {"subscription": subscription}}
        answer = browser.get(portal(flow_data=flow))
        assert "Change your plan" in text_of(browser.get(answer.headers["Location"]))


class TestCards:
    def test_are_chosen_and_removed(self, api, browser, buyer, portal, subscription):
        spare = api.payment_methods.attach("pm_card_mastercard", {"customer": buyer}).id
        home = portal()
        assert "Mastercard ending in 4444" in text_of(browser.get(home))

        assert browser.post(f"{home}/cards/{spare}/default").headers["Location"] == f"{home}?done=card"

        assert api.customers.retrieve(buyer).invoice_settings.default_payment_method == spare
        refused = browser.post(f"{home}/cards/{spare}/remove")
        assert (refused.status_code, "Choose another default first." in text_of(refused)) == (400, True)


class TestDetails:
    def test_are_saved(self, api, browser, buyer, portal):
        home = portal()
        page = browser.get(f"{home}/customer")
        assert value_of(page, "email") == "ada@example.com"

        answer = browser.post(
            f"{home}/customer",
            data={
                "name": "Countess",
                "email": "ada@example.com",
                "phone": "",
                "address_country": "GB",
                "address_city": "Bath",
                "shipping_name": "Butler",
                "shipping_country": "GB",
            },
        )

        assert answer.headers["Location"] == f"{home}?done=customer"
        customer = api.customers.retrieve(buyer)
        assert (customer.name, customer.address.city, customer.shipping.name) == ("Countess", "Bath", "Butler")

    def test_mark_a_wrong_address(self, browser, portal):
        page = browser.post(f"{portal()}/customer", data={"email": "ada"})
        assert page.status_code == 400
        assert 'aria-invalid="true"' in page.text


class TestOffer:
    def test_is_shown_on_the_cancel_page(self, api, browser, portal, subscription):
        coupon = api.coupons.create({"percent_off": 20, "duration": "once"}).id
        offer = {"type": "coupon_offer", "coupon_offer": {"coupon": coupon}}
        flow = {
            "type": "subscription_cancel",
            "subscription_cancel": {"subscription": subscription, "retention": offer},
        }
        home = portal(flow_data=flow)
        page = browser.get(browser.get(home).headers["Location"])
        assert "Stay and get 20% off your next payment ." in text_of(page)

        assert browser.post(f"{home}/keep/{subscription}").status_code == 303
        assert len(api.subscriptions.retrieve(subscription).discounts) == 1
