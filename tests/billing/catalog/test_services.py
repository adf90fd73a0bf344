"""Each change is made at Stripe first and copied here once; a refused change changes nothing."""

from collections.abc import Callable
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from billing.catalog import importer
from billing.catalog import services as catalog
from billing.catalog.errors import AlreadyCreated
from billing.catalog.prices import replacements
from billing.catalog.services import PriceTerms
from billing.errors import StripeFailure, StripeMisconfigured, StripeMissing, StripeRefused, StripeUnavailable
from billing.models import Installation, KeptRequest, Price, Product
from tests.billing.catalog_copies import at_stripe, here, metadata_of
from tests.fixtures import LocalStripe

pytestmark = pytest.mark.django_db

MONTHLY = PriceTerms(unit_amount=1900, currency="usd")


class TestCreateProduct:
    def test_is_one_call_with_its_first_price(self, local_stripe: LocalStripe) -> None:
        terms = PriceTerms(unit_amount=4900, currency="eur", interval="week", interval_count=2, trial_days=14)
        product, price = catalog.create_product(
            name="Team",
            description="For teams",
            features=["Fast", "Ünïcøde 😀"],
            can_be_bought_again=True,
            price=terms,
            request_id="r1",
        )
        assert local_stripe.calls == ["POST /v1/products"]
        assert here()[product.pk] == {
            "id": product.pk,
            "name": "Team",
            "description": "For teams",
            "features": ["Fast", "Ünïcøde 😀"],
            "active": True,
            "default_price_id": price.pk,
            "can_be_bought_again": True,
        }
        assert here()[price.pk] == {
            "id": price.pk,
            "product_id": product.pk,
            "active": True,
            "currency": "eur",
            "unit_amount": 4900,
            "interval": "week",
            "interval_count": 2,
            "trial_days": 14,
            "nickname": "",
        }
        assert here() == at_stripe(local_stripe)

    def test_with_a_one_time_price(self, local_stripe: LocalStripe) -> None:
        terms = PriceTerms(unit_amount=500, currency="jpy", interval="one_time")
        price = catalog.create_product(name="Sticker", price=terms, request_id="r1").price
        assert (price.interval, str(price), price.is_on_sale) == ("one_time", "¥500 once", True)
        assert at_stripe(local_stripe) == here()

    def test_can_start_archived(self, local_stripe: LocalStripe) -> None:
        product = catalog.create_product(name="Later", price=MONTHLY, request_id="r1", active=False).product
        assert not product.active
        assert local_stripe.calls == ["POST /v1/products"]
        assert at_stripe(local_stripe) == here()

    def test_sent_twice_creates_once(self, local_stripe: LocalStripe) -> None:
        first = catalog.create_product(name="Pro", price=MONTHLY, request_id="r1")
        second = catalog.create_product(name="Pro", price=MONTHLY, request_id="r1")
        assert first == second
        assert len(at_stripe(local_stripe)) == len(here()) == 2
        assert second.product.version == 1

    def test_sent_again_later_does_not_bring_back_the_past(self, local_stripe: LocalStripe) -> None:
        first = catalog.create_product(name="Pro", price=MONTHLY, request_id="r1")
        local_stripe.control("clock", advance=60)
        catalog.archive_product(product=first.product)
        local_stripe.control("clock", advance=60)
        again = catalog.create_product(name="Pro", price=MONTHLY, request_id="r1")
        assert not again.product.active
        assert at_stripe(local_stripe) == here()

    def test_a_corrected_form_is_another_request(self, local_stripe: LocalStripe) -> None:
        with pytest.raises(StripeRefused):
            catalog.create_product(name="Pro", price=PriceTerms(unit_amount=1, currency="zzz"), request_id="r1")
        catalog.create_product(name="Pro", price=MONTHLY, request_id="r1")
        assert len(at_stripe(local_stripe)) == len(here()) == 2

    def test_another_form_creates_another(self, local_stripe: LocalStripe) -> None:
        for request_id in ("r1", "r2"):
            catalog.create_product(name="Pro", price=MONTHLY, request_id=request_id)
        assert len(at_stripe(local_stripe)) == len(here()) == 4

    def test_another_database_never_collides(self, local_stripe: LocalStripe) -> None:
        catalog.create_product(name="Pro", price=MONTHLY, request_id="r1")
        Installation.objects.all().delete()
        catalog.create_product(name="Pro", price=MONTHLY, request_id="r1")
        assert len(at_stripe(local_stripe)) == 4

    @pytest.mark.parametrize("after", [True, False])
    @pytest.mark.parametrize("status", ["timeout", "reset", 429])
    def test_whose_answer_is_lost_is_finished_by_the_next_try(
        self, local_stripe: LocalStripe, status: str | int, *, after: bool
    ) -> None:
        local_stripe.control("faults", status=status, count=3, after=after)
        with pytest.raises(StripeUnavailable) as failure:
            catalog.create_product(name="Pro", price=MONTHLY, request_id="r1")
        assert failure.value.answered_500 is False
        assert here() == {}
        local_stripe.control("faults", count=0)
        assert len(at_stripe(local_stripe)) == (2 if after else 0)
        catalog.create_product(name="Pro", price=MONTHLY, request_id="r1")
        assert at_stripe(local_stripe) == here()
        assert len(here()) == 2

    def test_one_lost_answer_is_not_even_noticed(self, local_stripe: LocalStripe) -> None:
        local_stripe.control("faults", status="timeout", count=1, after=True)
        catalog.create_product(name="Pro", price=MONTHLY, request_id="r1")
        assert at_stripe(local_stripe) == here()
        assert len(here()) == 2

    def test_a_definite_500_spends_the_key_and_not_the_request_id(self, local_stripe: LocalStripe) -> None:
        local_stripe.control("faults", status=500)
        with pytest.raises(StripeUnavailable) as failure:
            catalog.create_product(name="Pro", price=MONTHLY, request_id="r1")
        assert failure.value.answered_500 is True
        assert at_stripe(local_stripe) == here() == {}
        catalog.create_product(name="Pro", price=MONTHLY, request_id="r1")
        assert at_stripe(local_stripe) == here()
        assert Product.objects.count() == 1

    @pytest.mark.parametrize("status", ["reset", 500])
    def test_asked_for_otherwise_after_a_lost_answer_makes_no_twin(
        self, local_stripe: LocalStripe, status: str | int
    ) -> None:
        local_stripe.control("faults", status=status, count=3, after=True)
        with pytest.raises(StripeUnavailable):
            catalog.create_product(name="Pro", price=MONTHLY, request_id="r1")
        local_stripe.control("faults", count=0)
        dearer = PriceTerms(unit_amount=2900, currency="usd")
        for _ in range(2):
            with pytest.raises(AlreadyCreated, match="“Pro” was created after all"):
                catalog.create_product(name="Pro", price=dearer, request_id="r1")
        assert at_stripe(local_stripe) == here()
        assert Price.objects.get().unit_amount == 1900
        catalog.create_product(name="Pro", price=MONTHLY, request_id="r1")
        assert KeptRequest.objects.count() == 0

    def test_asked_for_otherwise_after_a_call_that_did_nothing_is_created(self, local_stripe: LocalStripe) -> None:
        local_stripe.control("faults", status="reset", count=3)
        with pytest.raises(StripeUnavailable):
            catalog.create_product(name="Pro", price=MONTHLY, request_id="r1")
        local_stripe.control("faults", count=0)
        dearer = PriceTerms(unit_amount=2900, currency="usd")
        catalog.create_product(name="Pro", price=dearer, request_id="r1")
        assert at_stripe(local_stripe) == here()
        assert Price.objects.get().unit_amount == 2900


