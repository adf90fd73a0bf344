"""Partial and full refunds, refusals of larger ones, and the charge after a refund."""

import pytest
import stripe

from tests.sandbox.shop import NOW


@pytest.fixture
def paid(shop):
    """A one-time payment of 19.00 USD."""
    session = shop.pay(shop.session(shop.price(interval=None), mode="payment", customer=shop.customer()))
    return shop.api.payment_intents.retrieve(session.payment_intent)


def refusal(create, **given):
    with pytest.raises(stripe.InvalidRequestError) as refused:
        create(given)
    error = refused.value
    return error.user_message, error.code, error.param


class TestRefund:
    def test_gives_all_of_it_back(self, shop, paid):
        refund = shop.api.refunds.create({"payment_intent": paid.id})

        assert (refund.amount, refund.currency, refund.status, refund.reason) == (1900, "usd", "succeeded", None)
        assert (refund.payment_intent, refund.charge, refund.created) == (paid.id, paid.latest_charge, NOW)
        charge = shop.api.charges.retrieve(refund.charge)
        assert (charge.amount, charge.amount_refunded, charge.refunded) == (1900, 1900, True)
        assert (charge.paid, charge.status) == (True, "succeeded")
        assert shop.api.refunds.retrieve(refund.id).to_dict() == refund.to_dict()

    def test_gives_it_back_in_parts(self, shop, paid):
        given = {"charge": paid.latest_charge, "reason": "requested_by_customer", "metadata": {"ticket": "7"}}
        first = shop.api.refunds.create({**given, "amount": 500})
        partly = shop.api.charges.retrieve(paid.latest_charge)
        second = shop.api.refunds.create({"payment_intent": paid.id})

        assert (first.amount, first.reason, first.metadata.to_dict()) == (
            500,
            "requested_by_customer",
            {"ticket": "7"},
        )
        assert (partly.amount_refunded, partly.refunded) == (500, False)
        assert second.amount == 1400
        charge = shop.api.charges.retrieve(paid.latest_charge)
        assert (charge.amount_refunded, charge.refunded) == (1900, True)

    def test_refuses_more_than_is_left(self, shop, paid):
        shop.api.refunds.create({"payment_intent": paid.id, "amount": 500})

        assert refusal(shop.api.refunds.create, payment_intent=paid.id, amount=1401) == (
            "Refund amount ($14.01) is greater than unrefunded amount on charge ($14.00)",
            None,
            "amount",
        )
        assert shop.api.charges.retrieve(paid.latest_charge).amount_refunded == 500
        assert len(shop.api.refunds.list().data) == 1

    def test_refuses_a_charge_of_which_nothing_is_left(self, shop, paid):
        shop.api.refunds.create({"payment_intent": paid.id})

        message = f"Charge {paid.latest_charge} has already been refunded."
        assert refusal(shop.api.refunds.create, payment_intent=paid.id) == (message, "charge_already_refunded", None)
        assert refusal(shop.api.refunds.create, charge=paid.latest_charge, amount=1) == (
            message,
            "charge_already_refunded",
            None,
        )

    def test_gives_back_once_for_an_idempotency_key(self, shop, paid):
        given, once = {"payment_intent": paid.id, "amount": 500}, {"idempotency_key": "refund-7"}

        first = shop.api.refunds.create(given, once)
        again = shop.api.refunds.create(given, once)

        assert again.id == first.id
        assert shop.api.charges.retrieve(paid.latest_charge).amount_refunded == 500

    def test_refuses_an_unpaid_payment_intent(self, shop):
        customer = shop.customer()
        method = shop.api.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": customer}).id
        shop.api.subscriptions.create(
            {"customer": customer, "items": [{"price": shop.price()}], "default_payment_method": method}
        )
        (intent,) = shop.api.payment_intents.list({"customer": customer})

        unpaid = f"This PaymentIntent ({intent.id}) does not have a successful charge to refund."
        assert refusal(shop.api.refunds.create, payment_intent=intent.id) == (unpaid, None, None)
        assert refusal(shop.api.refunds.create, charge=intent.latest_charge) == (unpaid, None, None)

    def test_refuses_what_does_not_exist(self, shop, paid):
        create = shop.api.refunds.create

        assert refusal(create) == (
            "One of the following params should be provided for this request: payment_intent or charge.",
            None,
            None,
        )
        assert refusal(create, payment_intent="pi_1")[0] == "No such payment_intent: 'pi_1'"
        assert refusal(create, charge="ch_1")[0] == "No such charge: 'ch_1'"
        assert refusal(create, payment_intent=paid.id, amount=0) == (
            "This value must be greater than or equal to 1.",
            "parameter_invalid_integer",
            "amount",
        )

    def test_refuses_a_charge_of_another_payment(self, shop, paid):
        other = shop.pay(shop.session(shop.price(interval=None), mode="payment")).payment_intent

        message, _, param = refusal(shop.api.refunds.create, payment_intent=other, charge=paid.latest_charge)

        assert message == f"The charge {paid.latest_charge} does not belong to the PaymentIntent {other}."
        assert param == "charge"

    def test_gives_back_to_a_bank_account(self, shop):
        session = shop.session(shop.price(interval=None), mode="payment")
        shop.control(f"checkout/{session.id}/pay", **{"async": True})
        intent = shop.api.checkout.sessions.retrieve(session.id).payment_intent
        pending = refusal(shop.api.refunds.create, payment_intent=intent)
        shop.control(f"checkout/{session.id}/settle", outcome="succeed")

        refund = shop.api.refunds.create({"payment_intent": intent})

        assert pending[0] == f"This PaymentIntent ({intent}) does not have a successful charge to refund."
        assert (refund.amount, refund.destination_details.type) == (1900, "us_bank_transfer")


