"""Products over JSON: made once, found by name, changed, and shown to anyone."""

from typing import Any

import pytest

from billing.catalog import importer
from billing.catalog import services as catalog
from billing.catalog.services import PriceTerms
from billing.models import Price, Product
from tests.config.api.conftest import Program, refused
from tests.fixtures import LocalStripe
from tests.subscriptions.conftest import Meanwhile
from tests.wording import ending

pytestmark = pytest.mark.django_db

MONTHLY = PriceTerms(unit_amount=900, currency="usd")


def products_at_stripe(local_stripe: LocalStripe) -> list[str]:
    return sorted(product.name for product in local_stripe.api.products.list().data)


def namesake(name: str = "Pro") -> Product:
    return catalog.create_product(name=name, price=MONTHLY, request_id=f"other-{name}").product


class TestProduct:
    def test_makes_all_that_is_said(self, backend: Program, local_stripe: LocalStripe) -> None:
        answer = backend.post(
            "product", prod_name=" Team ", unit_amount=4900, currency="EUR", interval="week", interval_count=2,
            description="For many", trial_days=14,
        )  # fmt: skip
        price = Price.objects.get()
        assert (answer.status_code, answer.json()) == (
            201,
            {
                "product_id": price.product_id,
                "price_id": price.pk,
                "prod_name": "Team",
                "unit_amount": 4900,
                "currency": "eur",
                "interval": "week",
            },
        )
        assert (price.interval_count, price.trial_days, price.product.description) == (2, 14, "For many")
        assert products_at_stripe(local_stripe) == ["Team"]

    def test_of_one_time(self, backend: Program) -> None:
        answer = backend.post("product", prod_name="Book", unit_amount=900, interval="one_time", interval_count=3)
        assert (answer.status_code, answer.json()["interval"]) == (201, "one_time")
        assert Price.objects.get().interval_count == 1

    @pytest.mark.parametrize("amount", [1900, 2900])
    def test_of_a_name_that_is_taken(
        self, backend: Program, price: Price, local_stripe: LocalStripe, amount: int
    ) -> None:
        answer = backend.post("product", prod_name="Pro", unit_amount=amount)
        refused(answer, 409, "name_taken")
        assert (answer.json()["product_id"], answer.json()["price_id"]) == (price.product_id, price.pk)
        assert (Product.objects.count(), local_stripe.calls) == (1, [])

    def test_of_a_name_taken_by_one_off_sale(self, backend: Program, price: Price) -> None:
        catalog.archive_product(product=price.product)
        answer = backend.post("product", prod_name="Pro", unit_amount=900)
        refused(answer, 409, "name_taken")
        assert answer.json()["product_id"] == price.product_id

    @pytest.mark.parametrize("status", ["reset", "timeout", 500])
    @pytest.mark.parametrize("otherwise", [{"unit_amount": 2900}, {"interval": "year"}, {"description": "For many"}])
    def test_asked_for_otherwise_after_its_answer_was_lost(
        self, backend: Program, local_stripe: LocalStripe, status: str | int, otherwise: dict[str, Any]
    ) -> None:
        local_stripe.control("faults", status=status, count=3, path="/v1/products", method="POST", after=True)
        asked: dict[str, Any] = {"prod_name": "Pro", "unit_amount": 900}
        refused(backend.post("product", **asked), 503, "stripe_unavailable")
        local_stripe.control("faults", count=0)
        answer = backend.post("product", **asked | otherwise)
        refused(answer, 409, "name_taken")
        assert answer.json()["price_id"] == Price.objects.get().pk
        assert products_at_stripe(local_stripe) == ["Pro"]

    def test_asked_again_after_its_answer_was_lost(self, backend: Program, local_stripe: LocalStripe) -> None:
        local_stripe.control("faults", status="reset", count=3, path="/v1/products", after=True)
        refused(backend.post("product", prod_name="Pro", unit_amount=900), 503, "stripe_unavailable")
        assert Product.objects.count() == 0
        assert backend.post("product", prod_name="Pro", unit_amount=900).status_code == 201
        assert products_at_stripe(local_stripe) == ["Pro"]

    def test_asked_again_after_stripe_broke(self, backend: Program, local_stripe: LocalStripe) -> None:
        local_stripe.control("faults", status=500, count=3, path="/v1/products")
        refused(backend.post("product", prod_name="Pro", unit_amount=900), 503, "stripe_unavailable")
        assert Product.objects.count() == 0
        assert backend.post("product", prod_name="Pro", unit_amount=900).status_code == 201
        assert products_at_stripe(local_stripe) == ["Pro"]

    def test_asked_for_at_the_same_moment(
        self, backend: Program, local_stripe: LocalStripe, meanwhile: Meanwhile
    ) -> None:
        def ask() -> Any:
            return backend.post("product", prod_name="Pro", unit_amount=900).json()

        inner: list[Any] = []
        meanwhile.before("POST /v1/products", lambda: inner.append(ask()))
        assert ask() == inner[0]
        assert products_at_stripe(local_stripe) == ["Pro"]

    def test_of_a_name_that_another_had_before(self, backend: Program, local_stripe: LocalStripe) -> None:
        first = backend.post("product", prod_name="Pro", unit_amount=900).json()
        backend.post("updateprod", prod_name="Pro", new_name="Pro 2025")
        second = backend.post("product", prod_name="Pro", unit_amount=900)
        assert second.status_code == 201
        assert second.json()["product_id"] != first["product_id"]
        assert products_at_stripe(local_stripe) == ["Pro", "Pro 2025"]


