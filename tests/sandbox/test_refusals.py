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
