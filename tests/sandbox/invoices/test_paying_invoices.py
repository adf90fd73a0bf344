"""Open invoices that are paid on request, marked uncollectible or voided, and their subscriptions afterwards."""

from collections import Counter

import pytest

from tests.sandbox.shop import at, error_of

DAY = 86_400
FIRST, SECOND = at("2027-02-28 10:30"), at("2027-03-31 10:30")
FAILING = "pm_card_chargeCustomerFail"


def charge_card(shop, subscription, card):
    """Make a card the customer's default, as they do in the portal."""
    method = shop.api.payment_methods.attach(card, {"customer": subscription.customer})
    settings = {"invoice_settings": {"default_payment_method": method.id}}
    shop.api.customers.update(subscription.customer, settings)
    return method.id


@pytest.fixture
def past_due(shop, create):
    """A subscription whose first renewal has failed once."""
    subscription = create(shop.price(2800))
    charge_card(shop, subscription, FAILING)
    shop.move_to(FIRST)
    return shop.subscription(subscription.id)


class TestPay:
    def test_turns_the_subscription_on_again(self, shop, past_due):
        assert past_due.status == "past_due"
        charge_card(shop, past_due, "pm_card_visa")
        shop.forget_events()

        paid = shop.api.invoices.pay(past_due.latest_invoice)

        assert (paid.status, paid.amount_paid, paid.amount_remaining, paid.next_payment_attempt) == (
            "paid",
            2800,
            0,
            None,
        )
        assert shop.subscription(past_due.id).status == "active"
        assert Counter(shop.new_types()) == Counter(
            [
                "charge.succeeded",
                "customer.subscription.updated",
                "customer.updated",
                "invoice.paid",
                "invoice.payment_succeeded",
                "invoice.updated",
                "invoice_payment.paid",
                "payment_intent.succeeded",
            ]
        )
        shop.forget_events()
        shop.advance(days=20)
        assert shop.new_types() == []

    def test_takes_a_card_of_its_own(self, shop, past_due):
        paid = shop.api.invoices.pay(past_due.latest_invoice, {"payment_method": "pm_card_mastercard"})

        assert paid.status == "paid"
        assert shop.subscription(past_due.id).status == "active"

    def test_that_fails_says_so_and_keeps_to_the_plan(self, shop, past_due):
        shop.advance(days=1)
        shop.forget_events()

        error = error_of(shop.api.invoices.pay, past_due.latest_invoice)

        assert (error.http_status, error.code, error.error.decline_code) == (402, "card_declined", "generic_decline")
        invoice = shop.api.invoices.retrieve(past_due.latest_invoice)
        assert (invoice.status, invoice.attempt_count) == ("open", 1)
        assert invoice.next_payment_attempt == FIRST + 3 * DAY
        assert Counter(shop.new_types()) == Counter(
            ["charge.failed", "invoice.payment_failed", "payment_intent.payment_failed"]
        )
        assert shop.subscription(past_due.id).status == "past_due"

    def test_asks_for_the_cardholder(self, shop, past_due):
        charge_card(shop, past_due, "pm_card_authenticationRequired")

        error = error_of(shop.api.invoices.pay, past_due.latest_invoice)

        assert (error.http_status, error.code) == (402, "invoice_payment_intent_requires_action")
        assert shop.subscription(past_due.id).status == "past_due"
        paid = shop.api.invoices.pay(past_due.latest_invoice, {"off_session": False})
        assert paid.status == "paid"

    def test_refuses_to_forgive_the_rest(self, shop, past_due):
        error = error_of(shop.api.invoices.pay, past_due.latest_invoice, {"forgive": True})

        assert (error.code, error.param) == ("sandbox_unsupported", "forgive")

    def test_needs_a_card(self, shop, past_due):
        customer = shop.api.customers.retrieve(past_due.customer)
        shop.api.payment_methods.detach(customer.invoice_settings.default_payment_method)

        error = error_of(shop.api.invoices.pay, past_due.latest_invoice)

        assert error.http_status == 400
        assert error.user_message == (
            "There is no `default_payment_method` set on this Customer or Invoice. Please set a "
            "`default_payment_method`."
        )

    def test_happens_once(self, shop, create):
        subscription = create()
        shop.forget_events()

        error = error_of(shop.api.invoices.pay, subscription.latest_invoice)

        assert (error.http_status, error.user_message) == (400, "Invoice is already paid")
        assert shop.new_types() == []

    def test_may_have_happened_elsewhere(self, shop, past_due):
        shop.forget_events()

        paid = shop.api.invoices.pay(past_due.latest_invoice, {"paid_out_of_band": True})

        assert (paid.status, paid.amount_remaining) == ("paid", 0)
        assert shop.subscription(past_due.id).status == "active"
        assert "charge.succeeded" not in shop.new_types()
        assert "payment_intent.canceled" in shop.new_types()

    def test_makes_an_incomplete_subscription_active(self, shop, create):
        subscription = create(payment_behavior="default_incomplete")
        assert subscription.status == "incomplete"

        shop.api.invoices.pay(subscription.latest_invoice)

        assert shop.subscription(subscription.id).status == "active"

    def test_of_an_older_invoice_is_not_enough(self, shop, create):
        shop.control("dunning", after_last_attempt="past_due")
        subscription = create(shop.price(2800))
        charge_card(shop, subscription, FAILING)
        shop.move_to(SECOND)
        _, older, newer = shop.invoices(subscription)
        charge_card(shop, subscription, "pm_card_visa")

        shop.api.invoices.pay(older.id)
        assert shop.subscription(subscription.id).status == "past_due"
        shop.api.invoices.pay(newer.id)
        assert shop.subscription(subscription.id).status == "active"

    def test_of_the_last_draft_brings_an_unpaid_subscription_back(self, shop, create):
        shop.control("dunning", after_last_attempt="unpaid")
        subscription = create(shop.price(2800))
        charge_card(shop, subscription, FAILING)
        shop.move_to(SECOND)
        draft = shop.invoices(subscription)[-1]
        assert (shop.subscription(subscription.id).status, draft.status) == ("unpaid", "draft")
        charge_card(shop, subscription, "pm_card_visa")

        assert shop.api.invoices.pay(draft.id).status == "paid"

        assert shop.subscription(subscription.id).status == "active"

    def test_does_not_bring_back_what_was_canceled(self, shop, past_due):
        shop.move_to(FIRST + 15 * DAY)
        charge_card(shop, past_due, "pm_card_visa")

        assert shop.api.invoices.pay(past_due.latest_invoice).status == "paid"

        assert shop.subscription(past_due.id).status == "canceled"


