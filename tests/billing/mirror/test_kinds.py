"""How products and prices at Stripe become rows here."""

from datetime import UTC, datetime
from typing import Any

import pytest

from billing.gateway.snapshots import Snapshot
from billing.mirror.engine import apply_snapshot
from billing.mirror.kinds import PRICE, PRODUCT
from billing.models import Price, Product
from tests.fixtures import LocalStripe

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
MONTHLY = {
    "interval": "month",
    "interval_count": 1,
    "usage_type": "licensed",
    "meter": None,
    "trial_period_days": None,
}


def product_from(**members: Any) -> Product:
    obj = {"id": "prod_1", "object": "product", "name": "Pro", "active": True, "created": 1_795_000_000, **members}
    row = apply_snapshot(PRODUCT, Snapshot(obj, NOON, NOON)).row
    assert row is not None
    return row


def price_from(**members: Any) -> Price:
    obj = {
        "id": "price_1",
        "object": "price",
        "product": "prod_1",
        "active": True,
        "created": 1_795_000_000,
        "currency": "usd",
        "unit_amount": 1900,
        "recurring": MONTHLY,
        "metadata": {},
        **members,
    }
    row = apply_snapshot(PRICE, Snapshot(obj, NOON, NOON)).row
    assert row is not None
    return row


class TestProduct:
    def test_keeps_what_is_shown_and_sold(self) -> None:
        row = product_from(
            description="For teams",
            marketing_features=[{"name": "Fast"}, {"name": "Ünïcøde 😀"}],
            default_price="price_1",
            metadata={"can_be_bought_again": "true", "k.e$y": "v"},
        )
        assert (row.name, row.description, row.features) == ("Pro", "For teams", ["Fast", "Ünïcøde 😀"])
        assert (row.active, row.default_price_id, row.can_be_bought_again) == (True, "price_1", True)
        assert row.metadata == {"can_be_bought_again": "true", "k.e$y": "v"}
        assert row.stripe_created_at == datetime(2026, 11, 18, 11, 6, 40, tzinfo=UTC)
        assert (row.is_deleted, row.is_on_sale, str(row)) == (False, True, "Pro")

    def test_may_say_almost_nothing(self) -> None:
        row = product_from(description=None, marketing_features=None, default_price=None, metadata=None, active=False)
        assert (row.description, row.features, row.default_price_id, row.metadata) == ("", [], "", {})
        assert (row.active, row.is_on_sale, row.can_be_bought_again) == (False, False, False)

    def test_its_default_price_may_come_inside(self) -> None:
        assert product_from(default_price={"id": "price_9", "object": "price"}).default_price_id == "price_9"

    @pytest.mark.parametrize("said", ["false", "True", "yes", "1", ""])
    def test_can_be_bought_again_only_when_it_says_exactly_so(self, said: str) -> None:
        assert not product_from(metadata={"can_be_bought_again": said}).can_be_bought_again

    def test_a_long_name_is_kept_whole(self) -> None:
        assert product_from(name="x" * 5000).name == "x" * 5000


