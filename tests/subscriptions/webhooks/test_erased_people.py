"""Events about a person who was erased: no statement that reaches the database holds their content.

A database keeps a log of what it writes, so content that is stored and emptied afterwards can still be read there.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing.models import PromotionCode
from subscriptions.models import CheckoutSession, Customer, Dispute, ErasedObject, Invoice, Refund, WebhookEvent
from tests.fixtures import LocalStripe, deliver
from tests.subscriptions.conftest import charge_in_dashboard, settle, sync_now

pytestmark = pytest.mark.django_db

NAME = "Grizelda Quux"


@pytest.fixture
def customer_id(paid_session: CheckoutSession, client: Client, local_stripe: LocalStripe) -> str:
    """The id of a customer who has subscribed and was erased then; Stripe's events are delivered by the tests."""
    customer_id = str(paid_session.customer_id)
    local_stripe.api.customers.update(customer_id, {"name": NAME})
    settle()
    return customer_id


@pytest.fixture
def intent(customer_id: str, local_stripe: LocalStripe) -> str:
    """The payment intent of the subscription's first invoice, which is in no row here."""
    [paid] = local_stripe.api.invoice_payments.list({"invoice": Invoice.objects.get().pk}).data
    return str(paid.payment.payment_intent)


@pytest.fixture
def late(customer_id: str, intent: str, local_stripe: LocalStripe) -> list[dict[str, Any]]:
    """All events about an erased person, each with the name in it and an id that nobody has seen."""
    call_command("erase_customer", "ada", "--no-input")
    return [named(event) for event in local_stripe.events() if about_people(event)]


@pytest.fixture
def statements(late: list[dict[str, Any]]) -> Iterator[CaptureQueriesContext]:
    """What is sent to the database from now on."""
    with CaptureQueriesContext(connection) as captured:
        yield captured


def about_people(event: dict[str, Any]) -> bool:
    return event["data"]["object"]["object"] not in {"product", "price"}


def named(event: dict[str, Any]) -> dict[str, Any]:
    said = {**event["data"]["object"], "description": NAME}
    return {**event, "id": f"{event['id']}_late", "data": {"object": said, "previous_attributes": {"name": NAME}}}


def naming(captured: CaptureQueriesContext) -> list[str]:
    return [str(query["sql"])[:300] for query in captured.captured_queries if "Quux" in str(query["sql"])]


def about_refund(intent: str, stripe_id: str = "re_late") -> dict[str, Any]:
    said = {"id": stripe_id, "object": "refund", "payment_intent": intent, "charge": "ch_late", "amount": 500,
            "currency": "usd", "status": "succeeded", "created": 1, "instructions_email": NAME}  # fmt: skip
    return event_of("refund.created", said)


def event_of(kind: str, said: dict[str, Any], **more: Any) -> dict[str, Any]:
    created = int(timezone.now().timestamp())
    return {"id": f"evt_{kind}_{said['id']}", "object": "event", "type": kind, "created": created,
            "livemode": False, "api_version": "1", "data": {"object": said}} | more  # fmt: skip


