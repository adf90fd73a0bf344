from sandbox.payments.setup_intents import rules
from tests.sandbox.shop import error_of


class TestSetupIntents:
    def test_wait_for_a_payment_method(self, shop, buyer):
        intent = shop.api.setup_intents.create({"customer": buyer, "usage": "off_session"})

        assert (intent.status, intent.usage, intent.latest_attempt) == ("requires_payment_method", "off_session", None)
        assert intent.automatic_payment_methods.to_dict() == {"allow_redirects": "always", "enabled": True}
        error = error_of(shop.api.setup_intents.confirm, intent.id)
        assert (error.http_status, error.code) == (400, "setup_intent_unexpected_state")

    def test_save_a_card(self, shop, buyer):
        intent = shop.api.setup_intents.create({"customer": buyer, "payment_method": "pm_card_visa", "confirm": True})

        assert intent.status == "succeeded"
        assert shop.api.payment_methods.retrieve(intent.payment_method).customer == buyer
        assert shop.new_types()[-3:] == ["setup_intent.created", "payment_method.attached", "setup_intent.succeeded"]

    def test_say_why_a_card_is_declined(self, shop, buyer):
        given = {"customer": buyer, "payment_method": "pm_card_chargeDeclined", "confirm": True}

        error = error_of(shop.api.setup_intents.create, given)

        assert (error.http_status, error.code) == (402, "card_declined")
        intent = shop.api.setup_intents.retrieve(error.error.setup_intent.id)
        assert (intent.status, intent.last_setup_error.code) == ("requires_payment_method", "card_declined")
        assert shop.new_types()[-1] == "setup_intent.setup_failed"

    def test_wait_for_authentication(self, shop, buyer):
        given = {"payment_method": "pm_card_authenticationRequiredOnSetup", "confirm": True, "customer": buyer}

        intent = shop.api.setup_intents.create(given)

        assert (intent.status, intent.next_action.type) == ("requires_action", "use_stripe_sdk")
        assert shop.api.setup_intents.cancel(intent.id).status == "canceled"

    def test_can_not_be_canceled_after_success(self, shop):
        intent = shop.api.setup_intents.create({"payment_method": "pm_card_visa", "confirm": True})

        assert error_of(shop.api.setup_intents.cancel, intent.id).code == "setup_intent_unexpected_state"

    def test_are_listed_by_customer(self, shop, buyer):
        intent = shop.api.setup_intents.create({"customer": buyer})
        shop.api.setup_intents.create()

        assert [each.id for each in shop.api.setup_intents.list({"customer": buyer})] == [intent.id]


class TestCreateFor:
    def test_waits_without_a_payment_method(self, shop, buyer):
        account = shop.sandbox.account
        with account.transaction():
            intent = rules.create_for(account, customer=buyer)

        assert shop.api.setup_intents.retrieve(intent["id"]).status == "requires_payment_method"

    def test_saves_the_payment_method(self, shop, customer):
        card = shop.api.payment_methods.list({"customer": customer}).data[0].id
        account = shop.sandbox.account
        with account.transaction():
            intent = rules.create_for(account, customer=customer, payment_method=card)

        assert shop.api.setup_intents.retrieve(intent["id"]).status == "succeeded"