class TestPrice:
    def test_recurs(self) -> None:
        row = price_from(recurring={**MONTHLY, "interval": "week", "interval_count": 2}, nickname="Fortnightly")
        assert (row.interval, row.interval_count, row.nickname) == ("week", 2, "Fortnightly")
        assert (row.unit_amount, row.currency, row.active, row.is_recurring) == (1900, "usd", True, True)
        assert str(row) == "$19.00 every 2 weeks"

    def test_recurs_every_month(self) -> None:
        assert str(price_from()) == "$19.00 per month"

    def test_is_paid_once(self) -> None:
        row = price_from(recurring=None, currency="jpy")
        assert (row.interval, row.interval_count, row.trial_days, row.is_recurring) == ("one_time", 1, None, False)
        assert str(row) == "¥1,900 once"

    def test_may_have_no_amount_of_its_own(self) -> None:
        product_from()
        row = price_from(unit_amount=None, currency="eur", nickname=None)
        assert (row.unit_amount, row.nickname, str(row)) == (None, "", "varies (EUR) per month")
        assert not row.is_on_sale
        assert not Price.objects.on_sale().exists()

    @pytest.mark.parametrize(
        ("members", "words"),
        [
            ({"recurring": {**MONTHLY, "usage_type": "metered"}}, "varies with use (USD) per month"),
            ({"billing_scheme": "tiered", "unit_amount": None}, "varies (USD) per month"),
            ({"transform_quantity": {"divide_by": 1000, "round": "up"}}, "$19.00 per 1,000 per month"),
            ({"unit_amount": None, "unit_amount_decimal": "0.5"}, "$0.005 per month"),
            ({"unit_amount": None, "unit_amount_decimal": "1950.25"}, "$19.5025 per month"),
            (
                {"unit_amount": None, "unit_amount_decimal": None, "recurring": None, "custom_unit_amount": {}},
                "is chosen by the buyer (USD) once",
            ),
            ({"unit_amount": None, "unit_amount_decimal": None}, "varies (USD) per month"),
        ],
    )
    def test_that_is_no_plain_amount_is_shown_and_not_sold(self, members: dict[str, Any], words: str) -> None:
        product_from()
        row = price_from(**{"unit_amount_decimal": "1900", **members})
        assert str(row) == words
        assert (row.is_on_sale, row.is_plain, Price.objects.on_sale().exists()) == (False, False, False)

    def test_may_be_free(self) -> None:
        product_from()
        assert price_from(unit_amount=0).is_on_sale
        assert str(Price.objects.on_sale().get()) == "$0.00 per month"

    def test_may_be_larger_than_32_bits(self) -> None:
        assert price_from(unit_amount=999_999_999_999).unit_amount == 999_999_999_999

    @pytest.mark.parametrize(
        ("metadata", "of_stripe", "days"),
        [
            ({}, None, None),
            ({}, 14, 14),
            ({"trial_days": "30"}, None, 30),
            ({"trial_days": "30"}, 14, 30),
            ({"trial_days": "0"}, None, None),
            ({"trial_days": "-5"}, None, None),
            ({"trial_days": "1e3"}, None, None),
            ({"trial_days": "9999"}, 14, 14),
            ({"trial_days": "\N{ARABIC-INDIC DIGIT THREE}"}, None, None),
            ({"trial_days": ""}, 7, 7),
            (None, None, None),
        ],
    )
    def test_has_the_trial_that_staff_gave_it_or_stripes(
        self, metadata: dict[str, str] | None, of_stripe: int | None, days: int | None
    ) -> None:
        recurring = {**MONTHLY, "trial_period_days": of_stripe}
        assert price_from(metadata=metadata, recurring=recurring).trial_days == days

    @pytest.mark.parametrize("interval", ["hour", "decade"])
    def test_an_interval_yet_to_be_invented_is_kept(self, interval: str) -> None:
        assert str(price_from(recurring={**MONTHLY, "interval": interval})) == f"$19.00 per {interval}"


class TestPriceWithoutItsProduct:
    """Links have no constraint: a price may come before its product, or stay when that is gone."""

    def test_is_written(self) -> None:
        price_from(product="prod_unknown")
        row = Price.objects.get()
        assert row.product_id == "prod_unknown"

    def test_has_no_product_and_is_not_on_sale(self) -> None:
        price_from(product="prod_unknown")
        row = Price.objects.get()
        assert (row.product, row.is_on_sale) == (None, False)
        assert Price.objects.select_related("product").get().product is None
        assert not Price.objects.on_sale().exists()

    def test_finds_it_once_it_comes(self) -> None:
        row = price_from()
        assert row.product is None
        product = product_from()
        row = Price.objects.get()
        assert (row.product, row.is_on_sale) == (product, True)
        assert list(product.prices.all()) == [row]

    def test_may_name_its_product_expanded(self) -> None:
        assert price_from(product={"id": "prod_1", "object": "product"}).product_id == "prod_1"


class TestOnSale:
    """`is_on_sale` on a row and `on_sale()` on rows mean the same."""

    @pytest.mark.parametrize("product_active", [True, False])
    @pytest.mark.parametrize("product_deleted", [True, False])
    @pytest.mark.parametrize("price_active", [True, False])
    @pytest.mark.parametrize("price_deleted", [True, False])
    @pytest.mark.parametrize("unit_amount", [1900, 0, None])
    def test_agrees(
        self,
        *,
        product_active: bool,
        product_deleted: bool,
        price_active: bool,
        price_deleted: bool,
        unit_amount: int | None,
    ) -> None:
        product = Product.objects.create(pk="prod_1", active=product_active, is_deleted=product_deleted)
        price = Price.objects.create(
            pk="price_1", product=product, active=price_active, is_deleted=price_deleted, unit_amount=unit_amount
        )
        assert Price.objects.on_sale().exists() is price.is_on_sale
        assert Product.objects.on_sale().exists() is product.is_on_sale
        sold = product_active and price_active and not product_deleted and not price_deleted
        assert price.is_on_sale is (sold and unit_amount is not None)


def test_the_sandboxs_own_objects_fit(local_stripe: LocalStripe) -> None:
    product = local_stripe.api.products.create(
        {
            "name": "Pro",
            "default_price_data": {"currency": "kwd", "unit_amount": 1230, "recurring": {"interval": "year"}},
        }
    )
    for kind, obj in (
        (PRODUCT, product),
        (PRICE, local_stripe.api.prices.retrieve(str(product.default_price))),
    ):
        apply_snapshot(kind, Snapshot(obj.to_dict(for_json=True), NOON, NOON))  # type: ignore[arg-type]
    assert str(Price.objects.on_sale().get()) == "KWD\xa01.230 per year"
