"""Buy a subscription on the hosted page, with and without a trial."""

from collections import Counter

from tests.sandbox.shop import NOW
from tests.wording import ending

DAY = 86_400
PURCHASE = {
    "charge.succeeded",
    "checkout.session.completed",
    "customer.subscription.created",
    "customer.subscription.updated",
    "customer.updated",
    "invoice.created",
    "invoice.finalized",
    "invoice.paid",
    "invoice.payment_succeeded",
    "invoice.updated",
    "invoice_payment.paid",
    "payment_intent.created",
    "payment_intent.succeeded",
    "payment_method.attached",
}


class TestSubscribe:
    def test_creates_a_subscription_with_a_paid_invoice(self, shop):
        customer, price = shop.customer(), shop.price()
        session = shop.session(price, customer=customer, subscription_data={"metadata": {"order": "7"}})

        paid = shop.pay(session)

        assert (paid.status, paid.payment_status, paid.url) == ("complete", "paid", None)
        assert (paid.customer, paid.payment_intent) == (customer, None)
        subscription = shop.subscription(paid.subscription)
        assert (subscription.status, subscription.customer, subscription.currency) == ("active", customer, "usd")
        assert subscription.metadata.to_dict() == {"order": "7"}
        assert subscription.billing_mode.type == "flexible"
        assert subscription.latest_invoice == paid.invoice
        assert "current_period_end" not in subscription
        (item,) = subscription["items"].data
        assert (item.price.id, item.plan.id, item.quantity) == (price, price, 1)
        assert (item.current_period_start, item.current_period_end) == (NOW, NOW + 28 * DAY)
        assert subscription.billing_cycle_anchor == subscription.start_date == NOW

    def test_keeps_the_card_for_later_periods(self, shop):
        subscription = shop.subscribed(customer=shop.customer())

        method = shop.api.payment_methods.retrieve(subscription.default_payment_method)

        assert (method.customer, method.card.last4, method.card.brand) == (subscription.customer, "4242", "visa")
        listed = shop.api.payment_methods.list({"customer": subscription.customer})
        assert [each.id for each in listed] == [method.id]

    def test_bills_the_first_period(self, shop):
        session = shop.pay(shop.session(customer=shop.customer()))

        invoice = shop.api.invoices.retrieve(
            session.invoice, {"expand": ["payments.data.payment.payment_intent", "confirmation_secret"]}
        )

        assert (invoice.status, invoice.billing_reason) == ("paid", "subscription_create")
        assert (invoice.amount_due, invoice.amount_paid, invoice.amount_remaining, invoice.total) == (
            1900,
            1900,
            0,
            1900,
        )
        assert invoice.number == ending("-0001")
        assert invoice.hosted_invoice_url == f"http://127.0.0.1:8420/invoice/{invoice.id}"
        assert invoice.parent.subscription_details.subscription == session.subscription
        (line,) = invoice.lines.data
        assert (line.description, line.amount) == ("1 \N{MULTIPLICATION SIGN} Pro (at $19.00 / month)", 1900)
        assert (line.period.start, line.period.end) == (NOW, NOW + 28 * DAY)
        assert line.parent.subscription_item_details.proration is False
        (payment,) = invoice.payments.data
        intent = payment.payment.payment_intent
        assert (payment.status, payment.amount_paid) == ("paid", 1900)
        assert (intent.status, intent.amount_received, intent.metadata.to_dict()) == ("succeeded", 1900, {})
        assert invoice.confirmation_secret.client_secret == intent.client_secret

    def test_hides_expandable_members(self, shop):
        session = shop.pay(shop.session())

        invoice = shop.api.invoices.retrieve(session.invoice)

        assert "payments" not in invoice
        assert "confirmation_secret" not in invoice

    def test_sends_all_events_of_a_purchase_in_one_second(self, shop):
        session = shop.session(customer=shop.customer())
        shop.forget_events()

        shop.pay(session)

        events = shop.new_events()
        assert Counter(event["type"] for event in events) == Counter(PURCHASE)
        assert {event["created"] for event in events} == {NOW}

    def test_shows_each_object_as_it_was_at_its_event(self, shop):
        session = shop.session(customer=shop.customer())
        shop.forget_events()

        shop.pay(session)

        seen = {event["type"]: event["data"] for event in shop.new_events()}
        assert seen["customer.subscription.created"]["object"]["status"] == "incomplete"
        assert seen["customer.subscription.created"]["object"]["latest_invoice"] is not None
        assert seen["customer.subscription.updated"]["object"]["status"] == "active"
        assert seen["customer.subscription.updated"]["previous_attributes"] == {"status": "incomplete"}
        assert seen["customer.updated"]["previous_attributes"] == {"currency": None}
        assert seen["invoice.created"]["object"]["status"] == "draft"
        assert seen["invoice.finalized"]["object"]["status"] == "open"
        assert seen["invoice.paid"]["object"]["status"] == "paid"
        assert seen["payment_intent.created"]["object"]["status"] == "requires_payment_method"
        assert seen["payment_intent.succeeded"]["object"]["status"] == "succeeded"
        assert "previous_attributes" not in seen["invoice.paid"]
        assert seen["checkout.session.completed"]["object"]["payment_status"] == "paid"
        assert "line_items" not in seen["checkout.session.completed"]["object"]

    def test_creates_a_customer_for_a_new_buyer(self, shop):
        paid = shop.pay(shop.session(customer_email="eve@example.com"), name="Eve")

        customer = shop.api.customers.retrieve(paid.customer)
        assert (customer.email, customer.name, customer.currency) == ("eve@example.com", "Eve", "usd")
        assert (paid.customer_details.email, paid.customer_details.name) == ("eve@example.com", "Eve")

    def test_asks_a_customer_without_an_address_for_one(self, shop):
        customer = shop.api.customers.create({}).id

        shop.pay(shop.session(customer=customer), email="eve@example.com")

        assert shop.api.customers.retrieve(customer).email == "eve@example.com"

    def test_bills_one_time_prices_with_the_first_period_only(self, shop):
        subscription = shop.subscribed(shop.price(), shop.price(500, interval=None, name="Setup"))

        (first,) = shop.invoices(subscription)
        shop.advance(days=28)
        _, second = shop.invoices(subscription)

        assert [line.amount for line in first.lines.data] == [1900, 500]
        assert first.lines.data[1].parent.type == "invoice_item_details"
        assert [line.amount for line in second.lines.data] == [1900]

    def test_numbers_a_customers_invoices(self, shop):
        customer = shop.customer()

        numbers = [shop.invoices(shop.subscribed(customer=customer))[0].number for _ in range(2)]

        assert [number[-5:] for number in numbers] == ["-0001", "-0002"]
        assert numbers[0][:8] == numbers[1][:8]

    def test_a_free_price_needs_a_card_but_no_payment(self, shop):
        paid = shop.pay(shop.session(shop.price(0)))

        assert paid.payment_status == "no_payment_required"
        assert shop.subscription(paid.subscription).status == "active"
        assert shop.api.invoices.retrieve(paid.invoice).status == "paid"
        assert shop.api.payment_intents.list().data == []


