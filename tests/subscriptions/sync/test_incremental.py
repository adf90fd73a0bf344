"""The sync: whatever webhooks did not bring, one pass brings, for one call when there is nothing."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from billing.catalog import services as catalog
from billing.gateway.snapshots import Event
from billing.models import Price, Product
from subscriptions.checkout import services as checkout
from subscriptions.models import (
    CheckoutSession,
    Customer,
    Payment,
    StatusChange,
    Subscription,
    SyncRun,
    SyncState,
    WebhookEvent,
)
from subscriptions.webhooks import inbox
from tests.fixtures import LocalStripe, deliver
from tests.subscriptions.conftest import settle, sync_now
from tests.wording import starting

pytestmark = pytest.mark.django_db

EVENTS = "GET /v1/events"


def state() -> SyncState:
    return SyncState.objects.get()


class TestEmptyDatabase:
    def test_is_calm(self, local_stripe: LocalStripe, capsys: pytest.CaptureFixture[str]) -> None:
        call_command("sync_subscriptions")
        assert capsys.readouterr().out == starting(
            "Full sync complete: 0 events, 0 subscriptions compared, 0 updated, no drift, 0 unknown to Stripe, "
        )

    def test_finds_everything_that_is_at_stripe(
        self, paid_session: CheckoutSession, local_stripe: LocalStripe
    ) -> None:
        for model in (Price, Product, Customer, Subscription, CheckoutSession):
            model.objects.all().delete()
        run, _ = sync_now()
        assert (run.is_full, run.is_complete, run.looked_at, run.updated) == (True, True, 1, 1)
        subscription = Subscription.objects.select_related("price", "product", "customer").get()
        assert (subscription.status, subscription.product.name) == ("active", "Pro")
        assert subscription.customer.email == "ada@example.com"
        assert StatusChange.objects.get().cause_kind == "sync"


class TestQuietPass:
    def test_is_one_call_and_leaves_no_row(self, paid_session: CheckoutSession, local_stripe: LocalStripe) -> None:
        settle()
        runs = SyncRun.objects.count()
        local_stripe.control("clock", advance=600)
        sync_now()
        local_stripe.forget_calls()
        run, _ = sync_now()
        assert local_stripe.calls == [EVENTS]
        assert (run.is_complete, run.stripe_calls, run.is_full) == (True, 1, False)
        assert SyncRun.objects.count() == runs

    def test_moves_the_watermark_on_stripes_clock(self, local_stripe: LocalStripe) -> None:
        sync_now()
        before = state().watermark
        local_stripe.control("clock", advance=3600)
        sync_now()
        after = state().watermark
        assert before is not None
        assert after is not None
        assert timedelta(seconds=3590) < after - before < timedelta(seconds=3610)


class TestPass:
    def test_brings_what_no_webhook_did(self, paid_session: CheckoutSession, local_stripe: LocalStripe) -> None:
        settle()
        local_stripe.control("clock", advance=600)
        local_stripe.api.subscriptions.update(Subscription.objects.get().pk, {"cancel_at_period_end": True})
        local_stripe.forget_calls()
        run, _ = sync_now()
        assert local_stripe.calls == [EVENTS]
        assert (run.is_full, run.updated, run.looked_at) == (False, 1, 1)
        assert Subscription.objects.get().cancel_at_period_end

    def test_skips_what_a_webhook_brought(
        self, client: Client, paid_session: CheckoutSession, local_stripe: LocalStripe
    ) -> None:
        settle()
        for event in local_stripe.events():
            deliver(client, event)
        run, _ = sync_now()
        assert (run.events, run.updated, run.failed) == (0, 0, 0)

    def test_several_changes_of_one_subscription_are_one_write(
        self, paid_session: CheckoutSession, local_stripe: LocalStripe
    ) -> None:
        settle()
        subscription = Subscription.objects.get()
        for scheduled in (True, False, True):
            local_stripe.control("clock", advance=60)
            local_stripe.api.subscriptions.update(subscription.pk, {"cancel_at_period_end": scheduled})
        local_stripe.forget_calls()
        run, _ = sync_now()
        assert (run.events >= 3, run.updated, local_stripe.calls) == (True, 1, [EVENTS])
        after = Subscription.objects.get()
        assert (after.cancel_at_period_end, after.version) == (True, subscription.version + 1)

    def test_one_that_fails_holds_up_nothing_and_is_tried_again(
        self, paid_session: CheckoutSession, local_stripe: LocalStripe
    ) -> None:
        settle()
        local_stripe.control("clock", advance=600)
        subscription = Subscription.objects.get()
        local_stripe.api.subscriptions.update(subscription.pk, {"cancel_at_period_end": True})
        local_stripe.api.products.update(str(subscription.product_id), {"name": "Pro Plus"})
        # The row claims to have been read at the very second of the event, so a fetch must settle it.
        updated_at = local_stripe.events("customer.subscription.updated")[-1]["created"]
        second = datetime.fromtimestamp(updated_at, tz=UTC)
        Subscription.objects.update(known_from=second, known_until=second)
        local_stripe.control("faults", status=500, count=3, path="/v1/subscriptions")
        run, _ = sync_now()
        assert (run.is_complete, run.failed) == (False, 1)
        assert Product.objects.get().name == "Pro Plus"
        assert not Subscription.objects.get().cancel_at_period_end
        run, _ = sync_now()
        assert (run.is_complete, run.failed, run.updated) == (True, 0, 1)
        assert Subscription.objects.get().cancel_at_period_end
        assert not WebhookEvent.objects.filter(state="failed").exists()

    def test_one_of_a_shape_that_stripe_never_sends_holds_up_nothing(
        self, paid_session: CheckoutSession, local_stripe: LocalStripe
    ) -> None:
        settle()
        created = local_stripe.events("customer.subscription.created")[0]
        odd = {**created, "id": "evt_odd", "data": {"object": {"status": "active"}}}
        # No webhook brings one in; Stripe's list, which has no door to refuse it at, could.
        inbox.store(Event.from_payload(odd), odd, source=inbox.Source.SYNC)
        WebhookEvent.objects.filter(pk="evt_odd").update(state="failed")
        local_stripe.control("clock", advance=600)
        local_stripe.api.subscriptions.update(Subscription.objects.get().pk, {"cancel_at_period_end": True})
        run, _ = sync_now()
        assert (run.failed, run.updated) == (1, 1)

    def test_what_a_dead_worker_left_is_taken_up(
        self, client: Client, paid_session: CheckoutSession, local_stripe: LocalStripe
    ) -> None:
        settle()
        created = local_stripe.events("customer.subscription.created")[0]
        deliver(client, created)
        WebhookEvent.objects.filter(pk=created["id"]).update(
            state="processing", claimed_at=timezone.now() - timedelta(hours=1)
        )
        sync_now()
        entry = WebhookEvent.objects.get(pk=created["id"])
        assert (entry.state, entry.attempts) == ("done", 2)


class TestStripeDown:
    def test_is_not_complete_and_moves_nothing(
        self, local_stripe: LocalStripe, capsys: pytest.CaptureFixture[str]
    ) -> None:
        sync_now()
        before = state()
        local_stripe.control("faults", status=500, count=3)
        with pytest.raises(CommandError) as failure:
            call_command("sync_subscriptions")
        assert failure.value.returncode == 1
        assert capsys.readouterr().out == starting("Sync NOT complete: ")
        after = state()
        assert (after.watermark, after.last_pass_at, after.lease_holder) == (before.watermark, before.last_pass_at, "")
        assert SyncRun.objects.filter(is_complete=False).count() == 1

    def test_half_way_through_a_full_one_goes_on_later(
        self, person: User, paid_session: CheckoutSession, local_stripe: LocalStripe
    ) -> None:
        local_stripe.control("faults", status=500, count=3, path="/v1/subscriptions")
        run, _ = sync_now()
        assert (run.is_full, run.is_complete, state().last_full_at) == (True, False, None)
        run, _ = sync_now()
        assert (run.is_full, run.is_complete) == (True, True)
        assert Subscription.objects.get().status == "active"


class TestFull:
    def test_repairs_what_no_event_tells(self, paid_session: CheckoutSession, local_stripe: LocalStripe) -> None:
        settle()
        Subscription.objects.update(status="past_due")
        Product.objects.update(name="Wrong")
        run, _ = sync_now()
        assert (run.is_full, Subscription.objects.get().status) == (False, "past_due")
        run, _ = sync_now(full=True)
        assert (run.is_full, run.looked_at, run.updated) == (True, 1, 1)
        assert (Subscription.objects.get().status, Product.objects.get().name) == ("active", "Pro")

    def test_writes_nothing_when_all_is_true(self, paid_session: CheckoutSession, local_stripe: LocalStripe) -> None:
        settle()
        version = Subscription.objects.get().version
        run, _ = sync_now(full=True)
        assert (run.looked_at, run.updated, Subscription.objects.get().version) == (1, 0, version)

    def test_is_due_when_events_may_be_lost(self, paid_session: CheckoutSession, local_stripe: LocalStripe) -> None:
        """Stripe lists events for thirty days."""
        settle()
        local_stripe.control("clock", advance=40 * 86400)
        run, _ = sync_now()
        assert run.is_full
        subscription = Subscription.objects.get()
        theirs = local_stripe.api.subscriptions.retrieve(subscription.pk)
        assert subscription.current_period_end_at is not None
        assert subscription.current_period_end_at.timestamp() == theirs["items"].data[0].current_period_end

    def test_begins_anew_when_events_were_lost_since_it_was_interrupted(
        self, paid_session: CheckoutSession, local_stripe: LocalStripe
    ) -> None:
        """What an interrupted one compared forty days ago has changed since, and no event tells any more."""
        settle()
        subscription = Subscription.objects.get()
        SyncState.objects.update(full_cursor=subscription.pk)
        local_stripe.api.subscriptions.cancel(subscription.pk)
        local_stripe.control("clock", advance=40 * 86400)
        run, _ = sync_now()
        assert (run.is_complete, run.looked_at, run.updated) == (True, 1, 1)
        assert Subscription.objects.get().status == "canceled"

    def test_stays_due_until_it_is_done(self, local_stripe: LocalStripe, settings: Any) -> None:
        settings.SYNC_FULL_EVERY_HOURS = 10_000
        sync_now()
        local_stripe.control("clock", advance=40 * 86400)
        local_stripe.control("faults", status=500, count=3, path="/v1/products")
        assert not sync_now()[0].is_complete
        run, _ = sync_now()
        assert (run.is_full, run.is_complete) == (True, True)

    def test_is_due_once_a_day(self, local_stripe: LocalStripe) -> None:
        sync_now()
        SyncState.objects.update(last_full_at=timezone.now() - timedelta(hours=25))
        assert sync_now()[0].is_full
        assert not sync_now()[0].is_full

    def test_hears_of_a_purchase_that_nobody_told(
        self, client: Client, person: User, local_stripe: LocalStripe, price: Price
    ) -> None:
        """The one-time purchase's events are older than the first sync's, so only asking for the session helps."""

        terms = catalog.PriceTerms(unit_amount=4900, currency="usd", interval="one_time")
        once = catalog.create_product(name="Handbook", price=terms, request_id="once").price
        started = checkout.start(user=person, price_id=once.pk, now=timezone.now())
        assert started.session is not None
        local_stripe.pay(started.session.stripe_id)
        sync_now(full=True)
        assert Payment.objects.get().status == "succeeded"
        assert CheckoutSession.objects.get().status == "complete"

    def test_hears_of_a_purchase_of_which_only_the_session_was_told(
        self, client: Client, person: User, local_stripe: LocalStripe
    ) -> None:
        terms = catalog.PriceTerms(unit_amount=4900, currency="usd", interval="one_time")
        once = catalog.create_product(name="Handbook", price=terms, request_id="once").price
        started = checkout.start(user=person, price_id=once.pk, now=timezone.now())
        assert started.session is not None
        local_stripe.pay(started.session.stripe_id)
        deliver(client, local_stripe.events("checkout.session.completed")[0])
        sync_now(full=True)
        assert Payment.objects.get().status == "succeeded"
        local_stripe.forget_calls()
        sync_now(full=True)
        assert f"GET /v1/checkout/sessions/{started.session.stripe_id}" not in local_stripe.calls

    def test_is_not_held_up_by_what_another_account_had(
        self, person: User, price: Price, local_stripe: LocalStripe
    ) -> None:
        """The key was changed: nobody there knows the open session, or the payment that was on its way."""
        session = checkout.start(user=person, price_id=price.pk, now=timezone.now()).session
        Payment.objects.create(payment_intent_id="pi_other", amount=1, currency="usd", status="processing")
        local_stripe.control("reset")
        run, _ = sync_now(full=True)
        assert (run.is_complete, run.error) == (True, "")
        assert CheckoutSession.objects.get() == session
