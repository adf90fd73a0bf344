"""How Stripe words refusals that several operations share, and that empty texts unset what is never set."""

import pytest
from werkzeug.test import Client

from tests.sandbox.shop import error_of

MAYBE_CONNECTED = (
    "No such PaymentMethod: 'pm_none'; It's possible this PaymentMethod exists on one of your connected accounts, in "
    "which case you should retry this request on that connected account. Learn more at "
    "https://stripe.com/docs/connect/authentication"
)


class TestUnknownPaymentMethod:
    @pytest.mark.parametrize(
        ("call", "params"),
        [("retrieve", {}), ("update", {"metadata": {"a": "b"}}), ("detach", {}), ("attach", {"customer": "?"})],
    )
    def test_is_named_by_the_calls_of_payment_methods(self, shop, customer, call, params):
        given = {name: customer if value == "?" else value for name, value in params.items()}

        error = error_of(getattr(shop.api.payment_methods, call), "pm_none", given)

        assert (error.http_status, error.code, error.param) == (404, "resource_missing", "payment_method")
        assert error.user_message == MAYBE_CONNECTED

    def test_is_named_by_calls_that_take_one(self, shop, customer):
        settings = {"invoice_settings": {"default_payment_method": "pm_none"}}
        for call, params, param in (
            (shop.api.payment_intents.create, {"amount": 500, "currency": "usd"}, "payment_method"),
            (shop.api.setup_intents.create, {}, "payment_method"),
        ):
            error = error_of(call, {**params, "payment_method": "pm_none"})
            assert (error.http_status, error.param, error.user_message) == (400, param, MAYBE_CONNECTED)

        error = error_of(shop.api.customers.update, customer, settings)
        assert (error.http_status, error.user_message) == (400, MAYBE_CONNECTED)
        assert error.param == "invoice_settings[default_payment_method]"


class TestForeignPaymentMethod:
    @pytest.fixture
    def of_another(self, shop):
        return shop.api.payment_methods.attach("pm_card_visa", {"customer": shop.customer()}).id

    @pytest.fixture
    def of_nobody(self, shop):
        return shop.api.payment_methods.create({"type": "card", "card": {"token": "tok_visa"}}).id

    @pytest.mark.parametrize("whose", ["of_another", "of_nobody"])
    def test_is_no_default(self, request, shop, paid_subscription, whose):
        method, buyer = request.getfixturevalue(whose), paid_subscription.customer
        shop.forget_events()
        for call, object_id, params, param in (
            (shop.api.subscriptions.update, paid_subscription.id, {"default_payment_method": method}, ""),
            (shop.api.customers.update, buyer, {"invoice_settings": {"default_payment_method": method}}, "settings"),
        ):
            error = error_of(call, object_id, params)

            assert (error.http_status, error.code) == (400, "resource_missing")
            assert error.param == ("invoice_settings[default_payment_method]" if param else "default_payment_method")
            assert error.user_message == (
                f"The customer does not have a payment method with the ID {method}. The payment method must be "
                "attached to the customer."
            )
        assert shop.new_types() == []


class TestUnknownCharge:
    def test_is_named_by_a_refund(self, shop):
        error = error_of(shop.api.refunds.create, {"charge": "ch_none"})

        assert (error.http_status, error.code, error.param) == (400, "resource_missing", "charge")


class TestRequestLog:
    def test_is_named_by_refusals_with_the_request_s_id(self, shop):
        error = error_of(shop.api.customers.retrieve, "cus_none")

        account = shop.sandbox.account.id
        log = f"https://dashboard.stripe.com/{account}/test/workbench/logs?object={error.request_id}"
        assert error.error.request_log_url == log

    def test_is_repeated_under_an_idempotency_key(self, shop):
        given = {"amount": 0, "currency": "usd"}, {"idempotency_key": "once"}
        first, second = (error_of(shop.api.payment_intents.create, *given) for _ in range(2))

        assert first.error.request_log_url == second.error.request_log_url

    def test_is_not_named_for_a_wrong_key(self, sandbox):
        answer = Client(sandbox).get("/v1/customers", headers={"Authorization": "Bearer wrong"})

        assert (answer.status_code, "request_log_url" in answer.get_json()["error"]) == (401, False)


