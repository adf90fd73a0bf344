"""The setup intents of subscriptions that begin without a payment."""

import pytest

from tests.wording import starting


@pytest.fixture
def trial(shop):
    """Create a trial of two weeks for a customer without a card."""

    def make(**choices):
        given = {"customer": shop.customer(), "items": [{"price": shop.price()}], "trial_period_days": 14}
        return shop.api.subscriptions.create({**given, "expand": ["pending_setup_intent"], **choices})

    return make


class TestPendingSetupIntent:
    def test_waits_for_a_payment_method(self, trial):
        intent = trial().pending_setup_intent

        assert (intent.status, intent.usage) == ("requires_payment_method", "off_session")
        assert intent.client_secret == starting("seti_")

    def test_is_not_needed_with_a_card(self, create):
        assert create(trial_period_days=14).pending_setup_intent is None
        assert create().pending_setup_intent is None

    def test_waits_for_authentication(self, create, shop):
        subscription = create(trial_period_days=14, default_payment_method="pm_card_authenticationRequired")

        assert shop.api.setup_intents.retrieve(subscription.pending_setup_intent).status == "requires_action"

    def test_is_not_needed_for_an_invoice_that_is_sent(self, trial):
        assert trial(collection_method="send_invoice", days_until_due=7).pending_setup_intent is None

    def test_ends_with_the_card_that_is_saved(self, shop, trial):
        subscription = trial(payment_settings={"save_default_payment_method": "on_subscription"})
        shop.forget_events()

        shop.api.setup_intents.confirm(subscription.pending_setup_intent.id, {"payment_method": "pm_card_visa"})

        ready = shop.subscription(subscription.id)
        assert ready.pending_setup_intent is None
        assert shop.api.payment_methods.retrieve(ready.default_payment_method).customer == subscription.customer
        assert {"setup_intent.succeeded", "customer.subscription.updated"} <= set(shop.new_types())
        shop.advance(days=14)
        assert shop.subscription(subscription.id).status == "active"
