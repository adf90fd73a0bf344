"""What each kind of price costs: the lines of the first invoice, and the totals of a year of renewals."""

from decimal import Decimal

import pytest

TIMES = "\N{MULTIPLICATION SIGN}"
GRADUATED = [
    {"up_to": 5, "unit_amount": 1000},
    {"up_to": 10, "unit_amount": 700, "flat_amount": 500},
    {"up_to": "inf", "unit_amount_decimal": "650.25"},
]
VOLUME = [{"up_to": 10, "unit_amount": 1000, "flat_amount": 300}, {"up_to": "inf", "unit_amount": 800}]


def tiered(mode, tiers, **choices):
    return {"billing_scheme": "tiered", "tiers_mode": mode, "tiers": tiers, **choices}


def lines_of(invoice):
    return [(line.description, line.quantity, line.amount) for line in invoice.lines]


@pytest.fixture
def sold(shop, customer):
    """Subscribe to a quantity of a new monthly price of `Seats`; the units have a label."""

    def make(quantity, **terms):
        product = shop.api.products.create({"name": "Seats", "unit_label": "seat"}).id
        given = {"product": product, "currency": "usd", "recurring": {"interval": "month"}, **terms}
        price = shop.api.prices.create(given).id
        items = [{"price": price, "quantity": quantity}]
        return shop.api.subscriptions.create({"customer": customer, "items": items})

    return make


@pytest.fixture
def year_of(shop):
    """Move the clock a year ahead; return the totals of the subscription's invoices, oldest first."""

    def walk(subscription):
        shop.advance(days=366)
        return [invoice.total for invoice in shop.invoices(subscription)]

    return walk


class TestGraduated:
    def test_has_a_line_for_each_tier_and_flat_fee(self, shop, sold):
        subscription = sold(12, **tiered("graduated", GRADUATED))

        (invoice,) = shop.invoices(subscription)
        assert lines_of(invoice) == [
            (f"5 seat {TIMES} Seats (Tier 1 at $10.00 / month)", 5, 5000),
            (f"5 seat {TIMES} Seats (Tier 2 at $7.00 / month)", 5, 3500),
            ("Seats (Tier 2 flat fee at $5.00 / month)", 1, 500),
            (f"2 seat {TIMES} Seats (Tier 3 at $6.5025 / month)", 2, 1301),
        ]
        assert [line.pricing.unit_amount_decimal for line in invoice.lines] == [
            Decimal(1000),
            Decimal(700),
            Decimal(500),
            Decimal("650.25"),
        ]
        assert (invoice.subtotal, invoice.total, invoice.status) == (10301, 10301, "paid")

    def test_renews_each_month_at_the_same_total(self, sold, year_of):
        assert year_of(sold(12, **tiered("graduated", GRADUATED))) == [10301] * 13

    def test_ends_at_the_tier_of_the_quantity(self, shop, sold):
        (invoice,) = shop.invoices(sold(5, **tiered("graduated", GRADUATED)))

        assert [line.amount for line in invoice.lines] == [5000]

    def test_bills_the_flat_fee_of_the_first_tier_without_any_unit(self, shop, sold):
        tiers = [{"up_to": 5, "flat_amount": 900, "unit_amount": 100}, {"up_to": "inf", "unit_amount": 50}]
        (invoice,) = shop.invoices(sold(0, **tiered("graduated", tiers)))

        assert [(line.quantity, line.amount) for line in invoice.lines] == [(0, 0), (1, 900)]

    def test_prorates_the_sum_of_the_tiers(self, shop, sold, preview):
        subscription = sold(5, **tiered("graduated", GRADUATED))
        item = subscription["items"].data[0]
        shop.advance(days=14)  # Half of February.

        shown = preview(subscription, items=[{"id": item.id, "quantity": 6}], proration_behavior="always_invoice")

        assert [line.amount for line in shown.lines] == [-2500, 3100]


class TestVolume:
    @pytest.mark.parametrize(
        ("quantity", "amounts", "total"), [(10, [10_000, 300], 10_300), (11, [8800], 8800), (1, [1000, 300], 1300)]
    )
    def test_bills_all_units_at_the_rate_of_one_tier(self, shop, sold, year_of, *, quantity, amounts, total):
        subscription = sold(quantity, **tiered("volume", VOLUME))

        (invoice,) = shop.invoices(subscription)
        assert [line.amount for line in invoice.lines] == amounts
        assert year_of(subscription) == [total] * 13

    def test_names_the_tier(self, shop, sold):
        (invoice,) = shop.invoices(sold(11, **tiered("volume", VOLUME)))

        assert lines_of(invoice) == [(f"11 seat {TIMES} Seats (Tier 2 at $8.00 / month)", 11, 8800)]


class TestPackages:
    @pytest.mark.parametrize(
        ("rounding", "quantity", "amount"), [("up", 25, 1500), ("down", 25, 1000), ("up", 20, 1000), ("down", 9, 0)]
    )
    def test_bills_whole_packages(self, shop, sold, year_of, *, rounding, quantity, amount):
        package = {"divide_by": 10, "round": rounding}
        subscription = sold(quantity, unit_amount=500, transform_quantity=package)

        (invoice,) = shop.invoices(subscription)
        description = f"{quantity} seat {TIMES} Seats (at $5.00 per 10 / month)"
        assert lines_of(invoice) == [(description, quantity, amount)]
        assert year_of(subscription) == [amount] * 13


class TestFractions:
    @pytest.mark.parametrize(
        ("each", "quantity", "total"),
        [("0.25", 2, 1), ("0.25", 1, 0), ("33.333333333333", 3, 100), ("1999.5", 1, 2000), ("0.000000000001", 1, 0)],
    )
    def test_are_rounded_once_at_the_end(self, sold, year_of, each, quantity, total):
        assert year_of(sold(quantity, unit_amount_decimal=each)) == [total] * 13

    def test_stay_in_the_price_of_the_line(self, shop, sold):
        (invoice,) = shop.invoices(sold(3, unit_amount_decimal="33.333333333333"))

        assert lines_of(invoice) == [(f"3 seat {TIMES} Seats (at $0.33333333333333 / month)", 3, 100)]
        assert invoice.lines.data[0].pricing.unit_amount_decimal == Decimal("33.333333333333")


def test_a_price_made_for_an_amount_shows_its_amounts_by_currency(shop, customer):
    shop.api.invoice_items.create({"customer": customer, "amount": -500, "currency": "usd"})
    (price,) = shop.api.prices.list({"active": False, "expand": ["data.currency_options"]}).data
    options = price.currency_options.to_dict()
    assert {currency: option["unit_amount"] for currency, option in options.items()} == {"usd": -500}