class TestUpdateProduct:
    def test_changes_all_that_a_product_says(self, local_stripe: LocalStripe, price: Price) -> None:
        product = catalog.update_product(
            product=price.product,
            name="Pro+",
            description="Better",
            features=["One", "Two"],
            can_be_bought_again=True,
            active=False,
        )
        assert local_stripe.calls == [f"POST /v1/products/{product.pk}"]
        assert here()[product.pk] == {
            "id": product.pk,
            "name": "Pro+",
            "description": "Better",
            "features": ["One", "Two"],
            "active": False,
            "default_price_id": price.pk,
            "can_be_bought_again": True,
        }
        assert at_stripe(local_stripe) == here()

    def test_takes_away_what_is_left_empty(self, local_stripe: LocalStripe, price: Price) -> None:
        full: dict[str, Any] = {"description": "Better", "features": ["One"], "can_be_bought_again": True}
        empty: dict[str, Any] = {"description": "", "features": [], "can_be_bought_again": False}
        for said in (full, empty):
            catalog.update_product(product=price.product, name="Pro", active=True, **said)
        product = Product.objects.get()
        assert (product.description, product.features, product.can_be_bought_again) == ("", [], False)
        assert metadata_of(product) == {}
        assert at_stripe(local_stripe) == here()

    def test_leaves_the_dashboards_metadata_alone(self, local_stripe: LocalStripe, price: Price) -> None:
        local_stripe.api.products.update(price.product_id, {"metadata": {"team": "blue"}})
        catalog.update_product(
            product=price.product, name="Pro", description="", features=[], can_be_bought_again=True, active=True
        )
        assert metadata_of(Product.objects.get()) == {"team": "blue", "standing_order_can_be_bought_again": "true"}

    def test_of_one_that_is_gone_says_so(self, local_stripe: LocalStripe) -> None:
        gone = local_stripe.api.products.create({"name": "Gone"})
        importer.import_catalog()
        local_stripe.api.products.delete(gone.id)
        before = here()
        with pytest.raises(StripeMissing, match=f"No such product: '{gone.id}'"):
            catalog.archive_product(product=Product.objects.get())
        assert here() == before


