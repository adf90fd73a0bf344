"""Prorations with discounts, billed immediately, or from a cancellation; the amounts are computed by hand."""

import pytest

from tests.sandbox.invoices.figures import (
    BOTH,
    CLASSIC,
    DAY,
    FLEXIBLE,
    NOW,
    change,
    item_of,
    newest,
    preview,
    renew,
)
from tests.sandbox.shop import at


class TestDiscounts:
    @BOTH
    def test_are_in_the_prorations(self, shop, begin, mode):
        # April, half left, 25 % off for good. Paid 750 of 1000: 375 back. 2000 less 25 % is 1500: 750 on top.
        # Renewal 2000 - 500 = 1500; 1500 - 375 + 750 = 1875. Prorations are not discounted again.
        coupon = shop.api.coupons.create({"percent_off": 25, "duration": "forever"})
        subscription = begin(
            "2027-04-01", shop.price(1000), after=15 * DAY, mode=mode, discounts=[{"coupon": coupon.id}]
        )
        items = [{"id": item_of(subscription), "price": shop.price(2000)}]

        expected = [-375, 750, 2000], 1875
        assert preview(shop, subscription, items) == expected
        change(shop, subscription, items)
        assert renew(shop, subscription) == expected

    @BOTH
    def test_of_one_invoice_are_credited_but_not_given_again(self, shop, begin, mode):
        # April, half left, 50 % off once. Paid 500 of 1000: 250 back. 3000 / 2 = 1500 on top, in full.
        # 3000 - 250 + 1500 = 4250.
        coupon = shop.api.coupons.create({"percent_off": 50, "duration": "once"})
        subscription = begin(
            "2027-04-01", shop.price(1000), after=15 * DAY, mode=mode, discounts=[{"coupon": coupon.id}]
        )
        items = [{"id": item_of(subscription), "price": shop.price(3000)}]

        expected = [-250, 1500, 3000], 4250
        assert preview(shop, subscription, items) == expected
        change(shop, subscription, items)
        assert renew(shop, subscription) == expected


class TestBilledAtOnce:
    @BOTH
    def test_invoices_the_difference_when_asked(self, shop, begin, mode):
        # April, 2/3 left: 3333 - 1333 = 2000 now, and a plain 5000 at the end of the month.
        subscription = begin("2027-04-01", shop.price(2000), after=10 * DAY, mode=mode)
        items = [{"id": item_of(subscription), "price": shop.price(5000)}]

        expected = [-1333, 3333], 2000
        assert preview(shop, subscription, items, proration_behavior="always_invoice") == expected
        change(shop, subscription, items, proration_behavior="always_invoice")
        assert newest(shop, subscription) == expected
        assert renew(shop, subscription) == ([5000], 5000)

    @pytest.mark.parametrize(
        ("mode", "choices"),
        [(CLASSIC, {}), (CLASSIC, {"billing_cycle_anchor": NOW}), (FLEXIBLE, {"billing_cycle_anchor": NOW})],
        ids=["classic", "classic on request", "flexible on request"],
    )
    def test_bills_the_new_interval_and_moves_the_date(self, shop, begin, mode, choices):
        # April, 2/3 of 2000 left: 1333 back, the year of 20,000 in full; 18,667 now.
        subscription = begin("2027-04-01", shop.price(2000), after=10 * DAY, mode=mode)
        items = [{"id": item_of(subscription), "price": shop.price(20_000, interval="year")}]

        expected = [-1333, 20_000], 18_667
        assert preview(shop, subscription, items, **choices) == expected
        change(shop, subscription, items, **choices)
        assert newest(shop, subscription) == expected
        changed = shop.subscription(subscription.id)
        assert changed["items"].data[0].current_period_end == at("2028-04-11")
        assert changed.billing_cycle_anchor == at("2027-04-11")

    def test_credits_a_year_in_a_shorter_one(self, shop, begin):
        # 1 March 2027 to 1 March 2028 has 366 days; 100 gone, 266 left: 36,600 x 266/366 = 26,600 back exactly.
        # The month costs 5000; -26,600 + 5000 = -21,600, which becomes credit for later months.
        subscription = begin("2027-03-01", shop.price(36_600, interval="year"), after=100 * DAY)
        items = [{"id": item_of(subscription), "price": shop.price(5000)}]

        expected = [-26_600, 5000], -21_600
        assert preview(shop, subscription, items, billing_cycle_anchor=NOW) == expected
        change(shop, subscription, items, billing_cycle_anchor=NOW)
        assert newest(shop, subscription) == expected
        assert shop.api.customers.retrieve(subscription.customer).balance == -21_600

    @BOTH
    def test_of_a_new_date_credits_the_rest_and_bills_a_whole_period(self, shop, begin, mode):
        # April, half of 3000 left: 1500 back, 3000 for 16 April to 16 May; 1500 now.
        subscription = begin("2027-04-01", shop.price(3000), after=15 * DAY, mode=mode)

        shop.api.subscriptions.update(subscription.id, {"billing_cycle_anchor": {"type": "now"}})

        assert newest(shop, subscription) == ([-1500, 3000], 1500)
        item = shop.subscription(subscription.id)["items"].data[0]
        assert (item.current_period_start, item.current_period_end) == (at("2027-04-16"), at("2027-05-16"))

    @BOTH
    def test_of_a_trial_gives_the_rest_back(self, shop, begin, mode):
        # April, half of 3000 left: 1500 back, and the trial costs nothing.
        subscription = begin("2027-04-01", shop.price(3000), after=15 * DAY, mode=mode)

        changed = shop.api.subscriptions.update(subscription.id, {"trial_end": at("2027-05-01")})

        assert newest(shop, subscription) == ([-1500, 0], -1500)
        assert (changed.status, changed.billing_cycle_anchor) == ("trialing", at("2027-05-01"))
        shop.move_to(at("2027-05-01"))
        assert newest(shop, subscription) == ([3000], 3000)
        assert shop.invoices(subscription)[-1].amount_due == 1500


class TestCancelled:
    @BOTH
    def test_now_gives_the_rest_back_when_asked(self, shop, begin, mode):
        # April, 1/3 of 2000 left: 666.67.
        subscription = begin("2027-04-01", shop.price(2000), after=20 * DAY, mode=mode)
        shown = shop.api.invoices.create_preview(
            {"subscription": subscription.id, "subscription_details": {"cancel_now": True}}
        )

        shop.api.subscriptions.cancel(subscription.id, {"prorate": True, "invoice_now": True})

        assert ([line.amount for line in shown.lines.data], shown.total, shown.amount_due) == ([-667], -667, 0)
        assert newest(shop, subscription) == ([-667], -667)
        assert shop.api.customers.retrieve(subscription.customer).balance == -667
