"""Prices in the admin: another amount replaces a price, and actions archive and restore it."""

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from billing.catalog import services as catalog
from billing.catalog.services import PriceTerms
from billing.models import Price, Product
from tests.billing.admin.browser import (
    PRICES,
    choose,
    messages_on,
    open_page,
    page_of,
    refused,
    save,
)
from tests.billing.catalog_copies import at_stripe, here
from tests.fixtures import LocalStripe
from tests.wording import starting

pytestmark = pytest.mark.django_db


@pytest.fixture
def euro(local_stripe: LocalStripe, price: Price) -> Price:
    """A second price of the same product, not its default."""
    terms = PriceTerms(unit_amount=500, currency="eur")
    made = catalog.add_price(product=price.product, terms=terms, request_id="fixture-euro")
    local_stripe.forget_calls()
    return made


def undo(price: Price, replacement: Price) -> None:
    """Restore the price, and archive its replacement."""
    catalog.restore_price(price=price)
    catalog.make_default(price=price)
    catalog.archive_price(price=replacement)


class TestChangeAmount:
    def test_replaces_the_price(self, admin: Client, local_stripe: LocalStripe, price: Price) -> None:
        page = open_page(admin, page_of(price))
        assert page.fields["amount"] == "19.00"
        response = save(admin, page, amount="29")
        assert (response.status_code, response["Location"]) == (302, PRICES)
        replacement = Price.objects.get(active=True)
        assert {str(row): row.active for row in Price.objects.all()} == {
            "$19.00 per month": False,
            "$29.00 per month": True,
        }
        assert Product.objects.get().default_price_id == replacement.pk
        assert local_stripe.calls == [
            f"GET /v1/prices/{price.pk}",
            "POST /v1/prices",
            f"POST /v1/products/{price.product_id}",
            f"POST /v1/prices/{price.pk}",
        ]
        assert here() == at_stripe(local_stripe)

    def test_is_recorded_for_the_new_price(self, admin: Client, local_stripe: LocalStripe, price: Price) -> None:
        save(admin, open_page(admin, page_of(price)), amount="29")
        entry = LogEntry.objects.get()
        assert (entry.action_flag, entry.object_id) == (CHANGE, Price.objects.get(active=True).pk)
        assert entry.get_change_message() == "Changed amount."
        said = "$29.00 per month is the new price, and the one before is archived. "
        assert messages_on(admin, PRICES) == [said + "Running subscriptions stay on that one."]

    def test_sent_twice_replaces_once(self, admin: Client, local_stripe: LocalStripe, price: Price) -> None:
        page = open_page(admin, page_of(price))
        for _ in range(2):
            assert save(admin, page, amount="29").status_code == 302
        assert Price.objects.count() == 2
        assert here() == at_stripe(local_stripe)

    def test_in_a_page_opened_before_it_was_replaced(
        self, admin: Client, local_stripe: LocalStripe, price: Price
    ) -> None:
        """Two people at once: the second must not put a second price on sale."""
        page = open_page(admin, page_of(price))
        stale = open_page(admin, page_of(price))
        save(admin, page, amount="21")
        local_stripe.forget_calls()
        response = save(admin, stale, amount="22")
        assert "is not on sale any more: it was replaced or archived." in response.content.decode()
        assert 'value="22"' in response.content.decode()
        assert [str(row) for row in Price.objects.filter(active=True)] == ["$21.00 per month"]
        assert local_stripe.calls == []

    def test_to_what_another_price_costs_is_no_replacement(
        self, admin: Client, local_stripe: LocalStripe, price: Price
    ) -> None:
        stale = open_page(admin, page_of(price))
        save(admin, open_page(admin, page_of(price)), amount="21")
        with_trial = PriceTerms(unit_amount=2500, currency="usd", trial_days=30)
        catalog.add_price(product=price.product, terms=with_trial, request_id="other")
        assert "is not on sale any more" in save(admin, stale, amount="25").content.decode()

    def test_sent_again_after_it_was_undone_changes_nothing(
        self, admin: Client, local_stripe: LocalStripe, price: Price
    ) -> None:
        page = open_page(admin, page_of(price))
        save(admin, page, amount="29")
        replacement = Price.objects.get(active=True)
        undo(price, replacement)
        assert "is not on sale any more" in save(admin, page, amount="29").content.decode()
        assert Price.objects.get(active=True) == price
        assert Product.objects.get().default_price_id == price.pk
        assert here() == at_stripe(local_stripe)

    def test_to_the_same_amount_does_nothing(self, admin: Client, local_stripe: LocalStripe, price: Price) -> None:
        before = here()
        assert save(admin, open_page(admin, page_of(price)), amount="19").status_code == 302
        assert here() == before == at_stripe(local_stripe)
        assert local_stripe.calls == []
        assert messages_on(admin, PRICES) == ["$19.00 per month is the amount already, so nothing was changed."]

    def test_is_typed_in_the_currencys_own_decimals(
        self, admin: Client, local_stripe: LocalStripe, price: Price
    ) -> None:
        terms = PriceTerms(unit_amount=500, currency="jpy", interval="one_time")
        yen = catalog.add_price(product=price.product, terms=terms, request_id="r1")
        page = open_page(admin, page_of(yen))
        assert page.fields["amount"] == "500"
        save(admin, page, amount="600")
        assert "¥600 once" in {str(row) for row in Price.objects.filter(active=True)}
        assert here() == at_stripe(local_stripe)

    @pytest.mark.parametrize(
        ("amount", "message"),
        [
            ("", "This field is required."),
            ("nineteen", "Enter an amount in USD, such as 19.00."),
            ("-1", "The amount can't be negative."),
            ("19.001", "USD has 2 decimals: enter an amount such as 19.00."),
            ("1000000", "The amount can't be more than $999,999.99."),
            ("9" * 31, "Ensure this value has at most 30 characters (it has 31)."),
        ],
    )
    def test_to_what_is_no_amount_is_refused(
        self, admin: Client, local_stripe: LocalStripe, price: Price, amount: str, message: str
    ) -> None:
        before = here()
        page = refused(admin, open_page(admin, page_of(price)), amount=amount)
        assert page.errors == {"amount": [message]}
        assert local_stripe.calls == []
        assert here() == before == at_stripe(local_stripe)

    @pytest.mark.parametrize("step", ["/v1/prices", "/v1/products/{product}", "/v1/prices/{price}"])
    @pytest.mark.parametrize("status", ["timeout", 500])
    def test_cut_off_at_any_step_is_finished_by_saving_again(
        self, admin: Client, local_stripe: LocalStripe, price: Price, step: str, status: str | int
    ) -> None:
        path = step.format(product=price.product_id, price=price.pk)
        local_stripe.control("faults", status=status, count=3, path=path)
        page = refused(admin, open_page(admin, page_of(price)), amount="29")
        # The paths of two steps begin the call that only reads the price.
        known = "it is not known whether this was done." if "products" in step else "this is not done yet."
        assert page.errors["__all__"][0] == starting(f"Stripe can't be reached, so {known}")
        local_stripe.control("faults", count=0)
        assert save(admin, page).status_code == 302
        assert {str(row): row.active for row in Price.objects.all()} == {
            "$19.00 per month": False,
            "$29.00 per month": True,
        }
        assert here() == at_stripe(local_stripe)

    def test_of_a_price_that_stripe_computes_is_not_offered(
        self, admin: Client, local_stripe: LocalStripe, price: Price
    ) -> None:
        Price.objects.update(unit_amount=None)
        page = open_page(admin, page_of(price))
        assert page.status == 200
        assert "varies (USD)" in page.html
        assert "amount" not in page.fields
        assert admin.post(page_of(price), {"amount": "29"}).status_code == 403
        assert local_stripe.calls == []

    def test_of_a_price_whose_product_is_not_here(
        self, admin: Client, local_stripe: LocalStripe, price: Price
    ) -> None:
        Product.objects.all().delete()
        assert admin.get(PRICES).status_code == 200
        assert save(admin, open_page(admin, page_of(price)), amount="29").status_code == 302
        assert here() == at_stripe(local_stripe)

    def test_leads_nowhere_to_continue(self, admin: Client, local_stripe: LocalStripe, price: Price) -> None:
        html = open_page(admin, page_of(price)).html
        assert 'name="_save"' in html
        assert 'name="_continue"' not in html


