"""Which of the account's active products are sold here: all, those with a mark, or those that staff have chosen."""

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from pytest_django.fixtures import Settings

from billing.catalog import importer, lookup, visibility
from billing.catalog import services as catalog
from billing.catalog.services import PriceTerms
from billing.models import Price, Product
from tests.billing.admin.browser import PRODUCTS, choose
from tests.billing.catalog_copies import metadata_of
from tests.fixtures import LocalStripe

pytestmark = pytest.mark.django_db

MONTHLY = PriceTerms(unit_amount=1900, currency="usd")


@pytest.fixture
def account(local_stripe: LocalStripe) -> None:
    """Products of another program in the same account, one of them with the mark."""
    for name, metadata in {"Theirs": {}, "Marked": {"standing_order_on_sale": "true"}}.items():
        local_stripe.api.products.create(
            {"name": name, "metadata": metadata, "default_price_data": {"currency": "usd", "unit_amount": 900}}
        )
    importer.import_catalog()
    local_stripe.forget_calls()


def on_sale() -> set[str]:
    """The names of what is on sale, which every way of asking says alike."""
    names = {each.product.name for each in lookup.products_on_sale()}
    assert names == set(Product.objects.on_sale().values_list("name", flat=True))
    assert names == {product.name for product in Product.objects.all() if product.is_on_sale}
    assert names == {price.product.name for price in Price.objects.all() if price.is_on_sale}
    return names


def named(name: str) -> Product:
    return Product.objects.get(name=name)


class TestSetting:
    @pytest.mark.parametrize(
        ("setting", "names"),
        [("all", {"Theirs", "Marked", "Ours"}), ("marked", {"Marked", "Ours"}), ("chosen", {"Ours"})],
    )
    def test_says_what_is_sold_besides_what_is_made_here(
        self, account: None, settings: Settings, setting: str, names: set[str]
    ) -> None:
        settings.PRODUCTS_ON_SALE = setting
        catalog.create_product(name="Ours", price=MONTHLY, request_id="r1")
        assert on_sale() == names

    def test_marks_what_is_made_here_for_a_database_made_anew(
        self, local_stripe: LocalStripe, settings: Settings
    ) -> None:
        settings.PRODUCTS_ON_SALE = "marked"
        made = catalog.create_product(name="Ours", price=MONTHLY, request_id="r1").product
        assert metadata_of(made) == {"standing_order_on_sale": "true"}
        Product.objects.all().delete()
        importer.import_catalog()
        assert on_sale() == {"Ours"}

    def test_follows_the_mark(self, account: None, local_stripe: LocalStripe, settings: Settings) -> None:
        settings.PRODUCTS_ON_SALE = "marked"
        local_stripe.api.products.update(named("Theirs").pk, {"metadata": {"standing_order_on_sale": "true"}})
        local_stripe.api.products.update(named("Marked").pk, {"metadata": {"standing_order_on_sale": ""}})
        importer.import_catalog()
        assert on_sale() == {"Theirs"}


class TestStaff:
    @pytest.mark.parametrize("setting", ["all", "marked", "chosen"])
    def test_show_and_hide_one_by_one_and_change_nothing_at_stripe(
        self, admin: Client, account: None, local_stripe: LocalStripe, settings: Settings, setting: str
    ) -> None:
        settings.PRODUCTS_ON_SALE = setting
        before = local_stripe.events()
        assert choose(admin, PRODUCTS, "show_here", named("Theirs")) == ["Shown here: Theirs."]
        assert choose(admin, PRODUCTS, "hide_here", named("Marked")) == ["Hidden here: Marked."]
        assert on_sale() == {"Theirs"}
        importer.import_catalog()
        assert on_sale() == {"Theirs"}
        assert {product.active for product in Product.objects.all()} == {True}
        assert [call for call in local_stripe.calls if call.startswith("POST")] == []
        assert local_stripe.events() == before
        logged = sorted(LogEntry.objects.values_list("change_message", flat=True))
        assert logged == ["Hidden here.", "Shown here."]

    def test_can_go_back_to_the_setting(self, admin: Client, account: None) -> None:
        visibility.hide(product=named("Theirs"))
        assert on_sale() == {"Marked"}
        choose(admin, PRODUCTS, "follow_setting", named("Theirs"))
        assert on_sale() == {"Theirs", "Marked"}

    def test_hide_it_from_every_page_that_sells(self, client: Client, account: None) -> None:
        hidden = visibility.hide(product=named("Theirs"))
        price = Price.objects.get(product=hidden)
        assert b"Theirs" not in client.get("/").content
        assert client.get(f"/buy/{price.pk}/").status_code == 410
        assert [plan["prod_name"] for plan in client.get("/api/plans").json()["plans"]] == ["Marked"]


class TestNames:
    def test_of_a_hidden_product_makes_nothing_ambiguous(self, account: None, local_stripe: LocalStripe) -> None:
        theirs = named("Theirs")
        ours = catalog.create_product(name="Theirs", price=MONTHLY, request_id="r1").product
        visibility.hide(product=theirs)
        assert lookup.find_product(name="Theirs") == ours
