"""An object or event that can't be read, stored or handled is recorded as failed, and stops no other."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError
from django.db.models.signals import pre_save
from django.test import Client
from django.utils import timezone

from billing import gateway
from billing.models import Price, Product, PromotionCode
from subscriptions.models import (
    CheckoutSession,
    Customer,
    Dispute,
    Invoice,
    ProductClaim,
    Refund,
    Subscription,
    SubscriptionSchedule,
    SyncRun,
    SyncState,
    WebhookEvent,
)
from tests.fixtures import LocalStripe
from tests.subscriptions.conftest import settle, sync_now
from tests.subscriptions.mirror.altered import AlteringClient, Objects, nested

pytestmark = pytest.mark.django_db

# Values that no object of Stripe's has, by what is wrong with them.
UNSTORABLE: dict[str, Any] = {
    "half a surrogate pair": "\ud800",
    "NUL": "a\0b",
    "beyond 64 bits": 2**70,
    "far beyond": -(10**400),
    "not finite": float("nan"),
    "deeply nested": nested(120),
    "a list": [1],
}


@pytest.fixture
def altering(local_stripe: LocalStripe) -> AlteringClient:
    client = AlteringClient(local_stripe)
    gateway.use_transport(client)
    return client


def failures(run: SyncRun) -> list[tuple[str, str]]:
    """What a run recorded of objects that failed, as it is in the database."""
    run.refresh_from_db()
    assert run.failed_objects == len(run.failures)
    assert all(failure["reason"] for failure in run.failures)
    return [(failure["object_name"], failure["id"]) for failure in run.failures]


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


def with_first(change: dict[str, Any]) -> Callable[[Objects], None]:
    """Change the first object of a list."""

    def alter(objects: Objects) -> None:
        if objects:
            objects[0] |= change

    return alter


def with_part(part: str, change: dict[str, Any]) -> Callable[[Objects], None]:
    def alter(objects: Objects) -> None:
        for obj in objects:
            if isinstance(obj[part], dict):
                obj[part] |= change

    return alter


LISTS: dict[str, tuple[str, str, type[Any]]] = {
    "product": ("/v1/products", "name", Product),
    "price": ("/v1/prices", "currency", Price),
    "promotion_code": ("/v1/promotion_codes", "code", PromotionCode),
    "subscription": ("/v1/subscriptions", "status", Subscription),
    "invoice": ("/v1/invoices", "currency", Invoice),
    "refund": ("/v1/refunds", "currency", Refund),
    "dispute": ("/v1/disputes", "currency", Dispute),
}
PARTS: dict[str, tuple[str, str, type[Any]]] = {
    "customer": ("customer", "name", Customer),
    "subscription_schedule": ("schedule", "status", SubscriptionSchedule),
}
READ_AGAIN = [Product, Price, PromotionCode, Customer, Subscription, SubscriptionSchedule, Invoice, Refund, Dispute]


class TestFullReconcile:
    @pytest.fixture
    def everything(self, paid_session: CheckoutSession, local_stripe: LocalStripe) -> dict[type[Any], int]:
        """One object of each kind that a full reconcile reads, or more, and none of them here: how many at Stripe."""
        api = local_stripe.api
        api.products.create({"name": "Another"})
        coupon = api.coupons.create({"percent_off": 10, "duration": "once"})
        api.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon.id}})
        api.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon.id}})
        subscription = api.subscriptions.list().data[0]
        api.subscription_schedules.create({"from_subscription": subscription.id})
        invoice: Any = api.invoices.list({"expand": ["data.payments"]}).data[0]
        intent = invoice.payments.data[0].payment.payment_intent
        for amount in (100, 200):
            api.refunds.create({"payment_intent": intent, "amount": amount})
        # Of somebody else, so that it needs none of the objects above.
        automatic: Any = {"enabled": True, "allow_redirects": "never"}
        paid: Any = {"amount": 900, "currency": "usd", "payment_method": "pm_card_visa", "confirm": True}
        other = api.payment_intents.create({**paid, "automatic_payment_methods": automatic})
        local_stripe.control("disputes", payment_intent=other.id)
        sync_now()
        counts = {model: model._default_manager.count() for model in READ_AGAIN}
        assert all(counts.values())
        for model in READ_AGAIN:
            model._default_manager.all().delete()
        # As if it were the first sync of all, which reads no events.
        SyncState.objects.all().delete()
        SyncRun.objects.all().delete()
        return counts

    def assert_all_but_one(self, everything: dict[type[Any], int], failing: type[Any], run: SyncRun) -> None:
        counts = {model: model._default_manager.count() for model in READ_AGAIN}
        assert counts == {**everything, failing: everything[failing] - 1}
        assert (run.is_full, run.is_complete) == (True, True)

    def assert_mended(self, everything: dict[type[Any], int], altering: AlteringClient) -> None:
        """The next pass is an ordinary one; the next full sync finds nothing wrong."""
        assert not sync_now()[0].is_full
        altering.stop()
        run, _ = sync_now(full=True)
        assert failures(run) == []
        assert {model: model._default_manager.count() for model in READ_AGAIN} == everything

    @pytest.mark.parametrize("kind", LISTS)
    def test_goes_on_after_a_listed_object(
        self, everything: dict[type[Any], int], altering: AlteringClient, kind: str
    ) -> None:
        path, field, model = LISTS[kind]
        altering.alter(path, with_first({field: "\ud800"}))
        run, _ = sync_now()
        assert {name for name, _ in failures(run)} == {kind}
        self.assert_all_but_one(everything, model, run)
        self.assert_mended(everything, altering)

    @pytest.mark.parametrize("value", UNSTORABLE.values(), ids=UNSTORABLE)
    def test_goes_on_whatever_is_wrong(
        self, everything: dict[type[Any], int], altering: AlteringClient, value: Any
    ) -> None:
        """The first object of every list has such a value."""
        for path, field, _ in LISTS.values():
            altering.alter(path, with_first({field: value}))
        run, _ = sync_now()
        assert {name for name, _ in failures(run)} == set(LISTS)
        assert (run.is_full, run.is_complete) == (True, True)
        self.assert_mended(everything, altering)

    @pytest.mark.parametrize("kind", PARTS)
    def test_goes_on_after_an_object_inside_a_subscription(
        self, everything: dict[type[Any], int], altering: AlteringClient, kind: str
    ) -> None:
        part, field, model = PARTS[kind]
        altering.alter("/v1/subscriptions", with_part(part, {field: 2**70}))
        run, _ = sync_now()
        assert {name for name, _ in failures(run)} == {kind}
        self.assert_all_but_one(everything, model, run)
        self.assert_mended(everything, altering)

    @pytest.mark.parametrize("kind", LISTS)
    def test_goes_on_after_what_is_no_object(
        self, everything: dict[type[Any], int], altering: AlteringClient, kind: str
    ) -> None:
        listed = [7, None, [], {}, {"id": "evt_1"}, {"id": 2**70}, "x\ud800"]
        altering.alter(LISTS[kind][0], lambda objects: objects.__setitem__(slice(0, 0), listed))
        run, _ = sync_now()
        assert {name for name, _ in failures(run)} == {kind}
        assert {model: model._default_manager.count() for model in READ_AGAIN} == everything
        assert run.is_complete

    @pytest.mark.parametrize("kind", ["invoice", "refund", "dispute"])
    def test_lists_an_old_one_again_that_failed(
        self,
        everything: dict[type[Any], int],
        altering: AlteringClient,
        local_stripe: LocalStripe,
        kind: str,
    ) -> None:
        path, field, model = LISTS[kind]
        local_stripe.control("clock", advance=40 * 86_400)
        altering.alter(path, with_first({field: 7}))
        assert sync_now()[0].failed_objects == 1
        assert sync_now(full=True)[0].failed_objects == 1
        altering.stop()
        assert sync_now(full=True)[0].failed_objects == 0
        assert model._default_manager.count() >= everything[model]

    def test_goes_on_after_a_claim_that_can_not_be_settled(
        self, subscription: Subscription, altering: AlteringClient
    ) -> None:
        """The claim of a change that was killed, and a subscription that can't be read."""
        claim = ProductClaim.objects.create(
            pk=ProductClaim.key_of(str(subscription.customer_id), "prod_x"),
            customer_id=subscription.customer_id,
            product_id="prod_x",
            state="changing",
            subscription=subscription,
            taken_at=timezone.now() - timedelta(minutes=10),
        )
        altering.alter(f"/v1/subscriptions/{subscription.pk}", with_first({"status": 7}))
        run, _ = sync_now(full=True)
        assert failures(run) == [("claim", claim.pk)]
        assert run.is_complete

    def test_keeps_the_row_of_an_object_that_can_no_longer_be_read(
        self, everything: dict[type[Any], int], altering: AlteringClient, local_stripe: LocalStripe
    ) -> None:
        settle()
        local_stripe.control("clock", advance=600)
        sync_now()
        before = dict(Subscription.objects.values_list("pk", "version"))
        local_stripe.forget_calls()
        altering.alter("/v1/subscriptions", with_first({"status": 7}))
        run, _ = sync_now(full=True)
        assert len(failures(run)) == 1
        assert dict(Subscription.objects.values_list("pk", "version")) == before
        # It was on the list, so it is not asked for once more.
        assert not [call for call in local_stripe.calls if call.startswith("GET /v1/subscriptions/")]

    def test_says_so_where_people_look(
        self,
        everything: dict[type[Any], int],
        altering: AlteringClient,
        capsys: pytest.CaptureFixture[str],
        admin_client: Client,
    ) -> None:
        altering.alter("/v1/products", with_first({"name": "\ud800"}))
        with pytest.raises(CommandError):
            call_command("sync_subscriptions", "--full")
        assert "1 object failed" in capsys.readouterr().out.replace("2 objects", "1 object")
        run = SyncRun.objects.get(failed_objects__gt=0)
        page = admin_client.get(f"/admin/subscriptions/syncrun/{run.pk}/change/").content.decode()
        assert "The value of name holds half a surrogate pair." in page
        page = admin_client.get("/admin/subscriptions/syncrun/health/").content.decode()
        assert "The last full sync failed on" in page

    def test_puts_no_customer_away_while_one_of_theirs_failed(
        self, everything: dict[type[Any], int], altering: AlteringClient, local_stripe: LocalStripe
    ) -> None:
        subscription = local_stripe.api.subscriptions.list().data[0]
        local_stripe.api.subscription_schedules.release(str(subscription.schedule))
        local_stripe.api.subscriptions.cancel(subscription.id)
        altering.alter("/v1/invoices", with_first({"currency": 7}))
        run, _ = sync_now()
        assert (len(failures(run)), run.archived) == (1, 0)
        altering.stop()
        assert sync_now(full=True)[0].archived == 1


class TestCatalogImport:
    def test_copies_the_rest(
        self, altering: AlteringClient, local_stripe: LocalStripe, capsys: pytest.CaptureFixture[str], db: None
    ) -> None:
        for name in ("One", "Two", "Three"):
            local_stripe.api.products.create({"name": name})
        altering.alter("/v1/products", with_first({"name": "\ud800"}))
        with pytest.raises(CommandError, match="1 failed"):
            call_command("import_catalog")
        assert Product.objects.count() == 2
        assert "The value of name holds half a surrogate pair." in capsys.readouterr().err
