"""Renewals whose payment fails: past due, retries, and the end after the last retry."""

from collections import Counter

import pytest

from tests.sandbox.shop import at

DAY = 86_400
FIRST = at("2027-02-28 10:30")
SECOND = at("2027-03-31 10:30")


def fail_from_now_on(shop, subscription):
    shop.api.subscriptions.update(subscription.id, {"default_payment_method": "pm_card_chargeCustomerFail"})


class TestFailedRenewal:
    def test_makes_it_past_due(self, shop):
        subscription = shop.subscribed()
        fail_from_now_on(shop, subscription)
        shop.forget_events()

        shop.move_to(FIRST)

        failed = shop.subscription(subscription.id)
        assert (failed.status, failed["items"].data[0].current_period_end) == ("past_due", SECOND)
        invoice = shop.invoices(subscription)[-1]
        assert (invoice.status, invoice.attempt_count, invoice.attempted) == ("open", 1, True)
        assert (invoice.next_payment_attempt, invoice.amount_remaining) == (FIRST + 3 * DAY, 1900)
        assert Counter(shop.new_types()) == Counter(
            [
                "charge.failed",
                "customer.subscription.updated",
                "customer.subscription.updated",
                "customer.updated",
                "invoice.created",
                "invoice.finalized",
                "invoice.payment_failed",
                "invoice.upcoming",
                "invoice.updated",
                "payment_intent.created",
                "payment_intent.payment_failed",
            ]
        )
        assert shop.api.customers.retrieve(failed.customer).delinquent is True
        intent = shop.api.payment_intents.list().data[0]
        assert (intent.status, intent.last_payment_error.decline_code) == (
            "requires_payment_method",
            "generic_decline",
        )

    def test_is_tried_again_after_3_5_and_7_days_and_then_canceled(self, shop):
        subscription = shop.subscribed()
        fail_from_now_on(shop, subscription)
        shop.forget_events()

        shop.move_to(FIRST + 15 * DAY)

        failures = [e["created"] for e in shop.new_events() if e["type"] == "invoice.payment_failed"]
        assert failures == [FIRST, FIRST + 3 * DAY, FIRST + 8 * DAY, FIRST + 15 * DAY]
        ended = shop.subscription(subscription.id)
        assert (ended.status, ended.ended_at) == ("canceled", FIRST + 15 * DAY)
        assert ended.cancellation_details.reason == "payment_failed"
        assert shop.new_types().count("customer.subscription.deleted") == 1
        invoice = shop.invoices(subscription)[-1]
        assert (invoice.status, invoice.attempt_count, invoice.next_payment_attempt) == ("open", 4, None)
        assert invoice.auto_advance is False

    @pytest.mark.parametrize("outcome", ["unpaid", "past_due"])
    def test_can_end_unpaid_or_past_due(self, shop, outcome):
        shop.control("dunning", after_last_attempt=outcome)
        subscription = shop.subscribed()
        fail_from_now_on(shop, subscription)

        shop.move_to(FIRST + 15 * DAY)

        assert shop.subscription(subscription.id).status == outcome
        shop.move_to(SECOND)
        assert shop.invoices(subscription)[-1].status == ("draft" if outcome == "unpaid" else "open")

    def test_recovers_with_another_card(self, shop):
        subscription = shop.subscribed()
        fail_from_now_on(shop, subscription)
        shop.move_to(FIRST)
        shop.api.subscriptions.update(subscription.id, {"default_payment_method": "pm_card_visa"})
        shop.forget_events()

        shop.advance(days=3)

        assert shop.subscription(subscription.id).status == "active"
        assert shop.invoices(subscription)[-1].status == "paid"
        assert "invoice.paid" in shop.new_types()
        assert shop.api.customers.retrieve(subscription.customer).delinquent is False
        shop.move_to(SECOND)
        assert shop.invoices(subscription)[-1].status == "paid"

    def test_of_a_card_with_3d_secure_requires_action(self, shop):
        session = shop.session()
        subscription = shop.pay(session, card="4000002760003184", authenticate="complete").subscription
        shop.forget_events()

        shop.move_to(FIRST)

        assert shop.subscription(subscription).status == "past_due"
        assert "invoice.payment_action_required" in shop.new_types()
        assert "payment_intent.requires_action" in shop.new_types()
        assert shop.api.payment_intents.list().data[0].status == "requires_action"

    def test_does_not_happen_to_a_card_authenticated_at_setup(self, shop):
        session = shop.session()
        subscription = shop.pay(session, card="4000002500003155", authenticate="complete").subscription

        shop.move_to(FIRST)

        assert shop.subscription(subscription).status == "active"

    def test_happens_when_the_card_is_gone(self, shop):
        subscription = shop.subscribed()
        shop.api.payment_methods.detach(subscription.default_payment_method)

        shop.move_to(FIRST)

        assert shop.subscription(subscription.id).status == "past_due"

    def test_ends_its_retries_with_the_subscription(self, shop):
        subscription = shop.subscribed()
        fail_from_now_on(shop, subscription)
        shop.move_to(FIRST)
        shop.api.subscriptions.cancel(subscription.id)
        shop.forget_events()

        shop.advance(days=30)

        assert shop.new_types() == []
