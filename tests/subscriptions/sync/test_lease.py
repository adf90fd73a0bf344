"""The lease: one sync at a time, and none that loses it without noticing."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from billing.models import Price
from subscriptions.checkout import services as checkout
from subscriptions.models import (
    SyncState,
)
from subscriptions.sync import lease
from tests.fixtures import LocalStripe, deliver
from tests.subscriptions.conftest import Meanwhile, sync_now
from tests.wording import starting

pytestmark = pytest.mark.django_db


def state() -> SyncState:
    return SyncState.objects.get()


class TestLease:
    def test_another_holder_is_no_error(self, local_stripe: LocalStripe, capsys: pytest.CaptureFixture[str]) -> None:
        with lease.held():
            call_command("sync_subscriptions")
        assert capsys.readouterr().out == starting("Nothing done: ")
        assert local_stripe.calls == []

    @pytest.mark.only_on("sqlite", "postgresql")
    def test_another_that_ends_in_this_moment_is_no_error(self, local_stripe: LocalStripe) -> None:
        def end_the_other(execute: Callable[..., Any], sql: str, *args: Any) -> Any:
            result = execute(sql, *args)
            if sql.startswith("UPDATE") and state().lease_holder == "other":
                SyncState.objects.update(lease_holder="", lease_until=None)
            return result

        SyncState.objects.create(lease_holder="other", lease_until=timezone.now() + timedelta(minutes=1))
        with connection.execute_wrapper(end_the_other), pytest.raises(lease.LeaseHeld, match="has just ended"):
            sync_now()
        assert local_stripe.calls == []

    def test_is_extended_by_each_event_and_each_question(
        self, person: User, price: Price, local_stripe: LocalStripe, meanwhile: Meanwhile
    ) -> None:
        """Each wait for Stripe may take most of a lease."""
        sync_now()
        session = checkout.start(user=person, price_id=price.pk, now=timezone.now()).session
        assert session is not None
        for event in local_stripe.events("product.created", "price.created"):
            local_stripe.control("faults", status=500, count=3)
            assert deliver(Client(), {**event, "api_version": "2019-12-03"}).status_code == 500
        left: list[timedelta] = []

        def look_at_the_lease() -> None:
            left.append(state().lease_until - timezone.now())  # type: ignore[operator]
            SyncState.objects.update(lease_until=timezone.now())

        for path in ("events", "products/", "prices/", "subscriptions", "checkout/sessions/"):
            meanwhile.before(f"GET /v1/{path}", look_at_the_lease)
        assert sync_now(full=True)[0].is_complete
        assert [round(moment / lease.LEASE, 1) for moment in left] == [1.0] * 5

    def test_expires_with_its_holder(self, local_stripe: LocalStripe) -> None:
        sync_now()
        SyncState.objects.update(lease_holder="dead", lease_until=timezone.now() - timedelta(seconds=1))
        assert sync_now()[0].is_complete

    def test_a_holder_that_lost_it_stops(self, local_stripe: LocalStripe) -> None:
        with lease.held() as holder:
            SyncState.objects.update(lease_holder="another")
            with pytest.raises(lease.LeaseHeld):
                lease.advance(holder, full_cursor=["sub_1"])
        assert (state().lease_holder, state().full_cursor) == ("another", None)
