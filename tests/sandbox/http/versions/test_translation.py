"""Older clients' parameters: each is taken in a version that had it, and refused in the installed one."""

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.core.account import API_VERSION
from sandbox.core.errors import ApiError
from sandbox.http import contract
from sandbox.http.versions.former_parameters import FORMER
from tests.sandbox.shop import Shop

ACACIA, BASIL, CLOVER, DAHLIA = "2025-02-24.acacia", "2025-03-31.basil", "2025-10-29.clover", "2026-08-26.dahlia"

Send = Callable[..., Any]


@pytest.fixture
def send(shop: Shop) -> Send:
    """Post a form in the given version of the API; returns the status and the JSON."""

    def post(path: str, version: str, **form: str) -> tuple[int, Any]:
        headers = {"Authorization": "Bearer sk_test_old", "Stripe-Version": version}
        answer = shop.programs.post(path, data=form, headers=headers)
        return answer.status_code, answer.get_json()

    return post


def assert_unknown(answer: tuple[int, Any], name: str) -> None:
    status, body = answer
    assert (status, body["error"]["code"], body["error"]["param"]) == (400, "parameter_unknown", name)


class TestTable:
    @pytest.mark.parametrize("former", FORMER, ids=lambda each: f"{each.path}-{each.removed}")
    def test_names_operations_and_parameters_that_the_installed_sdk_knows_or_lacks(self, former):
        for call in former.calls:
            method, template = call.split()
            operation = contract.operation(method, template.replace("{", "").replace("}", ""))
            assert operation is not None
            assert f"{operation.method} {operation.template}" == call

            form: Any = "1"
            for segment in reversed(former.segments):
                form = {"0" if segment == "*" else segment: form}
            with pytest.raises(ApiError):
                contract.coerce(operation, form)


class TestSubscription:
    @pytest.mark.parametrize("version", [ACACIA, CLOVER, DAHLIA])
    def test_takes_an_anchor_as_text(self, shop, create, send, version):
        subscription = create()
        shop.advance(days=3)

        status, answer = send(f"/v1/subscriptions/{subscription.id}", version, billing_cycle_anchor="now")

        assert (status, answer["billing_cycle_anchor"]) == (200, shop.now)

    def test_refuses_an_anchor_as_text_in_the_installed_version(self, create, send):
        status, answer = send(f"/v1/subscriptions/{create().id}", API_VERSION, billing_cycle_anchor="now")

        assert (status, answer["error"]["param"]) == (400, "billing_cycle_anchor")

    def test_takes_a_coupon(self, create, coupon, send):
        path, form = f"/v1/subscriptions/{create().id}", {"coupon": coupon(), "expand[]": "discounts"}

        status, answer = send(path, ACACIA, **form)

        assert status == 200
        assert [discount["source"]["coupon"] for discount in answer["discounts"]] == [form["coupon"]]
        assert_unknown(send(path, BASIL, **form), "coupon")

    def test_takes_a_coupon_from_the_start(self, shop, customer, coupon, send):
        form = {"customer": customer, "items[0][price]": shop.price(), "coupon": coupon(duration="forever")}

        status, answer = send("/v1/subscriptions", ACACIA, **form, **{"expand[]": "discounts"})

        assert status == 200
        assert [discount["source"]["coupon"] for discount in answer["discounts"]] == [form["coupon"]]
        assert_unknown(send("/v1/subscriptions", BASIL, **form), "coupon")

    def test_an_empty_coupon_removes_the_discount(self, create, coupon, send):
        subscription = create(discounts=[{"coupon": coupon()}])

        status, answer = send(f"/v1/subscriptions/{subscription.id}", ACACIA, coupon="")

        assert (status, answer["discounts"]) == (200, [])

    def test_takes_a_promotion_code(self, create, code, send):
        code_id = code()

        form = {"promotion_code": code_id, "expand[]": "discounts"}
        status, answer = send(f"/v1/subscriptions/{create().id}", ACACIA, **form)

        assert status == 200
        assert [discount["promotion_code"] for discount in answer["discounts"]] == [code_id]

    def test_refuses_a_coupon_beside_discounts(self, create, coupon, send):
        form = {"coupon": coupon(), "discounts[0][coupon]": coupon()}

        status, answer = send(f"/v1/subscriptions/{create().id}", ACACIA, **form)

        assert status == 400
        assert answer["error"]["message"] == "You may only specify one of these parameters: coupon, discounts."

    def test_prorates_as_told_before_2020(self, create, send):
        subscription = create()
        form = {"items[0][id]": subscription["items"].data[0].id, "items[0][quantity]": "3", "prorate": "false"}

        status, answer = send(f"/v1/subscriptions/{subscription.id}", "2019-12-03", **form)

        assert (status, answer["items"]["data"][0]["quantity"]) == (200, 3)
        assert_unknown(send(f"/v1/subscriptions/{subscription.id}", "2020-08-27", prorate="false"), "prorate")


class TestPreview:
    def test_takes_an_anchor_as_text(self, create, customer, send):
        form = {
            "customer": customer,
            "subscription": create().id,
            "subscription_details[billing_cycle_anchor]": "unchanged",
        }

        assert send("/v1/invoices/create_preview", DAHLIA, **form)[0] == 200
        assert send("/v1/invoices/create_preview", API_VERSION, **form)[0] == 400