class TestActions:
    def test_archive_and_restore(self, admin: Client, local_stripe: LocalStripe, price: Price, euro: Price) -> None:
        assert choose(admin, PRICES, "archive", euro) == ["Archived: €5.00 per month."]
        assert not Price.objects.get(pk=euro.pk).active
        assert choose(admin, PRICES, "restore", euro) == ["Restored: €5.00 per month."]
        assert Price.objects.get(pk=euro.pk).active
        assert local_stripe.calls == [f"POST /v1/prices/{euro.pk}"] * 2
        assert here() == at_stripe(local_stripe)

    def test_the_default_can_not_be_archived_and_that_is_said(
        self, admin: Client, local_stripe: LocalStripe, price: Price, euro: Price
    ) -> None:
        said = choose(admin, PRICES, "archive", price, euro)
        assert said[0] == (
            "Price $19.00 per month: This can't be archived because it is the default price of its product Pro. "
            "Make another price of it the default first; or archive the product, if it is not to be sold any more."
        )
        assert said[1:] == ["Archived: €5.00 per month."]
        assert dict(Price.objects.values_list("pk", "active")) == {price.pk: True, euro.pk: False}
        assert here() == at_stripe(local_stripe)

    def test_make_default(self, admin: Client, local_stripe: LocalStripe, price: Price, euro: Price) -> None:
        assert choose(admin, PRICES, "make_default", euro) == ["Now the default: €5.00 per month."]
        assert Product.objects.get().default_price_id == euro.pk
        assert here() == at_stripe(local_stripe)

    def test_only_one_of_a_product_can_be_made_the_default(
        self, admin: Client, local_stripe: LocalStripe, price: Price, euro: Price
    ) -> None:
        chosen = {"action": "make_default", "_selected_action": [price.pk, euro.pk]}
        page = admin.post(PRICES, chosen, follow=True)
        said = [str(message) for message in page.context["messages"]]
        assert said == ["Choose one price of each product: only one can be its default."]
        assert (local_stripe.calls, Product.objects.get().default_price_id) == ([], price.pk)

    def test_an_archived_price_is_not_made_the_default(
        self, admin: Client, local_stripe: LocalStripe, price: Price, euro: Price
    ) -> None:
        choose(admin, PRICES, "archive", euro)
        local_stripe.forget_calls()
        said = choose(admin, PRICES, "make_default", euro)
        assert said == ["Price €5.00 per month: An archived price can't be the default. Restore it first."]
        assert (local_stripe.calls, Product.objects.get().default_price_id) == ([], price.pk)

    def test_while_stripe_is_down_change_nothing(
        self, admin: Client, local_stripe: LocalStripe, price: Price, euro: Price
    ) -> None:
        before = here()
        for action in ("archive", "restore", "make_default"):
            local_stripe.control("faults", status=429)
            [said] = choose(admin, PRICES, action, euro)
            assert said == starting("Price €5.00 per month: Stripe can't be reached")
        assert here() == before == at_stripe(local_stripe)