class TestTrial:
    def test_costs_nothing_today_and_keeps_the_card(self, shop):
        paid = shop.pay(shop.session(subscription_data={"trial_period_days": 14}))

        assert (paid.status, paid.payment_status) == ("complete", "no_payment_required")
        subscription = shop.subscription(paid.subscription)
        assert subscription.status == "trialing"
        assert (subscription.trial_start, subscription.trial_end) == (NOW, NOW + 14 * DAY)
        assert subscription.billing_cycle_anchor == NOW + 14 * DAY
        assert subscription["items"].data[0].current_period_end == NOW + 14 * DAY
        assert subscription.default_payment_method is not None
        invoice = shop.api.invoices.retrieve(paid.invoice)
        assert (invoice.status, invoice.total) == ("paid", 0)
        assert invoice.lines.data[0].description == "Free trial for 1 \N{MULTIPLICATION SIGN} Pro"
        assert shop.api.charges.list().data == []

    def test_counts_from_the_payment_not_from_the_sessions_creation(self, shop):
        session = shop.session(subscription_data={"trial_period_days": 14})
        shop.advance(hours=5)

        paid = shop.pay(session)

        assert shop.subscription(paid.subscription).trial_end == NOW + 5 * 3600 + 14 * DAY

    def test_can_start_without_a_card(self, shop):
        session = shop.session(subscription_data={"trial_period_days": 14}, payment_method_collection="if_required")

        paid = shop.control(f"checkout/{session.id}/pay")

        subscription = shop.subscription(paid["subscription"])
        assert (subscription.status, subscription.default_payment_method) == ("trialing", None)

    def test_refuses_a_card_that_cannot_be_saved(self, shop):
        session = shop.session(subscription_data={"trial_period_days": 14})

        status, error = shop.refusal(session, card="4000000000009995")

        assert (status, error["decline_code"]) == (402, "insufficient_funds")

    def test_saves_a_card_that_will_fail_later(self, shop):
        paid = shop.pay(shop.session(subscription_data={"trial_period_days": 14}), card="4000000000000341")

        assert paid.status == "complete"