class TestUpdateprod:
    def test_by_its_name_or_its_id(self, backend: Program, price: Price) -> None:
        by_name = backend.post("updateprod", prod_name="Pro", new_name="Pro+")
        by_id = backend.post("updateprod", product_id=price.product_id, description="For one")
        expected = {
            "product_id": price.product_id,
            "price_id": price.pk,
            "prod_name": "Pro+",
            "unit_amount": 1900,
            "currency": "usd",
            "interval": "month",
        }
        assert (by_name.status_code, by_name.json()) == (200, expected)
        assert (by_id.status_code, by_id.json()) == (200, expected)
        assert Product.objects.get().description == "For one"

    def test_of_an_amount_makes_another_price_once(
        self, backend: Program, price: Price, local_stripe: LocalStripe
    ) -> None:
        answer = backend.post("updateprod", prod_name="Pro", unit_amount=2900)
        new = Price.objects.get(active=True)
        assert (answer.json()["price_id"], answer.json()["unit_amount"], new.pk != price.pk) == (new.pk, 2900, True)
        local_stripe.forget_calls()
        assert backend.post("updateprod", prod_name="Pro", unit_amount=2900).json() == answer.json()
        assert local_stripe.calls == []

    def test_again_after_it_was_undone(self, backend: Program, price: Price) -> None:
        body = backend.post("updateprod", prod_name="Pro", unit_amount=2100).json()
        catalog.restore_price(price=price)
        catalog.make_default(price=price)
        catalog.archive_price(price=Price.objects.get(pk=body["price_id"]))
        answer = backend.post("updateprod", prod_name="Pro", unit_amount=2100)
        assert (answer.status_code, answer.json()["unit_amount"]) == (200, 2100)
        assert [found.unit_amount for found in Price.objects.filter(active=True)] == [2100]
        assert Product.objects.get().default_price_id == answer.json()["price_id"]

    @pytest.mark.parametrize(("amount", "why"), [(49, "at least $0.50"), (100_000_000, "more than $999,999.99")])
    def test_an_amount_that_stripe_does_not_charge(
        self, backend: Program, price: Price, local_stripe: LocalStripe, amount: int, why: str
    ) -> None:
        for path, name in (("updateprod", "Pro"), ("product", "Other")):
            answer = backend.post(path, prod_name=name, unit_amount=amount)
            assert why in refused(answer, 422, "bad_input")["fields"]["unit_amount"]
        assert (local_stripe.calls, Price.objects.get().unit_amount) == ([], 1900)

    def test_as_much_as_stripe_charges(self, backend: Program) -> None:
        new = backend.post("product", prod_name="Villa", unit_amount=999_999_999_999, currency="idr").json()
        assert new["unit_amount"] == 999_999_999_999
        assert Price.objects.get().amount_display == "IDR\xa09,999,999,999.99"

    def test_there_and_back_and_there(self, backend: Program, price: Price) -> None:
        seen = [
            backend.post("updateprod", prod_name="Pro", unit_amount=amount).json() for amount in (290, 190, 290, 190)
        ]
        assert [answer["unit_amount"] for answer in seen] == [290, 190, 290, 190]
        assert len({answer["price_id"] for answer in seen}) == 4
        assert Price.objects.get(active=True).pk == seen[-1]["price_id"]

    def test_asked_again_after_its_answer_was_lost(
        self, backend: Program, price: Price, local_stripe: LocalStripe
    ) -> None:
        local_stripe.control("faults", status="reset", count=3, path="/v1/prices", method="POST", after=True)
        refused(backend.post("updateprod", prod_name="Pro", unit_amount=2900), 503, "stripe_unavailable")
        assert backend.post("updateprod", prod_name="Pro", unit_amount=2900).json()["unit_amount"] == 2900
        assert [known.unit_amount for known in local_stripe.api.prices.list({"active": True}).data] == [2900]

    def test_asked_again_leaves_no_old_price_on_sale(
        self, backend: Program, price: Price, local_stripe: LocalStripe
    ) -> None:
        local_stripe.control("faults", status=500, count=3, path=f"/v1/prices/{price.pk}", method="POST")
        refused(backend.post("updateprod", prod_name="Pro", unit_amount=2900), 503, "stripe_unavailable")
        assert [known.unit_amount for known in Price.objects.on_sale()] == [1900, 2900]
        local_stripe.control("faults", count=0)
        answer = backend.post("updateprod", prod_name="Pro", unit_amount=2900).json()
        assert [known.pk for known in Price.objects.on_sale()] == [answer["price_id"]]
        assert [known.unit_amount for known in local_stripe.api.prices.list({"active": True}).data] == [2900]

    @pytest.mark.parametrize("amount", [1900, 2900, 3900])
    def test_of_an_amount_after_another_was_cut_off(
        self, backend: Program, price: Price, local_stripe: LocalStripe, amount: int
    ) -> None:
        local_stripe.control("faults", status=500, count=3, path=f"/v1/prices/{price.pk}", method="POST")
        backend.post("updateprod", prod_name="Pro", unit_amount=2900)
        local_stripe.control("faults", count=0)
        assert backend.post("updateprod", prod_name="Pro", unit_amount=amount).json()["unit_amount"] == amount
        assert [known.unit_amount for known in Price.objects.on_sale()] == [amount]

    def test_asked_again_finishes_where_there_is_no_default_yet(
        self, backend: Program, local_stripe: LocalStripe
    ) -> None:
        bare = local_stripe.api.products.create({"name": "Bare"})
        local_stripe.api.prices.create({"product": bare.id, "currency": "usd", "unit_amount": 1900})
        importer.import_catalog()
        local_stripe.control("faults", status=500, count=3, path=f"/v1/products/{bare.id}")
        refused(backend.post("updateprod", prod_name="Bare", unit_amount=2900), 503, "stripe_unavailable")
        local_stripe.control("faults", count=0)
        answer = backend.post("updateprod", prod_name="Bare", unit_amount=2900)
        assert (answer.status_code, answer.json()["unit_amount"]) == (200, 2900)
        assert [known.pk for known in Price.objects.on_sale()] == [answer.json()["price_id"]]
        assert Product.objects.get().default_price_id == answer.json()["price_id"]

    def test_of_two_that_staff_sell_side_by_side_without_a_default_asks_which(
        self, backend: Program, price: Price
    ) -> None:
        """The one was replaced by the other once, and restored since."""
        backend.post("updateprod", prod_name="Pro", unit_amount=2900)
        catalog.restore_price(price=price)
        Product.objects.update(default_price_id="")
        refused(backend.post("updateprod", prod_name="Pro", unit_amount=3900), 409, "ambiguous_name")
        assert [known.unit_amount for known in Price.objects.on_sale()] == [1900, 2900]

    def test_asked_again_leaves_an_old_price_that_is_gone(
        self, backend: Program, price: Price, local_stripe: LocalStripe
    ) -> None:
        local_stripe.control("faults", status=500, count=3, path=f"/v1/prices/{price.pk}", method="POST")
        backend.post("updateprod", prod_name="Pro", unit_amount=2900)
        local_stripe.control("faults", count=0)
        Price.objects.filter(pk=price.pk).update(is_deleted=True)
        local_stripe.forget_calls()
        answer = backend.post("updateprod", prod_name="Pro", unit_amount=2900)
        assert (answer.status_code, answer.json()["unit_amount"], local_stripe.calls) == (200, 2900, [])

    def test_leaves_an_old_price_that_staff_restored_later(
        self, backend: Program, price: Price, local_stripe: LocalStripe
    ) -> None:
        backend.post("updateprod", prod_name="Pro", unit_amount=2900)
        catalog.restore_price(price=price)
        local_stripe.forget_calls()
        assert backend.post("updateprod", prod_name="Pro", unit_amount=2900).status_code == 200
        assert ([known.unit_amount for known in Price.objects.on_sale()], local_stripe.calls) == ([1900, 2900], [])

    def test_takes_off_sale_and_brings_back(self, backend: Program, price: Price, stranger: Program) -> None:
        for active, shown in ((False, 0), (True, 1)):
            assert backend.post("updateprod", prod_name="Pro", active=active).status_code == 200
            assert Product.objects.get().active is active
            assert len(stranger.get("plans").json()["plans"]) == shown

    def test_keeps_what_is_not_said(self, backend: Program, price: Price) -> None:
        catalog.update_product(
            product=price.product, name="Pro", description="For one", features=["Fast"], can_be_bought_again=True,
            active=True, has_quantity=True, grace_days=3,
        )  # fmt: skip
        backend.post("updateprod", prod_name="Pro", new_name="Pro+", active=False)
        after = Product.objects.get()
        assert (after.name, after.description, after.features, after.active) == ("Pro+", "For one", ["Fast"], False)
        assert (after.can_be_bought_again, after.has_quantity, after.grace_days) == (True, True, 3)

    def test_puts_nothing_back_as_it_was(self, backend: Program, price: Price, local_stripe: LocalStripe) -> None:
        """Our copy does not know yet what was changed in the dashboard."""
        changed = {"active": False, "description": "From the dashboard", "metadata": {"has_quantity": "true"}}
        local_stripe.api.products.update(str(price.product_id), changed)
        assert backend.post("updateprod", prod_name="Pro", new_name="Pro+").status_code == 200
        after = Product.objects.get()
        assert (after.name, after.active, after.description) == ("Pro+", False, "From the dashboard")
        assert after.has_quantity

    def test_of_nothing_changes_nothing(self, backend: Program, price: Price, local_stripe: LocalStripe) -> None:
        answer = backend.post("updateprod", prod_name="Pro", new_name="Pro", unit_amount=1900, active=True)
        assert (answer.status_code, answer.json()["price_id"], local_stripe.calls) == (200, price.pk, [])

    @pytest.mark.parametrize("which", [{"prod_name": "Nobody's"}, {"product_id": "prod_x"}])
    def test_of_a_product_that_is_not_there(
        self, backend: Program, price: Price, local_stripe: LocalStripe, which: dict[str, str]
    ) -> None:
        refused(backend.post("updateprod", **which, unit_amount=1), 404, "not_found")
        assert local_stripe.calls == []

    def test_of_a_name_that_two_have(self, backend: Program, price: Price, local_stripe: LocalStripe) -> None:
        other = namesake()
        local_stripe.forget_calls()
        answer = backend.post("updateprod", prod_name="Pro", active=False)
        error = refused(answer, 409, "ambiguous_name")
        assert sorted(answer.json()["ids"]) == sorted([price.product_id, other.pk])
        assert error["message"] == ending("Name the one that you mean by product_id.")
        assert local_stripe.calls == []
        assert backend.post("updateprod", product_id=other.pk, active=False).status_code == 200
        # Off sale, it is in nobody's way.
        assert backend.post("updateprod", prod_name="Pro").json()["product_id"] == price.product_id

    def test_to_a_name_that_another_has(self, backend: Program, price: Price, local_stripe: LocalStripe) -> None:
        other = namesake("Team")
        local_stripe.forget_calls()
        answer = backend.post("updateprod", prod_name="Pro", new_name="Team", unit_amount=2900)
        refused(answer, 409, "name_taken")
        assert (answer.json()["product_id"], local_stripe.calls) == (other.pk, [])

    def test_of_an_amount_where_several_prices_are(
        self, backend: Program, price: Price, yearly: Price, local_stripe: LocalStripe
    ) -> None:
        answer = backend.post("updateprod", prod_name="Pro", unit_amount=2900)
        assert (answer.status_code, answer.json()["interval"]) == (200, "month")
        Product.objects.update(default_price_id="")
        error = refused(backend.post("updateprod", prod_name="Pro", unit_amount=3900), 409, "ambiguous_name")
        assert error["message"] == ending(". Make one the default first.")

    def test_of_an_amount_where_no_price_is(self, backend: Program, price: Price) -> None:
        Price.objects.update(active=False)
        error = refused(backend.post("updateprod", prod_name="Pro", unit_amount=2900), 400, "not_possible")
        assert error["message"] == "“Pro” has no price yet."

    def test_of_an_amount_that_its_currency_does_not_have(self, backend: Program) -> None:
        backend.post("product", prod_name="Pro", unit_amount=1900, currency="kwd")
        answer = backend.post("updateprod", prod_name="Pro", unit_amount=1901)
        assert list(refused(answer, 422, "bad_input")["fields"]) == ["unit_amount"]


