"""What a full reconcile does about an object that failed: its row is kept, it is shown, and read again."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from subscriptions.models import ProductClaim, Subscription, SyncRun
from tests.fixtures import LocalStripe
from tests.subscriptions.conftest import settle, sync_now
from tests.subscriptions.mirror.altered import AlteringClient
from tests.subscriptions.mirror.bad_objects import LISTS, failures, with_first

pytestmark = pytest.mark.django_db


class TestFullReconcile:
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
