"""Call every operation of the sandbox through the real SDK: no answer may break Stripe's contract."""

import re

import pytest
import stripe
from werkzeug.test import Client

from sandbox import api
from sandbox.core.kinds import KINDS
from sandbox.core.visibility import public
from sandbox.http import contract
from tests.sandbox.recorded import members, recording

MONTHLY = {"currency": "usd", "unit_amount": 1900, "recurring": {"interval": "month"}}
DAY = 86400


def supported():
    """Return "METHOD template" for every operation of the sandbox, with Stripe's path templates."""
    for method, rule, _function in api.routes():
        operation = contract.operation(method, re.sub(r"<\w+>", "x", rule))
        assert operation is not None, f"Stripe has no {method} {rule}"
        yield f"{method} {operation.template}"


def catalog(api):
    product = api.products.create({"name": "Pro", "default_price_data": MONTHLY, "expand": ["default_price"]})
    price = product.default_price
    api.products.retrieve(product.id, {"expand": ["default_price.product"]})
    api.products.update(product.id, {"description": "Everything", "marketing_features": [{"name": "Fast"}]})
    api.products.list({"expand": ["data.default_price"]})
    api.products.delete(api.products.create({"name": "Mistake"}).id)
    once = api.prices.create({"product": product.id, "currency": "jpy", "unit_amount": 500})
    api.prices.retrieve(once.id, {"expand": ["product.default_price"]})
    api.prices.update(once.id, {"nickname": "Once"})
    api.prices.list({"expand": ["data.product"]})
    return price.id, once.id


def time_travel(api):
    clock = api.test_helpers.test_clocks.create({"frozen_time": 1_900_000_000, "name": "Years ahead"})
    api.test_helpers.test_clocks.advance(clock.id, {"frozen_time": clock.frozen_time + DAY})
    api.test_helpers.test_clocks.retrieve(clock.id)
    api.test_helpers.test_clocks.list()
    api.test_helpers.test_clocks.delete(clock.id)


def legacy_plans(api, product):
    terms = {"currency": "usd", "amount": 500, "interval": "month"}
    plan = api.plans.create({"id": "Gold/month $5", "product": product, **terms})
    api.plans.retrieve(plan.id, {"expand": ["product", "tiers"]})
    api.plans.update(plan.id, {"nickname": "Gold"})
    api.plans.list({"expand": ["data.product"]})
    api.plans.delete(plan.id)


def metering(api, control, product, customer):
    given = {"display_name": "Calls", "event_name": "calls", "default_aggregation": {"formula": "sum"}}
    meter = api.billing.meters.create(given).id
    api.billing.meters.retrieve(meter)
    api.billing.meters.update(meter, {"display_name": "API calls"})
    api.billing.meters.list({"status": "active"})
    api.billing.meters.deactivate(meter)
    api.billing.meters.reactivate(meter)
    recurring = {"interval": "month", "usage_type": "metered", "meter": meter}
    tiers = [{"up_to": 10, "flat_amount": 100}, {"up_to": "inf", "unit_amount_decimal": "0.5"}]
    tiered = {"billing_scheme": "tiered", "tiers_mode": "graduated", "tiers": tiers}
    price = api.prices.create({"product": product, "currency": "usd", "recurring": recurring, **tiered}).id
    api.prices.retrieve(price, {"expand": ["tiers", "currency_options"]})
    subscription = api.subscriptions.create({"customer": customer, "items": [{"price": price}]})
    for identifier in ("first", "second"):
        payload = {"stripe_customer_id": customer, "value": "20"}
        api.billing.meter_events.create({"event_name": "calls", "identifier": identifier, "payload": payload})
    cancel = {"type": "cancel", "event_name": "calls", "cancel": {"identifier": "second"}}
    api.billing.meter_event_adjustments.create(cancel)
    start = subscription.start_date // 60 * 60
    times = {"customer": customer, "start_time": start, "end_time": start + 600}
    api.billing.meters.event_summaries.list(meter, times)
    control("clock", advance=40 * DAY)


def people(api):
    ada = api.customers.create({"email": "ada@example.com", "name": "Ada"})
    api.customers.update(ada.id, {"phone": "+44 20 7946 0000", "address": {"city": "London", "country": "GB"}})
    api.customers.list({"email": "ada@example.com"})
    api.customers.delete(api.customers.create().id)
    method = api.payment_methods.attach("pm_card_visa", {"customer": ada.id})
    api.payment_methods.retrieve(method.id)
    api.payment_methods.list({"customer": ada.id})
    api.customers.payment_methods.list(ada.id)
    api.customers.payment_sources.list(ada.id)
    spare = api.payment_methods.attach("pm_card_mastercard", {"customer": ada.id})
    api.payment_methods.detach(spare.id)
    api.customers.update(ada.id, {"invoice_settings": {"default_payment_method": method.id}})
    api.customers.retrieve(ada.id, {"expand": ["subscriptions", "invoice_settings.default_payment_method"]})
    return ada.id