class TestPlans:
    def test_are_the_active_products_with_their_active_prices(
        self, stranger: Program, price: Price, yearly: Price, book: Price, local_stripe: LocalStripe
    ) -> None:
        catalog.archive_product(product=namesake("Old"))
        local_stripe.forget_calls()
        monthly = {
            "price_id": price.pk,
            "unit_amount": 1900,
            "currency": "usd",
            "interval": "month",
            "interval_count": 1,
            "trial_days": None,
            "mode": "subscription",
        }
        year = {**monthly, "price_id": yearly.pk, "unit_amount": 19000, "interval": "year"}
        once = {**monthly, "price_id": book.pk, "unit_amount": 4900, "interval": "one_time", "mode": "payment"}
        shown = {plan["prod_name"]: plan for plan in stranger.get("plans").json()["plans"]}
        assert shown == {
            "Pro": {
                "product_id": price.product_id, "prod_name": "Pro", "description": "", "features": [],
                "prices": [monthly, year],
            },
            "Book": {
                "product_id": book.product_id, "prod_name": "Book", "description": "", "features": [],
                "prices": [once],
            },
        }  # fmt: skip
        assert local_stripe.calls == []


@pytest.mark.parametrize("path", ["/v1/prices", "/v1/products"])
@pytest.mark.parametrize("status", ["reset", 500])
def test_another_amount_after_a_lost_answer_leaves_one_price_on_sale(
    backend: Program, price: Price, local_stripe: LocalStripe, path: str, status: str | int
) -> None:
    local_stripe.control("faults", status=status, count=3, path=path, method="POST", after=True)
    refused(backend.post("updateprod", prod_name="Pro", unit_amount=2900), 503, "stripe_unavailable")
    local_stripe.control("faults", count=0)
    answer = backend.post("updateprod", prod_name="Pro", unit_amount=3900)
    assert (answer.status_code, answer.json()["unit_amount"]) == (200, 3900)
    at_stripe = local_stripe.api.prices.list({"product": price.product_id, "active": True}).data
    assert [each.unit_amount for each in at_stripe] == [3900]
    assert list(Price.objects.on_sale().values_list("unit_amount", flat=True)) == [3900]