class TestEmptyTexts:
    @pytest.mark.parametrize("name", ["default_source", "default_tax_rates", "billing_thresholds", "transfer_data"])
    def test_unset_what_a_subscription_never_has(self, shop, paid_subscription, name):
        shop.forget_events()

        shop.api.subscriptions.update(paid_subscription.id, {name: ""})

        assert shop.new_types() == []


UNKNOWN = {"product": "none", "currency": "usd", "unit_amount": 1, "recurring": {"interval": "day"}}


class TestNestedParameters:
    """A refusal names the parameter as the request does, wherever it is nested."""

    @pytest.mark.parametrize(
        ("call", "params", "param"),
        [
            ("prices.create", {"product_data": {"name": "A"}, "currency": "xxx", "unit_amount": 1}, "currency"),
            (
                "products.create",
                {"name": "A", "default_price_data": {"currency": "xxx"}},
                "default_price_data[currency]",
            ),
            (
                "subscriptions.create",
                {
                    "customer": "?",
                    "items": [
                        {"price_data": {"product": "none", "currency": "usd", "recurring": {"interval": "day"}}}
                    ],
                },
                "items[0][price_data][product]",
            ),
            (
                "checkout.sessions.create",
                {
                    "mode": "payment",
                    "success_url": "https://shop.example",
                    "line_items": [{"price_data": {"product_data": {"name": " "}, "currency": "usd"}, "quantity": 1}],
                },
                "line_items[0][price_data][product_data][name]",
            ),
            (
                "payment_intents.create",
                {"amount": 500, "currency": "usd", "payment_method_data": {"type": "eps"}},
                "payment_method_data[type]",
            ),
            (
                "setup_intents.create",
                {"payment_method_data": {"type": "sepa_debit"}},
                "payment_method_data[sepa_debit]",
            ),
            (
                "invoices.create",
                {"customer": "?", "payment_settings": {"default_mandate": "m"}},
                "payment_settings[default_mandate]",
            ),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_are_named_with_what_they_are_in(self, shop, customer, call, params, param):
        service, given = shop.api, dict(params)
        if "customer" in given:
            given["customer"] = customer
        for name in call.split("."):
            service = getattr(service, name)
        shop.forget_events()

        error = error_of(service, given)

        assert (error.http_status, error.param, shop.new_types()) == (400, param, [])

    def test_name_an_item_s_parameters_without_a_position(self, shop, paid_subscription):
        item = paid_subscription["items"].data[0].id

        error = error_of(shop.api.subscription_items.update, item, {"price": "none"})

        assert (error.code, error.param) == ("resource_missing", "price")


class TestDetailsOfAnotherPaymentMethod:
    def test_are_refused(self, shop):
        given = {"type": "us_bank_account", "us_bank_account": {"account_number": "1", "routing_number": "2"}}

        error = error_of(shop.api.payment_methods.create, {**given, "boleto": {"tax_id": "000.000.000-00"}})

        assert error.param == "boleto"


class TestEmptyIdentifier:
    def test_is_explained(self, sandbox):
        answer = Client(sandbox).get("/v1/customers/", headers={"Authorization": "Bearer sk_test_any"})

        assert answer.status_code == 404
        assert answer.get_json()["error"]["message"] == (
            "Unrecognized request URL (GET: /v1/customers/). If you are trying to list objects, remove the trailing "
            "slash. If you are trying to retrieve an object, make sure you passed a valid (non-empty) identifier in "
            "your code. Please see https://stripe.com/docs or we can help at https://support.stripe.com/."
        )
