"""What a change does in the classic and in the flexible billing mode."""

import pytest

from tests.sandbox.invoices.figures import BOTH, CLASSIC, DAY, FLEXIBLE, newest
from tests.sandbox.shop import NOW, at, error_of

NEXT_MONTH = at("2027-02-28 10:30")
NEXT_YEAR = at("2028-01-31 10:30")
ANCHOR_NOW = {"type": "now"}


def item_of(subscription):
    return subscription["items"].data[0]


def period(subscription):
    item = item_of(subscription)
    return item.current_period_start, item.current_period_end


@pytest.fixture
def switch(shop):
    """Change the subscription's price."""

    def to(subscription, price, **choices):
        given = {"items": [{"id": item_of(subscription).id, "price": price}], **choices}
        return shop.api.subscriptions.update(subscription.id, given)

    return to


class TestAnotherIntervalInFlexibleMode:
    def test_keeps_the_anchor_and_prorates_up_to_a_year_after_it(self, shop, create, switch):
        # As Stripe recorded it: monthly 25.00 to yearly 250.00, four seconds after the start.
        subscription, yearly = create(shop.price(2500)), shop.price(25_000, interval="year")
        shop.advance(seconds=4)

        changed = switch(subscription, yearly, proration_behavior="always_invoice", trial_end="now")

        assert (changed.billing_cycle_anchor, period(changed)) == (NOW, (NOW, NEXT_YEAR))
        assert newest(shop, subscription) == ([-2500, 25_000], 22_500)
        invoice = shop.invoices(subscription)[-1]
        assert (invoice.period_start, invoice.period_end) == (NOW, NOW + 4)
        spans = [(line.period.start, line.period.end) for line in invoice.lines.data]
        assert spans == [(NOW + 4, NEXT_MONTH), (NOW + 4, NEXT_YEAR)]

    def test_is_not_billed_before_the_long_period_ends_unless_asked(self, shop, create, switch):
        # 28 days of February, half left: 1400 back. 17 of 31 January 2028 are 351 of 365 days: 24,000 x 351/365.
        subscription, yearly = create(shop.price(2800)), shop.price(24_000, interval="year")
        shop.advance(days=14)

        changed = switch(subscription, yearly)

        assert (changed.billing_cycle_anchor, period(changed)) == (NOW, (NOW, NEXT_YEAR))
        assert len(shop.invoices(subscription)) == 1
        shop.move_to(NEXT_YEAR)
        assert newest(shop, subscription) == ([-1400, 23_079, 24_000], 45_679)

    def test_moves_the_anchor_on_request_and_bills_at_once(self, shop, create, switch):
        subscription, yearly = create(shop.price(2800)), shop.price(24_000, interval="year")
        shop.advance(days=14)

        changed = switch(subscription, yearly, billing_cycle_anchor=ANCHOR_NOW)

        now = NOW + 14 * DAY
        assert (changed.billing_cycle_anchor, period(changed)) == (now, (now, at("2028-02-14 10:30")))
        assert newest(shop, subscription) == ([-1400, 24_000], 22_600)
        invoice = shop.invoices(subscription)[-1]
        assert (invoice.period_start, invoice.period_end, invoice.status) == (now, now, "paid")

    def test_to_a_shorter_one_credits_the_rest_and_charges_the_month(self, shop, begin, switch):
        # 1 March 2027 to 1 March 2028 is 366 days; 100 are gone on 9 June: 36,600 x 266/366 = 26,600 back.
        # The month from 1 June to 1 July: 22 of 30 days of 5000 are 3666.67.
        subscription = begin("2027-03-01", shop.price(36_600, interval="year"), after=100 * DAY)

        changed = switch(subscription, shop.price(5000))

        assert period(changed) == (at("2027-06-01"), at("2027-07-01"))
        assert len(shop.invoices(subscription)) == 1
        shop.move_to(at("2027-07-01"))
        assert newest(shop, subscription) == ([-26_600, 3667, 5000], -17_933)

    def test_gives_nothing_back_twice(self, shop, begin, switch):
        subscription = begin("2027-04-01", shop.price(3000), after=10 * DAY)
        switch(subscription, shop.price(36_600, interval="year"), proration_behavior="always_invoice")
        shop.advance(days=5)

        switch(subscription, shop.price(6000), proration_behavior="always_invoice")

        # 351 of 366 days of the year were left and billed after 10 days, 36,600 x 356/366 = 35,600; back: 35,100.
        # The month from 1 April: 15 of 30 days of 6000.
        assert newest(shop, subscription) == ([-35_100, 3000], -32_100)


