"""An answer is lost, the form is opened anew or sent again, and other terms are typed: nothing gets a twin."""

from typing import Any

import pytest
from django.test import Client

from billing.models import Price, Product, PromotionCode
from tests.billing.admin.browser import ADD_PRODUCT, Page, open_page, page_of, refused, save
from tests.billing.catalog_copies import at_stripe, here
from tests.fixtures import LocalStripe

pytestmark = pytest.mark.django_db

ADD_CODE = "/admin/billing/promotioncode/add/"
WAYS = pytest.mark.parametrize("way", ["reset", "timeout", 500])
IN = pytest.mark.parametrize("is_new_form", [True, False], ids=["a new form", "the same form"])


def lose(local_stripe: LocalStripe, path: str, way: str | int, *, takes_effect: bool = True) -> None:
    local_stripe.control("faults", status=way, count=3, path=path, method="POST", after=takes_effect)


def answer_again(local_stripe: LocalStripe) -> None:
    local_stripe.control("faults", count=0)
    local_stripe.forget_calls()


def save_unanswered(
    admin: Client, local_stripe: LocalStripe, address: str, path: str, way: str | int, **typed: str | None
) -> Page:
    """Save a form while the answers of POST to `path` are lost, and return its page as it was opened."""
    page = open_page(admin, address)
    lose(local_stripe, path, way)
    refused(admin, page, **typed)
    answer_again(local_stripe)
    return page


def created(local_stripe: LocalStripe) -> list[str]:
    return [call for call in local_stripe.calls if call.startswith("POST")]


class TestProduct:
    @WAYS
    @IN
    @pytest.mark.parametrize("otherwise", [{"amount": "39"}, {"interval": "year"}, {"description": "For many"}])
    def test_is_said_to_be_there(
        self, admin: Client, local_stripe: LocalStripe, way: str | int, *, is_new_form: bool, otherwise: dict[str, str]
    ) -> None:
        typed = {"name": "Team", "amount": "29"}
        page = save_unanswered(admin, local_stripe, ADD_PRODUCT, "/v1/products", way, **typed)
        for _ in range(3):
            page = open_page(admin, ADD_PRODUCT) if is_new_form else page
            shown = refused(admin, page, **typed | otherwise)
            assert "“Team” was created after all" in str(shown.errors)
        assert created(local_stripe) == []
        assert here() == at_stripe(local_stripe)
        assert list(Price.objects.values_list("product__name", "unit_amount")) == [("Team", 2900)]

    def test_of_another_name_in_the_same_form_is_no_further_one(
        self, admin: Client, local_stripe: LocalStripe
    ) -> None:
        page = save_unanswered(admin, local_stripe, ADD_PRODUCT, "/v1/products", "reset", name="Taem", amount="29")
        assert "“Taem” was created after all" in str(refused(admin, page, name="Team", amount="29").errors)
        assert created(local_stripe) == []

    def test_of_another_name_in_a_new_form_is_another(self, admin: Client, local_stripe: LocalStripe) -> None:
        save_unanswered(admin, local_stripe, ADD_PRODUCT, "/v1/products", "reset", name="Team", amount="29")
        assert save(admin, open_page(admin, ADD_PRODUCT), name="Basic", amount="9").status_code == 302
        assert Product.objects.get().name == "Basic"

    @pytest.mark.parametrize("change", [{"active": False}, {"name": "Crew"}])
    def test_that_was_archived_or_renamed_since_makes_room(
        self, admin: Client, local_stripe: LocalStripe, change: Any
    ) -> None:
        save_unanswered(admin, local_stripe, ADD_PRODUCT, "/v1/products", "reset", name="Team", amount="29")
        [made] = local_stripe.api.products.list().data
        local_stripe.api.products.update(made.id, change)
        assert save(admin, open_page(admin, ADD_PRODUCT), name="Team", amount="39").status_code == 302
        on_sale = [each.name for each in local_stripe.api.products.list({"active": True}).data]
        assert on_sale.count("Team") == 1

    def test_that_was_not_created_is_created(self, admin: Client, local_stripe: LocalStripe) -> None:
        lose(local_stripe, "/v1/products", "reset", takes_effect=False)
        refused(admin, open_page(admin, ADD_PRODUCT), name="Team", amount="29")
        answer_again(local_stripe)
        assert save(admin, open_page(admin, ADD_PRODUCT), name="Team", amount="39").status_code == 302
        assert here() == at_stripe(local_stripe)
        assert Price.objects.get().unit_amount == 3900

    def test_off_sale_is_said_to_be_there(self, admin: Client, local_stripe: LocalStripe) -> None:
        save_unanswered(
            admin, local_stripe, ADD_PRODUCT, "/v1/products", "reset", name="Team", amount="29", active=None
        )
        shown = refused(admin, open_page(admin, ADD_PRODUCT), name="Team", amount="39")
        assert "“Team” was created after all" in str(shown.errors)
        assert created(local_stripe) == []


