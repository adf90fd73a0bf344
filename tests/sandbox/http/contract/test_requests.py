import time
from decimal import Decimal

import pytest

from sandbox.core.errors import ApiError
from sandbox.http import contract
from sandbox.http.contract.operations import SDK, UNDECLARED, Operation
from sandbox.http.forms import decode
from tests.wording import starting


def ask(method, path, *pairs):
    operation = contract.operation(method, path)
    assert operation is not None
    return contract.coerce(operation, decode(pairs))


def refusal(method, path, *pairs):
    with pytest.raises(ApiError) as caught:
        ask(method, path, *pairs)
    assert caught.value.status == 400
    return caught.value.message, caught.value.code, caught.value.param


PRICE = [("currency", "usd"), ("product", "prod_1"), ("unit_amount", "1900")]
SESSION = [("success_url", "https://example.com/{CHECKOUT_SESSION_ID}"), ("line_items[0][price]", "price_1")]


class TestOperation:
    def test_names_the_template_and_parameters(self):
        found = contract.operation("POST", "/v1/subscriptions/sub_1")
        assert found == Operation(
            "POST",
            "/v1/subscriptions/{subscription_exposed_id}",
            "stripe.params._subscription_update_params",
            "SubscriptionUpdateParams",
        )
        assert found.params.__name__ == "SubscriptionUpdateParams"

    @pytest.mark.parametrize(
        ("method", "path", "template"),
        [
            ("post", "/v1/invoices/create_preview", "/v1/invoices/create_preview"),
            ("GET", "/v1/customers/search", "/v1/customers/search"),
            ("GET", "/v1/customers/cus_1", "/v1/customers/{customer}"),
            ("DELETE", "/v1/customers/cus_1", "/v1/customers/{customer}"),
            ("GET", "/v1/checkout/sessions/cs_1/line_items", "/v1/checkout/sessions/{session}/line_items"),
            ("POST", "/v1/checkout/sessions/cs_1/expire", "/v1/checkout/sessions/{session}/expire"),
        ],
    )
    def test_prefers_a_literal_path_to_an_id(self, method, path, template):
        assert contract.operation(method, path).template == template

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("DELETE", "/v1/prices/price_1"),
            ("PUT", "/v1/prices/price_1"),
            ("GET", "/v1/prices/price_1/"),
            ("GET", "/v1/nothing"),
            ("GET", "/v1/"),
            ("GET", "/v2/core/events"),
            ("GET", "/v1/.*"),
            ("GET", "/v1/prices/a/b"),
        ],
    )
    def test_finds_no_operation_unknown_to_stripe(self, method, path):
        assert contract.operation(method, path) is None

    def test_finds_every_operation_of_the_sdk(self):
        segments = {text.split('"')[0].split("/")[0] for text in _texts_after('"/v1/')}
        found = [each for segment in segments for each in contract.operations(f"/v1/{segment}")]
        assert len([each for each in found if each not in UNDECLARED]) == 556
        assert all(each.params.__required_keys__ is not None for each in found)

    def test_is_quick_for_a_segment_not_seen_before(self):
        started = time.process_time()
        contract.operation("GET", "/v1/payment_links")
        assert time.process_time() - started < 1.5


def _texts_after(mark):
    return [
        rest
        for module in SDK.rglob("*_service.py")
        if "v2" not in module.parts
        for rest in module.read_text().split(mark)[1:]
    ]


