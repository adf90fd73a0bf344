"""Products in the admin, over HTTP: created, changed, archived and restored."""

import re

import pytest
from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from billing.catalog import importer
from billing.catalog import services as catalog
from billing.catalog.services import PriceTerms
from billing.models import Price, Product
from tests.billing.admin.browser import (
    ADD_PRODUCT,
    PRODUCTS,
    Page,
    choose,
    messages_on,
    open_page,
    page_of,
    save,
)
from tests.billing.catalog_copies import at_stripe, here, metadata_of
from tests.fixtures import LocalStripe
from tests.wording import ending, starting

pytestmark = pytest.mark.django_db


class TestAdd:
    def test_makes_a_product_with_its_first_price(self, admin: Client, local_stripe: LocalStripe) -> None:
        page = open_page(admin, ADD_PRODUCT)
        response = save(
            admin,
            page,
            name="Team",
            description="For teams",
            features="Fast\r\n  Ünïcøde 😀  \r\n\r\n",
            amount="49.00",
            currency="EUR",
            interval="year",
            interval_count="1",
            trial_days="14",
            can_be_bought_again="on",
        )
        assert (response.status_code, response["Location"]) == (302, PRODUCTS)
        product, price = Product.objects.get(), Price.objects.get()
        assert local_stripe.calls == ["POST /v1/products"]
        assert (product.name, product.description) == ("Team", "For teams")
        assert (product.features, product.can_be_bought_again) == (["Fast", "Ünïcøde 😀"], True)
        assert (str(price), price.trial_days, product.default_price_id) == ("€49.00 per year", 14, price.pk)
        assert here() == at_stripe(local_stripe)

    def test_asks_for_little(self, admin: Client, local_stripe: LocalStripe) -> None:
        save(admin, open_page(admin, ADD_PRODUCT), name="Pro", amount="19")
        assert str(Price.objects.on_sale().get()) == "$19.00 per month"
        assert here() == at_stripe(local_stripe)

    @pytest.mark.parametrize(
        ("amount", "currency", "shown"),
        [
            ("1900", "jpy", "¥1,900"),
            ("1.230", "kwd", "KWD\xa01.230"),
            ("0", "usd", "$0.00"),
            ("1,900.5", "usd", "$1,900.50"),
        ],
    )
    def test_takes_money_as_people_write_it(
        self, admin: Client, local_stripe: LocalStripe, amount: str, currency: str, shown: str
    ) -> None:
        save(admin, open_page(admin, ADD_PRODUCT), name="Pro", amount=amount, currency=currency, interval="one_time")
        assert str(Price.objects.get()) == f"{shown} once"
        assert here() == at_stripe(local_stripe)

    def test_can_start_archived(self, admin: Client, local_stripe: LocalStripe) -> None:
        save(admin, open_page(admin, ADD_PRODUCT), name="Later", amount="19", active=None)
        assert not Product.objects.get().active
        assert local_stripe.calls == ["POST /v1/products"]
        assert here() == at_stripe(local_stripe)

    def test_is_recorded_and_said(self, admin: Client, local_stripe: LocalStripe) -> None:
        save(admin, open_page(admin, ADD_PRODUCT), name="Pro", amount="19")
        product, entry = Product.objects.get(), LogEntry.objects.get()
        assert (entry.action_flag, entry.object_id, str(entry.user)) == (ADDITION, product.pk, "grace")
        [said] = messages_on(admin, PRODUCTS)
        assert said == starting("The product “<a ")
        assert said == ending("Pro</a>” was added successfully.")

    def test_sent_twice_makes_one(self, admin: Client, local_stripe: LocalStripe) -> None:
        page = open_page(admin, ADD_PRODUCT)
        for _ in range(2):
            assert save(admin, page, name="Pro", amount="19").status_code == 302
        assert len(here()) == len(at_stripe(local_stripe)) == 2

    def test_two_forms_make_two(self, admin: Client, local_stripe: LocalStripe) -> None:
        for _ in range(2):
            save(admin, open_page(admin, ADD_PRODUCT), name="Pro", amount="19")
        assert len(here()) == len(at_stripe(local_stripe)) == 4

    def test_goes_on_to_the_products_page_when_asked(self, admin: Client, local_stripe: LocalStripe) -> None:
        response = save(admin, open_page(admin, ADD_PRODUCT), name="Pro", amount="19", _continue="1")
        assert response["Location"] == page_of(Product.objects.get())

    def test_shows_its_fields_in_order(self, admin: Client, local_stripe: LocalStripe) -> None:
        page = open_page(admin, ADD_PRODUCT)
        names = [name for name in page.fields if name != "csrfmiddlewaretoken"]
        assert names == [
            "name",
            "description",
            "features",
            "active",
            "grace_days",
            "request_id",
            "amount",
            "currency",
            "interval",
            "interval_count",
            "trial_days",
        ]
        assert page.fields["currency"] == "usd"
        assert local_stripe.calls == []


