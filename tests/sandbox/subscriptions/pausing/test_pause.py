"""Pausing a subscription on request, and resuming it."""

import pytest

from tests.sandbox.shop import NOW, at, error_of
from tests.wording import starting

DAY = 86_400
FIRST, SECOND = at("2027-02-28 10:30"), at("2027-03-31 10:30")
PERIOD = FIRST - NOW
ON_SUCCESS = {"payment_behavior": "resume_on_payment_success"}
UNCHANGED = {"billing_cycle_anchor": {"type": "unchanged"}}


@pytest.fixture
def half_used(shop, create):
    """A subscription of 28.00 a month, after 14 of the 28 days of its first period."""
    subscription = create(shop.price(2800))
    shop.advance(days=14)
    shop.forget_events()
    return subscription


@pytest.fixture
def paused(shop, half_used):
    return shop.api.subscriptions.pause(half_used.id)


def pending(shop, subscription):
    """Return the amounts that wait for the next invoice."""
    preview = shop.sandbox.account.store.scan("invoiceitem", index=("customer", subscription.customer))
    return [item["amount"] for item in preview if item["invoice"] is None]


class TestPause:
    def test_credits_the_unused_time(self, shop, half_used):
        paused = shop.api.subscriptions.pause(half_used.id)

        details = paused.status_details.paused
        assert (paused.status, details.type, details.transitioned_at) == ("paused", "subscription", NOW + 14 * DAY)
        assert details.subscription.type == "pause_requested"
        assert pending(shop, paused) == [-1400]
        assert shop.new_types() == [
            "invoiceitem.created",
            "customer.subscription.updated",
            "customer.subscription.paused",
        ]

    @pytest.mark.parametrize(("since", "amounts"), [("none", []), ("item_current_period_start", [-2800])])
    def test_credits_what_was_asked_for(self, shop, half_used, since, amounts):
        paused = shop.api.subscriptions.pause(half_used.id, {"bill_for": {"unused_time_from": {"type": since}}})

        assert pending(shop, paused) == amounts

    def test_can_invoice_the_credit_at_once(self, shop, half_used, customer):
        paused = shop.api.subscriptions.pause(half_used.id, {"invoicing_behavior": "invoice", "type": "subscription"})

        assert [invoice.total for invoice in shop.invoices(paused)] == [2800, -1400]
        assert shop.api.customers.retrieve(customer).balance == -1400

    def test_bills_nothing_for_a_year(self, shop, paused):
        shop.advance(days=365)

        assert len(shop.invoices(paused)) == 1
        assert shop.subscription(paused.id).status == "paused"

    def test_ends_at_the_date_that_was_set_before(self, shop, half_used):
        shop.api.subscriptions.update(half_used.id, {"cancel_at_period_end": True})
        shop.api.subscriptions.pause(half_used.id)

        shop.move_to(FIRST)

        ended = shop.subscription(half_used.id)
        assert (ended.status, ended.status_details) == ("canceled", None)

    def test_is_refused_where_stripe_refuses_it(self, shop, create, customer):
        classic = create(billing_mode={"type": "classic"})
        trial = create(trial_period_days=3)
        sent = create(collection_method="send_invoice", days_until_due=3)
        held = create()
        shop.api.subscriptions.update(held.id, {"pause_collection": {"behavior": "void"}})
        scheduled = create()
        shop.api.subscription_schedules.create({"from_subscription": scheduled.id})
        shop.forget_events()

        refusals = [
            error_of(shop.api.subscriptions.pause, each.id) for each in (classic, trial, sent, held, scheduled)
        ]

        assert [refusal.http_status for refusal in refusals] == [400] * 5
        assert refusals[0].user_message == "Only subscriptions with `billing_mode[type]=flexible` can be paused."
        assert "subscription schedule" in refusals[4].user_message
        assert shop.new_types() == []


