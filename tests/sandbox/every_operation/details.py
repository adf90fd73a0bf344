"""Calls with many parameters, for those that are only read beside others."""

DAY = 86400
ADDRESS = {"line1": "1 Road", "city": "London", "country": "GB"}
SHIPPING = {"name": "Ada", "address": ADDRESS}
PAYER = {"email": "ada@example.com", "name": "Ada", "address": ADDRESS}
CARD = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2040}
IBAN = "DE89370400440532013000"
PLACES = {"success_url": "https://shop.example/thanks"}


def give(api, product, price, customer):
    """Make calls whose parameters depend on one another."""
    monthly = {"currency": "usd", "product": product, "unit_amount": 700, "recurring": {"interval": "month"}}
    once = {"currency": "usd", "product": product, "unit_amount": 300}
    _subscriptions(api, price, customer, monthly, once)
    _invoices(api, customer, once)
    _payments(api, customer)
    _checkout(api, product, monthly, once)
    tiers = [{"up_to": 1, "unit_amount": 5}, {"up_to": "inf", "flat_amount": 9}]
    tiered = {"billing_scheme": "tiered", "tiers_mode": "volume", "tiers": tiers}
    api.plans.create({"currency": "usd", "interval": "month", "product": product, **tiered})
    products = [{"product": product, "prices": [price], "adjustable_quantity": {"enabled": True}}]
    changes = {"enabled": True, "default_allowed_updates": ["price"], "products": products}
    details = {"enabled": True, "allowed_updates": ["email"]}
    features = {"features": {"subscription_update": changes, "customer_update": details}}
    configuration = api.billing_portal.configurations.create(features).id
    off = {"enabled": False}
    api.billing_portal.configurations.update(
        configuration, {"features": {"subscription_update": off, "customer_update": off}}
    )


def _subscriptions(api, price, customer, monthly, once):
    given = {"customer": customer, "items": [{"price_data": monthly}], "add_invoice_items": [{"price_data": once}]}
    discounts = {"discounts": [{"coupon": api.coupons.create({"percent_off": 5}).id}]}
    subscription = api.subscriptions.create({**given, **discounts})
    (item,) = subscription["items"].data
    api.subscriptions.update(subscription.id, {"items": [{"id": item.id, "price": price, "metadata": {"a": "b"}}]})
    api.subscription_items.update(item.id, {"price_data": monthly, "quantity": 2})
    seats = api.subscription_items.create({"subscription": subscription.id, "price_data": monthly}).id
    api.subscription_items.delete(seats)
    details = {"subscription_details": {"items": [{"price_data": monthly}]}}
    api.invoices.create_preview({"customer": customer, **details})
    phase = {"items": [{"price_data": monthly}], "add_invoice_items": [{"price_data": once}]}
    later = {"customer": customer, "start_date": subscription.created + 400 * DAY, "end_behavior": "release"}
    schedule = api.subscription_schedules.create({**later, "phases": [{**phase, "duration": {"interval": "year"}}]})
    again = {**phase, "start_date": schedule.phases[0].start_date, "duration": {"interval": "month"}}
    api.subscription_schedules.update(schedule.id, {"phases": [again]})
    pausing = api.subscription_schedules.create({"from_subscription": subscription.id}).id
    end = subscription.created + 90 * DAY
    at = {"pause_at": {"type": "timestamp", "timestamp": end}}
    resume = {"resume_at": {"type": "duration", "duration": {"interval": "month", "interval_count": 2}}}
    api.subscription_schedules.update(pausing, {"pause_schedules": [{"pause": at, "resume": resume}]})


