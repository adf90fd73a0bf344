import pytest
import stripe

from tests.sandbox.shop import NOW, SUCCESS_URL, error_of

HOUR = 3600


class TestRefusals:
    def test_refuses_an_archived_price(self, shop):
        price = shop.price()
        shop.api.prices.update(price, {"active": False})

        error = error_of(shop.session, price)

        assert error.http_status == 400
        assert error.param == "line_items[0][price]"
        assert error.user_message == ("The price specified is inactive. This field only accepts active prices.")

    def test_refuses_a_price_of_an_archived_product(self, shop):
        price = shop.price()
        shop.api.products.update(shop.api.prices.retrieve(price).product, {"active": False})

        assert "because its product is not active" in error_of(shop.session, price).user_message

    def test_refuses_a_recurring_price_in_payment_mode(self, shop):
        with pytest.raises(stripe.InvalidRequestError) as refusal:
            shop.session(mode="payment")

        assert refusal.value.user_message == (
            "You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode or use "
            "only one-time prices."
        )

    def test_refuses_one_time_prices_alone_in_subscription_mode(self, shop):
        error = error_of(shop.session, shop.price(interval=None))

        assert error.user_message == (
            "You must provide at least one recurring price in `subscription` mode when using prices."
        )

    def test_refuses_an_unknown_price(self, shop):
        error = error_of(shop.session, "price_none")

        assert (error.http_status, error.code, error.param) == (400, "resource_missing", "line_items[0][price]")
        assert error.user_message == "No such price: 'price_none'"

    def test_refuses_an_unknown_and_a_deleted_customer(self, shop):
        gone = shop.customer()
        shop.api.customers.delete(gone)

        for customer in ("cus_none", gone):
            with pytest.raises(stripe.InvalidRequestError) as refusal:
                shop.session(customer=customer)
            assert refusal.value.http_status == 400
            assert (refusal.value.code, refusal.value.param) == ("resource_missing", "customer")

    def test_refuses_a_second_currency_for_a_subscriber(self, shop):
        customer = shop.customer()
        shop.subscribed(customer=customer)
        euros = shop.price(currency="eur")

        with pytest.raises(stripe.InvalidRequestError) as refusal:
            shop.session(euros, customer=customer)

        assert refusal.value.user_message == (
            "You cannot combine currencies on a single customer. This customer has an active subscription, "
            "subscription schedule, discount, quote, or invoice item with currency usd."
        )

    def test_takes_another_currency_once_the_subscription_has_ended(self, shop):
        customer = shop.customer()
        shop.api.subscriptions.cancel(shop.subscribed(customer=customer).id)

        assert shop.session(shop.price(currency="eur"), customer=customer).currency == "eur"

    def test_refuses_two_currencies_and_two_intervals_at_once(self, shop):
        dollars, euros, yearly = shop.price(), shop.price(currency="eur"), shop.price(interval="year")

        assert "must have the same currency" in error_of(shop.session, dollars, euros).user_message
        assert error_of(shop.session, dollars, yearly).user_message == (
            "Checkout does not support multiple prices with different billing intervals."
        )

    @pytest.mark.parametrize(
        ("choices", "param"),
        [
            ({"expires_at": NOW + 30 * 60 - 1}, "expires_at"),
            ({"expires_at": NOW + 24 * HOUR + 1}, "expires_at"),
            ({"success_url": "shop.example"}, "success_url"),
            ({"success_url": ""}, "success_url"),
            ({"payment_intent_data": {"metadata": {"a": "b"}}}, "payment_intent_data"),
            ({"invoice_creation": {"enabled": True}}, "invoice_creation"),
            ({"customer_email": "nobody"}, "customer_email"),
            ({"subscription_data": {"trial_period_days": 0}}, "subscription_data[trial_period_days]"),
            ({"subscription_data": {"trial_period_days": 731}}, "subscription_data[trial_period_days]"),
            ({"subscription_data": {"trial_end": NOW + 47 * HOUR}}, "subscription_data[trial_end]"),
            ({"line_items": []}, "line_items"),
            ({"line_items": [{"quantity": 1}]}, "line_items[0]"),
            ({"payment_method_types": ["card"]}, "payment_method_types"),
            ({"ui_mode": "hosted"}, "ui_mode"),
            ({"ui_mode": "embedded_page"}, "ui_mode"),
            ({"mode": "setup"}, "line_items"),
            ({"discounts": [{"coupon": "X"}]}, "discounts[0][coupon]"),
        ],
    )
    def test_names_the_parameter_that_is_wrong(self, shop, choices, param):
        price = shop.price()
        given = {"mode": "subscription", "success_url": SUCCESS_URL, "line_items": [{"price": price, "quantity": 1}]}

        error = error_of(shop.api.checkout.sessions.create, given | choices)

        assert (error.http_status, error.param) == (400, param)
        assert shop.api.checkout.sessions.list().data == []

    @pytest.mark.parametrize("missing", ["mode", "success_url", "line_items"])
    def test_names_the_parameter_that_is_missing(self, shop, missing):
        given = {
            "mode": "subscription",
            "success_url": SUCCESS_URL,
            "line_items": [{"price": shop.price(), "quantity": 1}],
        }
        del given[missing]

        error = error_of(shop.api.checkout.sessions.create, given)

        assert (error.code, error.param) == ("parameter_missing", missing)

    @pytest.mark.parametrize("quantity", [None, 0, -1])
    def test_refuses_a_line_without_a_quantity(self, shop, quantity):
        line = {"price": shop.price()} | ({} if quantity is None else {"quantity": quantity})

        error = error_of(
            shop.api.checkout.sessions.create,
            {"mode": "subscription", "success_url": SUCCESS_URL, "line_items": [line]},
        )

        assert error.param == "line_items[0][quantity]"

    def test_refuses_both_a_customer_and_an_address(self, shop):
        with pytest.raises(stripe.InvalidRequestError) as refusal:
            shop.session(customer=shop.customer(), customer_email="ada@example.com")

        assert refusal.value.user_message == (
            "You may only specify one of these parameters: customer, customer_email."
        )

    def test_refuses_a_total_too_small_or_too_large_to_charge(self, shop):
        for amount, code in ((49, "amount_too_small"), (99_999_999, "amount_too_large")):
            lines = [{"price": shop.price(amount, interval=None), "quantity": 1 if amount < 50 else 2}]
            error = error_of(
                shop.api.checkout.sessions.create,
                {"mode": "payment", "success_url": SUCCESS_URL, "line_items": lines},
            )
            assert error.code == code
