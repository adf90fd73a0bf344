"""Whatever staff do is in Django's admin log: by the lists' actions, by the pages' buttons and by the JSON API."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client

from billing.catalog import promotions
from billing.catalog import services as catalog
from billing.catalog.services import PriceTerms
from billing.models import Price
from subscriptions.models import Customer, Payment, Subscription, WebhookEvent
from tests.config.api.conftest import Program, book, program_of
from tests.fixtures import LocalStripe, deliver
from tests.subscriptions.rows import subscribe

__all__ = ["book"]

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client: Client, staff: User, local_stripe: LocalStripe) -> Client:
    client.force_login(staff)
    return client


@pytest.fixture
def backend(staff: User, local_stripe: LocalStripe) -> Program:
    return program_of(staff)


def act(desk: Client, model: str, action: str, *rows: Any) -> None:
    answer = desk.post(f"/admin/{model}/", {"action": action, "_selected_action": [row.pk for row in rows]})
    assert answer.status_code == 302


def logged() -> list[tuple[str, str, str, str]]:
    """Who did what to which row, the oldest first."""
    rows = LogEntry.objects.order_by("action_time", "pk").select_related("user", "content_type")
    return [(row.user.username, row.content_type.model, row.object_id, row.change_message) for row in rows]


class TestTheCatalog:
    def test_products(self, desk: Client, price: Price) -> None:
        for action in ("archive", "restore"):
            act(desk, "billing/product", action, price.product)
        assert logged() == [
            ("grace", "product", price.product_id, "Archived."),
            ("grace", "product", price.product_id, "Restored."),
        ]

    def test_prices(self, desk: Client, price: Price) -> None:
        terms = PriceTerms(unit_amount=19000, currency="usd", interval="year")
        yearly = catalog.add_price(product=price.product, terms=terms, request_id="yearly")
        for action in ("archive", "restore", "make_default"):
            act(desk, "billing/price", action, yearly)
        assert logged() == [
            ("grace", "price", yearly.pk, "Archived."),
            ("grace", "price", yearly.pk, "Restored."),
            ("grace", "price", yearly.pk, "Now the default."),
        ]

    def test_codes(self, desk: Client) -> None:
        code = promotions.create_promotion_code(
            code="HALF", discount=promotions.Discount(percent_off=50), request_id="half"
        )
        for action in ("archive", "restore"):
            act(desk, "billing/promotioncode", action, code)
        assert logged() == [
            ("grace", "promotioncode", code.pk, "Archived."),
            ("grace", "promotioncode", code.pk, "Restored."),
        ]

    def test_what_was_refused_is_not_logged(self, desk: Client, price: Price, local_stripe: LocalStripe) -> None:
        local_stripe.control("faults", status=429, count=20, path="/v1/products")
        act(desk, "billing/product", "archive", price.product)
        assert logged() == []
        assert Price.objects.get().product.active

    def test_what_may_have_taken_effect_is_logged_as_tried(
        self, desk: Client, price: Price, local_stripe: LocalStripe
    ) -> None:
        local_stripe.control("faults", status="reset", count=20, path="/v1/products", after=True)
        act(desk, "billing/product", "archive", price.product)
        ((_, model, pk, message),) = logged()
        assert (model, pk, message.startswith("Archived? ")) == ("product", price.product_id, True)
        assert "not known" in message


class TestWebhookEvents:
    def test_processing_again(self, desk: Client, price: Price, local_stripe: LocalStripe) -> None:
        (event,) = local_stripe.events("product.created")
        deliver(desk, event)
        WebhookEvent.objects.update(state="failed")
        act(desk, "subscriptions/webhookevent", "process_again", WebhookEvent.objects.get())
        assert logged() == [("grace", "webhookevent", event["id"], "Processed again: done.")]


class TestByTheApi:
    """The same in the log as by the admin; what people do for themselves is not staff's doing."""

    def test_products(self, backend: Program, local_stripe: LocalStripe) -> None:
        product = backend.post("product", prod_name="New", unit_amount=900).json()["product_id"]
        backend.post("updateprod", product_id=product, new_name="Newer", unit_amount=800)
        assert logged() == [
            ("grace", "product", product, "By the JSON API: added."),
            ("grace", "product", product, "By the JSON API: changed new_name, product_id, unit_amount."),
        ]

    def test_for_somebody_else(self, backend: Program, customer: Customer, price: Price, team: Price) -> None:
        subscribe(customer, price)
        backend.post("getsubs", user_name="ada")
        assert logged() == []
        session = backend.post("session", user_name="ada", price_id=team.pk)
        assert session.status_code == 201
        again = backend.post("session", user_name="ada", price_id=team.pk)
        assert again.status_code == 200
        assert [entry[:2] + entry[3:] for entry in logged()] == [
            ("grace", "checkoutsession", "By the JSON API: added.")
        ]

    def test_changing_and_cancelling(
        self, backend: Program, subscription: Subscription, team: Price, local_stripe: LocalStripe
    ) -> None:
        backend.post("updatesub", user_name="ada", price_id=team.pk)
        for _ in range(2):
            backend.post("cancel", user_name="ada", subscription_id=subscription.pk)
        pk = subscription.pk
        assert logged() == [
            ("grace", "subscription", pk, f"By the JSON API: changed to {team.pk}."),
            ("grace", "subscription", pk, "By the JSON API: cancelled now."),
        ]

    def test_ending_a_purchase(self, backend: Program, person: User, book: Price, local_stripe: LocalStripe) -> None:
        session = backend.post("session", user_name="ada", price_id=book.pk).json()["session_id"]
        local_stripe.pay(session)
        backend.post("getsubs", user_name="ada", session_id=session)
        LogEntry.objects.all().delete()
        for _ in range(2):
            backend.post("cancel", user_name="ada", price_id=book.pk)
        (payment,) = Payment.objects.all()
        assert logged() == [("grace", "payment", str(payment.pk), "By the JSON API: its access ended.")]

    def test_making_a_customer(self, backend: Program, local_stripe: LocalStripe) -> None:
        made = [backend.post("createcustomer", user_name="zoe", email="zoe@example.com").json() for _ in range(2)]
        assert logged() == [("grace", "customer", made[0]["customer_id"], "By the JSON API: added.")]

    def test_not_for_oneself(self, person: User, subscription: Subscription, team: Price) -> None:
        ada = program_of(person)
        ada.post("createcustomer")
        ada.post("updatesub", price_id=team.pk)
        ada.post("cancel", subscription_id=subscription.pk)
        assert Subscription.objects.get().has_ended
        assert logged() == []
