"""Credit notes: before payment they reduce the invoice, after payment they refund or credit."""

import pytest

from tests.sandbox.shop import error_of, ids


@pytest.fixture
def open_invoice(shop, customer):
    """A finalized invoice over 25.00 USD."""
    shop.api.invoice_items.create({"customer": customer, "amount": 2500, "description": "Service"})
    invoice = shop.api.invoices.create({"customer": customer, "pending_invoice_items_behavior": "include"})
    return shop.api.invoices.finalize_invoice(invoice.id)


@pytest.fixture
def paid(shop, open_invoice):
    return shop.api.invoices.pay(open_invoice.id)


class TestAfterPayment:
    def test_refunds_as_stripe_recorded(self, shop, paid):
        line = {"type": "custom_line_item", "description": "Refund", "quantity": 1, "unit_amount": 500}
        shop.forget_events()

        note = shop.api.credit_notes.create({"invoice": paid.id, "refund_amount": 500, "lines": [line]})

        assert (note.total, note.post_payment_amount, note.pre_payment_amount, note.type) == (
            500,
            500,
            0,
            "post_payment",
        )
        assert note.number == f"{paid.number}-CN-01"
        (credited,) = note.lines.data
        assert (credited.type, credited.amount, credited.unit_amount, credited.quantity) == (
            "custom_line_item",
            500,
            500,
            1,
        )
        (entry,) = note.refunds
        assert (entry.amount_refunded, entry.type) == (500, "refund")
        assert shop.api.refunds.retrieve(entry.refund).amount == 500
        after = shop.api.invoices.retrieve(paid.id)
        assert (after.status, after.amount_paid, after.post_payment_credit_notes_amount) == ("paid", 2500, 500)
        assert shop.new_types() == ["charge.refunded", "refund.created", "credit_note.created", "invoice.updated"]

    def test_credits_the_balance(self, shop, paid):
        note = shop.api.credit_notes.create({"invoice": paid.id, "amount": 700, "credit_amount": 700})

        (transaction,) = shop.api.customers.balance_transactions.list(paid.customer).data
        assert (transaction.type, transaction.amount, transaction.credit_note) == ("credit_note", -700, note.id)
        assert note.customer_balance_transaction == transaction.id
        assert shop.api.customers.retrieve(paid.customer).balance == -700

    def test_links_a_refund_that_was_made_before(self, shop, paid):
        payment = shop.api.invoice_payments.list({"invoice": paid.id}).data[0].payment.payment_intent
        refund = shop.api.refunds.create({"payment_intent": payment, "amount": 2000})
        assert error_of(shop.api.credit_notes.create, {"invoice": paid.id, "amount": 600, "credit_amount": 600})

        note = shop.api.credit_notes.create(
            {"invoice": paid.id, "amount": 2000, "refunds": [{"refund": refund.id, "amount_refunded": 2000}]}
        )

        assert [entry.refund for entry in note.refunds] == [refund.id]
        assert len(shop.api.refunds.list().data) == 1

    def test_must_say_where_the_money_goes(self, shop, paid):
        error = error_of(shop.api.credit_notes.create, {"invoice": paid.id, "amount": 500, "refund_amount": 300})

        assert "($3.00) must equal the post payment amount of the credit note ($5.00)" in error.user_message
        assert shop.api.credit_notes.list().data == []
        assert shop.api.refunds.list().data == []

    def test_is_at_most_what_was_billed(self, shop, paid):
        error = error_of(shop.api.credit_notes.create, {"invoice": paid.id, "amount": 2600, "refund_amount": 2600})

        assert (error.http_status, error.param) == (400, "amount")

    def test_cannot_be_void(self, shop, paid):
        note = shop.api.credit_notes.create({"invoice": paid.id, "amount": 700, "credit_amount": 700})

        assert error_of(shop.api.credit_notes.void_credit_note, note.id).http_status == 400
        assert shop.api.credit_notes.retrieve(note.id).status == "issued"


class TestLines:
    @pytest.mark.parametrize(
        ("line", "param"),
        [
            ({"type": "custom_line_item", "description": "Sorry", "quantity": 1, "amount": 5}, "amount"),
            ({"type": "invoice_line_item", "invoice_line_item": "?", "unit_amount": 5}, "unit_amount"),
            ({"type": "invoice_line_item", "invoice_line_item": "?", "description": "Sorry"}, "description"),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_refuse_what_is_of_the_other_type(self, shop, open_invoice, line, param):
        named = {"invoice_line_item": open_invoice.lines.data[0].id} if "invoice_line_item" in line else {}
        shop.forget_events()

        error = error_of(shop.api.credit_notes.create, {"invoice": open_invoice.id, "lines": [{**line, **named}]})

        assert (error.http_status, error.param, shop.new_types()) == (400, f"lines[0][{param}]", [])


class TestBeforePayment:
    def test_reduces_what_is_owed(self, shop, open_invoice):
        line = {"type": "invoice_line_item", "invoice_line_item": open_invoice.lines.data[0].id, "amount": 1000}

        note = shop.api.credit_notes.create({"invoice": open_invoice.id, "lines": [line]})

        assert (note.type, note.pre_payment_amount) == ("pre_payment", 1000)
        owed = shop.api.invoices.retrieve(open_invoice.id, {"expand": ["payments"]})
        assert (owed.amount_due, owed.amount_remaining, owed.pre_payment_credit_notes_amount) == (1500, 1500, 1000)
        (payment,) = owed.payments.data
        assert payment.amount_requested == 1500
        assert shop.api.payment_intents.retrieve(payment.payment.payment_intent).amount == 1500
        paid = shop.api.invoices.pay(open_invoice.id)
        assert (paid.status, paid.amount_paid) == ("paid", 1500)

    def test_of_everything_settles_the_invoice(self, shop, open_invoice):
        shop.api.credit_notes.create({"invoice": open_invoice.id, "amount": 2500})

        settled = shop.api.invoices.retrieve(open_invoice.id)
        assert (settled.status, settled.amount_due, settled.amount_paid) == ("paid", 0, 0)
        assert "charge.succeeded" not in shop.new_types()

    def test_can_be_void(self, shop, open_invoice):
        note = shop.api.credit_notes.create({"invoice": open_invoice.id, "amount": 1000})
        shop.forget_events()

        voided = shop.api.credit_notes.void_credit_note(note.id)

        assert (voided.status, voided.voided_at) == ("void", shop.now)
        owed = shop.api.invoices.retrieve(open_invoice.id)
        assert (owed.amount_remaining, owed.pre_payment_credit_notes_amount) == (2500, 0)
        assert shop.new_types() == ["credit_note.voided", "invoice.updated"]

    def test_beyond_what_is_owed_gives_the_rest_back(self, shop, customer, open_invoice):
        intent = shop.api.invoice_payments.list({"invoice": open_invoice.id}).data[0]
        assert intent.amount_requested == 2500

        preview = shop.api.credit_notes.preview({"invoice": open_invoice.id, "amount": 400})

        assert (preview.total, preview.status) == (400, "issued")
        assert shop.api.credit_notes.list().data == []
        assert shop.api.invoices.retrieve(open_invoice.id).amount_remaining == 2500


class TestList:
    def test_is_by_invoice_and_customer(self, shop, open_invoice):
        note = shop.api.credit_notes.create({"invoice": open_invoice.id, "amount": 100})

        assert ids(shop.api.credit_notes.list({"invoice": open_invoice.id})) == [note.id]
        assert ids(shop.api.credit_notes.list({"customer": open_invoice.customer})) == [note.id]
        assert shop.api.credit_notes.list({"customer": shop.customer()}).data == []
