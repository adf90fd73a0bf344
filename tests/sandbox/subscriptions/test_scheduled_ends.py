"""`cancel_at`: what it credits and charges, when it is set, moved, removed or reached."""

import pytest

from tests.sandbox.invoices.figures import BOTH, CLASSIC, DAY, FLEXIBLE, newest
from tests.sandbox.shop import NOW, at

MAY, JUNE, JULY = at("2027-05-01"), at("2027-06-01"), at("2027-07-01")


@pytest.fixture
def end(shop):
    """Set the end of a subscription."""

    def at_moment(subscription, cancel_at, **choices):
        return shop.api.subscriptions.update(subscription.id, {"cancel_at": cancel_at, **choices})

    return at_moment


def period_end(subscription):
    return subscription["items"].data[0].current_period_end


class TestInsideThePeriod:
    @BOTH
    def test_credits_the_time_after_it_on_the_last_invoice(self, shop, begin, end, mode):
        # April costs 3000; it ends on the 21st, 10 of 30 days earlier: 1000 back.
        subscription = begin("2027-04-01", shop.price(3000), after=10 * DAY, mode=mode)

        changed = end(subscription, at("2027-04-21"))

        assert (changed.cancel_at, changed.cancel_at_period_end) == (at("2027-04-21"), False)
        assert period_end(changed) == at("2027-04-21")
        assert len(shop.invoices(subscription)) == 1
        shop.move_to(MAY)
        ended = shop.subscription(subscription.id)
        assert (ended.status, ended.ended_at, newest(shop, ended)[1]) == ("canceled", at("2027-04-21"), -1000)

    @pytest.mark.parametrize(("mode", "anchor"), [(CLASSIC, at("2027-04-11")), (FLEXIBLE, at("2027-04-01"))])
    def test_moves_the_billing_date_in_classic_mode_only(self, shop, begin, end, mode, anchor):
        subscription = begin("2027-04-01", shop.price(3000), after=10 * DAY, mode=mode)

        assert end(subscription, at("2027-04-21")).billing_cycle_anchor == anchor

    def test_credits_nothing_without_prorations(self, shop, begin, end):
        subscription = begin("2027-04-01", shop.price(3000), after=10 * DAY)

        end(subscription, at("2027-04-21"), proration_behavior="none")

        shop.move_to(MAY)
        assert [invoice.total for invoice in shop.invoices(subscription)] == [3000]

    def test_credits_at_once_when_asked(self, shop, begin, end):
        subscription = begin("2027-04-01", shop.price(3000), after=10 * DAY)

        end(subscription, at("2027-04-21"), proration_behavior="always_invoice")

        assert newest(shop, subscription) == ([-1000], -1000)

    @pytest.mark.parametrize("undo", [{"cancel_at": ""}, {"cancel_at_period_end": False}, {"cancel_at": JULY}])
    def test_charges_the_time_again_when_it_is_removed(self, shop, begin, end, undo):
        subscription = begin("2027-04-01", shop.price(3000), after=10 * DAY)
        end(subscription, at("2027-04-21"))

        changed = shop.api.subscriptions.update(subscription.id, undo)

        assert period_end(changed) == MAY
        shop.move_to(MAY)
        assert newest(shop, subscription) == ([-1000, 1000, 3000], 3000)

    def test_takes_part_in_a_later_change(self, shop, begin, end):
        # Day 10 to day 20 are left of 3000: 1000 back, 2000 of 6000 on top.
        subscription = begin("2027-04-01", shop.price(3000), after=10 * DAY)
        end(subscription, at("2027-04-21"))
        item = subscription["items"].data[0].id

        shop.api.subscriptions.update(subscription.id, {"items": [{"id": item, "price": shop.price(6000)}]})

        shop.move_to(MAY)
        assert newest(shop, subscription) == ([-1000, -1000, 2000], 0)

    def test_is_previewed(self, shop, begin, end, preview):
        subscription = begin("2027-04-01", shop.price(3000), after=10 * DAY)

        shown = preview(subscription, cancel_at=at("2027-04-21"))
        end(subscription, at("2027-04-21"))
        shop.move_to(MAY)

        assert ([line.amount for line in shown.lines.data], shown.total) == newest(shop, subscription)
        assert shown.created == at("2027-04-21")


class TestAfterThePeriod:
    @BOTH
    def test_bills_only_a_part_of_the_last_one(self, shop, begin, end, mode):
        # 1 to 11 May are 10 of 31 days: 3100 x 10/31 = 1000.
        subscription = begin("2027-04-01", shop.price(3100), after=0, mode=mode)

        changed = end(subscription, at("2027-05-11"))

        assert (period_end(changed), changed.billing_cycle_anchor) == (MAY, at("2027-04-01"))
        shop.move_to(MAY)
        assert newest(shop, subscription) == ([1000], 1000)
        assert period_end(shop.subscription(subscription.id)) == at("2027-05-11")
        shop.move_to(JUNE)
        assert shop.subscription(subscription.id).status == "canceled"
        assert len(shop.invoices(subscription)) == 2


class TestOfANewSubscription:
    @pytest.mark.parametrize(
        ("mode", "behavior", "amount"),
        [
            (FLEXIBLE, "create_prorations", 1000),
            (FLEXIBLE, "none", 2800),
            (CLASSIC, "create_prorations", 1000),
            (CLASSIC, "none", 1000),
        ],
    )
    def test_shortens_the_first_period(self, shop, create, mode, behavior, amount):
        # 10 of 28 days.
        subscription = create(
            shop.price(2800), cancel_at=NOW + 10 * DAY, billing_mode=mode, proration_behavior=behavior
        )

        assert (subscription.cancel_at, period_end(subscription)) == (NOW + 10 * DAY, NOW + 10 * DAY)
        assert newest(shop, subscription) == ([amount], amount)


class TestCancel:
    def test_removes_the_end(self, shop, create):
        subscription = create(cancel_at_period_end=True)

        ended = shop.api.subscriptions.cancel(subscription.id)

        assert (ended.cancel_at, ended.cancel_at_period_end, ended.canceled_at) == (None, False, NOW)

    def test_at_the_period_end_follows_another_interval(self, shop, create):
        subscription = create(shop.price(2800), cancel_at_period_end=True)
        item, yearly = subscription["items"].data[0].id, shop.price(24_000, interval="year")

        changed = shop.api.subscriptions.update(subscription.id, {"items": [{"id": item, "price": yearly}]})

        assert (changed.cancel_at, changed.cancel_at_period_end) == (at("2028-01-31 10:30"), True)

    def test_at_a_named_date_stays_where_it_was(self, shop, create):
        subscription = create(shop.price(2800), cancel_at="max_period_end")
        item, yearly = subscription["items"].data[0].id, shop.price(24_000, interval="year")

        changed = shop.api.subscriptions.update(subscription.id, {"items": [{"id": item, "price": yearly}]})

        assert (changed.cancel_at, period_end(changed)) == (at("2027-02-28 10:30"), at("2027-02-28 10:30"))
