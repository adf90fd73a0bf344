"""Real threads, real connections: each engine's unique keys and compare-and-set hold, whoever is faster."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from billing.gateway.snapshots import Snapshot
from billing.mirror.engine import apply_snapshot
from billing.models import Price
from subscriptions.checkout import services as checkout
from subscriptions.mirror.kinds import SUBSCRIPTION
from subscriptions.models import CheckoutSession, ProductClaim, StatusChange, Subscription, SyncState, WebhookEvent
from subscriptions.sync import lease
from tests.fixtures import LocalStripe, deliver
from tests.subscriptions.conftest import buy, sessions_by_status, settle, sync_now

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.needs_server("threads write at once")]


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """Do all of these at the same moment, each in a thread with its own connection; returns what each gave."""
    ready = threading.Barrier(len(works))

    def run(work: Callable[[], Any]) -> Any:
        try:
            ready.wait()
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def assert_mirrors_stripe(local_stripe: LocalStripe) -> None:
    """One session was paid once, and every row says what Stripe does."""
    (session,) = local_stripe.api.checkout.sessions.list().data
    (theirs,) = local_stripe.api.subscriptions.list({"status": "all"}).data
    ours = Subscription.objects.get()
    assert (ours.pk, ours.status, ours.customer_id) == (theirs.id, theirs.status, theirs.customer)
    row = CheckoutSession.objects.get()
    assert (row.stripe_id, row.status, row.subscription_id) == (session.id, "complete", theirs.id)
    assert_history_is_a_chain()


def assert_history_is_a_chain() -> None:
    lines = list(StatusChange.objects.order_by("changed_at").values_list("from_status", "to_status"))
    assert [line[0] for line in lines] == ["", *(line[1] for line in lines[:-1])]
    assert lines[-1][1] == Subscription.objects.get().status


class TestAtOnce:
    def test_five_clicks_are_one_session(self, person: User, price: Price, local_stripe: LocalStripe) -> None:
        urls = at_once(*[lambda: buy(person, price).url] * 5)
        assert urls == [CheckoutSession.objects.get().url] * 5
        assert sessions_by_status(local_stripe) == ["open"]

    def test_clicks_on_two_prices_leave_one_open_session(
        self, person: User, price: Price, yearly: Price, local_stripe: LocalStripe
    ) -> None:
        at_once(lambda: buy(person, price), lambda: buy(person, yearly))
        assert sessions_by_status(local_stripe).count("open") == 1
        assert ProductClaim.objects.count() == 1

    def test_one_event_five_times(self, paid_session: CheckoutSession, local_stripe: LocalStripe) -> None:
        (created,) = local_stripe.events("customer.subscription.created")
        codes = [answer.status_code for answer in at_once(*[lambda: deliver(Client(), created)] * 5)]
        assert set(codes) <= {200, 409}
        assert 200 in codes
        entry = WebhookEvent.objects.get()
        assert (entry.state, entry.attempts) == ("done", 1)
        assert (Subscription.objects.get().version, StatusChange.objects.count()) == (1, 1)

    @pytest.mark.parametrize("seed", [1, 2, 3])
    def test_a_purchase_seen_from_everywhere(
        self, person: User, price: Price, local_stripe: LocalStripe, seed: int
    ) -> None:
        """The success page, a second click, a sync, and every event twice, in two orders."""
        local_stripe.control("webhooks", shuffle=True, seed=seed)
        local_stripe.control("date_delay", seconds=0.01)
        sync_now()
        session = buy(person, price).session
        assert session is not None
        local_stripe.pay(session.stripe_id)
        events = local_stripe.events()
        at_once(
            lambda: checkout.complete(user=person, session_id=str(session.stripe_id)),
            lambda: buy(person, price),
            sync_now,
            lambda: [deliver(Client(), event) for event in events],
            lambda: [deliver(Client(), event) for event in reversed(events)],
        )
        settle()
        assert_mirrors_stripe(local_stripe)
        assert not WebhookEvent.objects.exclude(state__in=WebhookEvent.FINAL).exists()
        assert isinstance(buy(person, price).held, Subscription)

    def test_two_syncs_are_one(self, paid_session: CheckoutSession, local_stripe: LocalStripe) -> None:
        def one() -> str:
            try:
                return "complete" if sync_now()[0].is_complete else "incomplete"
            except lease.LeaseHeld:
                return "held"

        outcomes = at_once(*[one] * 4)
        assert set(outcomes) <= {"complete", "held"}
        assert "complete" in outcomes
        assert SyncState.objects.get().lease_holder == ""
        assert Subscription.objects.get().status == "active"

    def test_every_change_of_status_is_one_line_of_history(
        self, paid_session: CheckoutSession, local_stripe: LocalStripe
    ) -> None:
        (created,) = local_stripe.events("customer.subscription.created")
        deliver(Client(), created)
        obj, first = created["data"]["object"], Subscription.objects.get().known_until
        assert first is not None
        statuses = ["past_due", "active"] * 4

        def tell(number: int) -> None:
            at = first + timedelta(minutes=number + 1)
            apply_snapshot(SUBSCRIPTION, Snapshot({**obj, "status": statuses[number]}, at, at))

        at_once(*(partial(tell, number) for number in range(len(statuses))))
        assert Subscription.objects.get().status == statuses[-1]
        assert_history_is_a_chain()