def buying(api, control, customer, monthly, once):
    def session(price, mode):
        return api.checkout.sessions.create(
            {
                "mode": mode,
                "customer": customer,
                "line_items": [{"price": price, "quantity": 1}],
                "success_url": "https://shop.example/thanks?session={CHECKOUT_SESSION_ID}",
            }
        ).id

    link = api.payment_links.create({"line_items": [{"price": monthly, "quantity": 1}]}).id
    api.payment_links.update(link, {"metadata": {"campaign": "spring"}})
    api.payment_links.retrieve(link, {"expand": ["line_items"]})
    api.payment_links.list()
    api.payment_links.line_items.list(link)
    abandoned = session(monthly, "subscription")
    api.checkout.sessions.update(abandoned, {"metadata": {"campaign": "spring"}})
    api.checkout.sessions.expire(abandoned)
    for bought in (session(monthly, "subscription"), session(once, "payment")):
        control(f"checkout/{bought}/pay", card="4242424242424242")
        api.checkout.sessions.retrieve(
            bought, {"expand": ["line_items", "subscription", "payment_intent", "customer"]}
        )
        api.checkout.sessions.line_items.list(bought)
    api.checkout.sessions.list({"expand": ["data.line_items", "data.subscription.latest_invoice"]})


def subscribing(api, control, customer, monthly):
    items = [{"price": monthly}]
    subscription = api.subscriptions.create(
        {
            "customer": customer,
            "items": items,
            "expand": ["latest_invoice.payments", "latest_invoice.confirmation_secret"],
        }
    )
    api.subscriptions.update(subscription.id, {"cancel_at_period_end": True})
    api.subscriptions.update(subscription.id, {"cancel_at_period_end": False})
    api.subscriptions.retrieve(subscription.id, {"expand": ["items.data.price.product", "default_payment_method"]})
    api.subscription_items.list({"subscription": subscription.id})
    data = {"currency": "usd", "product": api.products.list().data[0].id, "recurring": {"interval": "month"}}
    extra = api.subscription_items.create(
        {"subscription": subscription.id, "price_data": {**data, "unit_amount": 100}, "proration_behavior": "none"}
    )
    api.subscription_items.update(extra.id, {"metadata": {"a": "b"}})
    api.subscription_items.retrieve(extra.id)
    api.subscription_items.delete(extra.id, {"proration_behavior": "none"})
    control("clock", advance=40 * DAY)
    api.subscriptions.list({"status": "all", "expand": ["data.latest_invoice.payments", "data.customer"]})
    api.subscriptions.cancel(subscription.id)
    given = {"customer": customer, "items": [{"price": monthly}], "billing_mode": {"type": "classic"}}
    classic = api.subscriptions.create(given)
    api.subscriptions.migrate(classic.id, {"billing_mode": {"type": "flexible"}, "expand": ["latest_invoice"]})


def scheduling(api, customer, monthly):
    items = [{"price": monthly}]
    subscription = api.subscriptions.create({"customer": customer, "items": items})
    api.invoices.create_preview({"subscription": subscription.id, "expand": ["customer", "payments"]})
    given = {"from_subscription": subscription.id, "expand": ["subscription", "phases.items.price"]}
    schedule = api.subscription_schedules.create(given)
    first = {"items": items, "start_date": schedule.phases[0].start_date, "end_date": schedule.phases[0].end_date}
    more = {"items": [{"price": monthly, "quantity": 2}], "duration": {"interval": "month"}}
    api.subscription_schedules.update(schedule.id, {"phases": [first, more], "expand": ["customer"]})
    api.subscription_schedules.retrieve(schedule.id)
    api.subscription_schedules.release(schedule.id)
    again = api.subscription_schedules.create({"from_subscription": subscription.id})
    api.subscription_schedules.cancel(again.id)
    planned = {"customer": customer, "start_date": schedule.created + 400 * DAY, "phases": [more]}
    api.subscription_schedules.cancel(api.subscription_schedules.create(planned).id)
    api.subscription_schedules.list({"customer": customer, "expand": ["data.subscription"]})


def collecting(api, control, monthly):
    buyer = api.customers.create().id
    trial = {"trial_period_days": 1, "trial_settings": {"end_behavior": {"missing_payment_method": "pause"}}}
    subscription = api.subscriptions.create({"customer": buyer, "items": [{"price": monthly}], **trial}).id
    control("clock", advance=2 * DAY)
    lost = api.subscriptions.resume(subscription).latest_invoice
    api.invoices.mark_uncollectible(lost)
    api.subscriptions.pause(subscription, {"expand": ["latest_invoice"]})
    api.subscriptions.resume(subscription, {"billing_cycle_anchor": {"type": "unchanged"}})
    api.invoices.pay(lost, {"payment_method": "pm_card_visa", "expand": ["payments"]})
    control("clock", advance=31 * DAY)
    api.invoices.void_invoice(api.subscriptions.retrieve(subscription).latest_invoice)


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


