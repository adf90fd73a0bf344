"""The customer's details and cards, and the seller's offer for staying, through the portal's control."""

import pytest

from tests.sandbox.shop import error_of


@pytest.fixture
def act(shop, buyer):
    """Act in a new portal session; return the JSON, or status and error of a refusal."""

    def act(action, *, flow=None, features=None, **body):
        given = {"customer": buyer} | ({"flow_data": flow} if flow else {})
        if features:
            given["configuration"] = shop.api.billing_portal.configurations.create({"features": features}).id
        session = shop.api.billing_portal.sessions.create(given).id
        answer = shop.ask(f"portal/{session}", action=action, **body)
        return answer.get_json() if answer.status_code == 200 else (answer.status_code, answer.get_json()["error"])

    return act


class TestDetails:
    def test_are_changed(self, shop, buyer, act):
        shop.forget_events()

        act(
            "customer",
            email="countess@example.com",
            phone="+44 20 7946 0000",
            address={"country": "GB", "city": "Bath"},
        )

        customer = shop.api.customers.retrieve(buyer)
        assert (customer.email, customer.phone, customer.address.city) == (
            "countess@example.com",
            "+44 20 7946 0000",
            "Bath",
        )
        assert (customer.name, customer.address.line1) == ("Ada", None)
        assert shop.new_types() == [
            "billing_portal.configuration.created",
            "billing_portal.session.created",
            "customer.updated",
        ]

    def test_are_limited_by_the_configuration(self, shop, buyer, act):
        features = {"customer_update": {"enabled": True, "allowed_updates": ["email"]}}
        status, error = act("customer", features=features, name="Countess")
        assert (status, error["param"]) == (400, "name")
        assert shop.api.customers.retrieve(buyer).name == "Ada"

    def test_do_not_include_tax_ids(self, shop):
        features = {"customer_update": {"enabled": True, "allowed_updates": ["tax_id"]}}
        refused = error_of(shop.api.billing_portal.configurations.create, {"features": features})
        assert refused.code == "sandbox_unsupported"


class TestCards:
    @pytest.fixture
    def spare(self, shop, buyer):
        return shop.api.payment_methods.attach("pm_card_mastercard", {"customer": buyer}).id

    def test_become_the_default(self, shop, buyer, paid_subscription, act, spare):
        act("default_card", payment_method=spare)

        assert shop.api.customers.retrieve(buyer).invoice_settings.default_payment_method == spare
        assert shop.subscription(paid_subscription.id).default_payment_method == spare

    def test_are_removed(self, shop, paid_subscription, act, spare):
        shop.forget_events()
        assert act("remove_card", payment_method=spare)["customer"] is None
        assert "payment_method.detached" in shop.new_types()

    def test_stay_while_they_pay(self, shop, paid_subscription, act):
        status, error = act("remove_card", payment_method=paid_subscription.default_payment_method)
        assert (status, error["message"]) == (
            400,
            "Your default card pays for your subscription. Choose another default first.",
        )

    def test_of_others_are_unknown(self, shop, paid_subscription, act):
        other = shop.api.payment_methods.attach("pm_card_visa", {"customer": shop.customer()}).id
        assert act("default_card", payment_method=other)[0] == 404


class TestRetention:
    @pytest.fixture
    def flow(self, paid_subscription, coupon):
        offer = {"type": "coupon_offer", "coupon_offer": {"coupon": coupon(percent_off=20, duration="forever")}}
        return {
            "type": "subscription_cancel",
            "subscription_cancel": {"subscription": paid_subscription.id, "retention": offer},
        }

    def test_offer_is_in_the_session(self, shop, buyer, flow):
        session = shop.api.billing_portal.sessions.create({"customer": buyer, "flow_data": flow})
        retention = session.flow.subscription_cancel.retention
        assert retention.to_dict() == flow["subscription_cancel"]["retention"]

    def test_offer_lowers_the_next_invoice(self, shop, paid_subscription, flow, act):
        act("accept_offer", flow=flow)

        shop.advance(days=28)
        after = shop.subscription(paid_subscription.id)
        assert (after.status, after.cancel_at) == ("active", None)
        assert shop.invoices(after)[-1].amount_paid == 1520

    def test_offer_needs_the_flow(self, paid_subscription, act):
        assert act("accept_offer")[0] == 400

    def test_cancel_takes_a_comment(self, shop, paid_subscription, act):
        act("cancel", feedback="other", comment="Moving away")
        details = shop.subscription(paid_subscription.id).cancellation_details
        assert (details.feedback, details.comment) == ("other", "Moving away")
