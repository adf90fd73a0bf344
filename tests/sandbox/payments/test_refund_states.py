"""Refunds that end later: pending, failed, or waiting for the customer."""

from tests.sandbox.shop import error_of


def pay(shop, method, **choices):
    given = {"amount": 2900, "currency": "usd", "payment_method": method, "confirm": True, **choices}
    return shop.api.payment_intents.create(given)


def konbini(shop):
    payer = {"email": "succeed_immediately@example.com", "name": "Ada"}
    return shop.api.payment_methods.create({"type": "konbini", "billing_details": payer}).id


class TestStates:
    def test_takes_the_money_from_the_balance(self, shop):
        intent = pay(shop, "pm_card_visa")

        refund = shop.api.refunds.create({"payment_intent": intent.id, "expand": ["balance_transaction"]})

        moved = refund.balance_transaction
        assert (moved.amount, moved.fee, moved.type, moved.source) == (-2900, 0, "refund", refund.id)

    def test_can_be_pending(self, shop):
        refund = shop.api.refunds.create({"payment_intent": pay(shop, "pm_card_pendingRefund").id})
        assert (refund.status, refund.pending_reason) == ("pending", "processing")

        shop.advance(days=3)

        assert shop.api.refunds.retrieve(refund.id).status == "succeeded"
        assert shop.new_types()[-2:] == ["refund.updated", "charge.refund.updated"]

    def test_can_fail_later(self, shop):
        intent = pay(shop, "pm_card_refundFail")
        refund = shop.api.refunds.create({"payment_intent": intent.id, "amount": 900})
        assert refund.status == "succeeded"

        shop.advance(days=3)

        failed = shop.api.refunds.retrieve(refund.id, {"expand": ["failure_balance_transaction"]})
        assert (failed.status, failed.failure_reason) == ("failed", "unknown")
        assert failed.failure_balance_transaction.amount == 900
        charge = shop.api.charges.retrieve(intent.latest_charge)
        assert (charge.amount_refunded, charge.refunded) == (0, False)
        assert shop.new_types()[-1] == "refund.failed"

    def test_of_a_voucher_waits_for_the_customer(self, shop):
        intent = pay(shop, konbini(shop), currency="jpy")
        given = {"payment_intent": intent.id, "instructions_email": "ada@example.com"}

        refund = shop.api.refunds.create(given)

        assert (refund.status, refund.balance_transaction) == ("requires_action", None)
        assert refund.next_action.display_details.email_sent.email_sent_to == "ada@example.com"
        shop.advance(days=3)
        assert shop.api.refunds.retrieve(refund.id).status == "succeeded"

    def test_can_be_canceled_before_the_customer_acts(self, shop):
        intent = pay(shop, konbini(shop), currency="jpy")
        refund = shop.api.refunds.create({"payment_intent": intent.id, "instructions_email": "ada@example.com"})

        assert shop.api.refunds.cancel(refund.id).status == "canceled"
        assert shop.api.charges.retrieve(refund.charge).amount_refunded == 0
        assert error_of(shop.api.refunds.cancel, refund.id).http_status == 400
