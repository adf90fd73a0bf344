"""What is chosen at checkout, at the start and in the portal lasts for a year."""

import pytest

from tests.sandbox.shop import at, shown
from tests.sandbox.years.bills import DAY, DAYS, bills, monthly, walk

TEAM = {"key": "team", "label": {"type": "custom", "custom": "Team"}, "type": "text"}


class TestCheckout:
    def test_asks_for_seats_a_field_and_a_phone(self, shop, buyer, counted):
        line = {"price": shop.price(), "quantity": 1, "adjustable_quantity": {"enabled": True, "maximum": 9}}
        asked = {"custom_fields": [TEAM], "phone_number_collection": {"enabled": True}}
        session = shop.session(customer=buyer, line_items=[line], customer_update={"name": "auto"}, **asked)
        item = shop.api.checkout.sessions.line_items.list(session.id).data[0].id
        answers = {"custom_fields": {"team": "Blue"}, "phone": "+44 20 7946 0000", "quantities": {item: 3}}
        bought = shop.pay(session, name="Ada Lovelace", **answers)
        walk(shop)

        subscription = shop.subscription(bought.subscription)
        assert bills(shop, subscription) == monthly(3 * 1900)
        kept = shop.api.checkout.sessions.retrieve(session.id)
        assert (kept.custom_fields[0].text.value, kept.customer_details.phone) == ("Blue", "+44 20 7946 0000")
        assert counted("checkout.session") == {"checkout.session.completed": 1}
        assert shop.api.payment_methods.retrieve(subscription.default_payment_method).customer == buyer

    def test_expires_after_a_day(self, shop, counted):
        session = shop.session()
        walk(shop)

        assert shop.api.checkout.sessions.retrieve(session.id).status == "expired"
        assert counted() == {**counted("p"), "checkout.session.expired": 1}  # Besides product, price and plan.


class TestStart:
    def test_bills_extras_once(self, shop, customer, counted):
        extras = [{"price": shop.price(5000, interval=None)}, {"price": shop.price(300, interval=None), "quantity": 2}]
        items = [{"price": shop.price()}]
        given = {"customer": customer, "items": items, "add_invoice_items": extras, "off_session": True}
        subscription = shop.api.subscriptions.create(given)
        walk(shop)

        assert bills(shop, subscription) == monthly(1900 + 5000 + 600, 1900)
        assert counted("invoice.paid") == {"invoice.paid": 13}

    def test_waits_for_its_first_payment(self, shop, buyer, counted):
        saving = {"save_default_payment_method": "on_subscription"}
        given = {"customer": buyer, "payment_behavior": "default_incomplete", "payment_settings": saving}
        asked = {"expand": ["latest_invoice.payments", "latest_invoice.confirmation_secret"]}
        subscription = shop.api.subscriptions.create({**given, "items": [{"price": shop.price()}], **asked})
        invoice = subscription.latest_invoice
        intent = invoice.payments.data[0].payment.payment_intent
        shop.advance(hours=22)
        shop.api.payment_intents.confirm(intent, {"payment_method": "pm_card_visa"})
        walk(shop)

        assert invoice.confirmation_secret.client_secret.startswith(intent)
        assert (subscription.status, shop.subscription(subscription.id).status) == ("incomplete", "active")
        assert bills(shop, subscription) == monthly(1900)
        assert counted("payment_intent.succeeded", "setup_intent") == {"payment_intent.succeeded": 13}

    def test_saves_a_card_for_after_the_trial(self, shop, buyer, counted):
        items = [{"price": shop.price()}]
        given = {"customer": buyer, "items": items, "trial_period_days": 28, "payment_behavior": "default_incomplete"}
        saving = {"payment_settings": {"save_default_payment_method": "on_subscription"}}
        subscription = shop.api.subscriptions.create({**given, **saving})
        shop.api.setup_intents.confirm(subscription.pending_setup_intent, {"payment_method": "pm_card_visa"})
        walk(shop)

        invoices = shop.invoices(subscription)
        assert [invoice.amount_paid for invoice in invoices] == [0, *[1900] * 12]
        assert shown(invoices[-1].created)[:10] == "2028-01-28"  # Billed on the day on which the trial ended.
        assert shop.subscription(subscription.id).pending_setup_intent is None
        assert counted("setup_intent", "customer.subscription.trial_will_end") == {
            "customer.subscription.trial_will_end": 1,
            "setup_intent.created": 1,
            "setup_intent.succeeded": 1,
        }

    def test_expires_unpaid_after_23_hours(self, shop, buyer, counted):
        given = {"customer": buyer, "payment_behavior": "default_incomplete", "items": [{"price": shop.price()}]}
        subscription = shop.api.subscriptions.create(given)
        walk(shop)

        assert shop.subscription(subscription.id).status == "incomplete_expired"
        assert bills(shop, subscription) == ["2027-01-31 1900 void"]
        assert counted("invoice.voided") == {"invoice.voided": 1}


