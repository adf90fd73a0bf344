"""The import copies all of Stripe's catalog, archived objects too; a second import changes nothing."""

from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings

from billing import gateway
from billing.catalog import importer
from billing.catalog.importer import ImportCount
from billing.models import Price, Product
from tests.billing.catalog_copies import at_stripe, here
from tests.fixtures import LocalStripe
from tests.subscriptions.mirror.altered import AlteringClient

pytestmark = pytest.mark.django_db

WHEN_NOTHING_CHANGED = ["GET /v1/products"] * 2 + ["GET /v1/prices"] * 2 + ["GET /v1/promotion_codes"]


@pytest.fixture
def dashboards(local_stripe: LocalStripe) -> LocalStripe:
    """Two products, one archived; of each an active and an archived price."""
    for name in ("Pro", "Old"):
        product = local_stripe.api.products.create({"name": name, "marketing_features": [{"name": "Fast"}]})
        for amount in (1900, 2900):
            price = local_stripe.api.prices.create(
                {"product": product.id, "currency": "usd", "unit_amount": amount, "nickname": f"{name} {amount}"}
            )
            local_stripe.api.prices.update(price.id, {"active": amount == 1900})
        local_stripe.api.products.update(product.id, {"active": name == "Pro"})
    return local_stripe


def call() -> str:
    out = StringIO()
    call_command("import_catalog", stdout=out)
    return out.getvalue()


class TestImportCatalog:
    def test_pulls_archived_ones_too(self, dashboards: LocalStripe) -> None:
        assert importer.import_catalog() == ImportCount(products=2, prices=4, codes=0, written=6)
        assert here() == at_stripe(dashboards)
        assert dict(Product.objects.values_list("name", "active")) == {"Pro": True, "Old": False}
        assert Price.objects.filter(active=False).count() == 2

    def test_twice_writes_nothing_the_second_time(self, dashboards: LocalStripe) -> None:
        importer.import_catalog()
        dashboards.forget_calls()
        before = [*Product.objects.values(), *Price.objects.values()]
        assert importer.import_catalog() == ImportCount(products=2, prices=4, codes=0, written=0)
        assert [*Product.objects.values(), *Price.objects.values()] == before
        assert dashboards.calls == WHEN_NOTHING_CHANGED

    def test_writes_only_what_changed(self, dashboards: LocalStripe) -> None:
        importer.import_catalog()
        dashboards.control("clock", advance=60)
        pro = Product.objects.get(name="Pro")
        dashboards.api.products.update(pro.pk, {"name": "Pro+"})
        dashboards.control("clock", advance=60)
        assert importer.import_catalog().written == 1
        pro.refresh_from_db()
        assert (pro.name, pro.version) == ("Pro+", 2)
        assert here() == at_stripe(dashboards)

    @pytest.mark.parametrize("stripe_id", ["in_app_pro", "sub_monthly", "re_start", "price_list", "Gold plan"])
    def test_copies_a_product_whose_owner_chose_the_id(self, local_stripe: LocalStripe, stripe_id: str) -> None:
        product = local_stripe.api.products.create({"id": stripe_id, "name": "Pro in the app"})
        price = local_stripe.api.prices.create({"product": product.id, "currency": "usd", "unit_amount": 1900})
        count = importer.import_catalog()
        assert (count.written, count.failed) == (2, ())
        assert Price.objects.get(pk=price.id).product == Product.objects.get(pk=stripe_id)

    def test_counts_a_row_that_the_lists_did_not_show(self, local_stripe: LocalStripe) -> None:
        """It was archived or restored after the one list was read and before the other."""
        product = local_stripe.api.products.create({"name": "Pro"})
        importer.import_catalog()
        local_stripe.control("clock", advance=60)
        local_stripe.api.products.update(product.id, {"name": "Pro+"})
        client = AlteringClient(local_stripe)
        client.alter("/v1/products", lambda objects: objects.clear())
        gateway.use_transport(client)
        written: list[str] = []
        count = importer.import_catalog(
            on_page=lambda page: written.extend(one.object["id"] for one in page.compared if one.was_written)
        )
        assert (count.written, written) == (1, [product.id])
        assert Product.objects.get().name == "Pro+"

    def test_an_empty_account_is_no_error(self, local_stripe: LocalStripe) -> None:
        assert importer.import_catalog() == ImportCount(products=0, prices=0, codes=0, written=0)

    def test_does_not_bring_back_the_deleted(self, local_stripe: LocalStripe) -> None:
        product = local_stripe.api.products.create({"name": "Brief"})
        importer.import_catalog()
        Product.objects.update(is_deleted=True)
        assert importer.import_catalog().written == 0
        assert Product.objects.get(pk=product.id).is_deleted

    def test_more_than_a_page(self, local_stripe: LocalStripe) -> None:
        for number in range(205):
            local_stripe.api.products.create({"name": f"{number}"})
        assert importer.import_catalog() == ImportCount(products=205, prices=0, codes=0, written=205)
        assert Product.objects.count() == 205
        assert local_stripe.calls == ["GET /v1/products"] * 4 + ["GET /v1/prices"] * 2 + ["GET /v1/promotion_codes"]

    def test_an_unchanged_import_asks_the_database_once_a_page(self, local_stripe: LocalStripe) -> None:
        def queries(count: int) -> int:
            for number in range(count):
                local_stripe.api.products.create(
                    {"name": f"{number}", "default_price_data": {"currency": "usd", "unit_amount": 100}}
                )
            importer.import_catalog()
            with CaptureQueriesContext(connection) as captured:
                assert importer.import_catalog().written == 0
            return len(captured)

        few = queries(1)
        # Products and prices; and for each kind, promotion codes too, which rows the list did not show.
        assert queries(90) == few == 2 + 3

    def test_a_page_that_fails_leaves_everything_as_it_was(self, local_stripe: LocalStripe) -> None:
        for number in range(101):
            local_stripe.api.products.create({"name": f"{number}"})
        local_stripe.control("faults", status=429, path="/v1/prices")
        with pytest.raises(CommandError):
            call()
        assert Price.objects.count() == 0


class TestCommand:
    def test_says_what_it_did(self, dashboards: LocalStripe) -> None:
        assert call() == "2 products, 4 prices and 0 promotion codes read, 6 written.\n"
        assert call() == "2 products, 4 prices and 0 promotion codes read, 0 written.\n"

    def test_says_when_stripe_is_down(self, dashboards: LocalStripe) -> None:
        dashboards.control("faults", status=429)
        with pytest.raises(CommandError, match=r"^the catalog was not imported: Request rate limit exceeded"):
            call()
        assert here() == {}

    @pytest.mark.parametrize(("key", "reason"), [("", "No Stripe key is set."), ("sk_live_x", "Invalid API Key")])
    def test_says_which_setting_is_wrong(
        self, dashboards: LocalStripe, settings: Settings, key: str, reason: str
    ) -> None:
        settings.STRIPE_KEY = key
        with pytest.raises(CommandError) as failure:
            call()
        assert reason in str(failure.value)
        assert "STRIPE_KEY" in str(failure.value)
        assert here() == {}

    def test_takes_no_arguments(self, db: None, django_assert_num_queries: Callable[..., Any]) -> None:
        with django_assert_num_queries(0), pytest.raises(CommandError):
            call_command("import_catalog", "everything")