class TestChange:
    def test_changes_what_the_product_says(self, admin: Client, local_stripe: LocalStripe, price: Price) -> None:
        response = save(
            admin,
            open_page(admin, page_of(price.product)),
            name="Pro+",
            description="Better",
            features="One\r\nTwo",
            active=None,
            can_be_bought_again="on",
        )
        assert response.status_code == 302
        product = Product.objects.get()
        assert (product.name, product.description, product.features) == ("Pro+", "Better", ["One", "Two"])
        assert (product.active, product.can_be_bought_again) == (False, True)
        assert local_stripe.calls == [f"POST /v1/products/{product.pk}"]
        assert here() == at_stripe(local_stripe)

    def test_shows_features_one_a_line(self, admin: Client, local_stripe: LocalStripe, price: Price) -> None:
        save(admin, open_page(admin, page_of(price.product)), features="One\r\nTwo & three")
        assert open_page(admin, page_of(price.product)).fields["features"] == "One\nTwo & three"

    def test_saved_as_it_is_changes_nothing(self, admin: Client, local_stripe: LocalStripe, price: Price) -> None:
        save(admin, open_page(admin, page_of(price.product)), features="One\r\nTwo", description="<b>&amp;")
        before = here()
        save(admin, open_page(admin, page_of(price.product)))
        assert here() == before == at_stripe(local_stripe)

    def test_adds_a_further_price(self, admin: Client, local_stripe: LocalStripe, price: Price) -> None:
        save(
            admin,
            open_page(admin, page_of(price.product)),
            amount="190",
            currency="usd",
            interval="year",
            trial_days="30",
        )
        assert {str(row): row.trial_days for row in Price.objects.all()} == {
            "$19.00 per month": None,
            "$190.00 per year": 30,
        }
        assert Product.objects.get().default_price_id == price.pk
        assert here() == at_stripe(local_stripe)

    def test_a_further_price_sent_twice_is_added_once(
        self, admin: Client, local_stripe: LocalStripe, price: Price
    ) -> None:
        page = open_page(admin, page_of(price.product))
        for _ in range(2):
            assert save(admin, page, amount="190", interval="year").status_code == 302
        assert Price.objects.count() == 2
        assert here() == at_stripe(local_stripe)

    def test_lists_its_prices(self, admin: Client, local_stripe: LocalStripe, price: Price) -> None:
        other = catalog.add_price(
            product=price.product, terms=PriceTerms(unit_amount=500, currency="eur"), request_id="r1"
        )
        catalog.archive_price(price=other)
        shown = open_page(admin, page_of(price.product)).html
        assert f'<a href="{page_of(price)}">$19.00 per month</a>, the default' in shown
        assert f'<a href="{page_of(other)}">€5.00 per month</a>, archived' in shown

    def test_links_to_prices_whatever_their_ids(self, admin: Client, local_stripe: LocalStripe, price: Price) -> None:
        odd = Price.objects.create(pk="price_40Kx", product=price.product, currency="usd", unit_amount=500)
        shown = open_page(admin, page_of(price.product)).html
        assert f'<a href="{page_of(odd)}">' in shown
        assert admin.get(page_of(odd)).status_code == 200

    def test_is_recorded_with_what_changed(self, admin: Client, local_stripe: LocalStripe, price: Price) -> None:
        save(admin, open_page(admin, page_of(price.product)), name="Pro+", amount="190")
        entry = LogEntry.objects.get()
        assert (entry.action_flag, entry.object_id) == (CHANGE, price.product_id)
        assert entry.get_change_message() == "Changed name and amount."

    def test_of_another_persons_newer_state_still_works(
        self, admin: Client, local_stripe: LocalStripe, price: Price
    ) -> None:
        page = open_page(admin, page_of(price.product))
        local_stripe.api.products.update(price.product_id, {"metadata": {"team": "blue"}})
        save(admin, page, name="Pro+")
        assert metadata_of(Product.objects.get()) == {"team": "blue"}

    def test_saved_late_leaves_what_others_changed(
        self, admin: Client, local_stripe: LocalStripe, price: Price
    ) -> None:
        page = open_page(admin, page_of(price.product))
        catalog.archive_product(product=price.product)
        local_stripe.api.products.update(str(price.product_id), {"description": "From the dashboard"})
        save(admin, page, name="Pro+")
        product = Product.objects.get()
        assert (product.name, product.active, product.description) == ("Pro+", False, "From the dashboard")
        assert here() == at_stripe(local_stripe)
        [notice, _] = messages_on(admin, PRODUCTS)
        assert notice == (
            "Changed since you opened this page, and left so: description (your page: empty; "
            "now: “From the dashboard”); active (your page: yes; now: no)."
        )

    def test_saved_late_replaces_nobodys_work_unless_saved_again(
        self, admin: Client, local_stripe: LocalStripe, price: Price
    ) -> None:
        page = open_page(admin, page_of(price.product))
        catalog.update_product(product=price.product, name="Premium")
        local_stripe.forget_calls()
        again = Page.of(page.address, save(admin, page, name="Pro+"))
        words = "This was changed since you opened this page. Yours: “Pro+”. Now: “Premium”. Save again to replace it."
        assert again.errors == {"name": [words]}
        assert (local_stripe.calls, Product.objects.get().name) == ([], "Premium")
        assert save(admin, again).status_code == 302
        assert Product.objects.get().name == "Pro+"

    def test_saved_as_it_is_asks_stripe_nothing(self, admin: Client, local_stripe: LocalStripe, price: Price) -> None:
        save(admin, open_page(admin, page_of(price.product)))
        assert local_stripe.calls == []

    def test_reading_the_pages_asks_stripe_nothing(
        self, admin: Client, local_stripe: LocalStripe, price: Price
    ) -> None:
        for address in (PRODUCTS, ADD_PRODUCT, page_of(price.product), page_of(price.product) + "../history/"):
            assert admin.get(address, follow=True).status_code == 200
        assert local_stripe.calls == []

    def test_of_a_product_that_is_not_there_goes_back(self, admin: Client, local_stripe: LocalStripe) -> None:
        response = admin.get("/admin/billing/product/prod_none/change/")
        assert (response.status_code, response["Location"]) == (302, "/admin/")


