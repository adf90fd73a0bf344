"""Subscriptions that pause at the end of a trial without a card, and resume."""

import pytest

from tests.sandbox.shop import NOW, at, error_of

DAY = 86_400
END = NOW + 10 * DAY
ON_PAUSE = {"end_behavior": {"missing_payment_method": "pause"}}


@pytest.fixture
def paused(shop):
    """A subscription of 28.00 a month without a card, paused since 10 February, four days ago."""
    given = {
        "customer": shop.customer(),
        "items": [{"price": shop.price(2800)}],
        "trial_period_days": 10,
        "trial_settings": ON_PAUSE,
    }
    subscription = shop.api.subscriptions.create(given)
    shop.advance(days=14)
    return shop.subscription(subscription.id)


def give_card(shop, subscription, card="pm_card_visa"):
    shop.api.subscriptions.update(subscription.id, {"default_payment_method": card})


class TestPause:
    def test_records_reason_and_time(self, shop, paused):
        details = paused.status_details.paused

        assert (paused.status, details.transitioned_at) == ("paused", END)
        assert details.subscription.type == "trial_end_without_payment_method"
        assert shop.new_types().count("customer.subscription.paused") == 1

    def test_bills_nothing(self, shop, paused):
        give_card(shop, paused)
        item = paused["items"].data[0].id
        shop.api.subscriptions.update(paused.id, {"items": [{"id": item, "quantity": 3}]})
        shop.advance(days=100)

        assert [invoice.total for invoice in shop.invoices(paused)] == [0]
        error = error_of(shop.api.invoices.create_preview, {"subscription": paused.id})
        assert error.code == "invoice_upcoming_none"


class TestResume:
    def test_begins_a_period_and_bills_it(self, shop, paused):
        give_card(shop, paused)
        shop.forget_events()

        resumed = shop.api.subscriptions.resume(paused.id, {"payment_behavior": "resume_on_payment_success"})

        item = resumed["items"].data[0]
        assert (resumed.status, resumed.status_details) == ("active", None)
        assert (item.current_period_start, item.current_period_end) == (NOW + 14 * DAY, at("2027-03-14 10:30"))
        assert [invoice.amount_paid for invoice in shop.invoices(paused)] == [0, 2800]
        assert shop.new_types().count("customer.subscription.resumed") == 1

    def test_can_keep_the_billing_date(self, shop, paused):
        # The period is 10 February to 10 March: 24 of 28 days are left, 2800 x 24/28 = 2400.
        give_card(shop, paused)

        resumed = shop.api.subscriptions.resume(
            paused.id,
            {
                "billing_cycle_anchor": {"type": "unchanged"},
                "proration_behavior": "always_invoice",
                "payment_behavior": "resume_on_payment_success",
            },
        )

        assert (resumed.billing_cycle_anchor, resumed["items"].data[0].current_period_end) == (
            END,
            at("2027-03-10 10:30"),
        )
        assert shop.invoices(paused)[-1].amount_paid == 2400

    def test_can_skip_the_charge_for_the_rest_of_the_period(self, shop, paused):
        give_card(shop, paused)

        shop.api.subscriptions.resume(
            paused.id, {"billing_cycle_anchor": {"type": "unchanged"}, "proration_behavior": "none"}
        )

        assert len(shop.invoices(paused)) == 1
        shop.move_to(at("2027-03-10 10:30"))
        assert shop.invoices(paused)[-1].amount_paid == 2800

    def test_is_refused_unless_paused(self, shop, create):
        subscription = create()
        shop.forget_events()

        error = error_of(shop.api.subscriptions.resume, subscription.id)

        assert (error.http_status, shop.new_types()) == (400, [])
