"""What a subscription costs after its discounts: as the next invoice bills it, and never a figure that is not true."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from billing.models import Coupon, Price
from subscriptions.models import CheckoutSession, Customer, Subscription
from subscriptions.plans import amount_words, amounts
from tests.fixtures import LocalStripe, deliver
from tests.subscriptions import reading
from tests.subscriptions.conftest import settle
from tests.subscriptions.rows import JUNE, LONG_AGO, MAY, item_of, subscribe

pytestmark = pytest.mark.django_db

HALF = {"percent_off": 50, "amounts_off": {}, "duration": "forever", "products": None}
FIVE = {"percent_off": None, "amounts_off": {"usd": 500}, "duration": "forever", "products": None}


def discounted(customer: Customer, price: Price, *coupons: dict[str, Any], **columns: Any) -> Subscription:
    """A subscription with a discount of each coupon, which ends at `ends` and is of `item` if the coupon has these."""
    discounts = []
    for number, coupon in enumerate(coupons):
        terms = {name: value for name, value in coupon.items() if name not in {"ends", "item"}}
        Coupon.objects.create(pk=f"coupon_{number}", terms=terms)
        ends = coupon["ends"].isoformat() if "ends" in coupon else None
        discounts.append({"id": f"di_{number}", "coupon": f"coupon_{number}", "end": ends, "item": coupon.get("item")})
    ids = [discount["id"] for discount in discounts]
    return subscribe(customer, price, discounts=discounts, discount_ids=ids, **columns)


class TestWords:
    @pytest.mark.parametrize(
        ("coupons", "words", "amount"),
        [
            ([], "$19.00 per month", 1900),
            ([HALF], "$9.50 per month, 50% off", 950),
            ([FIVE], "$14.00 per month, $5.00 off", 1400),
            ([{**HALF, "ends": MAY}], "$9.50 per month, 50% off until 3 May 2099; $19.00 after", 950),
            ([{**HALF, "ends": LONG_AGO}], "$19.00 per month", 1900),
            ([{**HALF, "duration": "once"}], "$9.50 per month, 50% off the next payment; $19.00 after", 950),
            ([HALF, FIVE], "$4.50 per month, 50% off and $5.00 off", 450),
            ([FIVE, HALF], "$7.00 per month, $5.00 off and 50% off", 700),
            (
                [HALF, {**FIVE, "ends": JUNE}],
                "$4.50 per month, 50% off and $5.00 off until 3 June 2099; $9.50 after",
                450,
            ),
            ([{**FIVE, "amounts_off": {"usd": 5000}}], "$0.00 per month, $50.00 off", 0),
            ([{**HALF, "products": ["prod_other"]}], "$19.00 per month, 50% off a part of it", 1900),
            ([{**FIVE, "amounts_off": {"eur": 500}}], "$19.00 per month, before your discount", None),
            ([{}], "$19.00 per month, before your discount", None),
        ],
    )
    def test_tell_the_discounts(
        self, customer: Customer, price: Price, coupons: list[dict[str, Any]], words: str, amount: int | None
    ) -> None:
        subscription = discounted(customer, price, *coupons)
        assert amount_words.of(subscription) == words
        assert amounts.of(subscription).total == amount

    @pytest.mark.parametrize(
        ("item", "words", "amount"),
        [
            ({"quantity": 5, "unit_amount": 2900}, "$145.00 per month, 5 \N{MULTIPLICATION SIGN} $29.00", 14500),
            ({"interval_count": 3}, "$19.00 every 3 months", 1900),
            ({"unit_amount": None, "unit_amount_decimal": "0.5", "quantity": 101}, "$0.51 per month", 51),
            ({"quantity": 11, "package": {"divide_by": 5, "round": "up"}}, "$57.00 per month", 5700),
            ({"quantity": 11, "package": {"divide_by": 5, "round": "down"}}, "$38.00 per month", 3800),
            ({"is_metered": True}, "what your use costs", None),
            ({"is_tiered": True, "unit_amount": None}, "the amount on your invoice", None),
            ({"currency": "eur"}, "the amount on your invoice", None),
        ],
    )
    def test_tell_what_the_item_costs(
        self, customer: Customer, price: Price, item: dict[str, Any], words: str, amount: int | None
    ) -> None:
        quantity = item.get("quantity", 1)
        subscription = subscribe(customer, price, items=[item_of(price, **item)], quantity=quantity)
        assert (amount_words.of(subscription), amounts.of(subscription).total) == (words, amount)

    @pytest.mark.parametrize(
        ("second", "coupons", "words", "amount"),
        [
            ({}, [], "$24.00 per month", 2400),
            ({}, [HALF], "$12.00 per month, 50% off", 1200),
            ({}, [{**HALF, "item": "si_2"}], "$21.50 per month, 50% off a part of it", 2150),
            ({"interval": "year"}, [], "$19.00 per month and $5.00 per year", None),
            ({"interval": "year"}, [HALF], "$9.50 per month and $2.50 per year, 50% off", None),
            (
                {"interval": "year"},
                [FIVE],
                "$19.00 per month and $5.00 per year, before your discount ($5.00 off)",
                None,
            ),
            ({"is_metered": True}, [], "$19.00 per month plus what you use", None),
            ({"is_metered": True}, [HALF], "$19.00 per month plus what you use, before your discount (50% off)", None),
        ],
    )
    def test_tell_the_sum_of_several_items(  # noqa: PLR0917  (parameters)
        self, customer: Customer, price: Price, second: Any, coupons: Any, words: str, amount: int | None
    ) -> None:  # fmt: skip
        items = [item_of(price), item_of(price, "si_2", **{"unit_amount": 500, **second})]
        subscription = discounted(customer, price, *coupons, items=items)
        assert (amount_words.of(subscription), amounts.of(subscription).total) == (words, amount)

    def test_of_a_trial_count_from_its_end(self, customer: Customer, price: Price) -> None:
        trial = {"status": "trialing", "trial_end_at": MAY}
        ended = {**HALF, "ends": MAY - timedelta(days=1)}
        assert amount_words.of(discounted(customer, price, ended, **trial)) == "$19.00 per month"

    @pytest.mark.parametrize(
        ("item", "words"),
        [
            ({"is_metered": True}, "You pay what your use costs, with your discount (50% off)"),
            (
                {"is_tiered": True, "unit_amount": None},
                "You pay the amount on your invoice, with your discount (50% off)",
            ),
        ],
    )
    def test_without_a_figure_make_a_sentence_of_the_page(
        self, customer_client: Client, customer: Customer, price: Price, item: dict[str, Any], words: str
    ) -> None:
        subscription = discounted(customer, price, HALF, items=[item_of(price, **item)])
        assert words in reading.words(reading.shown(customer_client, "/account/"))
        Subscription.objects.filter(pk=subscription.pk).update(status="trialing", trial_end_at=MAY)
        then = words.replace("You pay", "Free until 3 May 2099, then")
        assert f"{then}." in reading.words(reading.shown(customer_client, "/account/"))

    def test_tell_the_customers_own_discount(self, customer: Customer, price: Price) -> None:
        Coupon.objects.create(pk="half", terms=HALF)
        customer.discount = {"id": "di_c", "coupon": "half", "end": None}
        subscription = subscribe(customer, price)
        assert amount_words.of(subscription) == "$9.50 per month, 50% off"
        # The subscription's own take its place.
        own = discounted(customer, price, FIVE, pk="sub_2")
        assert amount_words.of(own) == "$14.00 per month, $5.00 off"


class TestMirror:
    @pytest.fixture
    def coupon(self, local_stripe: LocalStripe) -> str:
        terms = {"percent_off": 50, "duration": "repeating", "duration_in_months": 3}
        return local_stripe.api.coupons.create(terms).id  # type: ignore[arg-type]

    def test_of_a_subscription_without_discounts_costs_no_call(
        self, client: Client, paid_session: CheckoutSession, local_stripe: LocalStripe
    ) -> None:
        (created,) = local_stripe.events("customer.subscription.created")
        assert deliver(client, created).status_code == 200
        assert (Subscription.objects.get().discount_ids, local_stripe.calls) == ([], [])

    def test_fetches_a_discount_and_its_coupon_once(
        self, client: Client, new_subscription: Subscription, coupon: str, local_stripe: LocalStripe
    ) -> None:
        local_stripe.control("clock", advance=60)
        local_stripe.api.subscriptions.update(new_subscription.pk, {"discounts": [{"coupon": coupon}]})
        event = local_stripe.events("customer.subscription.updated")[-1]
        local_stripe.forget_calls()
        assert deliver(client, event).status_code == 200
        assert local_stripe.calls == [
            f"GET /v1/subscriptions/{new_subscription.pk}",
            f"GET /v1/coupons/{coupon}",
        ]
        subscription = Subscription.objects.get()
        assert amount_words.of(subscription).startswith("$9.50 per month, 50% off until ")
        local_stripe.forget_calls()
        local_stripe.control("clock", advance=60)
        local_stripe.api.subscriptions.update(new_subscription.pk, {"metadata": {"a": "b"}})
        assert deliver(client, local_stripe.events("customer.subscription.updated")[-1]).status_code == 200
        assert local_stripe.calls == []

    def test_shows_what_the_next_invoice_bills(
        self, client: Client, person: Any, new_subscription: Subscription, coupon: str, local_stripe: LocalStripe
    ) -> None:
        local_stripe.api.subscriptions.update(new_subscription.pk, {"discounts": [{"coupon": coupon}]})
        local_stripe.control("clock", advance=60)
        settle()
        subscription = Subscription.objects.get()
        preview = local_stripe.api.invoices.create_preview({"subscription": subscription.pk})
        assert amounts.of(subscription).total == preview.total == 950
        client.force_login(person)
        said = "$9.50 per month, 50% off until "
        for page in ("/account/", f"/subscriptions/{subscription.pk}/cancel/", "/"):
            assert said in reading.words(client.get(page).content.decode())
        held = client.get("/api/me").json()["subscriptions"][0]
        assert (held["unit_amount"], held["amount"]) == (1900, 950)
        assert held["discount"].startswith("50% off until ")
        local_stripe.api.subscriptions.update(subscription.pk, {"discounts": ""})
        local_stripe.control("clock", advance=60)
        settle()
        assert amount_words.of(Subscription.objects.get()) == "$19.00 per month"

    def test_of_a_deleted_coupon_gives_no_figure(
        self, new_subscription: Subscription, coupon: str, local_stripe: LocalStripe
    ) -> None:
        local_stripe.api.subscriptions.update(new_subscription.pk, {"discounts": [{"coupon": coupon}]})
        local_stripe.api.coupons.delete(coupon)
        local_stripe.control("clock", advance=60)
        settle()
        assert amount_words.of(Subscription.objects.get()) == "$19.00 per month, before your discount"


class TestTax:
    """Stripe computes it, so the words say that it comes on top; the bill of a change says how much it is."""

    @pytest.mark.parametrize(
        ("coupons", "words"),
        [
            ([], "$19.00 per month plus tax"),
            ([HALF], "$9.50 per month plus tax, 50% off"),
            ([{**HALF, "ends": MAY}], "$9.50 per month plus tax, 50% off until 3 May 2099; $19.00 plus tax after"),
        ],
    )
    def test_is_said(self, customer: Customer, price: Price, coupons: list[dict[str, Any]], words: str) -> None:
        assert amount_words.of(discounted(customer, price, *coupons, is_taxed=True)) == words

    @pytest.mark.parametrize("path", ["/account/", "/", "/subscriptions/sub_1/cancel/"])
    def test_is_said_on_pages(self, customer_client: Client, customer: Customer, price: Price, path: str) -> None:
        subscribe(customer, price, is_taxed=True)
        assert "You pay $19.00 per month plus tax" in reading.words(customer_client.get(path).content.decode())

    @pytest.mark.parametrize(
        ("taxes", "behavior", "is_taxed"),
        [
            ({}, "exclusive", False),
            ({"automatic_tax": {"enabled": True}}, "exclusive", True),
            ({"automatic_tax": {"enabled": True}}, "unspecified", True),
            ({"automatic_tax": {"enabled": True}}, "inclusive", False),
            ({"default_tax_rates": [{"id": "txr_1", "inclusive": False}]}, "exclusive", True),
            ({"default_tax_rates": [{"id": "txr_1", "inclusive": True}]}, "exclusive", False),
        ],
    )
    def test_is_known_from_stripe(
        self,
        client: Client,
        new_subscription: Subscription,
        local_stripe: LocalStripe,
        *,
        taxes: dict[str, Any],
        behavior: str,
        is_taxed: bool,
    ) -> None:
        local_stripe.control("clock", advance=10)
        local_stripe.api.subscriptions.update(new_subscription.pk, {"metadata": {"a": "b"}})
        event = local_stripe.events("customer.subscription.updated")[-1]
        event["data"]["object"] |= taxes
        event["data"]["object"]["items"]["data"][0]["price"]["tax_behavior"] = behavior
        assert deliver(client, event).status_code == 200
        assert Subscription.objects.get().is_taxed is is_taxed
