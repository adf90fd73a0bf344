"""Payment intents paid by card: created, confirmed, captured, canceled."""

import pytest

from tests.sandbox.shop import error_of


def pay(shop, method="pm_card_visa", **choices):
    given = {"amount": 2900, "currency": "usd", "payment_method": method, "confirm": True}
    return shop.api.payment_intents.create({**given, **choices})


class TestConfirm:
    def test_collects_the_payment(self, shop, customer):
        shop.forget_events()

        intent = pay(shop, customer=customer, expand=["latest_charge"])

        assert (intent.status, intent.amount_received, intent.capture_method) == ("succeeded", 2900, "automatic_async")
        charge = intent.latest_charge
        assert (charge.status, charge.captured, charge.balance_transaction) == ("succeeded", True, None)
        assert shop.new_types() == ["payment_intent.created", "charge.succeeded", "payment_intent.succeeded"]

    def test_records_the_movement_of_the_balance_seconds_later(self, shop):
        intent = pay(shop)
        assert shop.api.charges.retrieve(intent.latest_charge).balance_transaction is None
        shop.advance(seconds=5)

        charge = shop.api.charges.retrieve(intent.latest_charge, {"expand": ["balance_transaction"]})

        moved = charge.balance_transaction
        assert (moved.amount, moved.fee, moved.net, moved.status, moved.type) == (2900, 114, 2786, "pending", "charge")
        assert shop.new_types()[-1] == "charge.updated"
        shop.advance(days=8)
        assert shop.api.balance_transactions.retrieve(moved.id).status == "available"

    def test_waits_for_a_payment_method(self, shop):
        intent = shop.api.payment_intents.create({"amount": 2900, "currency": "usd"})
        assert intent.status == "requires_payment_method"

        error = error_of(shop.api.payment_intents.confirm, intent.id)
        assert (error.http_status, error.code) == (400, "payment_intent_unexpected_state")

        held = shop.api.payment_intents.update(intent.id, {"payment_method": "pm_card_visa"})
        assert held.status == "requires_confirmation"
        assert shop.api.payment_intents.confirm(intent.id).status == "succeeded"

    def test_of_a_paid_intent_is_refused(self, shop):
        error = error_of(shop.api.payment_intents.confirm, pay(shop).id)

        assert error.code == "payment_intent_unexpected_state"
        assert error.error.payment_intent.status == "succeeded"

    def test_says_why_a_card_is_declined(self, shop):
        error = error_of(pay, shop, "pm_card_visa_chargeDeclinedLostCard")

        assert (error.http_status, error.code, error.error.decline_code) == (402, "card_declined", "lost_card")
        assert (error.error.advice_code, error.error.network_decline_code) == ("do_not_try_again", "41")
        intent = shop.api.payment_intents.retrieve(error.error.payment_intent.id)
        assert (intent.status, intent.last_payment_error.charge) == ("requires_payment_method", intent.latest_charge)
        assert shop.new_types()[-2:] == ["charge.failed", "payment_intent.payment_failed"]

    def test_saves_the_card_if_asked(self, shop, buyer):
        intent = pay(shop, customer=buyer, setup_future_usage="off_session")

        assert shop.api.payment_methods.retrieve(intent.payment_method).customer == buyer

    def test_uses_up_a_card_that_is_not_saved(self, shop, buyer):
        intent = pay(shop)

        error = error_of(shop.api.payment_methods.attach, intent.payment_method, {"customer": buyer})

        assert error.code == "payment_method_unexpected_state"

    @pytest.mark.parametrize(
        ("choices", "param"),
        [
            ({"payment_method": "pm_unknown"}, "payment_method"),
            ({"customer": "cus_unknown"}, "customer"),
            ({"currency": "xxx"}, "currency"),
        ],
    )
    def test_refuses_unknown_ids(self, shop, choices, param):
        given = {"amount": 2900, "currency": "usd", **choices}

        assert error_of(shop.api.payment_intents.create, given).param == param

    def test_refuses_a_card_of_somebody_else(self, shop, customer):
        card = shop.api.payment_methods.list({"customer": customer}).data[0].id

        assert error_of(pay, shop, card, customer=shop.customer()).param == "payment_method"
        assert error_of(pay, shop, card).param == "payment_method"


class TestAuthentication:
    def test_sends_the_customer_to_a_page(self, shop):
        intent = pay(shop, "pm_card_authenticationRequired", return_url="https://shop.example/")

        assert (intent.status, intent.latest_charge, intent.last_payment_error) == ("requires_action", None, None)
        assert intent.next_action.redirect_to_url.return_url == "https://shop.example/"
        assert shop.new_types()[-1] == "payment_intent.requires_action"

    def test_is_impossible_while_the_customer_is_away(self, shop):
        error = error_of(pay, shop, "pm_card_authenticationRequired", off_session=True)

        assert (error.http_status, error.code) == (402, "authentication_required")
        assert error.error.payment_intent.status == "requires_payment_method"

    def test_fails_at_once_if_asked(self, shop):
        error = error_of(pay, shop, "pm_card_authenticationRequired", error_on_requires_action=True)

        assert (error.http_status, error.code) == (402, "authentication_required")


