"""An object that can't be read or stored is recorded as failed, and stops no other of a full reconcile."""

from typing import Any

import pytest
from django.core.management import CommandError, call_command

from billing.models import Product
from subscriptions.models import SyncRun
from tests.fixtures import LocalStripe
from tests.subscriptions.conftest import sync_now
from tests.subscriptions.mirror.altered import AlteringClient
from tests.subscriptions.mirror.bad_objects import (
    LISTS,
    PARTS,
    READ_AGAIN,
    UNSTORABLE,
    failures,
    with_first,
    with_part,
)

pytestmark = pytest.mark.django_db


class TestFullReconcile:
    def assert_all_but_one(
        self, everything: dict[type[Any], int], failing: type[Any], run: SyncRun, *, missing: int = 1
    ) -> None:
        counts = {model: model._default_manager.count() for model in READ_AGAIN}
        assert counts == {**everything, failing: everything[failing] - missing}
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
        # The customer is read again with the payment of a purchase.
        self.assert_all_but_one(everything, model, run, missing=0 if kind == "customer" else 1)
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
