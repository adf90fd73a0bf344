"""The API asks the database and Stripe no more than the pages that do the same, for the same person."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from billing.models import Price
from subscriptions import stripe_clock
from subscriptions.customers import services as customers
from subscriptions.models import CheckoutSession, Payment, Subscription
from tests.fixtures import LocalStripe
from tests.subscriptions.conftest import path_to, settle
from tests.subscriptions.reading import forms
from tests.subscriptions.rows import subscribe

pytestmark = pytest.mark.django_db

Cost = Callable[[Callable[[], Any]], tuple[int, list[str]]]


@pytest.fixture
def cost(local_stripe: LocalStripe) -> Cost:
    """How many queries something takes, and which calls to Stripe."""

    def measured(act: Callable[[], Any]) -> tuple[int, list[str]]:
        local_stripe.forget_calls()
        # Each process caches both, so the first request measured would pay for the second.
        stripe_clock.now()
        ContentType.objects.clear_cache()
        with CaptureQueriesContext(connection) as queries:
            answer = act()
        assert answer.status_code < 400, answer.content
        return len(queries), [call.split("_")[0] for call in local_stripe.calls]

    return measured


@pytest.fixture
def browsers(person: User, local_stripe: LocalStripe) -> tuple[Client, Client]:
    """Two people in the same position: one for the pages, one for the API."""
    other = User.objects.create_user("eve", "eve@example.com")
    pair = Client(), Client()
    for browser, user in zip(pair, (person, other), strict=True):
        browser.force_login(user)
    return pair


def assert_no_dearer(api: tuple[int, list[str]], page: tuple[int, list[str]], *, lookups: int = 0) -> None:
    """`lookups` is how many objects the API's caller names, and the page's address or form has found already."""
    assert api[1] == page[1]
    assert api[0] <= page[0] + lookups, f"{api[0]} queries, and the page {page[0]}"


def post(browser: Client, path: str, **fields: Any) -> Any:
    return browser.post(f"/api/{path}", fields, content_type="application/json")


class TestReading:
    def test_plans(self, client: Client, price: Price, yearly: Price, book: Price, cost: Cost) -> None:
        api = cost(lambda: client.get("/api/plans"))
        assert_no_dearer(api, cost(lambda: client.get("/")))
        assert api == (2, [])

    @pytest.mark.parametrize("rows", [1, 5])
    def test_what_somebody_has(
        self, customer_client: Client, subscription: Subscription, price: Price, cost: Cost, rows: int
    ) -> None:
        assert subscription.customer is not None
        for n in range(rows):
            subscribe(subscription.customer, price, pk=f"sub_{n}")
            Payment.objects.create(
                customer=subscription.customer, product=price.product, price=price, amount=1, currency="usd",
                status="succeeded",
            )  # fmt: skip
        page = cost(lambda: customer_client.get("/account/"))
        for api in (cost(lambda: customer_client.get("/api/me")), cost(lambda: post(customer_client, "getsubs"))):
            assert_no_dearer(api, page)


class TestBuying:
    def test_a_new_session(self, browsers: tuple[Client, Client], price: Price, cost: Cost) -> None:
        page = cost(lambda: browsers[0].post(f"/buy/{price.pk}/"))
        assert_no_dearer(cost(lambda: post(browsers[1], "session", price_id=price.pk)), page)
        page = cost(lambda: browsers[0].post(f"/buy/{price.pk}/"))
        assert_no_dearer(cost(lambda: post(browsers[1], "session", price_id=price.pk)), page)

    def test_what_a_session_brought(
        self, browsers: tuple[Client, Client], price: Price, local_stripe: LocalStripe, cost: Cost
    ) -> None:
        for browser in browsers:
            browser.post(f"/buy/{price.pk}/")
        first, second = CheckoutSession.objects.order_by("claimed_at").values_list("stripe_id", flat=True)
        for session_id in (first, second):
            local_stripe.pay(session_id)
        success = cost(lambda: browsers[0].get("/checkout/success/", {"session_id": first}))
        account = cost(lambda: browsers[0].get("/account/"))
        page = (success[0] + account[0], success[1] + account[1])
        assert_no_dearer(cost(lambda: post(browsers[1], "getsubs", session_id=second)), page)


class TestChanging:
    @pytest.fixture
    def held(self, browsers: tuple[Client, Client], price: Price, local_stripe: LocalStripe) -> list[Subscription]:
        """A subscription for each of the two, to the same."""
        for browser in browsers:
            browser.post(f"/buy/{price.pk}/")
        for session_id in CheckoutSession.objects.values_list("stripe_id", flat=True):
            local_stripe.pay(session_id)
        settle()
        return [Subscription.objects.get(customer__account__user__username=name) for name in ("ada", "eve")]

    @pytest.mark.parametrize("when", ["now", "period_end"])
    def test_a_cancel(self, browsers: tuple[Client, Client], held: list[Subscription], cost: Cost, when: str) -> None:
        at_period_end = when == "period_end"
        page = cost(lambda: browsers[0].post(f"/subscriptions/{held[0].pk}/cancel/", {"when": when}))
        for which in ({"subscription_id": held[1].pk}, {"price_id": held[1].price_id}):
            api = cost(lambda which=which: post(browsers[1], "cancel", **which, at_period_end=at_period_end))
            if "subscription_id" in which:
                assert_no_dearer(api, page)
            else:
                assert api[0] <= page[0]

    def test_a_change(
        self, browsers: tuple[Client, Client], held: list[Subscription], team: Price, cost: Cost
    ) -> None:
        shown: list[Any] = []

        def preview() -> Any:
            shown.append(browsers[0].get(path_to(held[0], team)))
            return shown[0]

        def confirm() -> Any:
            (form,) = [form for form in forms(shown[0].content.decode()) if "preview" in form]
            return browsers[0].post(path_to(held[0], team), {**form, "when": "now"})

        seen, done = cost(preview), cost(confirm)
        page = (seen[0] + done[0], seen[1] + done[1])
        assert_no_dearer(cost(lambda: post(browsers[1], "updatesub", price_id=team.pk)), page)
        assert {row.price_id for row in Subscription.objects.all()} == {team.pk}


class TestCustomers:
    def test_are_made_by_one_call_and_found_by_none(self, staff: User, local_stripe: LocalStripe, cost: Cost) -> None:
        browser = Client()
        browser.force_login(staff)
        zoe = {"user_name": "zoe", "email": "zoe@example.com"}
        assert cost(lambda: post(browser, "createcustomer", **zoe))[1] == ["POST /v1/customers"]
        signed_in = cost(lambda: post(browser, "createcustomer", **zoe))
        with CaptureQueriesContext(connection) as queries:
            customers.ensure(User.objects.get(username="zoe"))
        # Who asks, and beside the session for whom.
        assert signed_in == (2 + len(queries), [])


class TestProducts:
    def test_cost_the_calls_that_the_admin_makes(self, staff: User, price: Price, cost: Cost) -> None:
        browser = Client()
        browser.force_login(staff)
        typed = {"name": "One", "amount": "9", "currency": "usd", "interval": "month", "interval_count": "1"}
        page = cost(lambda: browser.post("/admin/billing/product/add/", {**typed, "active": "on"}))
        api = cost(lambda: post(browser, "product", prod_name="Two", unit_amount=900))
        assert_no_dearer(api, page, lookups=1)  # Whether the name is taken, for the 409.
        page = cost(
            lambda: browser.post(f"/admin/billing/price/{price.pk.replace('_', '_5F')}/change/", {"amount": "29"})
        )
        assert_no_dearer(cost(lambda: post(browser, "updateprod", prod_name="Two", unit_amount=2900)), page)