class TestFurtherPrice:
    @WAYS
    @IN
    @pytest.mark.parametrize("otherwise", [{"amount": "39"}, {"interval": "year"}, {"trial_days": "7"}])
    def test_is_said_to_be_there(
        self,
        admin: Client,
        local_stripe: LocalStripe,
        price: Price,
        way: str | int,
        *,
        is_new_form: bool,
        otherwise: dict[str, str],
    ) -> None:
        typed = {"amount": "29", "currency": "usd"}
        page = save_unanswered(admin, local_stripe, page_of(price.product), "/v1/prices", way, **typed)
        page = open_page(admin, page_of(price.product)) if is_new_form else page
        for _ in range(3):
            shown = refused(admin, page, **typed | otherwise)
            assert "“$29.00 per month” was added after all" in str(shown.errors)
        assert created(local_stripe) == []
        assert here() == at_stripe(local_stripe)
        # The page that is opened now shows it, so another one is what somebody wants.
        page = open_page(admin, page_of(price.product))
        assert "$29.00 per month" in page.html
        assert save(admin, page, **typed | otherwise).status_code == 302
        assert (Price.objects.count(), here()) == (3, at_stripe(local_stripe))

    def test_that_was_archived_since_makes_room(self, admin: Client, local_stripe: LocalStripe, price: Price) -> None:
        save_unanswered(admin, local_stripe, page_of(price.product), "/v1/prices", "reset", amount="29")
        [made] = [each for each in local_stripe.api.prices.list().data if each.unit_amount == 2900]
        local_stripe.api.prices.update(made.id, {"active": False})
        assert save(admin, open_page(admin, page_of(price.product)), amount="39").status_code == 302
        assert set(Price.objects.on_sale().values_list("unit_amount", flat=True)) == {1900, 3900}


class TestPromotionCode:
    @WAYS
    @IN
    @pytest.mark.parametrize("otherwise", [{"percent_off": "50"}, {"max_redemptions": "5"}, {"code": "spring"}])
    def test_is_said_to_be_there(
        self,
        admin: Client,
        local_stripe: LocalStripe,
        way: str | int,
        *,
        is_new_form: bool,
        otherwise: dict[str, str],
    ) -> None:
        typed = {"code": "SPRING", "percent_off": "20", "duration": "once"}
        page = save_unanswered(admin, local_stripe, ADD_CODE, "/v1/promotion_codes", way, **typed)
        for _ in range(3):
            page = open_page(admin, ADD_CODE) if is_new_form else page
            shown = refused(admin, page, **typed | otherwise)
            assert "“SPRING” was created after all" in str(shown.errors)
            assert "20% off the first payment" in str(shown.errors)
        assert created(local_stripe) == []
        assert [code.id for code in local_stripe.api.promotion_codes.list().data] == [PromotionCode.objects.get().pk]
        assert len(local_stripe.api.coupons.list().data) == 1

    def test_that_was_archived_since_makes_room(self, admin: Client, local_stripe: LocalStripe) -> None:
        typed = {"code": "SPRING", "percent_off": "20", "duration": "once"}
        save_unanswered(admin, local_stripe, ADD_CODE, "/v1/promotion_codes", "reset", **typed)
        [made] = local_stripe.api.promotion_codes.list().data
        local_stripe.api.promotion_codes.update(made.id, {"active": False})
        assert save(admin, open_page(admin, ADD_CODE), **typed | {"percent_off": "50"}).status_code == 302
        assert PromotionCode.objects.get(active=True).discount_display == "50% off the first payment"

    @WAYS
    @IN
    @pytest.mark.parametrize("otherwise", [{"percent_off": "50"}, {"max_redemptions": "5"}])
    @pytest.mark.parametrize("is_lost_again", [True, False])
    def test_whose_coupon_alone_was_made_leaves_one_coupon(
        self,
        admin: Client,
        local_stripe: LocalStripe,
        way: str | int,
        *,
        is_new_form: bool,
        otherwise: dict[str, str],
        is_lost_again: bool,
    ) -> None:
        typed = {"code": "SPRING", "percent_off": "20", "duration": "once"}
        page = save_unanswered(admin, local_stripe, ADD_CODE, "/v1/coupons", way, **typed)
        assert len(local_stripe.api.coupons.list().data) == 1
        page = open_page(admin, ADD_CODE) if is_new_form else page
        if is_lost_again:
            local_stripe.control("faults", status=way, count=3, path="/v1/coupons", method="DELETE", after=True)
        if save(admin, page, **typed | otherwise).status_code != 302:
            # The coupon's deletion was lost, and so its code is there by now.
            assert is_lost_again
            answer_again(local_stripe)
            assert save(admin, page, **typed | otherwise).status_code == 302
        [code] = local_stripe.api.promotion_codes.list().data
        [coupon] = local_stripe.api.coupons.list().data
        assert code.id == PromotionCode.objects.get().pk
        assert coupon.percent_off == float(otherwise.get("percent_off", "20"))


class TestAmount:
    @WAYS
    @IN
    @pytest.mark.parametrize("takes_effect", [True, False])
    def test_corrected_and_lost_twice(
        self,
        admin: Client,
        local_stripe: LocalStripe,
        price: Price,
        way: str | int,
        *,
        is_new_form: bool,
        takes_effect: bool,
    ) -> None:
        page = open_page(admin, page_of(price))
        lose(local_stripe, "/v1/prices", way)
        refused(admin, page, amount="29")
        page = open_page(admin, page_of(price)) if is_new_form else page
        lose(local_stripe, "/v1/prices", way, takes_effect=takes_effect)
        refused(admin, page, amount="39")
        answer_again(local_stripe)
        page = open_page(admin, page_of(price)) if is_new_form else page
        assert save(admin, page, amount="39").status_code == 302
        assert list(Price.objects.on_sale().values_list("unit_amount", flat=True)) == [3900]
        assert here() == at_stripe(local_stripe)
