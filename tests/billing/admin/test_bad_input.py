"""Bad input on a form: a clear message, the input is kept, and nothing is written or sent."""

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from pytest_django.fixtures import Settings

from billing.models import Price, Product
from tests.billing.admin.browser import (
    ADD_PRODUCT,
    open_page,
    page_of,
    refused,
    save,
)
from tests.billing.catalog_copies import at_stripe, here
from tests.fixtures import LocalStripe
from tests.wording import starting

pytestmark = pytest.mark.django_db

GOOD = {"name": "Team", "description": "For teams", "features": "One\r\nTwo", "amount": "49.00", "trial_days": "14"}
MANY = "\r\n".join(f"Feature {number}" for number in range(16))

BAD: dict[str, tuple[dict[str, str], str, str]] = {
    "no name": ({"name": ""}, "name", "This field is required."),
    "a blank name": ({"name": " \t "}, "name", "This field is required."),
    "a name of 10,000 characters": (
        {"name": "x" * 10_000},
        "name",
        "Ensure this value has at most 250 characters (it has 10000).",
    ),
    "a name with a null": ({"name": "a\x00b"}, "name", "Null characters are not allowed."),
    "a description of 10,000 characters": (
        {"description": "x" * 10_000},
        "description",
        "Ensure this value has at most 5000 characters (it has 10000).",
    ),
    "16 features": ({"features": MANY}, "features", "At most 15 features; these are 16."),
    "a feature too long": (
        {"features": "x" * 81},
        "features",
        "“xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…” is longer than 80 characters.",
    ),
    "features with a null": ({"features": "a\x00b"}, "features", "Null characters are not allowed."),
    "no amount": ({"amount": ""}, "amount", "This field is required."),
    "a negative amount": ({"amount": "-1"}, "amount", "The amount can't be negative."),
    "fractions of cents": ({"amount": "0.001"}, "amount", "USD has 2 decimals: enter an amount such as 19.00."),
    "a huge amount": ({"amount": "1000000"}, "amount", "The amount can't be more than $999,999.99."),
    "an endless amount": (
        {"amount": "9" * 5000},
        "amount",
        "Ensure this value has at most 30 characters (it has 5000).",
    ),
    "an amount in words": ({"amount": "nineteen"}, "amount", "Enter an amount in USD, such as 19.00."),
    "an amount in another notation": ({"amount": "1E+999999"}, "amount", "Enter an amount in USD, such as 19.00."),
    "yen with decimals": (
        {"amount": "1900.50", "currency": "jpy"},
        "amount",
        "JPY has no decimals: enter an amount such as 1900.",
    ),
    "no currency": ({"currency": ""}, "currency", "This field is required."),
    "a currency that does not exist": ({"currency": "zzz"}, "currency", "“zzz” is not a currency."),
    "a currency too long": (
        {"currency": "dollars"},
        "currency",
        "Ensure this value has at most 3 characters (it has 7).",
    ),
    "a currency from elsewhere": ({"currency": "<b>"}, "currency", "“<b>” is not a currency."),
    "no count": ({"interval_count": ""}, "interval_count", "This field is required."),
    "no months": ({"interval_count": "0"}, "interval_count", "Ensure this value is greater than or equal to 1."),
    "half months": ({"interval_count": "1.5"}, "interval_count", "Enter a whole number."),
    "too many months": ({"interval_count": "37"}, "interval_count", "Stripe bills at least every three years."),
    "too many years": (
        {"interval": "year", "interval_count": "4"},
        "interval_count",
        "Stripe bills at least every three years.",
    ),
    "endless months": ({"interval_count": "9" * 40}, "interval_count", "Stripe bills at least every three years."),
    "a trial of no days": ({"trial_days": "0"}, "trial_days", "Ensure this value is greater than or equal to 1."),
    "a trial without end": ({"trial_days": "731"}, "trial_days", "Ensure this value is less than or equal to 730."),
    "a trial of a one-time price": ({"interval": "one_time"}, "trial_days", "A one-time price has no trial."),
}


class TestAdd:
    @pytest.mark.parametrize(("typed", "field", "message"), BAD.values(), ids=BAD)
    def test_is_refused_before_stripe_is_asked(
        self, admin: Client, local_stripe: LocalStripe, typed: dict[str, str], field: str, message: str
    ) -> None:
        page = refused(admin, open_page(admin, ADD_PRODUCT), **{**GOOD, **typed})
        assert page.errors == {field: [message]}
        assert local_stripe.calls == []
        assert here() == at_stripe(local_stripe) == {}
        assert not LogEntry.objects.exists()

    def test_says_all_at_once(self, admin: Client, local_stripe: LocalStripe) -> None:
        page = refused(admin, open_page(admin, ADD_PRODUCT), name="", amount="-1", currency="zzz", trial_days="x")
        assert sorted(page.errors) == ["currency", "name", "trial_days"]
        assert local_stripe.calls == []

    @pytest.mark.parametrize("interval", ["", "hour", "one_time' OR 1=1"])
    def test_an_interval_that_is_not_offered(self, admin: Client, local_stripe: LocalStripe, interval: str) -> None:
        response = save(admin, open_page(admin, ADD_PRODUCT), **{**GOOD, "interval": interval})
        assert response.status_code == 200
        assert "interval" in response.context["adminform"].form.errors
        assert local_stripe.calls == []
        assert here() == {}

    @pytest.mark.parametrize("request_id", ["x", "ä", "r" * 10_000])
    def test_a_form_whose_hidden_name_was_tampered_with(
        self, admin: Client, local_stripe: LocalStripe, request_id: str
    ) -> None:
        response = save(admin, open_page(admin, ADD_PRODUCT), **{**GOOD, "request_id": request_id})
        assert response.status_code == 200
        assert "request_id" in response.context["adminform"].form.errors
        assert local_stripe.calls == []
        assert here() == {}

    def test_an_empty_form(self, admin: Client, local_stripe: LocalStripe) -> None:
        response = admin.post(ADD_PRODUCT, {})
        assert response.status_code == 200
        assert "name" in response.context["adminform"].form.errors
        assert local_stripe.calls == []
        assert here() == {}

    def test_markup_is_shown_as_typed(self, admin: Client, local_stripe: LocalStripe) -> None:
        save(admin, open_page(admin, ADD_PRODUCT), **{**GOOD, "name": "<script>alert(1)</script>"})
        for address in (page_of(Price.objects.get().product), page_of(Price.objects.get()), "/admin/billing/price/"):
            assert "<script>alert" not in admin.get(address).content.decode()