class TestCoerce:
    def test_gives_values_the_types_they_are_declared_with(self):
        assert ask(
            "POST",
            "/v1/prices",
            *PRICE,
            ("active", "false"),
            ("recurring[interval]", "month"),
            ("recurring[interval_count]", "3"),
            ("metadata[plan]", "7"),
            ("expand[0]", "product"),
        ) == {
            "currency": "usd",
            "product": "prod_1",
            "unit_amount": 1900,
            "active": False,
            "recurring": {"interval": "month", "interval_count": 3},
            "metadata": {"plan": "7"},
            "expand": ["product"],
        }

    def test_keeps_decimals_exact(self):
        params = ask("POST", "/v1/prices", *PRICE[:2], ("unit_amount_decimal", "0.05"))
        assert params["unit_amount_decimal"] == Decimal("0.05")
        assert type(params["unit_amount_decimal"]) is Decimal

    def test_orders_a_list_by_its_numbers(self):
        pairs = [(f"expand[{number}]", f"field_{number}") for number in (10, 2, 0)]
        assert ask("GET", "/v1/prices", *pairs) == {"expand": ["field_0", "field_2", "field_10"]}

    def test_reads_a_range_or_a_moment(self):
        assert ask("GET", "/v1/events", ("created[gte]", "5"), ("created[lt]", "9")) == {
            "created": {"gte": 5, "lt": 9}
        }
        assert ask("GET", "/v1/events", ("created", "5")) == {"created": 5}

    def test_reads_a_moment_or_a_word(self):
        assert ask("POST", "/v1/subscriptions/sub_1", ("trial_end", "now")) == {"trial_end": "now"}
        assert ask("POST", "/v1/subscriptions/sub_1", ("trial_end", "1800000000")) == {"trial_end": 1800000000}

    def test_keeps_the_empty_string_where_it_means_unset(self):
        assert ask("POST", "/v1/products/prod_1", ("description", ""), ("metadata", "")) == {
            "description": "",
            "metadata": "",
        }

    def test_keeps_an_empty_metadata_value_that_removes_its_key(self):
        assert ask("POST", "/v1/products/prod_1", ("metadata[old]", "")) == {"metadata": {"old": ""}}

    def test_takes_numbers_for_names_in_a_mapping(self):
        assert ask("POST", "/v1/products/prod_1", ("metadata[0]", "x")) == {"metadata": {"0": "x"}}

    def test_allows_any_text_where_only_the_unset_value_is_listed(self):
        assert ask("POST", "/v1/customers", ("business_name", "Anything")) == {"business_name": "Anything"}

    def test_coerces_the_parameters_of_checkout(self):
        params = ask(
            "POST",
            "/v1/checkout/sessions",
            *SESSION,
            ("mode", "subscription"),
            ("line_items[0][quantity]", "2"),
            ("subscription_data[trial_period_days]", "14"),
            ("subscription_data[metadata][user]", "7"),
            ("allow_promotion_codes", "true"),
        )
        assert params == {
            "success_url": "https://example.com/{CHECKOUT_SESSION_ID}",
            "mode": "subscription",
            "line_items": [{"price": "price_1", "quantity": 2}],
            "subscription_data": {"trial_period_days": 14, "metadata": {"user": "7"}},
            "allow_promotion_codes": True,
        }