class TestEvents:
    def test_tells_of_the_charge_and_of_the_refund(self, shop, paid):
        shop.forget_events()

        refund = shop.api.refunds.create({"payment_intent": paid.id, "amount": 500})

        refunded, created = shop.new_events()
        assert (refunded["type"], created["type"]) == ("charge.refunded", "refund.created")
        assert refunded["data"]["object"]["amount_refunded"] == 500
        assert refunded["data"]["previous_attributes"] == {"amount_refunded": 0}
        assert created["data"]["object"]["id"] == refund.id

    def test_tells_when_the_bank_can_find_it(self, shop, paid):
        refund = shop.api.refunds.create({"payment_intent": paid.id})
        shop.forget_events()

        shop.advance(seconds=5)

        assert refund.destination_details.card.reference_status == "pending"
        assert shop.new_types() == ["refund.updated", "charge.refund.updated"]
        card = shop.api.refunds.retrieve(refund.id).destination_details.card
        assert card.reference_status == "available"
        assert len(card.reference) == 23

    def test_tells_of_other_metadata(self, shop, paid):
        refund = shop.api.refunds.create({"payment_intent": paid.id}).id
        shop.forget_events()

        shop.api.refunds.update(refund, {"metadata": {"ticket": "7"}})
        shop.api.refunds.update(refund, {"metadata": {"ticket": "7"}})

        assert shop.new_types() == ["refund.updated", "charge.refund.updated"]


class TestList:
    def test_finds_by_payment_and_by_charge(self, shop, paid):
        other = shop.pay(shop.session(shop.price(interval=None), mode="payment")).payment_intent
        first = shop.api.refunds.create({"payment_intent": paid.id, "amount": 100}).id
        second = shop.api.refunds.create({"payment_intent": paid.id, "amount": 200}).id
        third = shop.api.refunds.create({"payment_intent": other}).id

        def found(**filters):
            return [refund.id for refund in shop.api.refunds.list(filters)]

        assert found() == [third, second, first]
        assert found(payment_intent=paid.id) == [second, first]
        assert found(charge=paid.latest_charge) == [second, first]
        assert found(payment_intent=other) == [third]
