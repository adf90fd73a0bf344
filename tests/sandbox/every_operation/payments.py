"""Every call of intents, payment methods, refunds and disputes."""


def intending(api, customer):
    given = {"amount": 2900, "currency": "usd", "customer": customer}
    held = api.payment_intents.create({**given, "capture_method": "manual"}).id
    api.payment_intents.update(held, {"description": "Held", "expand": ["customer"]})
    api.payment_intents.confirm(held, {"payment_method": "pm_card_visa", "expand": ["latest_charge.refunds"]})
    api.payment_intents.capture(held, {"amount_to_capture": 1000})
    api.payment_intents.cancel(api.payment_intents.create(given).id)
    charge = api.payment_intents.retrieve(held).latest_charge
    api.charges.update(charge, {"description": "Paid"})
    moved = api.charges.retrieve(charge, {"expand": ["balance_transaction"]}).balance_transaction.id
    api.balance_transactions.retrieve(moved, {"expand": ["source"]})
    api.balance_transactions.list({"source": charge})
    api.balance.retrieve()


def setting_up(api, customer):
    saved = api.setup_intents.create({"customer": customer}).id
    api.setup_intents.update(saved, {"description": "A card for later"})
    api.setup_intents.confirm(saved, {"payment_method": "pm_card_visa", "expand": ["payment_method"]})
    api.setup_intents.retrieve(saved, {"expand": ["customer"]})
    api.setup_intents.cancel(api.setup_intents.create().id)
    api.setup_intents.list({"customer": customer})
    card = api.payment_methods.create({"type": "card", "card": {"token": "tok_visa"}}).id
    api.payment_methods.attach(card, {"customer": customer})
    api.payment_methods.update(card, {"metadata": {"color": "blue"}})
    api.customers.payment_methods.retrieve(customer, card)


def refunding(api):
    paid = next(charge for charge in api.charges.list({"limit": 100}) if charge.status == "succeeded")
    refund = api.refunds.create({"charge": paid.id, "amount": 100, "expand": ["charge", "payment_intent"]}).id
    api.refunds.update(refund, {"metadata": {"ticket": "7"}})
    api.refunds.retrieve(refund, {"expand": ["customer", "payment_method"]})
    api.refunds.list({"charge": paid.id, "expand": ["data.charge"]})


def disputing(api, control):
    given = {"amount": 2900, "currency": "usd", "payment_method": "pm_card_visa", "confirm": True}
    charges = [api.payment_intents.create(given).latest_charge for _ in range(2)]
    first, second = (control("disputes", charge=charge)["id"] for charge in charges)
    api.disputes.update(first, {"evidence": {"uncategorized_text": "winning_evidence"}})
    api.disputes.retrieve(first, {"expand": ["charge", "payment_intent"]})
    api.disputes.list({"charge": charges[0]})
    api.disputes.close(second)
    konbini = {"type": "konbini", "billing_details": {"email": "succeed_immediately@example.com", "name": "Ada"}}
    method = api.payment_methods.create(konbini).id
    voucher = api.payment_intents.create({**given, "currency": "jpy", "payment_method": method}).id
    refund = api.refunds.create({"payment_intent": voucher, "instructions_email": "ada@example.com"}).id
    api.refunds.cancel(refund)