class TestAddPrice:
    def test_further_prices_leave_the_default_alone(self, local_stripe: LocalStripe, price: Price) -> None:
        terms = PriceTerms(unit_amount=19000, currency="usd", interval="year")
        yearly = catalog.add_price(product=price.product, terms=terms, request_id="r1")
        assert local_stripe.calls == ["POST /v1/prices"]
        assert Product.objects.get().default_price_id == price.pk
        assert {str(row) for row in Price.objects.all()} == {"$19.00 per month", "$190.00 per year"}
        assert yearly.product_id == price.product_id
        assert at_stripe(local_stripe) == here()

    def test_the_first_becomes_the_default(self, local_stripe: LocalStripe) -> None:
        local_stripe.api.products.create({"name": "Bare"})
        importer.import_catalog()
        price = catalog.add_price(product=Product.objects.get(), terms=MONTHLY, request_id="r1")
        assert Product.objects.get().default_price_id == price.pk
        assert at_stripe(local_stripe) == here()

    def test_sent_twice_adds_once(self, local_stripe: LocalStripe, price: Price) -> None:
        terms = PriceTerms(unit_amount=500, currency="eur", interval="one_time")
        added = [catalog.add_price(product=price.product, terms=terms, request_id="r1") for _ in range(2)]
        assert added[0] == added[1]
        assert Price.objects.count() == 2
        assert at_stripe(local_stripe) == here()

    def test_of_a_currency_that_stripe_does_not_know_is_refused(self, local_stripe: LocalStripe, price: Price) -> None:
        before = here()
        with pytest.raises(StripeRefused, match="Invalid currency: zzz") as refusal:
            catalog.add_price(product=price.product, terms=PriceTerms(unit_amount=1, currency="zzz"), request_id="r1")
        assert refusal.value.param == "currency"
        assert here() == before == at_stripe(local_stripe)


class TestMakeDefault:
    def test_points_the_product_at_the_price(self, local_stripe: LocalStripe, price: Price) -> None:
        other = catalog.add_price(
            product=price.product, terms=PriceTerms(unit_amount=500, currency="eur"), request_id="r1"
        )
        local_stripe.forget_calls()
        assert catalog.make_default(price=other).default_price_id == other.pk
        assert local_stripe.calls == [f"POST /v1/products/{price.product_id}"]
        assert at_stripe(local_stripe) == here()


