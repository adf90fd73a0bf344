"""Proration amounts, computed by hand, in previews and on the invoices that follow.

Stripe prorates to the second: https://docs.stripe.com/billing/subscriptions/prorations. An amount is prorated by the
part of the period that is left and rounded to whole cents; rounding half a cent up is our choice.
"""

import pytest

from tests.sandbox.invoices.figures import (
    BOTH,
    CLASSIC,
    DAY,
    FLEXIBLE,
    HOUR,
    change,
    item_of,
    newest,
    preview,
    renew,
)
from tests.sandbox.shop import at


class TestTheDocumentedExample:
    @BOTH
    def test_bills_250_for_a_change_from_100_to_200_in_the_middle_of_may(self, shop, begin, mode):
        # Stripe's example: 100 on May 1, a switch to 200 in the middle of the month, 250 on June 1. The middle of May
        # is the 16th at noon, 15.5 of 31 days: 100 / 2 = 50 back, 200 / 2 = 100 on top, 200 for June.
        subscription = begin("2027-05-01", shop.price(100), after=31 * DAY // 2, mode=mode)
        items = [{"id": item_of(subscription), "price": shop.price(200)}]

        expected = [-50, 100, 200], 250
        assert preview(shop, subscription, items) == expected
        change(shop, subscription, items)
        assert renew(shop, subscription) == expected


class TestMonthsOfEachLength:
    @BOTH
    @pytest.mark.parametrize(
        ("gone", "prices", "expected"),
        [
            # April, 30 days = 2,592,000 s; 10 days gone, 20/30 = 2/3 left.
            # Credit 2000 x 2/3 = 1333.33, charge 5000 x 2/3 = 3333.33; 5000 - 1333 + 3333 = 7000.
            (("2027-04-01", 10 * DAY), (2000, 5000), ([-1333, 3333, 5000], 7000)),
            # March, 31 days = 2,678,400 s; 10 d 7 h 13 min 21 s = 890,001 s gone, 1,788,399 s left.
            # Credit 1900 x 1,788,399 / 2,678,400 = 1268.65, charge 4900 x ... = 3271.79; 4900 - 1269 + 3272 = 6903.
            (("2027-03-01", 890_001), (1900, 4900), ([-1269, 3272, 4900], 6903)),
            # 31 January to 28 February, 28 days = 2,419,200 s; 7 d 1 h = 608,400 s gone, 1,810,800 s left.
            # Credit 1900 x 0.748512 = 1422.17, charge 4900 x 0.748512 = 3667.71; 4900 - 1422 + 3668 = 7146.
            (("2027-01-31 10:30", 7 * DAY + HOUR), (1900, 4900), ([-1422, 3668, 4900], 7146)),
            # February 2028 is leap, 29 days; 14.5 days gone is exactly half of it.
            # Credit 1000 / 2 = 500, charge 3000 / 2 = 1500; 3000 - 500 + 1500 = 4000.
            (("2028-02-01", 29 * DAY // 2), (1000, 3000), ([-500, 1500, 3000], 4000)),
            # February 2027 is not, 28 days; of the same 14.5 days 13.5/28 = 0.482143 are left.
            # Credit 1000 x 0.482143 = 482.14, charge 3000 x 0.482143 = 1446.43; 3000 - 482 + 1446 = 3964.
            (("2027-02-01", 29 * DAY // 2), (1000, 3000), ([-482, 1446, 3000], 3964)),
            # 28 days, half of them gone: 1901 / 2 = 950.5 and 4901 / 2 = 2450.5, both rounded up.
            (("2027-02-01", 14 * DAY), (1901, 4901), ([-951, 2451, 4901], 6401)),
            # A downgrade: 5000 x 2/3 = 3333.33 back, 2000 x 2/3 = 1333.33 charged; 2000 - 3333 + 1333 = 0.
            (("2027-04-01", 10 * DAY), (5000, 2000), ([-3333, 1333, 2000], 0)),
            # The first second: everything is left. The last one: 1000 / 2,592,000 is nothing, and makes no line.
            (("2027-04-01", 0), (1000, 3000), ([-1000, 3000, 3000], 5000)),
            (("2027-04-01", 30 * DAY - 1), (1000, 3000), ([3000], 3000)),
        ],
    )
    def test_count_to_the_second(self, shop, begin, gone, prices, *, expected, mode):
        (start, after), (old, new) = gone, prices
        subscription = begin(start, shop.price(old), after=after, mode=mode)
        items = [{"id": item_of(subscription), "price": shop.price(new)}]

        assert preview(shop, subscription, items) == expected
        change(shop, subscription, items)
        assert renew(shop, subscription) == expected


class TestQuantitiesAndItems:
    @BOTH
    def test_prorate_all_seats(self, shop, customer, mode):
        # April, 20/30 left. Credit 3 x 1000 x 2/3 = 2000; charge 7 x 1000 x 2/3 = 4666.67; renewal 7 x 1000.
        # 7000 - 2000 + 4667 = 9667.
        shop.move_to(at("2027-04-01"))
        seats = [{"price": shop.price(1000), "quantity": 3}]
        given = {"customer": customer, "items": seats, "billing_mode": mode}
        subscription = shop.api.subscriptions.create(given)
        shop.advance(days=10)
        items = [{"id": item_of(subscription), "quantity": 7}]

        expected = [-2000, 4667, 7000], 9667
        assert preview(shop, subscription, items) == expected
        change(shop, subscription, items)
        assert renew(shop, subscription) == expected

    @pytest.mark.parametrize(
        ("mode", "expected"),
        [
            # April; one seat was paid, three were added without prorations, and from day 10 on there are seven.
            (CLASSIC, ([-2000, 4667, 7000], 9667)),  # Back: 3 x 1000 x 2/3.
            (FLEXIBLE, ([-667, 4667, 7000], 11_000)),  # Back: the one that was paid, 1000 x 2/3 = 666.67.
        ],
        ids=["classic", "flexible"],
    )
    def test_credit_seats_that_nobody_paid_in_classic_mode_only(self, shop, begin, mode, expected):
        subscription = begin("2027-04-01", shop.price(1000), after=0, mode=mode)
        item = item_of(subscription)
        change(shop, subscription, [{"id": item, "quantity": 3}], proration_behavior="none")
        shop.advance(days=10)
        items = [{"id": item, "quantity": 7}]

        assert preview(shop, subscription, items) == expected
        change(shop, subscription, items)
        assert renew(shop, subscription) == expected

    @BOTH
    def test_prorate_every_item_that_changes_and_no_other(self, shop, begin, mode):
        # 30 days, half left. A 1000 becomes 2000: -500, +1000. B 1600 goes: -800. C 300 comes: +150. D 700 stays.
        # Renewal: A 2000 + D 700 + C 300 = 3000; 3000 - 500 - 800 + 1000 + 150 = 2850.
        a, b, d = shop.price(1000), shop.price(1600), shop.price(700)
        subscription = begin("2027-04-01", a, b, d, after=15 * DAY, mode=mode)
        first, second, _ = (item.id for item in subscription["items"].data)
        items = [
            {"id": first, "price": shop.price(2000)},
            {"id": second, "deleted": True},
            {"price": shop.price(300)},
        ]

        expected = [-500, -800, 1000, 150, 2000, 700, 300], 2850
        assert preview(shop, subscription, items) == expected
        change(shop, subscription, items)
        assert renew(shop, subscription) == expected


class TestASecondChangeInOnePeriod:
    @pytest.mark.parametrize(
        ("mode", "credit", "total"),
        [
            # April; day 10: 1000 becomes 2000. Credit 1000 x 20/30 = 666.67, charge 2000 x 20/30 = 1333.33.
            # Day 11: 2000 becomes 3000, 19/30 left; charge 3000 x 19/30 = 1900. All four wait for the renewal.
            # Classic credits the price: 2000 x 19/30 = 1266.67; 3000 - 667 + 1333 - 1267 + 1900 = 4299.
            (CLASSIC, -1267, 4299),
            # Flexible credits what was debited for days 10 to 30: 1333 x 19/20 = 1266.35; the total is 4300.
            (FLEXIBLE, -1266, 4300),
        ],
        ids=["classic", "flexible"],
    )
    def test_credits_the_charge_that_still_waits(self, shop, begin, mode, credit, total):
        subscription = begin("2027-04-01", shop.price(1000), after=10 * DAY, mode=mode)
        item = item_of(subscription)
        change(shop, subscription, [{"id": item, "price": shop.price(2000)}])
        shop.advance(days=1)
        items = [{"id": item, "price": shop.price(3000)}]

        expected = [-667, 1333, credit, 1900, 3000], total
        assert preview(shop, subscription, items) == expected
        change(shop, subscription, items)
        assert renew(shop, subscription) == expected

    @pytest.mark.parametrize(
        ("mode", "credit", "total"),
        [
            # The same, but the first change was invoiced at once: 1333 - 667 = 666 were paid on day 10.
            (CLASSIC, -1267, 3633),  # 3000 - 1267 + 1900
            (FLEXIBLE, -1266, 3634),  # 3000 - 1266 + 1900
        ],
        ids=["classic", "flexible"],
    )
    def test_credits_the_charge_that_was_invoiced(self, shop, begin, mode, credit, total):
        subscription = begin("2027-04-01", shop.price(1000), after=10 * DAY, mode=mode)
        item = item_of(subscription)
        change(shop, subscription, [{"id": item, "price": shop.price(2000)}], proration_behavior="always_invoice")
        assert newest(shop, subscription) == ([-667, 1333], 666)
        shop.advance(days=1)
        items = [{"id": item, "price": shop.price(3000)}]

        expected = [credit, 1900, 3000], total
        assert preview(shop, subscription, items) == expected
        change(shop, subscription, items)
        assert renew(shop, subscription) == expected

    @pytest.mark.parametrize(
        ("mode", "credit", "total"),
        [
            # April; day 10: 1000 becomes 2000 without prorations. Day 20: back to 1000, 1/3 left: charge 333.33.
            # Classic credits the present price, which nobody paid: 2000 / 3 = 666.67; 1000 - 667 + 333 = 666.
            (CLASSIC, -667, 666),
            # Flexible credits the 1000 that were paid for the month: 1000 / 3 = 333.33; 1000 - 333 + 333 = 1000.
            (FLEXIBLE, -333, 1000),
        ],
        ids=["classic", "flexible"],
    )
    def test_after_one_without_prorations_tells_the_modes_apart(self, shop, begin, mode, credit, total):
        cheap, dear = shop.price(1000), shop.price(2000)
        subscription = begin("2027-04-01", cheap, after=10 * DAY, mode=mode)
        item = item_of(subscription)
        change(shop, subscription, [{"id": item, "price": dear}], proration_behavior="none")
        shop.advance(days=10)
        items = [{"id": item, "price": cheap}]

        expected = [credit, 333, 1000], total
        assert preview(shop, subscription, items) == expected
        change(shop, subscription, items)
        assert renew(shop, subscription) == expected

    def test_gives_nothing_back_twice(self, shop, begin):
        # April; on day 10 the price changes and back at the same second: 667 back, 1333 on top, then all 1333 back and
        # 1000 x 20/30 = 666.67 on top. The month costs what it cost: 1000 - 667 + 1333 - 1333 + 667 = 1000.
        cheap, dear = shop.price(1000), shop.price(2000)
        subscription = begin("2027-04-01", cheap, after=10 * DAY)
        item = item_of(subscription)

        change(shop, subscription, [{"id": item, "price": dear}])
        change(shop, subscription, [{"id": item, "price": cheap}])

        assert renew(shop, subscription) == ([-667, 1333, -1333, 667, 1000], 1000)

    def test_names_in_each_credit_what_it_gives_back(self, shop, begin):
        subscription = begin("2027-04-01", shop.price(1000), after=10 * DAY)
        item = item_of(subscription)
        first = shop.invoices(subscription)[0]

        change(shop, subscription, [{"id": item, "price": shop.price(2000)}], proration_behavior="always_invoice")

        credit, charge = shop.invoices(subscription)[-1].lines.data
        named = credit.parent.subscription_item_details.proration_details.credited_items
        assert (named.invoice, named.invoice_line_items) == (first.id, [first.lines.data[0].id])
        assert charge.parent.subscription_item_details.proration_details.credited_items is None