class TestFromFreeToPaid:
    def test_bills_at_once_in_classic_mode(self, shop, create, switch):
        subscription = create(shop.price(0), billing_mode=CLASSIC)
        shop.advance(days=14)

        changed = switch(subscription, shop.price(2800))

        assert (changed.billing_cycle_anchor, newest(shop, subscription)) == (NOW + 14 * DAY, ([2800], 2800))

    def test_prorates_for_the_next_invoice_in_flexible_mode(self, shop, create, switch):
        subscription = create(shop.price(0))
        shop.advance(days=14)

        changed = switch(subscription, shop.price(2800))

        assert (changed.billing_cycle_anchor, len(shop.invoices(subscription))) == (NOW, 1)
        shop.move_to(NEXT_MONTH)
        assert newest(shop, subscription) == ([1400, 2800], 4200)

    @BOTH
    def test_begins_a_period_on_request(self, shop, create, switch, mode):
        subscription = create(shop.price(0), billing_mode=mode)
        shop.advance(days=14)

        changed = switch(subscription, shop.price(2800), billing_cycle_anchor=ANCHOR_NOW)

        assert (changed.billing_cycle_anchor, newest(shop, subscription)) == (NOW + 14 * DAY, ([2800], 2800))


class TestTrials:
    @BOTH
    def test_keep_their_end_when_the_interval_changes(self, shop, create, switch, mode):
        subscription = create(shop.price(2800), trial_period_days=10, billing_mode=mode)

        changed = switch(subscription, shop.price(24_000, interval="year"), billing_cycle_anchor={"type": "unchanged"})

        assert (changed.status, period(changed)) == ("trialing", (NOW, NOW + 10 * DAY))
        shop.advance(days=10)
        assert newest(shop, subscription) == ([24_000], 24_000)
        assert period(shop.subscription(subscription.id)) == (NOW + 10 * DAY, at("2028-02-10 10:30"))

    @BOTH
    def test_end_now_and_bill_the_new_price(self, shop, create, switch, mode):
        subscription = create(shop.price(2800), trial_period_days=10, billing_mode=mode)
        shop.advance(days=3)

        yearly = shop.price(24_000, interval="year")
        changed = switch(subscription, yearly, trial_end="now", billing_cycle_anchor=ANCHOR_NOW)

        assert (changed.status, changed.billing_cycle_anchor) == ("active", NOW + 3 * DAY)
        assert newest(shop, subscription) == ([24_000], 24_000)

    def test_are_not_outrun_by_the_billing_date(self, shop, create):
        subscription = create(trial_period_days=10)

        error = error_of(shop.api.subscriptions.update, subscription.id, {"billing_cycle_anchor": ANCHOR_NOW})

        assert (error.http_status, error.code) == (400, "subscription_update_trial_after_billing_cycle_anchor")

    @pytest.mark.parametrize(("mode", "start"), [(CLASSIC, NOW), (FLEXIBLE, NOW + 20 * DAY)])
    def test_that_follow_another_have_their_start_in_flexible_mode_only(self, shop, create, mode, start):
        subscription = create(trial_period_days=10, billing_mode=mode)
        shop.advance(days=20)

        changed = shop.api.subscriptions.update(subscription.id, {"trial_end": NOW + 40 * DAY})

        assert (changed.trial_start, changed.trial_end) == (start, NOW + 40 * DAY)

    @pytest.mark.parametrize(("mode", "end"), [(CLASSIC, NOW + 4 * DAY), (FLEXIBLE, NOW + 10 * DAY)])
    def test_end_with_the_subscription_in_classic_mode_only(self, shop, create, mode, end):
        subscription = create(trial_period_days=10, billing_mode=mode)

        changed = shop.api.subscriptions.update(subscription.id, {"cancel_at": NOW + 4 * DAY})

        assert (changed.cancel_at, changed.trial_end) == (NOW + 4 * DAY, end)
        shop.advance(days=5)
        assert shop.subscription(subscription.id).status == "canceled"


