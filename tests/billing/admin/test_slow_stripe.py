"""A form that waits for Stripe holds no lock and no transaction."""

import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from pytest_django.fixtures import Settings

from billing import gateway
from billing.models import Price, Product
from sandbox.transport import InProcessClient
from tests.billing.admin.browser import (
    ADD_PRODUCT,
    PRODUCTS,
    Page,
    open_page,
    page_of,
    save,
)
from tests.billing.catalog_copies import at_stripe, here, metadata_of
from tests.fixtures import LocalStripe, deliver
from tests.wording import starting

pytestmark = pytest.mark.django_db(transaction=True)

Beside = Callable[..., Future[Any]]

PATIENCE = 15  # Seconds until a test that hangs fails.


class Hanging(InProcessClient):
    """A Stripe that does not answer the first change until it is released."""

    def __init__(self, local: LocalStripe) -> None:
        super().__init__(local.sandbox)
        self.is_asked, self.is_released = threading.Event(), threading.Event()

    def request(
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None, **usage: Any
    ) -> Any:
        if method.upper() == "POST" and not self.is_asked.is_set():
            self.is_asked.set()
            assert self.is_released.wait(PATIENCE)
        return super().request(method, url, headers, post_data, **usage)


@pytest.fixture
def hanging(local_stripe: LocalStripe, price: Price) -> Iterator[Hanging]:
    transport = Hanging(local_stripe)
    gateway.use_transport(transport)
    yield transport
    transport.is_released.set()


@pytest.fixture
def beside() -> Iterator[Beside]:
    """Run something in its own thread, with its own database connection."""

    def run(work: Callable[..., Any], *args: Any, **options: Any) -> Any:
        try:
            return work(*args, **options)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        yield lambda work, *args, **options: pool.submit(run, work, *args, **options)


@pytest.fixture
def admin(client: Client, staff: User, settings: Settings) -> Client:
    """A signed-in browser; signing in made no call to Stripe."""
    key, settings.STRIPE_KEY = settings.STRIPE_KEY, ""
    client.force_login(staff)
    settings.STRIPE_KEY = key
    return client


class TestWhileTheFormHangs:
    @pytest.mark.parametrize("form", ["add", "change", "price"])
    def test_a_webhook_is_accepted(
        self, admin: Client, local_stripe: LocalStripe, price: Price, hanging: Hanging, beside: Beside, *, form: str
    ) -> None:
        local_stripe.api.products.create({"name": "From the dashboard"})
        [event] = [
            event for event in local_stripe.events("product.created") if event["data"]["object"]["name"] != "Pro"
        ]
        addresses = {"add": ADD_PRODUCT, "change": page_of(price.product), "price": page_of(price)}
        typed = {"amount": "29"} if form == "price" else {"name": "Team", "amount": "29"}
        saving = beside(save, admin, open_page(admin, addresses[form]), **typed)
        assert hanging.is_asked.wait(PATIENCE)

        assert deliver(Client(), event).status_code == 200
        assert Product.objects.filter(name="From the dashboard").exists()
        assert not saving.done()

        hanging.is_released.set()
        assert saving.result(PATIENCE).status_code == 302
        assert Price.objects.filter(unit_amount=2900).count() == 1
        assert here() == at_stripe(local_stripe)

    def test_an_action_holds_nothing_either(
        self, admin: Client, local_stripe: LocalStripe, price: Price, hanging: Hanging, beside: Beside
    ) -> None:
        local_stripe.api.products.create({"name": "From the dashboard"})
        event = local_stripe.events("product.created")[-1]
        chosen = {"action": "archive", "_selected_action": [price.product_id]}
        archiving = beside(admin.post, PRODUCTS, chosen)
        assert hanging.is_asked.wait(PATIENCE)
        assert deliver(Client(), event).status_code == 200
        hanging.is_released.set()
        assert archiving.result(PATIENCE).status_code == 302
        assert not Product.objects.get(pk=price.product_id).active
        assert here() == at_stripe(local_stripe)

    def test_news_of_the_same_product_is_not_lost(
        self, admin: Client, local_stripe: LocalStripe, price: Price, hanging: Hanging, beside: Beside
    ) -> None:
        saving = beside(save, admin, open_page(admin, page_of(price.product)), description="From the form")
        assert hanging.is_asked.wait(PATIENCE)
        local_stripe.control("clock", advance=5)
        local_stripe.api.products.update(price.product_id, {"metadata": {"team": "blue"}})
        [event] = local_stripe.events("product.updated")[-1:]
        assert deliver(Client(), event).status_code == 200
        hanging.is_released.set()
        assert saving.result(PATIENCE).status_code == 302
        product = Product.objects.get(pk=price.product_id)
        assert (product.description, metadata_of(product)) == ("From the form", {"team": "blue"})
        assert here() == at_stripe(local_stripe)


class TestManyClicks:
    """While the same is under way, Stripe answers 409, or we refuse; trying again then works."""

    def click(self, admin: Client, beside: Beside, page: Page, *, refusal: str, **typed: str) -> None:
        clicks = [beside(save, admin, page, **typed) for _ in range(4)]
        shown = [Page.of(page.address, click.result(PATIENCE)) for click in clicks]
        assert {click.status for click in shown} <= {200, 302}
        for again in (click for click in shown if click.status == 200):
            assert again.errors["__all__"][0] == starting(refusal)
            assert save(admin, again).status_code == 302

    def test_at_once_make_one_product(self, admin: Client, local_stripe: LocalStripe, beside: Beside) -> None:
        refusal = "Stripe can't be reached"
        self.click(admin, beside, open_page(admin, ADD_PRODUCT), refusal=refusal, name="Team", amount="49")
        assert (Product.objects.count(), Price.objects.count()) == (1, 1)
        assert here() == at_stripe(local_stripe)

    def test_at_once_change_a_price_once(
        self, admin: Client, local_stripe: LocalStripe, price: Price, beside: Beside
    ) -> None:
        refusal = "The prices of Pro are being changed right now."
        self.click(admin, beside, open_page(admin, page_of(price)), refusal=refusal, amount="29")
        assert {str(row): row.active for row in Price.objects.all()} == {
            "$19.00 per month": False,
            "$29.00 per month": True,
        }
        assert here() == at_stripe(local_stripe)