class TestItems:
    def test_come_and_go(self, shop, create, counted):
        subscription = create()
        seats = shop.price(500)
        walk(shop, until="2027-03-31")
        item = shop.api.subscription_items.create({"subscription": subscription.id, "price": seats, "quantity": 2})
        walk(shop, until="2027-06-30")
        shop.api.subscription_items.update(item.id, {"quantity": 4})
        walk(shop, until="2027-09-30")
        shop.api.subscription_items.delete(item.id)
        walk(shop)

        # Each change is made just as a period has begun, so its prorations are of whole months.
        totals = [1900] * 3 + [1900 + 1000 + 1000] + [2900] * 2 + [1900 + 1000 + 2000] + [3900] * 2 + [1900 - 2000]
        assert [invoice.total for invoice in shop.invoices(subscription)] == [*totals, *[1900] * 3]
        assert [invoice.amount_due for invoice in shop.invoices(subscription)][9:] == [0, 1800, 1900, 1900]
        assert counted("invoiceitem.created").total() == 1 + 2 + 1


class TestPortal:
    @pytest.fixture
    def plans(self, shop):
        """A monthly price, another that costs more, and a portal that offers both."""
        product = shop.api.products.create({"name": "Pro"}).id
        terms = {"product": product, "currency": "usd", "recurring": {"interval": "month"}}
        prices = [shop.api.prices.create({**terms, "unit_amount": amount}).id for amount in (1900, 4900)]
        feature = {
            "enabled": True,
            "default_allowed_updates": ["price"],
            "products": [{"product": product, "prices": prices}],
            "proration_behavior": "always_invoice",
            "schedule_at_period_end": {"conditions": [{"type": "decreasing_item_amount"}]},
        }
        made = shop.api.billing_portal.configurations.create({"features": {"subscription_update": feature}})
        return *prices, made.id

    def change(self, shop, buyer, configuration, price):
        given = {"customer": buyer, "configuration": configuration}
        session = shop.api.billing_portal.sessions.create(given)
        shop.control(f"portal/{session.id}", action="update", price=price)

    def test_changes_the_plan_and_back(self, shop, buyer, plans, counted):
        basic, more, configuration = plans
        subscription = shop.subscribed(basic, customer=buyer)
        walk(shop, until="2027-03-31")
        self.change(shop, buyer, configuration, more)
        walk(shop, until="2027-06-30")
        shop.advance(days=5)
        self.change(shop, buyer, configuration, basic)
        walk(shop)

        year = [*monthly(1900)[:3], "2027-03-31 3000 paid", *monthly(4900)[3:6], *monthly(1900)[6:]]
        assert bills(shop, subscription) == year
        ends = ("subscription_schedule.created", "subscription_schedule.completed")
        assert counted(*ends) == dict.fromkeys(ends, 1)


class TestEnds:
    @pytest.mark.parametrize(
        ("end", "reason", "count"),
        [
            ({"cancel_at_period_end": True}, "cancellation_requested", 1),
            ({"cancel_at": at("2027-07-31 10:30")}, "cancellation_requested", 6),
        ],
    )
    def test_on_their_day(self, shop, create, counted, *, end, reason, count):
        subscription = create(**end)
        walk(shop)

        ended = shop.subscription(subscription.id)
        assert (ended.status, ended.cancellation_details.reason) == ("canceled", reason)
        assert bills(shop, subscription) == monthly(1900)[:count]
        assert ended.ended_at == at(f"{DAYS[count]} 10:30")
        assert counted("customer.subscription.deleted") == {"customer.subscription.deleted": 1}

    def test_after_the_last_attempt(self, shop, create, counted):
        subscription = create()
        shop.api.subscriptions.update(subscription.id, {"default_payment_method": "pm_card_chargeCustomerFail"})
        walk(shop)

        ended = shop.subscription(subscription.id)
        assert (ended.status, ended.ended_at) == ("canceled", at("2027-02-28 10:30") + 15 * DAY)
        assert bills(shop, subscription) == ["2027-01-31 1900 paid", "2027-02-28 1900 open"]
        assert counted("invoice.payment_failed") == {"invoice.payment_failed": 4}