class TestNeverByHand:
    def test_are_not_added_on_their_own(self, admin: Client, local_stripe: LocalStripe) -> None:
        assert admin.get(PRICES + "add/").status_code == 403
        assert admin.post(PRICES + "add/", {"amount": "19"}).status_code == 403
        assert here() == at_stripe(local_stripe) == {}

    def test_are_not_deleted(self, admin: Client, local_stripe: LocalStripe, price: Price) -> None:
        assert admin.post(page_of(price).replace("/change/", "/delete/"), {"post": "yes"}).status_code == 403
        assert here() == at_stripe(local_stripe)

    def test_keep_what_the_form_does_not_offer(self, admin: Client, local_stripe: LocalStripe, price: Price) -> None:
        before = here()
        save(admin, open_page(admin, page_of(price)), currency="eur", active=None, interval="year", id="price_9")
        assert here() == before == at_stripe(local_stripe)


class TestList:
    @pytest.mark.parametrize(
        "query", ["", "?active__exact=0", "?interval__exact=month", "?currency=usd", "?q=pro", "?o=-1.2"]
    )
    def test_filters_searches_and_sorts(
        self, admin: Client, local_stripe: LocalStripe, price: Price, query: str
    ) -> None:
        assert admin.get(PRICES + query, follow=True).status_code == 200

    def test_finds_by_product_nickname_and_id(self, admin: Client, local_stripe: LocalStripe, price: Price) -> None:
        Price.objects.update(nickname="Early bird")
        for words, found in (("pro", 1), ("early", 1), (price.pk, 1), ("nobody", 0)):
            assert admin.get(PRICES, {"q": words}).context["cl"].result_count == found

    def test_asks_the_database_as_often_for_many_rows(
        self, admin: Client, local_stripe: LocalStripe, price: Price
    ) -> None:
        def queries() -> int:
            with CaptureQueriesContext(connection) as captured:
                admin.get(PRICES)
            return len(captured)

        queries()
        few = queries()
        for number in range(12):
            product = Product.objects.create(pk=f"prod_{number}", name=f"{number}", version=1)
            Price.objects.create(pk=f"price_{number}", product=product, currency="usd", unit_amount=number)
        Price.objects.create(pk="price_lost", product_id="prod_unknown", currency="usd", unit_amount=1)
        assert queries() == few
