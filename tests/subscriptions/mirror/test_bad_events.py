"""An event that can't be read, stored or handled is recorded as failed, and stops no other of its pass."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError
from django.db.models.signals import pre_save
from django.test import Client
from django.utils import timezone

from billing import gateway
from billing.models import Product
from subscriptions.models import CheckoutSession, Customer, SyncState, WebhookEvent
from tests.fixtures import LocalStripe
from tests.subscriptions.conftest import settle, sync_now
from tests.subscriptions.mirror.altered import AlteringClient, Objects
from tests.subscriptions.mirror.bad_objects import UNSTORABLE, failures

pytestmark = pytest.mark.django_db


class TestPass:
    @pytest.fixture
    def renamed(self, paid_session: CheckoutSession, local_stripe: LocalStripe) -> str:
        """A product that was renamed at Stripe since the last sync; other events of the pass come after its own."""
        settle()
        local_stripe.control("clock", advance=600)
        product = Product.objects.get()
        local_stripe.api.products.update(product.pk, {"name": "Pro Plus"})
        local_stripe.control("clock", advance=5)
        return product.pk

    def assert_applied(self) -> None:
        assert Product.objects.filter(name="Pro Plus").exists()

    @pytest.mark.parametrize("state", ["failed", "received", "processing"])
    def test_goes_on_though_the_content_of_a_stored_event_was_emptied(self, renamed: str, state: str) -> None:
        long_ago = timezone.now() - timedelta(days=1)
        columns = {"type": "invoice.paid", "source": "webhook", "state": state, "stripe_created_at": long_ago}
        emptied = WebhookEvent.objects.create(id="evt_emptied", payload={}, **columns)
        WebhookEvent.objects.filter(pk=emptied.pk).update(received_at=long_ago, claimed_at=long_ago)
        run, _ = sync_now()
        self.assert_applied()
        assert (run.failed, run.is_complete) == (1, False)
        emptied.refresh_from_db()
        assert (emptied.state, emptied.error) == ("failed", "The content of this event is not stored.")

    @pytest.mark.parametrize(
        "listed",
        [
            {"id": "evt_bad", "type": "invoice.paid", "created": 1_795_000_000},
            {"id": "evt_bad", "type": "invoice.paid", "created": 1_795_000_000, "data": {}},
            {"id": "evt_bad", "type": "invoice.paid", "created": 1_795_000_000, "data": {"object": [1]}},
            {"id": "evt_bad", "type": "invoice.paid", "created": 2**70, "data": {"object": {"id": "in_1"}}},
            {"id": "evt_bad", "type": ["x"], "created": 1_795_000_000, "data": {"object": {"id": "in_1"}}},
            {"id": "evt_\ud800", "type": "invoice.paid", "created": 1_795_000_000, "data": {"object": {}}},
            {"id": "evt_\0", "type": "invoice.paid", "created": 1_795_000_000, "data": {"object": {}}},
            {"id": 2**60},
            {},
            7,
            None,
            ["x"],
        ],
        ids=ascii,
    )
    @pytest.mark.parametrize("place", ["first", "last"])
    def test_goes_on_after_what_is_no_event(
        self, renamed: str, altering: AlteringClient, listed: Any, place: str
    ) -> None:
        altering.alter("/v1/events", lambda objects: objects.insert(0 if place == "first" else len(objects), listed))
        run, _ = sync_now()
        self.assert_applied()
        stripe_id = listed.get("id") if isinstance(listed, dict) else listed
        shown = stripe_id if stripe_id == "evt_bad" else ascii(stripe_id)
        assert failures(run) == [("event", shown)]
        altering.stop()
        assert sync_now()[0].failed_objects == 0

    @pytest.mark.parametrize("field", ["name", "id", "object", "created", "active"])
    def test_goes_on_after_events_that_can_not_be_read(
        self, renamed: str, altering: AlteringClient, field: str
    ) -> None:
        def add(objects: Objects) -> None:
            event = next(obj for obj in objects if obj["type"] == "product.updated")
            for number, value in enumerate(UNSTORABLE.values()):
                other = {**event["data"]["object"], "id": f"prod_{number}", field: value}
                objects.append({**event, "id": f"evt_{number}", "data": {"object": other}})

        altering.alter("/v1/events", add)
        run, _ = sync_now()
        self.assert_applied()
        assert (run.failed, run.is_complete) == (len(UNSTORABLE), False)
        entries = WebhookEvent.objects.filter(pk__in=[f"evt_{number}" for number in range(len(UNSTORABLE))])
        assert [(entry.state, entry.error[-1]) for entry in entries] == [("failed", ".")] * len(UNSTORABLE)
        assert Product.objects.count() == 1

    @pytest.mark.parametrize("other_id", ["price_1", "in_1", "sub_1"])
    def test_goes_on_after_an_event_with_an_id_of_another_kind(
        self, renamed: str, altering: AlteringClient, local_stripe: LocalStripe, other_id: str
    ) -> None:
        customer = local_stripe.api.customers.list().data[0].to_dict(for_json=True)

        def add(objects: Objects) -> None:
            bad = {"id": "evt_bad", "type": "customer.updated", "data": {"object": {**customer, "id": other_id}}}
            objects.append({**objects[0], **bad})

        altering.alter("/v1/events", add)
        run, _ = sync_now()
        self.assert_applied()
        assert run.failed == 1
        assert not Customer.objects.filter(pk=other_id).exists()

    def test_applies_the_other_events_about_the_same_object(self, renamed: str, altering: AlteringClient) -> None:
        def add(objects: Objects) -> None:
            good = next(obj for obj in objects if obj["type"] == "product.updated")
            bad = {**good["data"]["object"], "name": 7}
            objects.append({**good, "id": "evt_bad", "created": good["created"] + 1, "data": {"object": bad}})

        altering.alter("/v1/events", add)
        run, _ = sync_now()
        self.assert_applied()
        assert run.failed == 1
        assert list(WebhookEvent.objects.filter(state="failed").values_list("pk", flat=True)) == ["evt_bad"]

    def test_goes_on_after_an_event_whose_customer_is_no_customer(
        self, renamed: str, altering: AlteringClient
    ) -> None:
        def add(objects: Objects) -> None:
            obj = {"id": "sub_1", "object": "subscription", "customer": {}}
            bad = {"id": "evt_bad", "type": "customer.subscription.updated", "data": {"object": obj}}
            objects.append({**objects[0], **bad})

        altering.alter("/v1/events", add)
        run, _ = sync_now()
        self.assert_applied()
        assert run.failed == 1
        assert WebhookEvent.objects.get(pk="evt_bad").state == "failed"

    def test_stops_before_an_event_that_the_database_did_not_take(
        self, renamed: str, local_stripe: LocalStripe
    ) -> None:
        """MongoDB fails over while a pass reads events that are older than the overlap of the passes."""

        def fail(**_: object) -> None:
            raise DatabaseError("no primary")

        local_stripe.control("clock", advance=600)
        pre_save.connect(fail, WebhookEvent)
        try:
            with pytest.raises(DatabaseError):
                sync_now()
        finally:
            pre_save.disconnect(fail, WebhookEvent)
        sync_now()
        self.assert_applied()

    def test_an_absurd_moment_does_not_move_our_clock(self, renamed: str, client: Client, altering: Any) -> None:
        from tests.fixtures import deliver  # noqa: PLC0415

        product = {"id": "prod_1", "object": "product", "name": "P", "active": True, "created": 1_795_000_000}
        event = {"id": "evt_1", "type": "product.created", "created": 253_402_300_000, "data": {"object": product}}
        deliver(client, {**event, "api_version": gateway.API_VERSION})
        assert abs(SyncState.objects.get().clock_offset) < 86_400
