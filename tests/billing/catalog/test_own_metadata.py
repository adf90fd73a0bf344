"""Our settings in the metadata of products have a prefix; what other programs have under the same names is theirs."""

from typing import Any

import pytest

from billing.catalog import importer
from billing.catalog import services as catalog
from billing.catalog.prices import replacements
from billing.models import Price, Product
from tests.billing.catalog_copies import metadata_of
from tests.fixtures import LocalStripe

pytestmark = pytest.mark.django_db

ON = {"can_be_bought_again": True, "can_be_tried_again": True, "has_quantity": True, "grace_days": 3}
THEIRS = {"can_be_bought_again": "by members", "has_quantity": "12 in stock", "grace_days": "none", "team": "blue"}


def product_with(local_stripe: LocalStripe, metadata: dict[str, str]) -> Product:
    made = local_stripe.api.products.create({"name": "Pro", "metadata": metadata})
    importer.import_catalog()
    return Product.objects.get(pk=made.id)


def settings_of(product: Product) -> dict[str, Any]:
    return {name: getattr(product, name) for name in ON}


class TestTheirs:
    def test_is_never_changed(self, local_stripe: LocalStripe) -> None:
        product = product_with(local_stripe, THEIRS)
        product = catalog.update_product(product=product, name="Pro+", **ON)  # type: ignore[arg-type]
        assert settings_of(product) == ON
        off = {"can_be_bought_again": False, "can_be_tried_again": False, "has_quantity": False, "grace_days": None}
        product = catalog.update_product(product=product, **off)  # type: ignore[arg-type]
        assert settings_of(product) == off
        left = local_stripe.api.products.retrieve(product.pk).metadata
        assert {name: left[name] for name in THEIRS} == THEIRS

    def test_of_a_price_stays_when_its_amount_changes(self, local_stripe: LocalStripe, price: Price) -> None:
        local_stripe.api.prices.update(price.pk, {"metadata": {"trial_needs_card": "ask", "team": "blue"}})
        importer.import_catalog()
        new = replacements.change_price(price=Price.objects.get(), unit_amount=2900, request_id="r1")
        assert metadata_of(new) == {"trial_needs_card": "ask", "team": "blue", replacements.REPLACES: price.pk}

    def test_is_not_sent_at_all_when_something_else_changes(self, local_stripe: LocalStripe) -> None:
        product = product_with(local_stripe, {**THEIRS, "can_be_tried_again": "true"})
        catalog.update_product(product=product, description="Better")
        assert metadata_of(Product.objects.get()) == {**THEIRS, "can_be_tried_again": "true"}


class TestOld:
    """Products that were made before the names had a prefix."""

    OLD = {"can_be_bought_again": "true", "has_quantity": "true", "grace_days": "5"}

    def test_is_read(self, local_stripe: LocalStripe) -> None:
        product = product_with(local_stripe, self.OLD)
        assert settings_of(product) == {
            "can_be_bought_again": True, "can_be_tried_again": False, "has_quantity": True, "grace_days": 5,
        }  # fmt: skip

    def test_is_moved_when_a_setting_is_saved(self, local_stripe: LocalStripe) -> None:
        product = product_with(local_stripe, self.OLD)
        product = catalog.update_product(product=product, has_quantity=False)
        assert settings_of(product) == {
            "can_be_bought_again": True, "can_be_tried_again": False, "has_quantity": False, "grace_days": 5,
        }  # fmt: skip
        # Whatever becomes of the old names now, ours are read.
        local_stripe.api.products.update(product.pk, {"metadata": dict.fromkeys(self.OLD, "")})
        importer.import_catalog()
        assert settings_of(Product.objects.get()) == settings_of(product)


class TestNew:
    def test_has_the_prefix_and_is_taken_away_when_it_is_off(self, local_stripe: LocalStripe, price: Price) -> None:
        product = catalog.update_product(product=price.product, has_quantity=True, grace_days=3)
        assert metadata_of(product) == {"standing_order_has_quantity": "true", "standing_order_grace_days": "3"}
        product = catalog.update_product(product=product, has_quantity=False, grace_days=None)
        assert metadata_of(product) == {}
