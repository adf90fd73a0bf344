"""Cancel, resume and change the card in the billing portal, through the portal's control."""

from collections import Counter

import pytest

from tests.sandbox.shop import NOW, at

NOTHING = {"invoice_history": {"enabled": False}}


@pytest.fixture
def act(shop, buyer):
    """Act in a new portal session; return the JSON, or status and error of a refusal."""

    def act(action, *, configuration=None, **body):
        given = {"configuration": configuration} if configuration else {}
        session = shop.api.billing_portal.sessions.create({"customer": buyer, **given}).id
        answer = shop.ask(f"portal/{session}", action=action, **body)
        return answer.get_json() if answer.status_code == 200 else (answer.status_code, answer.get_json()["error"])

    return act


class TestCancel:
    def test_sets_cancel_at_only(self, shop, paid_subscription, act):
        shop.forget_events()

        answer = act("cancel", feedback="too_expensive")

        after = shop.subscription(paid_subscription.id)
        assert answer["id"] == paid_subscription.id
        assert (after.status, after.cancel_at, after.cancel_at_period_end) == ("active", at("2027-02-28 10:30"), False)
        assert after.canceled_at == NOW
        assert (after.cancellation_details.feedback, after.cancellation_details.reason) == (
            "too_expensive",
            "cancellation_requested",
        )
        assert "customer.subscription.updated" in shop.new_types()

    def test_sets_cancel_at_period_end_in_the_classic_billing_mode(self, shop, buyer, act):
        method = shop.api.payment_methods.attach("pm_card_visa", {"customer": buyer}).id
        classic = shop.api.subscriptions.create(
            {
                "customer": buyer,
                "items": [{"price": shop.price()}],
                "default_payment_method": method,
                "billing_mode": {"type": "classic"},
            }
        )

        act("cancel")

        after = shop.subscription(classic.id)
        assert (after.cancel_at_period_end, after.cancel_at) == (True, at("2027-02-28 10:30"))

    def test_ends_when_the_period_does(self, shop, paid_subscription, act):
        act("cancel")

        shop.advance(days=28)

        assert shop.subscription(paid_subscription.id).status == "canceled"
        assert len(shop.invoices(paid_subscription)) == 1

    def test_ends_at_once_where_the_configuration_says_so(self, shop, paid_subscription, act):
        given = {"features": {"subscription_cancel": {"enabled": True, "mode": "immediately"}}}
        configuration = shop.api.billing_portal.configurations.create(given).id

        answer = act("cancel", configuration=configuration)

        assert answer["status"] == "canceled"
        assert shop.subscription(paid_subscription.id).ended_at == NOW

    def test_is_refused_twice(self, paid_subscription, act):
        act("cancel")

        assert act("cancel")[1]["message"] == "This subscription is already set to be canceled."

    def test_is_refused_when_disabled(self, shop, paid_subscription, act):
        configuration = shop.api.billing_portal.configurations.create({"features": NOTHING}).id

        status, error = act("cancel", configuration=configuration)

        assert (status, error["message"]) == (400, "This portal does not let customers cancel.")
        assert shop.subscription(paid_subscription.id).cancel_at is None

    def test_requires_a_subscription_if_there_are_several(self, shop, buyer, paid_subscription, act):
        other = shop.subscribed(customer=buyer)

        assert act("cancel")[1]["param"] == "subscription"
        assert act("cancel", subscription=other.id)["id"] == other.id
        assert shop.subscription(paid_subscription.id).cancel_at is None

    def test_does_not_find_another_customers_subscription(self, shop, paid_subscription, act):
        theirs = shop.subscribed(customer=shop.customer())

        status, error = act("cancel", subscription=theirs.id)

        assert (status, error["code"]) == (404, "resource_missing")
        assert shop.subscription(theirs.id).cancel_at is None


class TestResume:
    def test_removes_the_scheduled_end(self, shop, paid_subscription, act):
        act("cancel")

        act("resume")

        after = shop.subscription(paid_subscription.id)
        assert (after.cancel_at, after.cancel_at_period_end, after.canceled_at) == (None, False, None)
        shop.advance(days=28)
        assert shop.subscription(paid_subscription.id).status == "active"

    def test_removes_an_end_that_the_shop_has_set(self, shop, paid_subscription, act):
        shop.api.subscriptions.update(paid_subscription.id, {"cancel_at_period_end": True})

        act("resume")

        after = shop.subscription(paid_subscription.id)
        assert (after.cancel_at, after.cancel_at_period_end) == (None, False)

    def test_is_refused_without_a_scheduled_end(self, paid_subscription, act):
        assert act("resume")[1]["message"] == "This subscription is not set to be canceled."