def discounting(api, product):
    coupon = api.coupons.create({"percent_off": 25.5, "applies_to": {"products": [product]}}).id
    api.coupons.update(coupon, {"name": "A quarter off"})
    api.coupons.retrieve(coupon, {"expand": ["applies_to"]})
    api.coupons.list()
    code = api.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon}, "code": "SPRING"}).id
    api.promotion_codes.update(code, {"active": False})
    api.promotion_codes.retrieve(code, {"expand": ["promotion.coupon"]})
    api.promotion_codes.list({"code": "spring", "expand": ["data.promotion.coupon"]})
    api.coupons.delete(coupon)


def managing(api, customer):
    configuration = api.billing_portal.configurations.create({"features": {"invoice_history": {"enabled": True}}}).id
    api.billing_portal.configurations.update(configuration, {"name": "Invoices only"})
    api.billing_portal.configurations.retrieve(configuration)
    api.billing_portal.configurations.list()
    api.billing_portal.sessions.create({"customer": customer, "expand": ["configuration"]})


def searching(api):
    for service, query in [
        (api.charges, "amount>0"),
        (api.customers, "email:'ada@example.com'"),
        (api.invoices, "status:'paid'"),
        (api.payment_intents, "status:'succeeded'"),
        (api.prices, "active:'true'"),
        (api.products, "name~'pro'"),
        (api.subscriptions, "status:'active'"),
    ]:
        assert service.search({"query": query, "limit": 1, "expand": ["total_count"]}).total_count > 0


def following(sandbox, api, customer):
    """Call the lists that the SDK has no method for, at their URLs."""
    charge = api.refunds.list().data[0].charge
    for path in (f"/v1/customers/{customer}/subscriptions", f"/v1/charges/{charge}/refunds"):
        answer = Client(sandbox).get(path, headers={"Authorization": "Bearer sk_test_any"})
        assert (answer.status_code, answer.get_json()["url"]) == (200, path)


def listening(api):
    endpoint = api.webhook_endpoints.create({"url": "https://shop.example/hook", "enabled_events": ["*"]}).id
    api.webhook_endpoints.retrieve(endpoint)
    api.webhook_endpoints.update(endpoint, {"enabled_events": ["invoice.paid"]})
    api.webhook_endpoints.list()
    api.webhook_endpoints.delete(endpoint)
    api.events.retrieve(api.events.list().data[0].id)
    api.accounts.retrieve(api.accounts.retrieve_current().id)
    assert api.accounts.list().data == []


class TestWalk:
    @pytest.fixture
    def recorded(self, sandbox):
        """The types of all events; the state keeps only those of the last 30 days."""
        types, record = set(), sandbox.account._record
        sandbox.account._record = lambda account, kind, *rest: types.add(kind) or record(account, kind, *rest)
        return types

    @pytest.fixture
    def walked(self, recorded, sandbox, api, control):
        monthly, once = catalog(api)
        ada = people(api)
        product = api.prices.retrieve(monthly).product
        legacy_plans(api, product)
        time_travel(api)
        metering(api, control, product, ada)
        buying(api, control, ada, monthly, once)
        subscribing(api, control, ada, monthly)
        scheduling(api, ada, monthly)
        collecting(api, control, monthly)
        invoicing(api)
        paying(api)
        intending(api, ada)
        setting_up(api, ada)
        disputing(api, control)
        refunding(api)
        searching(api)
        following(sandbox, api, ada)
        discounting(api, api.prices.retrieve(monthly).product)
        managing(api, ada)
        listening(api)

    def test_calls_every_operation_without_a_contract_violation(self, walked, sandbox):
        assert set(sandbox.calls) == set(supported())
        assert sandbox.violations == []

    @pytest.mark.optional(bool(members.examples()))
    def test_has_the_members_that_stripe_s_objects_have(self, walked, sandbox):
        kinds = [kind.name for kind in KINDS.values() if kind.is_stored and kind.name in members.examples()]
        stored = [public(obj) for kind in kinds for obj in sandbox.account.store.scan(kind)]
        present = [obj for obj in recording.objects(stored) if obj["object"] != "event" and not obj.get("deleted")]

        assert set().union(*map(members.lacking, present)) == set(members.NOT_ALWAYS)

    def test_records_events_for_every_kind_of_change(self, walked, recorded):
        assert {kind.rsplit(".", 1)[0] for kind in recorded} >= {
            "billing_portal.configuration",
            "billing_portal.session",
            "charge",
            "charge.dispute",
            "charge.refund",
            "checkout.session",
            "coupon",
            "customer",
            "customer.subscription",
            "invoice",
            "invoice_payment",
            "payment_intent",
            "payment_method",
            "plan",
            "price",
            "product",
            "promotion_code",
            "refund",
            "setup_intent",
        }
