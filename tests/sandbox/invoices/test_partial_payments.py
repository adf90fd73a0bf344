"""Several payments on one invoice."""

import pytest


@pytest.fixture
def big(shop, customer):
    """A finalized invoice over 100.00 USD."""
    return finalized(shop, customer, 10_000)


def finalized(shop, customer, amount):
    shop.api.invoice_items.create({"customer": customer, "amount": amount})
    draft = shop.api.invoices.create({"customer": customer, "pending_invoice_items_behavior": "include"})
    return shop.api.invoices.finalize_invoice(draft.id)


def paid_intent(shop, customer, amount):
    """Return a succeeded payment intent of no open invoice: one whose invoice payment is of another invoice."""
    session = shop.session(shop.price(amount, interval=None), mode="payment", customer=customer)
    return shop.pay(session).payment_intent


class TestAttach:
    def test_counts_a_succeeded_payment_at_once(self, shop, customer, big):
        shop.api.invoices.attach_payment(big.id, {"payment_intent": paid_intent(shop, customer, 4000)})

        part = shop.api.invoices.retrieve(big.id, {"expand": ["payments"]})
        assert (part.status, part.amount_paid, part.amount_remaining) == ("open", 4000, 6000)
        attached, default = part.payments.data
        assert (attached.status, attached.amount_paid, attached.is_default) == ("paid", 4000, False)
        assert (default.status, default.amount_requested, default.is_default) == ("open", 6000, True)

    def test_and_the_rest_pay_the_invoice(self, shop, customer, big):
        shop.api.invoices.attach_payment(big.id, {"payment_intent": paid_intent(shop, customer, 4000)})
        shop.forget_events()

        paid = shop.api.invoices.pay(big.id)

        assert (paid.status, paid.amount_paid, paid.amount_remaining, paid.amount_overpaid) == ("paid", 10_000, 0, 0)
        assert shop.new_types().count("invoice_payment.paid") == 1
        by_status = {"invoice": big.id, "status": "paid"}
        assert [each.amount_paid for each in shop.api.invoice_payments.list(by_status)] == [4000, 6000]

    def test_of_all_that_remains_cancels_the_default_payment(self, shop, customer, big):
        shop.api.invoices.attach_payment(big.id, {"payment_intent": paid_intent(shop, customer, 10_000)})

        paid = shop.api.invoices.retrieve(big.id, {"expand": ["payments"]})
        assert (paid.status, [each.status for each in paid.payments.data]) == ("paid", ["paid", "canceled"])
        canceled = paid.payments.data[1].payment.payment_intent
        assert shop.api.payment_intents.retrieve(canceled).status == "canceled"

    def test_of_too_much_is_credited(self, shop, customer, big):
        shop.api.invoices.attach_payment(big.id, {"payment_intent": paid_intent(shop, customer, 12_000)})

        paid = shop.api.invoices.retrieve(big.id)
        assert (paid.status, paid.amount_paid, paid.amount_overpaid) == ("paid", 12_000, 2000)
        assert shop.api.customers.retrieve(customer).balance == -2000
        assert "invoice.overpaid" in shop.new_types()
        (credit,) = shop.api.customers.balance_transactions.list(customer).data
        assert credit.type == "invoice_overpaid"

    def test_leaves_each_payment_to_be_refunded(self, shop, customer, big):
        first = paid_intent(shop, customer, 4000)
        shop.api.invoices.attach_payment(big.id, {"payment_intent": first})
        shop.api.invoices.pay(big.id)

        for payment in shop.api.invoice_payments.list({"invoice": big.id}):
            refund = shop.api.refunds.create({"payment_intent": payment.payment.payment_intent})
            assert refund.amount == payment.amount_paid