class TestCapture:
    def held(self, shop):
        return pay(shop, capture_method="manual", expand=["latest_charge"])

    def test_comes_after_the_authorization(self, shop):
        held = self.held(shop)
        assert (held.status, held.amount_capturable, held.amount_received) == ("requires_capture", 2900, 0)
        assert (held.latest_charge.captured, held.latest_charge.paid) == (False, True)
        assert held.latest_charge.payment_method_details.card.capture_before == shop.now + 7 * 86400
        assert shop.new_types()[-1] == "payment_intent.amount_capturable_updated"

        paid = shop.api.payment_intents.capture(held.id)

        assert (paid.status, paid.amount_capturable, paid.amount_received) == ("succeeded", 0, 2900)
        assert shop.new_types()[-2:] == ["charge.captured", "payment_intent.succeeded"]

    def test_can_take_a_part(self, shop):
        held = self.held(shop)

        paid = shop.api.payment_intents.capture(held.id, {"amount_to_capture": 900, "expand": ["latest_charge"]})

        charge = paid.latest_charge
        assert (paid.amount_received, charge.amount_captured, charge.amount_refunded) == (900, 900, 2000)
        assert shop.api.refunds.create({"charge": charge.id}).amount == 900

    def test_can_not_take_more(self, shop):
        error = error_of(shop.api.payment_intents.capture, self.held(shop).id, {"amount_to_capture": 2901})

        assert (error.code, error.param) == ("amount_too_large", "amount_to_capture")

    def test_needs_an_authorization(self, shop):
        error = error_of(shop.api.payment_intents.capture, pay(shop).id)

        assert error.code == "payment_intent_unexpected_state"

    def test_expires_after_a_week(self, shop):
        held = self.held(shop)

        shop.advance(days=7)

        intent = shop.api.payment_intents.retrieve(held.id, {"expand": ["latest_charge"]})
        assert (intent.status, intent.cancellation_reason) == ("canceled", "automatic")
        assert intent.latest_charge.refunded
        assert shop.new_types()[-2:] == ["charge.expired", "payment_intent.canceled"]


class TestCancel:
    def test_releases_an_authorization(self, shop):
        held = pay(shop, capture_method="manual")

        canceled = shop.api.payment_intents.cancel(held.id, {"cancellation_reason": "duplicate"})

        assert (canceled.status, canceled.cancellation_reason) == ("canceled", "duplicate")
        assert shop.api.charges.retrieve(held.latest_charge).refunded

    def test_refuses_a_paid_intent(self, shop):
        assert error_of(shop.api.payment_intents.cancel, pay(shop).id).code == "payment_intent_unexpected_state"

    def test_refuses_the_intent_of_an_invoice(self, shop, create):
        create(payment_behavior="default_incomplete")

        error = error_of(shop.api.payment_intents.cancel, shop.api.payment_intents.list().data[0].id)

        assert error.code == "payment_intent_invalid_parameter"


class TestInvoices:
    def test_are_paid_by_confirming_their_intent(self, shop, create):
        subscription = create(payment_behavior="default_incomplete")
        intent = shop.api.payment_intents.list().data[0]
        assert intent.payment_details.order_reference == subscription.latest_invoice

        shop.api.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})

        assert shop.subscription(subscription.id).status == "active"
        assert shop.api.invoices.retrieve(subscription.latest_invoice).status == "paid"


class TestAmounts:
    @pytest.mark.parametrize(
        ("amount", "currency", "code"),
        [
            (0, "usd", "parameter_invalid_integer"),
            (49, "usd", "amount_too_small"),
            (29, "gbp", "amount_too_small"),
            (100_000_000, "usd", "amount_too_large"),
            (10_000_000_000, "jpy", "amount_too_large"),
            (1005, "kwd", "invalid_charge_amount"),
            (150, "isk", "invalid_charge_amount"),
        ],
    )
    def test_are_refused_that_can_not_be_charged(self, shop, amount, currency, code):
        error = error_of(shop.api.payment_intents.create, {"amount": amount, "currency": currency})

        assert (error.http_status, error.code, error.param) == (400, code, "amount")

    @pytest.mark.parametrize(
        ("amount", "currency"),
        [(50, "usd"), (99_999_999, "usd"), (999_999_999_999, "idr"), (1010, "kwd"), (200, "ugx")],
    )
    def test_are_taken_within_the_limits(self, shop, amount, currency):
        assert shop.api.payment_intents.create({"amount": amount, "currency": currency}).amount == amount