class TestMode:
    def test_is_flexible_unless_asked(self, shop, create):
        assert create().billing_mode.to_dict() == {
            "flexible": {"proration_discounts": "included"},
            "type": "flexible",
            "updated_at": NOW,
        }

    def test_can_be_classic_in_a_checkout(self, shop):
        bought = shop.subscribed(subscription_data={"billing_mode": CLASSIC})

        assert (bought.billing_mode.type, bought.billing_mode.flexible) == ("classic", None)

    def test_is_migrated_to_flexible_and_the_next_change_follows_it(self, shop, create, switch):
        subscription = create(shop.price(2800), billing_mode=CLASSIC)
        shop.forget_events()
        shop.advance(days=14)

        migrated = shop.api.subscriptions.migrate(subscription.id, {"billing_mode": FLEXIBLE})

        assert (migrated.billing_mode.type, migrated.billing_mode.updated_at) == ("flexible", NOW + 14 * DAY)
        (event,) = shop.new_events()
        assert (event["type"], list(event["data"]["previous_attributes"])) == (
            "customer.subscription.updated",
            ["billing_mode"],
        )
        changed = switch(subscription, shop.price(24_000, interval="year"))
        assert changed.billing_cycle_anchor == NOW

    def test_can_not_be_migrated_twice_nor_after_the_end(self, shop, create):
        flexible, ended = create(), create(shop.price(), billing_mode=CLASSIC)
        shop.api.subscriptions.cancel(ended.id)

        for subscription in (flexible, ended):
            error = error_of(shop.api.subscriptions.migrate, subscription.id, {"billing_mode": FLEXIBLE})
            assert error.http_status == 400


class TestMixedIntervals:
    def test_have_a_period_for_each_item(self, shop, create):
        subscription = create(shop.price(1000), shop.price(12_000, interval="year"))

        ends = [item.current_period_end for item in subscription["items"].data]
        assert ends == [NEXT_MONTH, NEXT_YEAR]
        assert newest(shop, subscription) == ([1000, 12_000], 13_000)

    def test_renew_each_item_when_its_period_ends(self, shop, create):
        subscription = create(shop.price(1000), shop.price(12_000, interval="year"))

        shop.move_to(NEXT_YEAR)

        totals = [invoice.total for invoice in shop.invoices(subscription)]
        assert totals == [13_000, *[1000] * 11, 13_000]

    def test_are_refused_in_classic_mode(self, shop, create):
        subscription = create(billing_mode=CLASSIC)
        yearly = shop.price(interval="year")

        for error in (
            error_of(create, shop.price(), yearly, billing_mode=CLASSIC),
            error_of(shop.api.subscriptions.update, subscription.id, {"items": [{"price": yearly}]}),
        ):
            assert (error.http_status, error.param) == (400, "items")
            assert "must have the same `recurring.interval`" in error.user_message

    @pytest.mark.parametrize(
        ("first", "second", "fits"),
        [
            (("month", 1), ("month", 3), True),
            (("month", 12), ("year", 1), True),
            (("week", 1), ("day", 7), True),
            (("week", 2), ("week", 4), True),
            (("day", 1), ("month", 3), True),
            (("month", 2), ("month", 3), False),
            (("week", 1), ("month", 1), False),
            (("day", 2), ("week", 1), False),
            (("month", 5), ("year", 1), False),
        ],
    )
    def test_are_multiples_of_the_shortest(self, shop, create, first, second, fits):
        prices = [
            shop.price(recurring={"interval": interval, "interval_count": count})
            for interval, count in (first, second)
        ]
        if fits:
            assert len(create(*prices)["items"].data) == 2
        else:
            assert "multiple of the shortest" in error_of(create, *prices).user_message

    def test_end_with_the_earliest_period(self, shop, create):
        # The year is credited from 28 February on: 12,000 x 337/365 = 11,079.45.
        subscription = create(shop.price(1000), shop.price(12_000, interval="year"))

        changed = shop.api.subscriptions.update(subscription.id, {"cancel_at_period_end": True})

        assert (changed.cancel_at, changed.cancel_at_period_end) == (NEXT_MONTH, True)
        shop.move_to(NEXT_MONTH)
        assert shop.subscription(subscription.id).status == "canceled"
        assert newest(shop, subscription) == ([-11_079], -11_079)