class TestUpcomingInvoice:
    """GET /v1/invoices/upcoming, which basil removed for previews."""

    def ask(self, shop: Shop, version: str, **query: str) -> tuple[int, Any]:
        headers = {"Authorization": "Bearer sk_test_old", "Stripe-Version": version}
        answer = shop.programs.get("/v1/invoices/upcoming", query_string=query, headers=headers)
        return answer.status_code, answer.get_json()

    def test_shows_the_next_invoice(self, shop, create, customer):
        status, answer = self.ask(shop, ACACIA, customer=customer, subscription=create().id)

        assert (status, answer["total"], answer["billing_reason"]) == (200, 1900, "upcoming")

    def test_shows_the_cost_of_a_change(self, shop, create):
        subscription = create()
        query = {
            "subscription": subscription.id,
            "subscription_items[0][id]": subscription["items"].data[0].id,
            "subscription_items[0][quantity]": "3",
            "subscription_proration_behavior": "none",
            "expand[]": "customer",
        }

        status, answer = self.ask(shop, ACACIA, **query)

        assert (status, answer["total"], answer["customer"]["name"]) == (200, 5700, "Ada")
        assert shop.subscription(subscription.id)["items"].data[0].quantity == 1

    def test_is_an_unknown_invoice_since_basil(self, shop, create):
        status, answer = self.ask(shop, BASIL)

        assert (status, answer["error"]["code"]) == (404, "resource_missing")


class TestPromotionCode:
    def test_takes_a_coupon(self, coupon, send):
        form = {"coupon": coupon(), "code": "SPRING"}

        status, answer = send("/v1/promotion_codes", BASIL, **form)

        assert (status, answer["promotion"]) == (200, {"coupon": form["coupon"], "type": "coupon"})
        assert_unknown(send("/v1/promotion_codes", CLOVER, **form), "coupon")


class TestSchedule:
    def test_takes_iterations(self, create, scheduled, send):
        subscription = create()
        schedule = scheduled(subscription)
        price = subscription["items"].data[0].price.id
        form = {
            "phases[0][items][0][price]": price,
            "phases[0][start_date]": str(schedule.phases[0].start_date),
            "phases[0][iterations]": "2",
        }

        status, answer = send(f"/v1/subscription_schedules/{schedule.id}", BASIL, **form)

        assert status == 200
        [phase] = answer["phases"]
        assert 58 <= (phase["end_date"] - phase["start_date"]) / 86400 <= 62
        assert_unknown(send(f"/v1/subscription_schedules/{schedule.id}", CLOVER, **form), "phases[0][iterations]")

    def test_refuses_iterations_of_an_unknown_price(self, create, scheduled, send):
        schedule = scheduled(create())
        form = {"phases[0][items][0][price]": "price_none", "phases[0][iterations]": "2"}

        status, answer = send(f"/v1/subscription_schedules/{schedule.id}", BASIL, **form)

        assert (status, answer["error"]["code"]) == (400, "sandbox_unsupported")
        assert answer["error"]["param"] == "phases[0][iterations]"


class TestCheckout:
    def form(self, shop: Shop) -> dict[str, str]:
        return {
            "mode": "subscription",
            "line_items[0][price]": shop.price(),
            "line_items[0][quantity]": "1",
            "success_url": "https://shop.example/thanks",
        }

    def test_takes_the_former_ui_mode(self, shop, send):
        form = self.form(shop) | {"ui_mode": "hosted"}

        status, answer = send("/v1/checkout/sessions", CLOVER, **form)

        assert (status, answer["ui_mode"]) == (200, "hosted_page")
        status, answer = send("/v1/checkout/sessions", DAHLIA, **form)
        assert (status, answer["error"]["param"]) == (400, "ui_mode")

    def test_takes_payment_method_types(self, shop, send):
        form = self.form(shop) | {"payment_method_types[]": "card"}

        status, answer = send("/v1/checkout/sessions", DAHLIA, **form)

        assert (status, answer["payment_method_types"]) == (200, ["card"])
        assert_unknown(send("/v1/checkout/sessions", API_VERSION, **form), "payment_method_types")

    def test_refuses_payment_method_types_without_cards(self, shop, send):
        form = self.form(shop) | {"payment_method_types[]": "ideal"}

        status, answer = send("/v1/checkout/sessions", DAHLIA, **form)

        assert (status, answer["error"]["code"]) == (400, "sandbox_unsupported")

    def test_refuses_by_name_what_it_cannot_express(self, shop, send):
        form = self.form(shop) | {"line_items[0][dynamic_tax_rates][0]": "txr_1"}

        status, answer = send("/v1/checkout/sessions", DAHLIA, **form)

        assert (status, answer["error"]["code"]) == (400, "sandbox_unsupported")
        assert answer["error"]["param"] == "line_items[0][dynamic_tax_rates]"


class TestExpand:
    def test_an_invoices_payment_intent_becomes_its_payments_and_its_client_secret(self, shop, customer, send):
        form = {
            "customer": customer,
            "items[0][price]": shop.price(),
            "payment_behavior": "default_incomplete",
            "expand[0]": "latest_invoice.payment_intent",
        }

        status, answer = send("/v1/subscriptions", ACACIA, **form)

        assert status == 200
        invoice = answer["latest_invoice"]
        assert invoice["confirmation_secret"]["client_secret"].startswith("pi_")
        assert invoice["payments"]["data"][0]["payment"]["payment_intent"].startswith("pi_")
        assert send("/v1/subscriptions", BASIL, **form)[0] == 400

    def test_goes_as_deep_as_a_path_may(self, shop, paid_subscription):
        headers = {"Authorization": "Bearer sk_test_old", "Stripe-Version": ACACIA}
        query = {"subscription": paid_subscription.id, "expand[]": "data.payment_intent"}

        answer = shop.programs.get("/v1/invoices", query_string=query, headers=headers)

        [invoice] = answer.get_json()["data"]
        assert invoice["payments"]["data"][0]["payment"]["type"] == "payment_intent"
        assert invoice["confirmation_secret"]["client_secret"].startswith("pi_")