class TestResumeOnAttempt:
    def test_waits_for_the_payment(self, shop, paused):
        shop.advance(days=30)

        resuming = shop.api.subscriptions.resume(paused.id)

        invoice = shop.api.invoices.retrieve(resuming.latest_invoice)
        assert (resuming.status, invoice.status, invoice.attempt_count) == ("paused", "open", 0)
        assert invoice.total == 1400
        shop.forget_events()
        shop.api.invoices.pay(invoice.id)
        resumed = shop.subscription(paused.id)
        item = resumed["items"].data[0]
        assert (resumed.status, resumed.status_details) == ("active", None)
        assert (item.current_period_start, item.current_period_end) == (NOW + 44 * DAY, at("2027-04-16 10:30"))
        assert shop.new_types()[-2:] == ["customer.subscription.updated", "customer.subscription.resumed"]

    def test_is_given_up_after_a_day_without_an_attempt(self, shop, paused):
        invoice = shop.api.subscriptions.resume(paused.id).latest_invoice
        shop.forget_events()

        shop.advance(hours=23)

        assert shop.api.invoices.retrieve(invoice).status == "void"
        assert shop.subscription(paused.id).status == "paused"
        assert "customer.subscription.resumed" not in shop.new_types()

    def test_is_past_due_after_a_failed_payment(self, shop, paused):
        invoice = shop.api.subscriptions.resume(paused.id).latest_invoice
        shop.api.subscriptions.update(paused.id, {"default_payment_method": "pm_card_chargeCustomerFail"})

        assert error_of(shop.api.invoices.pay, invoice).http_status == 402

        assert shop.subscription(paused.id).status == "past_due"
        assert shop.api.invoices.retrieve(invoice).next_payment_attempt is None

    def test_stays_paused_when_the_invoice_is_voided(self, shop, paused):
        invoice = shop.api.subscriptions.resume(paused.id).latest_invoice

        shop.api.invoices.void_invoice(invoice)

        assert shop.subscription(paused.id).status == "paused"
        shop.advance(days=2)
        assert shop.subscription(paused.id).status == "paused"

    def test_resumes_when_the_invoice_is_written_off(self, shop, paused):
        invoice = shop.api.subscriptions.resume(paused.id).latest_invoice

        shop.api.invoices.mark_uncollectible(invoice)

        assert shop.subscription(paused.id).status == "active"

    def test_is_active_at_once_without_an_invoice(self, shop, paused):
        shop.forget_events()

        resumed = shop.api.subscriptions.resume(paused.id, UNCHANGED)

        assert (resumed.status, resumed["items"].data[0].current_period_end) == ("active", FIRST)
        assert pending(shop, paused) == [1400, -1400]
        assert shop.new_types() == [
            "invoiceitem.created",
            "customer.subscription.updated",
            "customer.subscription.resumed",
        ]
        shop.move_to(FIRST)
        assert shop.invoices(paused)[-1].amount_paid == 2800

    def test_can_be_asked_again(self, shop, paused):
        first = shop.api.subscriptions.resume(paused.id).latest_invoice

        resumed = shop.api.subscriptions.resume(paused.id, ON_SUCCESS)

        assert shop.api.invoices.retrieve(first).status == "void"
        assert resumed.status == "active"


class TestResumeOnSuccess:
    def test_pays_in_the_request(self, shop, paused):
        resumed = shop.api.subscriptions.resume(paused.id, ON_SUCCESS)

        assert (resumed.status, shop.invoices(paused)[-1].amount_paid) == ("active", 1400)

    def test_stays_paused_after_a_decline_and_retries(self, shop, paused):
        shop.api.subscriptions.update(paused.id, {"default_payment_method": "pm_card_chargeCustomerFail"})

        error = error_of(shop.api.subscriptions.resume, paused.id, ON_SUCCESS)

        assert (error.http_status, error.code) == (402, "card_declined")
        still = shop.subscription(paused.id)
        invoice = shop.api.invoices.retrieve(still.latest_invoice)
        assert (still.status, invoice.status, invoice.attempt_count) == ("paused", "open", 1)
        shop.api.subscriptions.update(paused.id, {"default_payment_method": "pm_card_visa"})
        shop.move_to(invoice.next_payment_attempt)
        assert shop.subscription(paused.id).status == "active"

    def test_stays_paused_when_every_retry_fails(self, shop, paused):
        shop.api.subscriptions.update(paused.id, {"default_payment_method": "pm_card_chargeCustomerFail"})
        error_of(shop.api.subscriptions.resume, paused.id, ON_SUCCESS)

        shop.advance(days=40)

        assert shop.subscription(paused.id).status == "paused"

    def test_needs_a_payment_method(self, shop, paused, customer):
        shop.api.payment_methods.detach(shop.api.payment_methods.list({"customer": customer}).data[0].id)
        shop.forget_events()

        error = error_of(shop.api.subscriptions.resume, paused.id, ON_SUCCESS)

        assert (error.http_status, error.code) == (400, "resource_missing")
        assert error.user_message == starting("This customer has no attached payment source")
        assert shop.new_types() == []

    def test_does_not_bill_time_again_that_was_not_credited(self, shop, half_used):
        shop.api.subscriptions.pause(half_used.id, {"bill_for": {"unused_time_from": {"type": "none"}}})

        shop.api.subscriptions.resume(
            half_used.id, {**UNCHANGED, **ON_SUCCESS, "proration_behavior": "always_invoice"}
        )

        assert [invoice.total for invoice in shop.invoices(half_used)] == [2800]
