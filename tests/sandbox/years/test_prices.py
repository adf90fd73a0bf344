"""Prices of every kind are billed for a year."""

import pytest

from tests.sandbox.shop import at
from tests.sandbox.years.bills import DAYS, bills, monthly, walk

TIERS = [{"up_to": 5, "unit_amount": 1000}, {"up_to": "inf", "unit_amount": 800, "flat_amount": 50}]
TIERED = {"billing_scheme": "tiered", "unit_amount": None, "tiers": TIERS}
RENEWAL = {
    "customer.subscription.updated": 13,  # It becomes active, and renews twelve times.
    "invoice.created": 13,
    "invoice.finalized": 13,
    "invoice.paid": 13,
    "invoice.payment_succeeded": 13,
    "invoice.upcoming": 12,
    "invoice.updated": 13,
    "invoice_payment.paid": 13,
}


def priced(shop, **terms):
    """Return a new monthly price; a term that is None is left out."""
    recurring = {"interval": "month", **terms.pop("recurring", {})}
    given = {"product": shop.api.products.create({"name": "Pro"}).id, "currency": "usd", "unit_amount": 1900}
    terms = {name: value for name, value in {**given, "recurring": recurring, **terms}.items() if value is not None}
    return shop.api.prices.create(terms).id


class TestLicensed:
    @pytest.mark.parametrize(
        ("terms", "quantity", "total"),
        [
            ({}, 1, 1900),
            ({**TIERED, "tiers_mode": "graduated"}, 7, 5 * 1000 + 2 * 800 + 50),
            ({**TIERED, "tiers_mode": "volume"}, 7, 7 * 800 + 50),
            ({"unit_amount": 1000, "transform_quantity": {"divide_by": 5, "round": "up"}}, 7, 2000),
            ({"unit_amount": 1000, "transform_quantity": {"divide_by": 5, "round": "down"}}, 7, 1000),
            ({"unit_amount": None, "unit_amount_decimal": "12.5"}, 3, 38),
            ({"unit_amount": None, "unit_amount_decimal": "0.01"}, 60, 1),
        ],
        ids=["each", "graduated", "volume", "packages", "full packages", "half cents", "hundredths"],
    )
    def test_prices_cost_the_same_every_month(self, shop, customer, counted, *, terms, quantity, total):
        item = {"price": priced(shop, **terms), "quantity": quantity}
        subscription = shop.api.subscriptions.create({"customer": customer, "items": [item]})
        walk(shop)

        assert bills(shop, subscription) == monthly(total)
        assert (shop.subscription(subscription.id).status, len(DAYS)) == ("active", 13)
        if total >= 50:  # Less than the least charge goes to the balance.
            assert counted("invoice", "customer.subscription.updated") == RENEWAL

    def test_price_in_another_of_its_currencies(self, shop, customer):
        price = priced(shop, currency_options={"eur": {"unit_amount": 1700}})
        given = {"customer": customer, "items": [{"price": price}], "currency": "eur"}
        subscription = shop.api.subscriptions.create(given)
        walk(shop)

        assert bills(shop, subscription) == monthly(1700)
        assert {invoice.currency for invoice in shop.invoices(subscription)} == {"eur"}
        charges = shop.api.charges.list({"customer": customer, "limit": 100}).data
        assert {(charge.amount, charge.currency) for charge in charges} == {(1700, "eur")}

    def test_price_of_a_currency_without_decimals(self, shop, customer):
        item = {"price": priced(shop, currency="jpy", unit_amount=500), "quantity": 2}
        subscription = shop.api.subscriptions.create({"customer": customer, "items": [item]})
        walk(shop)

        assert bills(shop, subscription) == monthly(1000)


class TestMetered:
    @pytest.mark.parametrize(
        ("terms", "totals"),
        [
            ({"unit_amount_decimal": "0.5"}, [0, 50, 100]),
            (
                {
                    "billing_scheme": "tiered",
                    "tiers_mode": "graduated",
                    "tiers": [{"up_to": 100, "unit_amount": 2}, {"up_to": "inf", "unit_amount": 1}],
                },
                [0, 200, 300],
            ),
            (
                {
                    "billing_scheme": "tiered",
                    "tiers_mode": "volume",
                    "tiers": [{"up_to": 100, "unit_amount": 2}, {"up_to": "inf", "unit_amount": 1}],
                },
                [0, 200, 200],
            ),
            ({"unit_amount": 90, "transform_quantity": {"divide_by": 60, "round": "up"}}, [0, 180, 360]),
        ],
        ids=["each", "graduated", "volume", "packages"],
    )
    def test_prices_cost_what_was_used(self, shop, create, metered, counted, *, terms, totals):
        subscription = create(metered(**terms))
        customer = shop.api.subscriptions.retrieve(subscription.id).customer
        for month, day in enumerate(DAYS[1:]):
            payload = {"stripe_customer_id": customer, "value": str(100 * (month % 3))}
            shop.api.billing.meter_events.create({"event_name": "calls", "payload": payload})
            shop.move_to(at(f"{day} 10:30"))

        assert [invoice.total for invoice in shop.invoices(subscription)] == totals * 4
        assert {invoice.status for invoice in shop.invoices(subscription)} == {"paid"}
        assert counted("invoice.paid", "invoice.created") == {"invoice.paid": 12, "invoice.created": 12}


class TestMixedIntervals:
    def test_are_billed_each_at_their_own(self, shop, create):
        yearly = shop.price(5000, interval="year")
        quarterly = shop.price(700, recurring={"interval": "month", "interval_count": 3})
        subscription = create(shop.price(100), quarterly, yearly)
        walk(shop)

        totals = [5800, 100, 100, 800, 100, 100, 800, 100, 100, 800, 100, 100, 5800]
        assert bills(shop, subscription) == monthly(*totals)

    def test_end_with_the_earliest(self, shop, create):
        subscription = create(shop.price(100), shop.price(5000, interval="year"), cancel_at_period_end=True)
        walk(shop)

        ended = shop.subscription(subscription.id)
        assert (ended.status, ended.ended_at) == ("canceled", at("2027-02-28 10:30"))
        part = 384  # 28 of 365 days.
        assert bills(shop, subscription) == [f"2027-01-31 {100 + part} paid"]


class TestChosenAmount:
    def test_is_paid_once(self, shop, counted):
        chosen = {"enabled": True, "minimum": 500, "preset": 1000}
        product = shop.api.products.create({"name": "Gift"}).id
        price = shop.api.prices.create({"product": product, "currency": "usd", "custom_unit_amount": chosen}).id
        session = shop.session(price, mode="payment")
        line = shop.api.checkout.sessions.line_items.list(session.id).data[0].id
        paid = shop.pay(session, amounts={line: 2300})
        walk(shop)

        assert (paid.payment_status, paid.amount_total) == ("paid", 2300)
        assert [charge.amount for charge in shop.api.charges.list().data] == [2300]
        assert counted("charge", "checkout", "payment_intent.succeeded") == {
            "charge.succeeded": 1,
            "checkout.session.completed": 1,
            "payment_intent.succeeded": 1,
        }