class TestStripe:
    """A refusal or failure of Stripe shows on the form, and saving again works once Stripe answers."""

    @pytest.fixture(params=["add", "change"])
    def address(self, request: pytest.FixtureRequest, price: Price) -> str:
        return ADD_PRODUCT if request.param == "add" else page_of(price.product)

    def is_saved_by_pressing_save_again(
        self, admin: Client, local_stripe: LocalStripe, page: object, before: int
    ) -> None:
        response = save(admin, page)  # type: ignore[arg-type]
        assert response.status_code == 302
        assert Price.objects.count() == before + 1
        assert here() == at_stripe(local_stripe)

    @pytest.mark.parametrize("status", ["timeout", "reset", 429, 500])
    def test_is_down(self, admin: Client, local_stripe: LocalStripe, address: str, status: str | int) -> None:
        before = here()
        local_stripe.control("faults", status=status, count=3)
        page = refused(admin, open_page(admin, address), **GOOD)
        [message] = page.errors["__all__"]
        known = "this is not done yet." if status == 429 else "it is not known whether this was done."
        assert message == starting(f"Stripe can't be reached, so {known} Please try again")
        local_stripe.control("faults", count=0)
        assert here() == before == at_stripe(local_stripe)
        self.is_saved_by_pressing_save_again(admin, local_stripe, page, before=1)

    def test_lost_the_answer(self, admin: Client, local_stripe: LocalStripe, address: str) -> None:
        local_stripe.control("faults", status="timeout", count=3, after=True)
        page = refused(admin, open_page(admin, address), **GOOD)
        assert page.errors["__all__"][0] == starting("Stripe can't be reached, so it is not known whether")
        local_stripe.control("faults", count=0)
        self.is_saved_by_pressing_save_again(admin, local_stripe, page, before=1)

    def test_the_request_id_stays_after_every_kind_of_failure(self, admin: Client, local_stripe: LocalStripe) -> None:
        page = open_page(admin, ADD_PRODUCT)
        ids = {page.fields["request_id"]}
        for status in ("timeout", 500, 429):
            local_stripe.control("faults", status=status, count=3)
            page = refused(admin, page, **GOOD)
            local_stripe.control("faults", count=0)
            ids.add(page.fields["request_id"])
        assert len(ids) == 1

    def test_refuses(self, admin: Client, local_stripe: LocalStripe, address: str) -> None:
        before = here()
        page = refused(admin, open_page(admin, address), **{**GOOD, "currency": "xxx"})
        [message] = page.errors["__all__"]
        assert message == starting("Stripe refused this: Invalid currency: xxx.")
        assert here() == before == at_stripe(local_stripe)
        response = save(admin, page, currency="usd")
        assert response.status_code == 302
        assert here() == at_stripe(local_stripe)

    def test_does_not_take_the_key(
        self, admin: Client, local_stripe: LocalStripe, address: str, settings: Settings
    ) -> None:
        before = here()
        settings.STRIPE_KEY = "sk_live_wrong_key_of_the_suite"
        page = refused(admin, open_page(admin, address), **GOOD)
        [message] = page.errors["__all__"]
        assert message == starting("Stripe does not accept our key, so nothing was changed: check STRIPE_KEY.")
        assert "sk_live_wrong_key_of_the_suite" not in page.html
        assert here() == before == at_stripe(local_stripe)

    def test_is_given_no_key(self, admin: Client, local_stripe: LocalStripe, address: str, settings: Settings) -> None:
        before = here()
        settings.STRIPE_KEY = ""
        page = refused(admin, open_page(admin, address), **GOOD)
        assert "STRIPE_KEY" in page.errors["__all__"][0]
        assert local_stripe.calls == []
        assert here() == before == at_stripe(local_stripe)

    def test_breaks_off_between_a_further_price_and_the_product(
        self, admin: Client, local_stripe: LocalStripe, price: Price
    ) -> None:
        local_stripe.control("faults", status="timeout", count=3, path=f"/v1/products/{price.product_id}")
        page = refused(admin, open_page(admin, page_of(price.product)), **GOOD)
        local_stripe.control("faults", count=0)
        assert here() == at_stripe(local_stripe)
        assert here()[price.product_id]["name"] == "Pro"
        self.is_saved_by_pressing_save_again(admin, local_stripe, page, before=1)
        assert here()[price.product_id]["name"] == "Team"

    def test_lost_the_product(self, admin: Client, local_stripe: LocalStripe) -> None:
        gone = local_stripe.api.products.create({"name": "Gone"})
        save(admin, open_page(admin, ADD_PRODUCT), **GOOD)
        Product.objects.create(pk=gone.id, name="Gone", version=1)
        local_stripe.api.products.delete(gone.id)
        before = here()
        page = refused(admin, open_page(admin, page_of(Product.objects.get(pk=gone.id))), name="Back")
        assert page.errors == {"__all__": [f"Stripe refused this: No such product: '{gone.id}'"]}
        assert here() == before