def _invoices(api, customer, once):
    item = api.invoice_items.create({"customer": customer, "price_data": once}).id
    api.invoice_items.update(item, {"price_data": once, "quantity": 2})
    invoice = api.invoices.create({"customer": customer, "pending_invoice_items_behavior": "include"}).id
    line = api.invoices.add_lines(invoice, {"lines": [{"price_data": once}]}).lines.data[-1].id
    api.invoices.update_lines(invoice, {"lines": [{"id": line, "price_data": once}]})
    api.invoices.line_items.update(invoice, line, {"price_data": once, "quantity": 2})
    api.invoices.finalize_invoice(invoice)
    credited = {"type": "invoice_line_item", "invoice_line_item": line, "quantity": 1}
    api.credit_notes.preview({"invoice": invoice, "lines": [credited]})
    api.credit_notes.preview_lines.list({"invoice": invoice, "lines": [credited]})
    custom = {"type": "custom_line_item", "description": "Sorry", "quantity": 1, "unit_amount": 100}
    api.credit_notes.create({"invoice": invoice, "lines": [custom]})
    paid = api.invoices.pay(invoice, {"expand": ["payments"]})
    refund = api.refunds.create({"payment_intent": paid.payments.data[0].payment.payment_intent, "amount": 60}).id
    linked = {"invoice": invoice, "amount": 60, "refunds": [{"refund": refund, "amount_refunded": 60}]}
    api.credit_notes.preview(linked)
    api.credit_notes.preview_lines.list(linked)
    api.credit_notes.create(linked)


def _payments(api, customer):
    bank = {"account_number": "000123456789", "routing_number": "110000000", "account_holder_type": "individual"}
    data = {"payment_method_data": {"type": "us_bank_account", "us_bank_account": bank, "billing_details": PAYER}}
    given = {"amount": 2900, "currency": "usd", "customer": customer, "shipping": SHIPPING}
    intent = api.payment_intents.create({**given, **data}).id
    api.payment_intents.update(intent, {"shipping": SHIPPING, **data})
    charge = api.payment_intents.confirm(intent, {"shipping": SHIPPING, **data}).latest_charge
    api.charges.update(charge, {"shipping": SHIPPING})
    for text in (("boleto", "brl", {"tax_id": "000.000.000-00"}), ("sepa_debit", "eur", {"iban": IBAN})):
        kind, currency, details = text
        method = {"type": kind, kind: details, "billing_details": PAYER}
        api.payment_intents.create({"amount": 2900, "currency": currency, "payment_method_data": method})
    saved = api.setup_intents.create({"customer": customer, **data}).id
    api.setup_intents.update(saved, data)
    api.setup_intents.confirm(saved, data)
    api.customers.update(customer, {"shipping": SHIPPING})
    api.customers.create({"shipping": SHIPPING})
    method = api.payment_methods.attach(
        api.payment_methods.create({"type": "card", "card": CARD}).id, {"customer": customer}
    )
    api.payment_methods.update(method.id, {"card": {"exp_month": 1, "exp_year": 2041}, "billing_details": PAYER})


def _checkout(api, product, monthly, once):
    text = {
        "key": "team",
        "label": {"type": "custom", "custom": "Team"},
        "type": "text",
        "text": {"maximum_length": 9},
    }
    number = {**text, "key": "seats", "type": "numeric", "numeric": {"maximum_length": 9}}
    del number["text"]
    asked = {"custom_fields": [text, number], "invoice_creation": {"enabled": True}}
    data = {"payment_intent_data": {"description": "Handbook"}, **asked}
    own = {**once, "product_data": {"name": "Handbook"}}
    del own["product"]
    for line in (once, own):
        lines = {"line_items": [{"price_data": line, "quantity": 1}]}
        api.checkout.sessions.create({"mode": "payment", **lines, **PLACES, **data})
        link = api.payment_links.create({**lines, **data})
        listed = api.payment_links.line_items.list(link.id).data[0].id
        item = {"id": listed, "quantity": 2, "adjustable_quantity": {"enabled": True, "maximum": 5}}
        api.payment_links.update(link.id, {"line_items": [item], "custom_fields": [text, number]})
    lines = {"line_items": [{"price_data": monthly, "quantity": 1}]}
    api.checkout.sessions.create({"mode": "subscription", **lines, **PLACES})
    api.payment_links.create(lines)