class TestActions:
    def test_archive_and_restore(self, admin: Client, local_stripe: LocalStripe, price: Price) -> None:
        local_stripe.control("clock", advance=1)
        other = catalog.create_product(
            name="Team", price=PriceTerms(unit_amount=4900, currency="usd"), request_id="r1"
        ).product
        assert choose(admin, PRODUCTS, "archive", price.product, other) == ["Archived: Pro, Team."]
        assert not Product.objects.filter(active=True).exists()
        assert here() == at_stripe(local_stripe)
        assert choose(admin, PRODUCTS, "restore", other) == ["Restored: Team."]
        assert dict(Product.objects.values_list("name", "active")) == {"Pro": False, "Team": True}
        assert here() == at_stripe(local_stripe)

    def test_say_for_which_it_worked_and_for_which_not(
        self, admin: Client, local_stripe: LocalStripe, price: Price
    ) -> None:
        gone = local_stripe.api.products.create({"name": "Gone"})
        importer.import_catalog()
        local_stripe.api.products.delete(gone.id)
        rows = Product.objects.get(pk=gone.id), price.product
        assert choose(admin, PRODUCTS, "archive", *rows) == [
            f"Product Gone: Stripe refused this: No such product: '{gone.id}'",
            "Archived: Pro.",
        ]
        assert dict(Product.objects.values_list("name", "active")) == {"Gone": True, "Pro": False}

    def test_while_stripe_is_down_change_nothing(self, admin: Client, local_stripe: LocalStripe, price: Price) -> None:
        local_stripe.control("faults", status="timeout", count=3)
        before = here()
        [said] = choose(admin, PRODUCTS, "archive", price.product)
        assert said == starting("Product Pro: Stripe can't be reached")
        assert here() == before == at_stripe(local_stripe)

    def test_nothing_can_be_deleted(self, admin: Client, local_stripe: LocalStripe, price: Price) -> None:
        before = here()
        choose(admin, PRODUCTS, "delete_selected", price.product)
        assert admin.post(page_of(price.product) + "../delete/", {"post": "yes"}).status_code in {302, 403, 404}
        delete = page_of(price.product).replace("/change/", "/delete/")
        assert admin.post(delete, {"post": "yes"}).status_code == 403
        assert here() == before == at_stripe(local_stripe)