class TestArchiveAndRestore:
    def test_a_product(self, local_stripe: LocalStripe, price: Price) -> None:
        assert not catalog.archive_product(product=price.product).active
        assert not Price.objects.on_sale().exists()
        assert at_stripe(local_stripe) == here()
        assert catalog.restore_product(product=price.product).active
        assert Price.objects.on_sale().exists()
        assert at_stripe(local_stripe) == here()
        assert local_stripe.calls == [f"POST /v1/products/{price.product_id}"] * 2

    def test_a_price(self, local_stripe: LocalStripe, price: Price) -> None:
        other = catalog.add_price(
            product=price.product, terms=PriceTerms(unit_amount=500, currency="eur"), request_id="r1"
        )
        local_stripe.forget_calls()
        assert not catalog.archive_price(price=other).active
        assert at_stripe(local_stripe) == here()
        assert catalog.restore_price(price=other).active
        assert at_stripe(local_stripe) == here()
        assert local_stripe.calls == [f"POST /v1/prices/{other.pk}"] * 2

    def test_a_default_price_can_not_be_archived(self, local_stripe: LocalStripe, price: Price) -> None:
        before = here()
        with pytest.raises(StripeRefused, match="it is the default price of its product"):
            catalog.archive_price(price=price)
        assert here() == before == at_stripe(local_stripe)

    def test_again_is_no_error(self, local_stripe: LocalStripe, price: Price) -> None:
        for _ in range(2):
            assert not catalog.archive_product(product=price.product).active
        assert at_stripe(local_stripe) == here()


CHANGES: dict[str, Callable[[Price], object]] = {
    "create_product": lambda _: catalog.create_product(name="New", price=MONTHLY, request_id="r1"),
    "update_product": lambda price: catalog.update_product(
        product=price.product, name="New", description="", features=[], can_be_bought_again=False, active=False
    ),
    "add_price": lambda price: catalog.add_price(product=price.product, terms=MONTHLY, request_id="r1"),
    "change_price": lambda price: replacements.change_price(price=price, unit_amount=2900, request_id="r1"),
    "make_default": lambda price: catalog.make_default(price=price),
    "archive_product": lambda price: catalog.archive_product(product=price.product),
    "restore_product": lambda price: catalog.restore_product(product=price.product),
    "archive_price": lambda price: catalog.archive_price(price=price),
    "restore_price": lambda price: catalog.restore_price(price=price),
    "import_catalog": lambda _: importer.import_catalog(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
class TestNoChange:
    """Nothing has changed after any failure before Stripe's acceptance."""

    def check(self, change: Callable[[Price], object], price: Price, expected: type[StripeFailure]) -> None:
        before = list(Product.objects.values()), list(Price.objects.values())
        with pytest.raises(expected):
            change(price)
        assert (list(Product.objects.values()), list(Price.objects.values())) == before

    def test_while_stripe_is_down(
        self, local_stripe: LocalStripe, price: Price, change: Callable[[Price], object]
    ) -> None:
        before = at_stripe(local_stripe)
        local_stripe.control("faults", status="timeout", count=3)
        self.check(change, price, StripeUnavailable)
        local_stripe.control("faults", count=0)
        assert at_stripe(local_stripe) == before

    def test_with_a_wrong_key(
        self, local_stripe: LocalStripe, price: Price, change: Callable[[Price], object], settings: Settings
    ) -> None:
        before = at_stripe(local_stripe)
        settings.STRIPE_KEY = "sk_live_wrong"
        self.check(change, price, StripeMisconfigured)
        assert at_stripe(local_stripe) == before

    def test_without_a_key_nothing_is_sent(
        self, local_stripe: LocalStripe, price: Price, change: Callable[[Price], object], settings: Settings
    ) -> None:
        settings.STRIPE_KEY = ""
        self.check(change, price, StripeMisconfigured)
        assert local_stripe.calls == []
