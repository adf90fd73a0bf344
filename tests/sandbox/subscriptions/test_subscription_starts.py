import stripe

from tests.sandbox.shop import NOW, at, error_of
from tests.wording import starting

DAY = 86_400
NEXT_MONTH = at("2027-02-28 10:30")


class TestCreate:
    def test_bills_the_card_on_file(self, shop, create, customer):
        subscription = create(metadata={"plan": "gold"})

        assert (subscription.status, subscription.customer) == ("active", customer)
        assert subscription.metadata.to_dict() == {"plan": "gold"}
        (invoice,) = shop.invoices(subscription)
        assert (invoice.status, invoice.amount_paid, invoice.id) == ("paid", 1900, subscription.latest_invoice)

    def test_attaches_a_test_card_by_its_name(self, shop):
        customer = shop.customer()

        subscription = shop.api.subscriptions.create(
            {"customer": customer, "items": [{"price": shop.price()}], "default_payment_method": "pm_card_mastercard"}
        )

        method = shop.api.payment_methods.retrieve(subscription.default_payment_method)
        assert (method.customer, method.card.brand) == (customer, "mastercard")

    def test_takes_several_items_with_quantities(self, shop, customer):
        items = [
            {"price": shop.price(1000), "quantity": 3},
            {"price": shop.price(500, interval="year"), "quantity": 1},
        ]

        subscription = shop.api.subscriptions.create({"customer": customer, "items": items})

        monthly, yearly = subscription["items"].data
        assert (monthly.quantity, monthly.current_period_end) == (3, NEXT_MONTH)
        assert (yearly.quantity, yearly.current_period_end) == (1, at("2028-01-31 10:30"))
        assert [invoice.total for invoice in shop.invoices(subscription)] == [3500]

    def test_is_incomplete_while_the_first_payment_fails(self, shop, create):
        shop.forget_events()

        subscription = create(default_payment_method="pm_card_chargeCustomerFail")

        assert subscription.status == "incomplete"
        (invoice,) = shop.invoices(subscription)
        assert (invoice.status, invoice.attempt_count, invoice.next_payment_attempt) == ("open", 1, None)
        assert "invoice.payment_failed" in shop.new_types()
        assert "charge.failed" in shop.new_types()

    def test_is_refused_with_error_if_incomplete(self, shop, create):
        error = error_of(
            create, default_payment_method="pm_card_chargeCustomerFail", payment_behavior="error_if_incomplete"
        )

        assert isinstance(error, stripe.CardError)
        assert (error.http_status, error.code) == (402, "card_declined")
        assert shop.api.subscriptions.list({"status": "all"}).data == []
        assert shop.api.invoices.list().data == []

    def test_waits_for_the_first_payment_with_default_incomplete(self, shop):
        subscription = shop.api.subscriptions.create(
            {
                "customer": shop.customer(),
                "items": [{"price": shop.price()}],
                "payment_behavior": "default_incomplete",
                "expand": ["latest_invoice.confirmation_secret"],
            }
        )

        assert subscription.status == "incomplete"
        assert (subscription.latest_invoice.status, subscription.latest_invoice.attempt_count) == ("open", 0)
        assert subscription.latest_invoice.confirmation_secret.client_secret == starting("pi_")

    def test_can_only_change_a_few_members_while_incomplete(self, shop, create):
        subscription = create(default_payment_method="pm_card_chargeCustomerFail")
        item = subscription["items"].data[0].id
        shop.forget_events()

        for change in ({"items": [{"id": item, "quantity": 2}]}, {"cancel_at_period_end": True}):
            assert "`incomplete`" in error_of(shop.api.subscriptions.update, subscription.id, change).user_message
        assert error_of(shop.api.subscription_items.update, item, {"quantity": 2}).http_status == 400
        assert shop.new_types() == []
        given = {"metadata": {"a": "b"}, "default_payment_method": "pm_card_visa"}
        assert shop.api.subscriptions.update(subscription.id, given).metadata.to_dict() == {"a": "b"}
        shop.api.invoices.pay(subscription.latest_invoice)
        assert shop.subscription(subscription.id).status == "active"

    def test_expires_when_it_is_not_paid_for_a_day(self, shop, create):
        subscription = create(default_payment_method="pm_card_chargeCustomerFail")
        shop.forget_events()

        shop.advance(hours=23)

        expired = shop.subscription(subscription.id)
        assert (expired.status, expired.ended_at) == ("incomplete_expired", NOW + 23 * 3600)
        assert shop.api.invoices.retrieve(subscription.latest_invoice).status == "void"
        assert sorted(shop.new_types()) == [
            "customer.subscription.updated",
            "invoice.updated",
            "invoice.voided",
            "payment_intent.canceled",
        ]

    def test_starts_with_a_trial(self, shop, create):
        by_days = create(trial_period_days=10)
        until = create(trial_end=NOW + 20 * DAY)
        at_once = create(trial_end="now")

        assert (by_days.status, by_days.trial_end) == ("trialing", NOW + 10 * DAY)
        assert (until.status, until.trial_end) == ("trialing", NOW + 20 * DAY)
        assert (at_once.status, at_once.trial_end) == ("active", None)

    def test_sends_an_invoice_where_no_card_is_charged(self, shop):
        subscription = shop.api.subscriptions.create(
            {
                "customer": shop.customer(),
                "items": [{"price": shop.price()}],
                "collection_method": "send_invoice",
                "days_until_due": 14,
            }
        )

        assert subscription.status == "active"
        (invoice,) = shop.invoices(subscription)
        assert (invoice.status, invoice.due_date) == ("open", NOW + 14 * DAY)
        assert "invoice.sent" in [event["type"] for event in shop.events()]

    def test_refuses_a_due_amount_without_a_card(self, shop):
        error = error_of(
            shop.api.subscriptions.create, {"customer": shop.customer(), "items": [{"price": shop.price()}]}
        )

        assert (error.http_status, error.code) == (400, "resource_missing")
        assert error.user_message == starting(
            "This customer has no attached payment source or default payment method."
        )
        assert shop.api.subscriptions.list({"status": "all"}).data == []

    def test_refuses_conflicting_parameters(self, shop, create, customer):
        price, archived, once = shop.price(), shop.price(), shop.price(interval=None)
        shop.api.prices.update(archived, {"active": False})

        assert error_of(create, archived).param == "items[0][price]"
        assert "type=one_time" in error_of(create, once).user_message
        assert error_of(create, "price_none").code == "resource_missing"
        assert "same plan" in error_of(create, price, price).user_message
        assert "expected currency: `usd`" in error_of(create, price, shop.price(currency="eur")).user_message
        assert error_of(shop.api.subscriptions.create, {"items": [{"price": price}]}).param == "customer"
        assert error_of(shop.api.subscriptions.create, {"customer": customer}).param == "items"
        assert error_of(create, price, collection_method="send_invoice").param == "days_until_due"
        assert error_of(create, price, coupon="X").code == "parameter_unknown"
        assert shop.api.subscriptions.list({"status": "all"}).data == []

    def test_refuses_a_second_currency(self, shop, create):
        create()

        error = error_of(create, shop.price(currency="eur"))

        assert error.user_message == starting("You cannot combine currencies on a single customer.")

    def test_refuses_another_customers_card(self, shop, create, customer):
        card = shop.api.payment_methods.list({"customer": customer}).data[0].id
        stranger = shop.customer()

        error = error_of(
            shop.api.subscriptions.create,
            {"customer": stranger, "items": [{"price": shop.price()}], "default_payment_method": card},
        )

        assert error.param == "default_payment_method"


class TestWhileTheCustomerIsAway:
    def start(self, shop, customer, **choices):
        """Return the status of a new subscription with a card that needs 3-D Secure, and its payment."""
        method = shop.api.payment_methods.attach("pm_card_authenticationRequired", {"customer": customer}).id
        given = {"customer": customer, "items": [{"price": shop.price()}], "default_payment_method": method}
        subscription = shop.api.subscriptions.create({**given, **choices, "expand": ["latest_invoice.payments"]})
        payment = subscription.latest_invoice.payments.data[0].payment
        return subscription.status, shop.api.payment_intents.retrieve(payment.payment_intent)

    def test_a_card_that_needs_3d_secure_is_declined(self, shop, customer):
        status, intent = self.start(shop, customer, off_session=True)

        assert (status, intent.status, intent.next_action) == ("incomplete", "requires_payment_method", None)
        error = intent.last_payment_error
        assert (error.code, error.decline_code) == ("authentication_required", "authentication_required")

    def test_otherwise_the_card_asks_for_3d_secure(self, shop, customer):
        status, intent = self.start(shop, customer)

        assert (status, intent.status, intent.last_payment_error) == ("incomplete", "requires_action", None)
