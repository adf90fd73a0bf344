"""The API of billing portal sessions and configurations; the customers' actions are in test_portal.py."""

import pytest
import stripe

RETURN_URL = "https://shop.example/account"
NOTHING = {"invoice_history": {"enabled": False}}


class TestSession:
    def test_has_an_address_for_the_customer(self, shop, buyer):
        session = shop.api.billing_portal.sessions.create({"customer": buyer, "return_url": RETURN_URL})

        assert (session.customer, session.return_url, session.flow) == (buyer, RETURN_URL, None)
        assert session.url == f"http://127.0.0.1:8420/portal/{session.id}"
        configuration = shop.api.billing_portal.configurations.retrieve(session.configuration)
        assert configuration.is_default is True
        assert shop.events()[-1]["type"] == "billing_portal.session.created"

    def test_uses_the_configuration_s_return_url(self, shop, buyer):
        given = {"features": NOTHING, "default_return_url": RETURN_URL}
        configuration = shop.api.billing_portal.configurations.create(given).id

        session = shop.api.billing_portal.sessions.create({"customer": buyer, "configuration": configuration})

        assert (session.configuration, session.return_url) == (configuration, RETURN_URL)

    def test_can_open_at_one_action(self, shop, buyer, paid_subscription):
        flow = {
            "type": "subscription_cancel",
            "subscription_cancel": {"subscription": paid_subscription.id},
            "after_completion": {"type": "redirect", "redirect": {"return_url": RETURN_URL}},
        }

        session = shop.api.billing_portal.sessions.create({"customer": buyer, "flow_data": flow})

        assert session.flow.type == "subscription_cancel"
        assert session.flow.subscription_cancel.subscription == paid_subscription.id
        assert session.flow.after_completion.redirect.return_url == RETURN_URL

    @pytest.mark.parametrize(
        ("given", "message", "param"),
        [
            ({}, "Missing required param: customer.", "customer"),
            ({"customer": "cus_none"}, "No such customer: 'cus_none'", "customer"),
            ({"configuration": "bpc_none"}, "No such configuration: 'bpc_none'", "configuration"),
            (
                {"return_url": "shop.example"},
                "Invalid URL: An explicit scheme (such as https) must be provided.",
                "return_url",
            ),
            (
                {"flow_data": {"type": "subscription_cancel"}},
                "Missing required param: flow_data[subscription_cancel].",
                "flow_data[subscription_cancel]",
            ),
            (
                {
                    "flow_data": {
                        "type": "subscription_cancel",
                        "subscription_cancel": {"subscription": "sub_none"},
                    }
                },
                "No such subscription: 'sub_none'",
                "flow_data[subscription_cancel][subscription]",
            ),
        ],
    )
    def test_names_the_wrong_parameter(self, shop, buyer, given, message, param):
        given = {"customer": buyer, **given} if given else {}

        with pytest.raises(stripe.InvalidRequestError) as refused:
            shop.api.billing_portal.sessions.create(given)

        assert (refused.value.user_message, refused.value.param) == (message, param)

    def test_refuses_another_customers_subscription(self, shop, paid_subscription):
        flow = {"type": "subscription_cancel", "subscription_cancel": {"subscription": paid_subscription.id}}

        with pytest.raises(stripe.InvalidRequestError, match="No such subscription"):
            shop.api.billing_portal.sessions.create({"customer": shop.customer(), "flow_data": flow})


class TestConfiguration:
    def test_has_a_default_with_all_supported_features(self, shop):
        (default,) = shop.api.billing_portal.configurations.list({"is_default": True})

        features = default.features
        assert (features.invoice_history.enabled, features.payment_method_update.enabled) == (True, True)
        assert (features.subscription_cancel.enabled, features.subscription_cancel.mode) == (True, "at_period_end")
        assert features.subscription_update.enabled is False
        assert [each.id for each in shop.api.billing_portal.configurations.list()] == [default.id]

    def test_enables_only_the_named_features(self, shop):
        given = {"features": {"subscription_cancel": {"enabled": True, "mode": "immediately"}}, "name": "Strict"}

        made = shop.api.billing_portal.configurations.create(given)

        assert (made.name, made.is_default, made.active) == ("Strict", False, True)
        assert (made.features.subscription_cancel.enabled, made.features.subscription_cancel.mode) == (
            True,
            "immediately",
        )
        assert made.features.payment_method_update.enabled is False

    def test_can_be_changed_and_deactivated(self, shop, buyer):
        made = shop.api.billing_portal.configurations.create({"features": NOTHING}).id
        change = {"active": False, "features": {"invoice_history": {"enabled": True}}}

        changed = shop.api.billing_portal.configurations.update(made, change)

        assert (changed.active, changed.features.invoice_history.enabled) == (False, True)
        with pytest.raises(stripe.InvalidRequestError, match="The portal configuration is inactive"):
            shop.api.billing_portal.sessions.create({"customer": buyer, "configuration": made})
