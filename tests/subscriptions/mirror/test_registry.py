"""Every kind of mirrored row is registered, erased, shown to staff, reconciled and judged by the chaos run."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import models
from django.test import Client
from django.utils import timezone

from billing.mirror import registry
from billing.mirror.registry import Kind
from billing.models import MirroredRow
from subscriptions.customers import erasing
from subscriptions.models import BillingAccount, Customer, ErasedCustomer, ProductClaim, WebhookEvent
from subscriptions.webhooks.handlers import HANDLERS
from tests.chaos import columns
from tests.fixtures import LocalStripe
from tests.subscriptions.mirror.bad_objects import LISTS, PARTS

KINDS = registry.all_kinds()
OF_CUSTOMERS = [kind for kind in KINDS if kind.model._meta.app_label == "subscriptions"]
MIRRORED = [model for model in apps.get_models() if issubclass(model, MirroredRow)]

# A full reconcile reads no list of these: it looks up those whose outcome is not known here.
LOOKED_UP = {"checkout.session", "payment_intent"}


def of_kind(kind: Kind[Any]) -> str:
    return kind.object_name


class TestEveryMirroredModel:
    @pytest.mark.parametrize("model", MIRRORED, ids=str)
    def test_is_registered(self, model: type[MirroredRow]) -> None:
        assert [kind.model for kind in KINDS].count(model) == 1, f"register a Kind for {model.__name__}"

    @pytest.mark.parametrize("model", MIRRORED, ids=str)
    def test_is_in_the_admin(self, model: type[MirroredRow]) -> None:
        assert admin.site.is_registered(model), f"register an admin for {model.__name__}"

    @pytest.mark.parametrize("kind", KINDS, ids=of_kind)
    def test_is_judged_by_the_chaos_run(self, kind: Kind[Any]) -> None:
        judged = {(mirror.table, mirror.kind) for mirror in columns.MIRRORS}
        assert (kind.model._meta.db_table, kind.object_name) in judged, "say in tests/chaos/columns.py what it holds"

    @pytest.mark.parametrize("kind", KINDS, ids=of_kind)
    def test_is_covered_by_a_full_reconcile(self, kind: Kind[Any]) -> None:
        covered = LISTS.keys() | PARTS.keys() | LOOKED_UP
        assert kind.object_name in covered, "read it in a full reconcile, and list it in bad_objects.py"

    @pytest.mark.parametrize("kind", KINDS, ids=of_kind)
    def test_has_events(self, kind: Kind[Any]) -> None:
        assert [event for event in HANDLERS if registry.kind_of_event_type(event) is kind], "handle its events"


class TestRegistry:
    @pytest.mark.parametrize(
        ("event_type", "object_name"),
        [
            ("customer.updated", "customer"),
            ("customer.subscription.updated", "subscription"),
            ("subscription_schedule.updated", "subscription_schedule"),
            ("checkout.session.completed", "checkout.session"),
        ],
    )
    def test_knows_what_an_event_is_about(self, event_type: str, object_name: str) -> None:
        assert registry.kind_of_event_type(event_type).object_name == object_name

    def test_knows_no_kind_of_other_events(self) -> None:
        with pytest.raises(LookupError, match=r"no kind of object has events of type balance\.available"):
            registry.kind_of_event_type("balance.available")

    @pytest.mark.parametrize(
        ("stripe_id", "object_name"), [("sub_1", "subscription"), ("sub_sched_1", "subscription_schedule")]
    )
    def test_knows_whose_id_it_is(self, stripe_id: str, object_name: str) -> None:
        kind = registry.kind_of_id(stripe_id)
        assert kind is not None
        assert kind.object_name == object_name

    def test_knows_no_kind_of_an_id_that_somebody_chose(self) -> None:
        assert registry.kind_of_id("gold") is None

    def test_refuses_a_second_kind_for_the_same_objects(self) -> None:
        with pytest.raises(ValueError, match="product is registered twice"):
            registry.register(registry.kind_of_event_type("product.created"))


def any_value(field: Any) -> Any:
    if isinstance(field, models.DateTimeField):
        return datetime(2026, 11, 20, tzinfo=UTC)
    return 0 if isinstance(field, models.IntegerField) else "usd"


def make_row(kind: Kind[Any], **links: Any) -> Any:
    """A row of this kind that has these links, and anything in the columns that need a value."""
    fields = [field for field in kind.model._meta.concrete_fields if not (field.null or field.has_default())]
    needed = {field.name: any_value(field) for field in fields if not field.primary_key and not field.blank}
    key = {} if kind.model._meta.pk.has_default() else {"pk": f"{kind.id_prefix}1"}
    return kind.model._default_manager.create(**{**needed, **key, **links})


def rows_by_kind() -> dict[str, int]:
    return {kind.object_name: kind.model._default_manager.count() for kind in OF_CUSTOMERS}


@pytest.mark.django_db
class TestErasing:
    @pytest.fixture
    def rows(self) -> dict[str, Any]:
        """One row of each kind that belongs to cus_1, by kind."""
        made = {}
        for kind in OF_CUSTOMERS:
            names = {field.name for field in kind.model._meta.concrete_fields}
            links = {"customer_id": "cus_1"} if "customer" in names else {"subscription_id": "sub_1"}
            made[kind.object_name] = make_row(kind, **({} if kind.object_name == "customer" else links))
        return made

    def test_removes_the_rows_of_every_kind(self, rows: dict[str, Any]) -> None:
        erasing.mark_erased("cus_1", reason="test", now=timezone.now())
        assert {kind.object_name: kind.model._default_manager.count() for kind in OF_CUSTOMERS} == dict.fromkeys(
            rows, 0
        )
        assert ErasedCustomer.objects.get().pk == "cus_1"

    def test_removes_everything_else_that_links_to_the_customer(self) -> None:
        ProductClaim.objects.create(pk="cus_1 prod_1", customer_id="cus_1", taken_at=timezone.now())
        erasing.mark_erased("cus_1", reason="test", now=timezone.now())
        assert ProductClaim.objects.count() == 0
        linked = {
            field.model
            for model in apps.get_app_config("subscriptions").get_models()
            for field in model._meta.concrete_fields
            if field.related_model is Customer
        }
        # An account keeps its user and loses the customer.
        assert linked - set(MIRRORED) == {ProductClaim, BillingAccount}

    def test_leaves_the_rows_of_others(self, rows: dict[str, Any]) -> None:
        erasing.mark_erased("cus_2", reason="test", now=timezone.now())
        assert {kind.object_name: kind.model._default_manager.count() for kind in OF_CUSTOMERS} == dict.fromkeys(
            rows, 1
        )

    @pytest.mark.parametrize("kind", OF_CUSTOMERS, ids=of_kind)
    def test_empties_the_stored_events_of_every_kind(
        self, rows: dict[str, Any], local_stripe: LocalStripe, kind: Kind[Any]
    ) -> None:
        theirs, others = {"id": f"{kind.id_prefix}1"}, {"id": f"{kind.id_prefix}2"}
        if kind.customer_in_payload not in {"", "id"}:
            theirs |= {kind.customer_in_payload: "cus_1"}
            others |= {kind.customer_in_payload: "cus_2"}
        for name, obj in (("evt_theirs", theirs), ("evt_others", others)):
            payload = {"data": {"object": {"object": kind.object_name, **obj}}}
            columns = {"source": "webhook", "stripe_created_at": timezone.now(), "error": "what was wrong"}
            WebhookEvent.objects.create(id=name, type=f"{kind.object_name}.updated", payload=payload, **columns)
        erasing.erase("cus_1", now=timezone.now())
        entry = WebhookEvent.objects.get(pk="evt_theirs")
        assert (entry.payload, entry.error, entry.state) == ({}, "", "ignored")
        assert WebhookEvent.objects.get(pk="evt_others").payload != {}


@pytest.mark.django_db
@pytest.mark.parametrize("kind", KINDS, ids=of_kind)
def test_staff_can_open_a_row_of_every_kind(admin_client: Client, kind: Kind[Any]) -> None:
    row = make_row(kind)
    path = f"/admin/{kind.model._meta.app_label}/{kind.model._meta.model_name}/"
    assert admin_client.get(path).status_code == 200
    assert admin_client.get(f"{path}{row.pk}/change/".replace("_", "_5F")).status_code == 200