class TestDelivered:
    def test_none_is_stored(
        self, client: Client, late: list[dict[str, Any]], statements: CaptureQueriesContext
    ) -> None:
        kinds = {event["data"]["object"]["object"] for event in late}
        assert kinds >= {"customer", "checkout.session", "subscription", "invoice"}
        for event in late:
            assert deliver(client, event).json() == {"state": "ignored"}
        assert naming(statements) == []
        entries = WebhookEvent.objects.filter(pk__endswith="_late")
        assert {(entry.state, str(entry.payload), entry.error) for entry in entries} == {("ignored", "{}", "")}

    def test_the_same_event_about_others_is_stored(
        self, client: Client, customer_id: str, local_stripe: LocalStripe
    ) -> None:
        """So that the tests above do not pass because nothing is captured."""
        event = next(each for each in local_stripe.events() if each["data"]["object"]["object"] == "customer")
        with CaptureQueriesContext(connection) as captured:
            assert deliver(client, named(event)).json() == {"state": "done"}
        assert naming(captured) != []

    def test_one_that_no_database_can_store(
        self, client: Client, customer_id: str, late: list[dict[str, Any]], statements: CaptureQueriesContext
    ) -> None:
        event = event_of("customer.updated", {"id": customer_id, "object": "customer", "name": f"{NAME}\0"})
        assert deliver(client, event).json() == {"state": "ignored"}
        assert naming(statements) == []

    @pytest.mark.parametrize("without", ["object", "created", "email"])
    def test_one_that_can_not_be_read(
        self, client: Client, customer_id: str, statements: CaptureQueriesContext, without: str
    ) -> None:
        said = {"id": customer_id, "object": "customer", "name": NAME, "email": 1, "created": "no"}
        event = event_of("customer.updated", {name: value for name, value in said.items() if name != without})
        assert deliver(client, event).json() == {"state": "ignored"}
        assert naming(statements) == []

    def test_an_owner_that_no_database_can_look_for(self, client: Client, customer_id: str) -> None:
        event = event_of("invoice.updated", {"id": "in_late", "object": "invoice", "customer": "\ud800"})
        assert deliver(client, event).json() == {"state": "failed"}

    def test_an_expanded_customer(self, client: Client, customer_id: str, statements: CaptureQueriesContext) -> None:
        said = {"id": "in_late", "object": "invoice", "customer": {"id": customer_id, "name": NAME}}
        assert deliver(client, event_of("invoice.updated", said)).json() == {"state": "ignored"}
        assert naming(statements) == []

    def test_a_promotion_code_of_theirs_is_no_person(
        self, client: Client, customer_id: str, late: list[dict[str, Any]], local_stripe: LocalStripe
    ) -> None:
        coupon = local_stripe.api.coupons.create({"percent_off": 20, "duration": "once"})
        code = local_stripe.api.promotion_codes.create(
            {"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "SPRING"}
        )
        [event] = local_stripe.events("promotion_code.created")
        event["data"]["object"]["customer"] = customer_id
        assert deliver(client, event).json() == {"state": "done"}
        assert PromotionCode.objects.get().pk == code.id


class TestListed:
    def test_by_the_sync(self, customer_id: str, intent: str, local_stripe: LocalStripe, client: Client) -> None:
        call_command("erase_customer", "ada", "--no-input")
        WebhookEvent.objects.all().delete()
        with CaptureQueriesContext(connection) as captured:
            sync_now()
        # Their name is in the events that Stripe lists.
        assert any("Quux" in json.dumps(event) for event in local_stripe.events())
        assert naming(captured) == []
        theirs = WebhookEvent.objects.exclude(type__startswith="pr")
        assert theirs.count() > 0
        assert [entry.payload for entry in theirs if entry.payload] == []

    def test_replayed(self, client: Client, late: list[dict[str, Any]], statements: CaptureQueriesContext) -> None:
        for event in late:
            deliver(client, event)
        for event in late:
            call_command("replay_webhooks", "--id", event["id"])
        assert naming(statements) == []
        assert Customer.objects.count() == 0


class TestRefundsAndDisputes:
    """They name a payment, and Stripe says whose it is."""

    def test_are_not_stored(
        self, client: Client, intent: str, late: list[dict[str, Any]], statements: CaptureQueriesContext
    ) -> None:
        ErasedObject.objects.all().delete()
        said = {"id": "du_late", "object": "dispute", "payment_intent": intent, "amount": 1, "currency": "usd",
                "status": "lost", "evidence": {"customer_name": NAME}}  # fmt: skip
        for event in (about_refund(intent), event_of("charge.dispute.closed", said)):
            assert deliver(client, event).json() == {"state": "ignored"}
        assert naming(statements) == []
        assert not any(
            intent in str(query["sql"]) for query in statements.captured_queries if "INSERT" in query["sql"]
        )
        assert (Refund.objects.count(), Dispute.objects.count()) == (0, 0)

    def test_leave_only_ids_while_stripe_is_away(
        self, client: Client, intent: str, statements: CaptureQueriesContext, local_stripe: LocalStripe
    ) -> None:
        ErasedObject.objects.all().delete()
        local_stripe.control("faults", status=500, count=99)
        event = about_refund(intent)
        assert deliver(client, event).status_code == 500
        local_stripe.control("faults", count=0)
        entry = WebhookEvent.objects.get(pk=event["id"])
        said = {"object": "refund", "id": "re_late", "payment_intent": intent, "charge": "ch_late"}
        assert (entry.state, entry.payload["data"]) == ("failed", {"object": said})
        assert naming(statements) == []
        call_command("replay_webhooks", "--failed")
        entry.refresh_from_db()
        assert (entry.state, entry.payload) == ("done", {})
        assert (naming(statements), Refund.objects.count()) == ([], 0)

    def test_of_others_are_read_once_stripe_is_back(
        self, client: Client, late: list[dict[str, Any]], local_stripe: LocalStripe
    ) -> None:
        made = local_stripe.api.customers.create({"email": "bob@example.com"})
        intent = charge_in_dashboard(local_stripe, made.id, 900)
        local_stripe.api.refunds.create({"payment_intent": intent, "amount": 500})
        [event] = local_stripe.events("refund.created")
        local_stripe.control("faults", status=500, count=99)
        assert deliver(client, event).status_code == 500
        local_stripe.control("faults", count=0)
        assert deliver(client, event).json() == {"state": "done"}
        assert Refund.objects.get().amount == 500


class TestThin:
    def test_one_about_them_is_not_stored(self, client: Client, customer_id: str, local_stripe: LocalStripe) -> None:
        event = local_stripe.control("events", type="customer.updated", object=customer_id, thin=True)
        call_command("erase_customer", "ada", "--no-input")
        local_stripe.forget_calls()
        with CaptureQueriesContext(connection) as captured:
            assert deliver(client, {**event, "data": {"name": NAME}}).json() == {"state": "ignored"}
        assert naming(captured) == []
        assert local_stripe.calls == []

    def test_of_any_only_what_is_read_is_stored(
        self, client: Client, customer_id: str, local_stripe: LocalStripe
    ) -> None:
        """Whose the object is may not be known yet."""
        event = local_stripe.control("events", type="customer.updated", object=customer_id, thin=True)
        with CaptureQueriesContext(connection) as captured:
            told = {**event, "data": {"name": "Zebedee"}, "changes": {"before": {"name": "Zebedee"}}}
            assert deliver(client, told).json() == {"state": "done"}
        assert not any("Zebedee" in str(query["sql"]) for query in captured.captured_queries)
        assert WebhookEvent.objects.get(pk=event["id"]).payload["related_object"]["id"] == customer_id