class TestTheNextRetry:
    def test_uses_the_customers_new_card(self, shop, past_due):
        charge_card(shop, past_due, "pm_card_visa")

        shop.move_to(FIRST + 3 * DAY)

        assert shop.subscription(past_due.id).status == "active"
        assert shop.api.invoices.retrieve(past_due.latest_invoice).attempt_count == 2

    def test_tells_how_often_it_was_tried_and_when_next(self, shop, past_due):
        shop.move_to(FIRST + 15 * DAY)

        told = [
            (event["data"]["object"]["attempt_count"], event["data"]["object"]["next_payment_attempt"])
            for event in shop.events()
            if event["type"] == "invoice.payment_failed"
        ]
        assert told == [(1, FIRST + 3 * DAY), (2, FIRST + 8 * DAY), (3, FIRST + 15 * DAY), (4, None)]
        assert shop.subscription(past_due.id).status == "canceled"


class TestVoid:
    def test_ends_the_retries(self, shop, past_due):
        shop.forget_events()

        voided = shop.api.invoices.void_invoice(past_due.latest_invoice)

        assert (voided.status, voided.status_transitions.voided_at) == ("void", FIRST)
        assert "invoice.voided" in shop.new_types()
        shop.forget_events()
        shop.advance(days=20)
        assert shop.new_types() == []

    def test_cannot_be_undone_or_paid(self, shop, past_due):
        shop.api.invoices.void_invoice(past_due.latest_invoice)
        shop.forget_events()

        for act in (shop.api.invoices.void_invoice, shop.api.invoices.pay, shop.api.invoices.mark_uncollectible):
            error = error_of(act, past_due.latest_invoice)
            assert (error.http_status, error.code) == (400, "status_transition_invalid")
        assert shop.new_types() == []


class TestWriteOff:
    def test_ends_the_retries_and_can_still_be_paid(self, shop, past_due):
        lost = shop.api.invoices.mark_uncollectible(past_due.latest_invoice)

        assert (lost.status, lost.status_transitions.marked_uncollectible_at) == ("uncollectible", FIRST)
        assert shop.new_types().count("invoice.marked_uncollectible") == 1
        shop.forget_events()
        shop.advance(days=20)
        assert shop.new_types() == []
        charge_card(shop, past_due, "pm_card_visa")
        assert shop.api.invoices.pay(past_due.latest_invoice).status == "paid"
        assert shop.subscription(past_due.id).status == "active"
