"""Previews without an upcoming invoice, and refused requests for a preview."""

import pytest

from tests.sandbox.shop import NOW, at, error_of

NEXT_MONTH = at("2027-02-28 10:30")


class TestNoUpcomingInvoice:
    def none_of(self, shop, params):
        error = error_of(shop.api.invoices.create_preview, params)
        assert (error.http_status, error.code) == (404, "invoice_upcoming_none")
        return error.user_message

    def test_when_the_subscription_ends_with_its_period(self, shop, create, customer, preview):
        subscription = create()
        details = {"cancel_at_period_end": True}

        message = self.none_of(shop, {"subscription": subscription.id, "subscription_details": details})
        shop.api.subscriptions.update(subscription.id, details)

        assert message == f"No upcoming invoices for customer: {customer}"
        self.none_of(shop, {"subscription": subscription.id})
        assert preview(subscription, cancel_at_period_end=False).created == NEXT_MONTH

    def test_when_the_subscription_has_ended_or_is_unknown(self, shop, create, customer):
        self.none_of(shop, {"customer": customer})
        subscription = create()
        shop.api.subscriptions.cancel(subscription.id)

        self.none_of(shop, {"subscription": subscription.id})
        self.none_of(shop, {"customer": customer})

    def test_when_cancel_now_leaves_nothing_to_bill(self, shop, create):
        subscription = create()
        details = {"cancel_now": True, "proration_behavior": "none"}

        self.none_of(shop, {"subscription": subscription.id, "subscription_details": details})


class TestRefusals:
    @pytest.mark.parametrize(
        ("params", "param"),
        [
            ({}, "customer"),
            ({"subscription": "sub_none"}, "subscription"),
            ({"customer": "cus_none"}, "customer"),
            ({"customer_details": {"tax_exempt": "none"}}, "customer_details"),
        ],
    )
    def test_name_the_wrong_parameter(self, shop, params, param):
        error = error_of(shop.api.invoices.create_preview, params)
        assert (error.http_status, error.param) == (400, param)

    @pytest.mark.parametrize(
        ("details", "param"),
        [
            ({"items": [{"id": "si_none", "quantity": 2}]}, "subscription_details[items][0][id]"),
            ({"items": [{"quantity": 1}], "proration_date": NOW - 1}, "subscription_details[proration_date]"),
            ({"items": [{"quantity": 1}], "proration_date": NEXT_MONTH + 1}, "subscription_details[proration_date]"),
            ({"proration_date": NOW, "proration_behavior": "none"}, "subscription_details[proration_date]"),
            ({"pause": {}, "start_date": NOW}, "subscription_details[start_date]"),
        ],
    )
    def test_name_the_wrong_detail(self, shop, create, details, param):
        subscription = create()
        shop.forget_events()

        error = error_of(
            shop.api.invoices.create_preview, {"subscription": subscription.id, "subscription_details": details}
        )

        assert (error.http_status, error.param) == (400, param)
        assert shop.new_types() == []

    def test_name_another_customers_subscription(self, shop, create):
        subscription, other = create(), shop.customer()

        error = error_of(shop.api.invoices.create_preview, {"customer": other, "subscription": subscription.id})

        assert error.user_message == f"Customer {other} does not have a subscription with ID {subscription.id}"