class TestRefusals:
    def test_an_unknown_parameter(self):
        assert refusal("POST", "/v1/prices", *PRICE, ("foo", "1")) == (
            "Received unknown parameter: foo",
            "parameter_unknown",
            "foo",
        )

    def test_several_unknown_parameters_in_one_answer(self):
        assert refusal("POST", "/v1/prices", *PRICE, ("foo", "1"), ("bar[x]", "1")) == (
            "Received unknown parameters: foo, bar",
            "parameter_unknown",
            "foo",
        )

    def test_a_parameter_of_the_path(self):
        message, code, param = refusal("POST", "/v1/products/prod_1", ("id", "prod_1"))
        assert message == (
            "A parameter provided in the URL (id) was repeated as a GET or POST parameter. You can only provide this "
            "information as a portion of the URL."
        )
        assert (code, param) == (None, "id")

    def test_an_unknown_parameter_deep_inside(self):
        assert refusal("POST", "/v1/checkout/sessions", ("line_items[0][price_data][sum]", "1")) == (
            "Received unknown parameter: line_items[0][price_data][sum]",
            "parameter_unknown",
            "line_items[0][price_data][sum]",
        )

    def test_an_option_of_the_sdk_that_is_no_parameter(self):
        assert refusal("POST", "/v1/customers", ("idempotency_key", "k"))[0] == (
            "Received unknown parameter: idempotency_key"
        )

    def test_a_missing_parameter(self):
        assert refusal("POST", "/v1/prices", ("product", "prod_1")) == (
            "Missing required param: currency.",
            "parameter_missing",
            "currency",
        )

    def test_a_missing_parameter_deep_inside(self):
        assert refusal("POST", "/v1/prices", *PRICE, ("recurring[interval_count]", "1")) == (
            "Missing required param: recurring[interval].",
            "parameter_missing",
            "recurring[interval]",
        )

    @pytest.mark.parametrize("text", ["abc", "19.00", "1e3", " 1", "٣", "9" * 19, "9" * 10_000, "true"])
    def test_an_invalid_integer(self, text):
        assert refusal("POST", "/v1/prices", *PRICE[:2], ("unit_amount", text)) == (
            f"Invalid integer: {text}",
            "parameter_invalid_integer",
            "unit_amount",
        )

    @pytest.mark.parametrize(("text", "value"), [("true", True), ("True", True), ("false", False), ("False", False)])
    def test_booleans_of_older_sdks_are_taken(self, text, value):
        assert ask("POST", "/v1/prices", *PRICE, ("active", text))["active"] is value

    @pytest.mark.parametrize("text", ["TRUE", "1", "yes"])
    def test_an_invalid_boolean(self, text):
        assert refusal("POST", "/v1/prices", *PRICE, ("active", text)) == (
            f"Invalid boolean: {text}",
            None,
            "active",
        )

    @pytest.mark.parametrize("text", ["abc", "NaN", "Infinity", "6E+1", "1."])
    def test_an_invalid_decimal(self, text):
        assert refusal("POST", "/v1/prices", *PRICE[:2], ("unit_amount_decimal", text)) == (
            f"Invalid decimal: {text}",
            None,
            "unit_amount_decimal",
        )

    def test_a_value_that_is_not_listed(self):
        assert refusal("POST", "/v1/checkout/sessions", *SESSION, ("mode", "gift")) == (
            "Invalid mode: must be one of payment, setup, or subscription",
            None,
            "mode",
        )

    def test_a_value_that_is_not_listed_deep_inside(self):
        assert refusal("POST", "/v1/prices", *PRICE, ("recurring[interval]", "hour")) == (
            "Invalid recurring[interval]: must be one of day, month, week, or year",
            None,
            "recurring[interval]",
        )

    def test_a_value_where_an_object_belongs(self):
        assert refusal("POST", "/v1/prices", *PRICE, ("recurring", "month")) == ("Invalid object", None, "recurring")

    def test_a_value_where_a_list_belongs(self):
        assert refusal("POST", "/v1/prices", *PRICE, ("expand", "product")) == ("Invalid array", None, "expand")

    @pytest.mark.parametrize("index", ["x", "-1", "12345", "٣"])
    def test_a_list_without_numbers(self, index):
        assert refusal("POST", "/v1/prices", *PRICE, (f"expand[{index}]", "product")) == (
            "Invalid array",
            None,
            "expand",
        )

    def test_an_object_where_a_value_belongs(self):
        message, code, param = refusal("POST", "/v1/customers", ("name[first]", "Ada"))
        assert (message, code, param) == ('Invalid string: {"first":"Ada"}', None, "name")

    def test_an_empty_string_where_it_cannot_mean_unset(self):
        message, code, param = refusal("POST", "/v1/products", ("name", ""))
        assert message == starting("You passed an empty string for 'name'. We assume empty values are an attempt")
        assert (code, param) == ("parameter_invalid_empty", "name")


class TestWhatThisVersionNoLongerTakes:
    @pytest.mark.parametrize(
        ("path", "pair", "message"),
        [
            ("/v1/checkout/sessions", ("payment_method_types[0]", "card"), "unknown parameter: payment_method_types"),
            ("/v1/checkout/sessions", ("ui_mode", "hosted"), "Invalid ui_mode: must be one of"),
            ("/v1/subscriptions/sub_1", ("billing_cycle_anchor", "now"), "Invalid object"),
            ("/v1/subscriptions/sub_1", ("coupon", "SPRING"), "unknown parameter: coupon"),
            ("/v1/prices/price_1", ("unit_amount", "5"), "unknown parameter: unit_amount"),
        ],
    )
    def test_is_refused(self, path, pair, message):
        assert message in refusal("POST", path, pair)[0]