class TestCard:
    def test_becomes_the_default_for_all_payments(self, shop, buyer, paid_subscription, act):
        shop.forget_events()

        method = act("card", card="5555555555554444", exp_month=7, exp_year=2031, cvc="123", name="Ada L.")

        assert (method["card"]["last4"], method["card"]["exp_month"], method["customer"]) == ("4444", 7, buyer)
        assert method["billing_details"]["name"] == "Ada L."
        settings = shop.api.customers.retrieve(buyer).invoice_settings
        assert settings.default_payment_method == method["id"]
        assert shop.subscription(paid_subscription.id).default_payment_method == method["id"]
        assert Counter(shop.new_types()) == Counter(
            [
                "billing_portal.configuration.created",
                "billing_portal.session.created",
                "payment_method.attached",
                "customer.updated",
                "customer.subscription.updated",
            ]
        )

    def test_pays_the_open_invoice_at_the_next_retry(self, shop, buyer, act):
        failing = shop.api.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": buyer}).id
        good = shop.api.payment_methods.attach("pm_card_visa", {"customer": buyer}).id
        subscription = shop.api.subscriptions.create(
            {"customer": buyer, "items": [{"price": shop.price()}], "default_payment_method": good}
        )
        shop.api.subscriptions.update(subscription.id, {"default_payment_method": failing})
        shop.advance(days=28)
        failed = shop.subscription(subscription.id).status

        act("card", card="4242424242424242")
        shop.advance(days=3)

        assert failed == "past_due"
        assert shop.subscription(subscription.id).status == "active"
        assert [invoice.status for invoice in shop.invoices(subscription)] == ["paid", "paid"]

    def test_does_not_change_a_subscription_without_its_own_card(self, shop, buyer, act):
        method = shop.api.payment_methods.attach("pm_card_visa", {"customer": buyer}).id
        shop.api.customers.update(buyer, {"invoice_settings": {"default_payment_method": method}})
        subscription = shop.api.subscriptions.create({"customer": buyer, "items": [{"price": shop.price()}]})

        act("card", card="5555555555554444")

        assert shop.subscription(subscription.id).default_payment_method is None

    def test_refused_saves_nothing(self, shop, buyer, paid_subscription, act):
        before = shop.api.payment_methods.list({"customer": buyer}).data

        status, error = act("card", card="4000000000000002")

        assert (status, error["code"]) == (402, "card_declined")
        assert [each.id for each in shop.api.payment_methods.list({"customer": buyer})] == [each.id for each in before]

    def test_waits_for_3d_secure(self, paid_subscription, act):
        status, error = act("card", card="4000002500003155")
        saved = act("card", card="4000002500003155", authenticate="complete")

        assert (status, error["code"]) == (402, "authentication_required")
        assert saved["card"]["last4"] == "3155"

    def test_needs_a_number(self, act):
        status, error = act("card")

        assert (status, error["param"]) == (400, "card")


class TestControl:
    def test_names_the_wrong_parameter(self, shop, act):
        assert shop.ask("portal/bps_none", action="cancel").status_code == 404
        assert act("destroy")[1]["param"] == "action"
        assert act("cancel", feedback="bored")[1]["param"] == "feedback"
        assert act("cancel", typo=1)[1]["param"] == "typo"

    def test_reads_action_and_subscription_from_the_path_too(self, shop, buyer, paid_subscription):
        session = shop.api.billing_portal.sessions.create({"customer": buyer}).id

        shop.control(f"portal/{session}/{paid_subscription.id}", action="cancel")
        assert shop.subscription(paid_subscription.id).cancel_at is not None
        shop.control(f"portal/{session}/resume")
        assert shop.subscription(paid_subscription.id).cancel_at is None

    def test_finds_no_ended_subscription(self, shop, paid_subscription, act):
        shop.api.subscriptions.cancel(paid_subscription.id)

        assert act("cancel", subscription=paid_subscription.id)[0] == 404

    def test_is_not_found_after_its_customer_is_deleted(self, shop, buyer):
        session = shop.api.billing_portal.sessions.create({"customer": buyer}).id
        shop.api.customers.delete(buyer)

        assert shop.ask(f"portal/{session}", action="resume").status_code == 404
