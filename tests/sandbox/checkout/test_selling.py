"""One-time payments on the hosted page."""

from collections import Counter

import pytest


class TestOneTimePayment:
    def test_creates_a_payment(self, shop):
        customer = shop.customer()
        session = shop.session(
            shop.price(interval=None),
            mode="payment",
            customer=customer,
            payment_intent_data={"metadata": {"order": "7"}, "description": "A book"},
        )

        paid = shop.pay(session)

        assert (paid.status, paid.payment_status, paid.invoice, paid.subscription) == ("complete", "paid", None, None)
        intent = shop.api.payment_intents.retrieve(paid.payment_intent, {"expand": ["latest_charge"]})
        assert (intent.status, intent.amount, intent.amount_received) == ("succeeded", 1900, 1900)
        assert (intent.customer, intent.description) == (customer, "A book")
        assert intent.metadata.to_dict() == {"order": "7"}
        charge = intent.latest_charge
        assert (charge.status, charge.paid, charge.captured, charge.amount_captured) == ("succeeded", True, True, 1900)
        assert charge.metadata.to_dict() == {"order": "7"}
        assert charge.payment_method_details.card.last4 == "4242"

    def test_sends_all_events_in_one_second(self, shop):
        session = shop.session(shop.price(interval=None), mode="payment", customer=shop.customer())
        shop.forget_events()

        shop.pay(session)

        assert Counter(shop.new_types()) == Counter(
            ["charge.succeeded", "checkout.session.completed", "payment_intent.created", "payment_intent.succeeded"]
        )

    def test_a_guest_stays_a_guest(self, shop):
        paid = shop.pay(shop.session(shop.price(interval=None), mode="payment"), email="eve@example.com")

        assert (paid.customer, paid.customer_details.email) == (None, "eve@example.com")
        assert shop.api.customers.list().data == []

    def test_a_guest_becomes_a_customer_with_customer_creation(self, shop):
        session = shop.session(shop.price(interval=None), mode="payment", customer_creation="always")

        paid = shop.pay(session, email="eve@example.com")

        assert shop.api.customers.retrieve(paid.customer).email == "eve@example.com"

    def test_a_guest_who_saves_a_card_becomes_a_customer(self, shop):
        usage = {"setup_future_usage": "off_session"}
        paid = shop.pay(shop.session(shop.price(interval=None), mode="payment", payment_intent_data=usage))

        assert len(shop.api.payment_methods.list({"customer": paid.customer}).data) == 1

    def test_creates_an_invoice_with_invoice_creation(self, shop):
        session = shop.session(
            shop.price(interval=None),
            mode="payment",
            invoice_creation={"enabled": True, "invoice_data": {"metadata": {"order": "7"}, "footer": "Thanks"}},
        )

        paid = shop.pay(session)

        invoice = shop.api.invoices.retrieve(paid.invoice, {"expand": ["payments"]})
        assert (invoice.status, invoice.total, invoice.customer, invoice.parent) == ("paid", 1900, paid.customer, None)
        assert (invoice.metadata.to_dict(), invoice.footer) == ({"order": "7"}, "Thanks")
        assert invoice.payments.data[0].payment.payment_intent == paid.payment_intent
        assert len(shop.api.payment_intents.list().data) == 1

    def test_a_free_order_creates_no_payment(self, shop):
        session = shop.session(shop.price(0, interval=None), mode="payment", customer=shop.customer())

        paid = shop.control(f"checkout/{session.id}/pay")

        assert (paid["status"], paid["payment_status"]) == ("complete", "no_payment_required")
        assert paid["payment_intent"] is None
        assert shop.api.charges.list().data == []

    @pytest.mark.parametrize(("usage", "saved"), [({}, None), ({"setup_future_usage": "off_session"}, True)])
    def test_saves_the_card_only_for_future_use(self, shop, usage, saved):
        customer = shop.customer()
        session = shop.session(shop.price(interval=None), mode="payment", customer=customer, payment_intent_data=usage)

        intent = shop.api.payment_intents.retrieve(shop.pay(session).payment_intent)

        method = shop.api.payment_methods.retrieve(intent.payment_method)
        assert method.customer == (customer if saved else None)
