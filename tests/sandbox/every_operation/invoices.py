"""Every call of invoices, invoice items and credit notes."""

import pytest
import stripe


def invoicing(api):
    customer = api.customers.create({"balance": -50, "tax_id_data": [{"type": "us_ein", "value": "12-3456789"}]}).id
    expands = ["tax", "tax_ids", "invoice_credit_balance", "cash_balance", "sources"]
    api.customers.retrieve(customer, {"expand": expands})
    tax_id = api.customers.tax_ids.create(customer, {"type": "eu_vat", "value": "DE123456789"}).id
    api.customers.tax_ids.retrieve(customer, tax_id)
    api.customers.tax_ids.list(customer)
    api.customers.tax_ids.delete(customer, tax_id)
    credit = api.customers.balance_transactions.create(customer, {"amount": 50, "currency": "usd"}).id
    api.customers.balance_transactions.update(customer, credit, {"description": "Thank you"})
    api.customers.balance_transactions.retrieve(customer, credit, {"expand": ["customer"]})
    api.customers.balance_transactions.list(customer)
    item = api.invoice_items.create({"customer": customer, "amount": 1000, "expand": ["customer"]}).id
    api.invoice_items.update(item, {"description": "Setup"})
    api.invoice_items.retrieve(item)
    api.invoice_items.list({"pending": True})
    api.invoice_items.delete(api.invoice_items.create({"customer": customer, "amount": 5}).id)
    terms = {"collection_method": "send_invoice", "days_until_due": 7, "pending_invoice_items_behavior": "include"}
    invoice = api.invoices.create({"customer": customer, **terms}).id
    (line,) = api.invoices.add_lines(invoice, {"lines": [{"amount": 700}]}).lines.data[1:]
    api.invoices.update_lines(invoice, {"lines": [{"id": line.id, "amount": 800}]})
    api.invoices.line_items.update(invoice, line.id, {"description": "Extra"})
    api.invoices.remove_lines(invoice, {"lines": [{"id": line.id, "behavior": "delete"}]})
    api.invoices.update(invoice, {"description": "For you"})
    api.invoices.finalize_invoice(invoice)
    api.invoices.send_invoice(invoice)
    api.invoices.delete(api.invoices.create({"customer": customer}).id)
    crediting(api, invoice)


def crediting(api, invoice):
    credit = {"invoice": invoice, "amount": 100}
    api.credit_notes.preview(credit)
    api.credit_notes.preview_lines.list(credit)
    note = api.credit_notes.create({**credit, "expand": ["invoice", "customer"]}).id
    api.credit_notes.update(note, {"memo": "Sorry"})
    api.credit_notes.retrieve(note)
    api.credit_notes.line_items.list(note)
    api.credit_notes.list({"invoice": invoice})
    api.credit_notes.void_credit_note(note)
    customer = api.invoices.retrieve(invoice).customer
    paid = api.invoices.create({"customer": customer}).id
    api.invoices.add_lines(paid, {"lines": [{"amount": 900}]})
    api.invoices.finalize_invoice(paid)
    spare = api.invoices.pay(paid, {"payment_method": "pm_card_visa", "expand": ["payments"]}).payments.data[0]
    with pytest.raises(stripe.InvalidRequestError, match="already attached"):
        api.invoices.attach_payment(invoice, {"payment_intent": spare.payment.payment_intent})


def paying(api):
    invoice = api.invoices.list({"expand": ["data.payments", "data.customer"]}).data[0].id
    api.invoices.retrieve(invoice, {"expand": ["payments", "parent.subscription_details.subscription"]})
    api.invoices.line_items.list(invoice)
    payment = api.invoice_payments.list({"expand": ["data.payment.payment_intent"]}).data[0].id
    api.invoice_payments.retrieve(payment, {"expand": ["invoice"]})
    intent = api.payment_intents.list({"expand": ["data.latest_charge", "data.customer"]}).data[1].id
    api.payment_intents.retrieve(intent, {"expand": ["latest_charge", "payment_method"]})
    charge = api.charges.list({"expand": ["data.payment_intent"]}).data[0].id
    api.charges.retrieve(charge, {"expand": ["customer", "payment_intent"]})
