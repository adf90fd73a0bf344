"""Subscriptions that a failed payment pauses: a setting of the account."""

import pytest

from tests.sandbox.shop import at

FIRST, SECOND = at("2027-02-28 10:30"), at("2027-03-31 10:30")


@pytest.fixture
def failing(shop, create, customer):
    """A subscription of 19.00 a month whose card stopped working after the first payment."""
    subscription = create()
    shop.api.subscriptions.update(subscription.id, {"default_payment_method": "pm_card_chargeCustomerFail"})
    return subscription


def reason(subscription):
    return subscription.status_details.paused.subscription.type


class TestFailurePause:
    def test_follows_the_first_failure(self, shop, failing):
        shop.control("dunning", after_first_attempt="pause")
        shop.forget_events()

        shop.move_to(FIRST)

        paused = shop.subscription(failing.id)
        invoice = shop.api.invoices.retrieve(paused.latest_invoice)
        assert (paused.status, reason(paused)) == ("paused", "first_payment_failure")
        assert (invoice.status, invoice.amount_due) == ("open", 1900)
        assert "customer.subscription.paused" in shop.new_types()

    def test_does_not_concern_the_first_invoice(self, shop, create):
        shop.control("dunning", after_first_attempt="pause")

        assert create(default_payment_method="pm_card_chargeCustomerFail").status == "incomplete"

    def test_follows_the_last_failure(self, shop, failing):
        shop.control("dunning", after_last_attempt="pause")
        shop.move_to(FIRST)
        assert shop.subscription(failing.id).status == "past_due"

        shop.advance(days=15)

        paused = shop.subscription(failing.id)
        assert (paused.status, reason(paused)) == ("paused", "final_payment_failure")
        assert shop.api.invoices.retrieve(paused.latest_invoice).status == "open"

    def test_cancels_or_leaves_past_due_what_can_not_pause(self, shop, create):
        shop.control("dunning", after_first_attempt="pause", after_last_attempt="pause")
        classic = create(billing_mode={"type": "classic"})
        shop.api.subscriptions.update(classic.id, {"default_payment_method": "pm_card_chargeCustomerFail"})

        shop.move_to(FIRST)
        assert shop.subscription(classic.id).status == "past_due"
        shop.advance(days=15)
        assert shop.subscription(classic.id).status == "canceled"

    def test_leaves_an_invoice_that_can_be_paid(self, shop, failing):
        shop.control("dunning", after_first_attempt="pause")
        shop.move_to(FIRST)
        paused = shop.subscription(failing.id)

        shop.api.invoices.pay(paused.latest_invoice, {"payment_method": "pm_card_visa"})

        assert shop.subscription(failing.id).status == "paused"

    @pytest.mark.parametrize(
        ("choice", "anchor", "end"),
        [
            ("resume", at("2027-01-31 10:30"), SECOND),
            ("resume_and_reset_anchor", FIRST + 86400, at("2027-04-01 10:30")),
        ],
    )
    def test_can_resume_with_the_payment(self, shop, failing, choice, anchor, end):
        shop.control("dunning", after_first_attempt="pause", after_payment=choice)
        shop.move_to(FIRST + 86400)
        paused = shop.subscription(failing.id)
        shop.forget_events()

        shop.api.invoices.pay(paused.latest_invoice, {"payment_method": "pm_card_visa"})

        resumed = shop.subscription(failing.id)
        assert (resumed.status, resumed.billing_cycle_anchor) == ("active", anchor)
        assert resumed["items"].data[0].current_period_end == end
        assert shop.new_types()[-1] == "customer.subscription.resumed"