class TestList:
    def test_shows_each_with_its_prices_on_sale(self, admin: Client, local_stripe: LocalStripe, price: Price) -> None:
        other = catalog.add_price(
            product=price.product, terms=PriceTerms(unit_amount=500, currency="eur"), request_id="r1"
        )
        assert "€5.00 per month<br>$19.00 per month" in admin.get(PRODUCTS).content.decode()
        catalog.archive_price(price=other)
        assert "€5.00" not in admin.get(PRODUCTS).content.decode()

    def test_what_has_no_price_to_buy_is_not_on_sale_here(
        self, admin: Client, local_stripe: LocalStripe, price: Price
    ) -> None:
        def on_sale() -> list[bool]:
            row = re.findall(r'field-is_offered"><img[^>]*alt="(True|False)"', admin.get(PRODUCTS).content.decode())
            opened = open_page(admin, page_of(price.product)).html
            page = re.search(r'<label>On sale here:.*?alt="(True|False)"', opened, re.DOTALL)
            return [one == "True" for one in (*row, page[1] if page else "")]

        assert on_sale() == [True, True]
        Price.objects.update(pricing=Price.Pricing.METERED)
        assert on_sale() == [False, False]

    @pytest.mark.parametrize(
        "columns", [{"pricing": "metered"}, {"pricing": "packages", "exact_amount": "1900", "package_size": 100}]
    )
    def test_leaves_out_prices_that_are_not_sold(
        self, admin: Client, local_stripe: LocalStripe, price: Price, columns: dict[str, str]
    ) -> None:
        Price.objects.update(**columns)
        assert "per month" not in admin.get(PRODUCTS).content.decode()

    def test_leaves_out_prices_of_archived_products(
        self, admin: Client, local_stripe: LocalStripe, price: Price
    ) -> None:
        catalog.archive_product(product=price.product)
        assert "per month" not in admin.get(PRODUCTS).content.decode()

    @pytest.mark.parametrize(
        "query", ["", "?active__exact=0", "?is_deleted__exact=1", "?q=no+such", "?o=1.2.3.4.5", "?p=7"]
    )
    def test_filters_searches_and_sorts(
        self, admin: Client, local_stripe: LocalStripe, price: Price, query: str
    ) -> None:
        assert admin.get(PRODUCTS + query, follow=True).status_code == 200

    def test_finds_by_name_and_id(self, admin: Client, local_stripe: LocalStripe, price: Price) -> None:
        for words in ("pro", price.product_id):
            assert admin.get(PRODUCTS, {"q": words}).context["cl"].result_count == 1

    def test_asks_the_database_as_often_for_many_rows(
        self, admin: Client, local_stripe: LocalStripe, price: Price
    ) -> None:
        def queries() -> int:
            with CaptureQueriesContext(connection) as captured:
                admin.get(PRODUCTS)
            return len(captured)

        queries()  # The content types are looked up once.
        few = queries()
        for number in range(12):
            product = Product.objects.create(pk=f"prod_{number}", name=f"{number}", version=1)
            for amount in (1, 2):
                Price.objects.create(
                    pk=f"price_{number}_{amount}", product=product, currency="usd", unit_amount=amount
                )
        assert queries() == few
