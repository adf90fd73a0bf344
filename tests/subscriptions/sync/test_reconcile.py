"""The look at everything when there are many: side by side, a call a hundred, interrupted, limited, and honest."""

import json
from collections.abc import Callable
from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing.gateway.snapshots import Page, moment
from billing.mirror.engine import Mirrored
from billing.mirror.isolation import FailedObject
from billing.models import Price, Product
from subscriptions.models import (
    CheckoutSession,
    Customer,
    Invoice,
    Payment,
    StatusChange,
    Subscription,
    SyncRun,
    SyncState,
)
from subscriptions.sync import incremental, page_ranges
from subscriptions.sync.context import SyncResults
from subscriptions.sync.page_ranges import Range
from subscriptions.sync.progress import Interrupted, Progress
from tests.fixtures import LocalStripe
from tests.subscriptions.conftest import buy, settle, sync_now

pytestmark = pytest.mark.django_db

LIST = "GET /v1/subscriptions"
DAY = 86_400


def multiply(local_stripe: LocalStripe, one: str, count: int, *, seconds_apart: int = 60, named: str = "copy") -> None:
    """Put copies of a subscription into the sandbox, each older than the one before."""
    account = local_stripe.sandbox.account
    with account.transaction():
        original = account.store.get("subscription", one)
        assert original is not None
        for number in range(1, count + 1):
            copy = deepcopy(original)
            copy |= {"id": f"sub_{named}{number:05}", "created": original["created"] - number * seconds_apart}
            account.store.put(copy)


def forget(local_stripe: LocalStripe, pk: str) -> None:
    """Lose a subscription at Stripe without a trace."""
    account = local_stripe.sandbox.account
    with account.transaction():
        account.store.purge("subscription", pk)


@pytest.fixture
def many(new_subscription: Subscription, local_stripe: LocalStripe) -> int:
    """700 subscriptions, here and at Stripe."""
    multiply(local_stripe, new_subscription.pk, 699)
    account = local_stripe.sandbox.account
    copies = [account.store.get("subscription", f"sub_copy{number:05}") for number in range(1, 700)]
    rows: list[Subscription] = []
    for copy in copies:
        assert copy is not None
        row = Subscription.objects.get(pk=new_subscription.pk) if not rows else deepcopy(rows[0])
        row.pk, row.stripe_created_at = copy["id"], moment(copy["created"])
        rows.append(row)
    Subscription.objects.bulk_create(rows)
    local_stripe.forget_calls()
    return 700


class StopsAfter(Progress):
    """Lets so many pages be compared, then says stop."""

    def __init__(self, pages: int) -> None:
        self.pages = pages

    def step(self, count: int, label: str = "") -> None:
        self.pages -= bool(count)
        if self.pages == 0:
            raise Interrupted


class TestMany:
    def test_costs_a_call_a_hundred(self, many: int, local_stripe: LocalStripe) -> None:
        run, _ = sync_now(full=True)
        assert (run.is_complete, run.looked_at, run.updated, run.drift) == (True, many, 0, 0)
        assert local_stripe.calls.count(LIST) == many / 100

    def test_equal_rows_are_read_a_page_at_a_time_and_nothing_is_written_to_them(self, many: int) -> None:
        with CaptureQueriesContext(connection) as captured:
            sync_now(full=True)
        written = [query["sql"] for query in captured if "UPDATE" in query["sql"].upper()[:20]]
        assert len(captured) < 6 * many / 100 + 70
        assert not [sql for sql in written if "subscriptions_subscription" in sql]

    def test_one_among_them_is_found_and_written(self, many: int, local_stripe: LocalStripe) -> None:
        Subscription.objects.filter(pk="sub_copy00456").update(status="past_due")
        run, _ = sync_now(full=True)
        assert (run.looked_at, run.updated, run.drift, run.drifted) == (many, 1, 1, ["sub_copy00456"])
        assert Subscription.objects.get(pk="sub_copy00456").status == "active"

    def test_what_we_never_heard_of_is_found(
        self, many: int, new_subscription: Subscription, local_stripe: LocalStripe
    ) -> None:
        multiply(local_stripe, new_subscription.pk, 101, seconds_apart=7, named="new")
        run, _ = sync_now(full=True)
        assert (run.looked_at, run.updated, run.drift) == (many + 101, 101, 101)
        assert len(run.drifted) == 100

    def test_goes_on_where_it_was_interrupted(self, many: int, local_stripe: LocalStripe) -> None:
        with pytest.raises(Interrupted):
            incremental.run(full=True, now=timezone.now(), progress=StopsAfter(3))
        stopped = SyncRun.objects.latest("started_at")
        assert (stopped.is_complete, stopped.looked_at, stopped.error) == (False, 300, "Interrupted")
        assert SyncState.objects.get().failing_since_at is None
        local_stripe.forget_calls()
        run, _ = sync_now()
        assert (run.is_full, run.is_complete, run.looked_at) == (True, True, many - 300)
        assert local_stripe.calls.count(LIST) == (many - 300) / 100
        assert SyncState.objects.get().full_cursor is None

    @pytest.mark.parametrize("path", ["/v1/events", "/v1/products", "/v1/subscriptions"])
    def test_one_asked_for_that_did_not_get_far_is_made_by_the_next(
        self, path: str, new_subscription: Subscription, local_stripe: LocalStripe
    ) -> None:
        local_stripe.control("faults", status=500, count=99, path=path)
        assert not sync_now(full=True)[0].is_complete
        local_stripe.control("faults", status=500, count=0)
        run, _ = sync_now()
        assert (run.is_full, run.is_complete, run.looked_at) == (True, True, 1)
        assert not sync_now()[0].is_full

    def test_begins_anew_when_that_was_long_ago(self, many: int) -> None:
        with pytest.raises(Interrupted):
            incremental.run(full=True, now=timezone.now() - timedelta(hours=2), progress=StopsAfter(3))
        assert sync_now()[0].looked_at == many

    def test_goes_on_when_the_one_it_stopped_at_is_gone(self, many: int, local_stripe: LocalStripe) -> None:
        with pytest.raises(Interrupted):
            incremental.run(full=True, now=timezone.now(), progress=StopsAfter(3))
        cursor = SyncState.objects.get().full_cursor
        assert cursor is not None
        for _, _, after in cursor["ranges"]:
            if after:
                forget(local_stripe, after)
        run, _ = sync_now()
        assert run.is_complete
        assert run.looked_at == many - 300

    def test_is_slowed_by_429_and_finishes(self, many: int, local_stripe: LocalStripe) -> None:
        with pytest.raises(Interrupted):
            incremental.run(full=True, now=timezone.now(), progress=StopsAfter(1))
        local_stripe.forget_calls()
        local_stripe.control("faults", status=429, count=8, path="/v1/subscriptions")
        run, _ = sync_now()
        assert (run.is_complete, run.looked_at, run.error) == (True, many - 100, "")
        assert local_stripe.calls.count(LIST) == many / 100 - 1 + 8

    def test_an_error_ends_it_and_the_next_goes_on(self, many: int, local_stripe: LocalStripe) -> None:
        with pytest.raises(Interrupted):
            incremental.run(full=True, now=timezone.now(), progress=StopsAfter(5))
        local_stripe.control("faults", status=500, count=99, path="/v1/subscriptions")
        run, _ = sync_now()
        assert (run.is_complete, run.error[:17]) == (False, "StripeUnavailable")
        local_stripe.control("faults", status=500, count=0)
        assert sync_now()[0].looked_at == many - 500


class TestSameSecond:
    def test_those_of_one_second_on_two_pages_are_all_compared(
        self, new_subscription: Subscription, local_stripe: LocalStripe
    ) -> None:
        multiply(local_stripe, new_subscription.pk, 130, seconds_apart=0)
        assert sync_now(full=True)[0].looked_at == 131
        local_stripe.control("clock", advance=60)
        local_stripe.forget_calls()
        run, _ = sync_now(full=True)
        assert [call for call in local_stripe.calls if call.startswith(f"{LIST}/")] == []
        assert (run.looked_at, run.updated, run.unknown) == (131, 0, 0)


class TestUnknown:
    def test_is_reported_and_kept(self, new_subscription: Subscription, local_stripe: LocalStripe) -> None:
        Subscription.objects.create(
            pk="sub_unheard", customer_id=new_subscription.customer_id, status="active", currency="usd", version=1,
            known_from=new_subscription.known_from, known_until=new_subscription.known_until,
            stripe_created_at=new_subscription.stripe_created_at,
        )  # fmt: skip
        local_stripe.control("clock", advance=60)
        run, _ = sync_now(full=True)
        assert (run.is_complete, run.unknown, run.unknown_ids) == (True, 1, ["sub_unheard"])
        assert Subscription.objects.filter(pk="sub_unheard", is_deleted=False).exists()

    def test_of_the_catalog_too(self, new_subscription: Subscription, local_stripe: LocalStripe) -> None:
        old = new_subscription.known_until
        Product.objects.create(pk="prod_unheard", name="?", known_from=old, known_until=old)
        local_stripe.control("clock", advance=60)
        run, _ = sync_now(full=True)
        assert run.unknown_ids == ["prod_unheard"]

    def test_with_another_accounts_key_few_are_asked_for(self, many: int, local_stripe: LocalStripe) -> None:
        local_stripe.control("reset")
        local_stripe.control("clock", advance=60)
        run, _ = sync_now(full=True)
        assert (run.is_complete, run.looked_at) == (True, 0)
        assert run.unknown >= many
        assert len([call for call in local_stripe.calls if call.startswith(f"{LIST}/")]) <= 20
        assert Subscription.objects.filter(is_deleted=False).count() == many

    def test_what_is_newer_than_the_page_is_not_asked_for(
        self, new_subscription: Subscription, local_stripe: LocalStripe
    ) -> None:
        future = timezone.now() + timedelta(hours=1)
        Subscription.objects.create(pk="sub_new", status="active", known_from=future, known_until=future, version=1,
                                    stripe_created_at=new_subscription.stripe_created_at)  # fmt: skip
        assert sync_now(full=True)[0].unknown == 0


class TestDrift:
    def test_the_first_look_is_none(self, paid_session: CheckoutSession) -> None:
        run, _ = sync_now()
        assert (run.is_full, run.updated, run.drift) == (True, 1, 0)

    def test_what_an_event_tells_of_meanwhile_is_none(
        self, new_subscription: Subscription, local_stripe: LocalStripe
    ) -> None:
        class Busy(Progress):
            def expect(self, total: int | None) -> None:
                local_stripe.control("clock", advance=600)
                local_stripe.api.subscriptions.update(new_subscription.pk, {"cancel_at_period_end": True})

        run, _ = incremental.run(full=True, now=timezone.now(), progress=Busy())
        assert (run.updated, run.drift, run.drifted) == (1, 0, [])
        assert Subscription.objects.get().cancel_at_period_end

    def test_a_session_whose_slow_payment_arrived(
        self, person: User, one_time_price: Price, customer: Customer, local_stripe: LocalStripe
    ) -> None:
        """The sync hears of its payment; that the session is paid only a webhook tells."""
        session = buy(person, one_time_price).session
        assert session is not None
        local_stripe.control(f"checkout/{session.stripe_id}/pay", **{"async": True})
        settle()
        local_stripe.control(f"checkout/{session.stripe_id}/settle", outcome="succeed")
        sync_now()
        assert (Payment.objects.get().status, CheckoutSession.objects.get().payment_status) == ("succeeded", "unpaid")
        sync_now(full=True)
        assert CheckoutSession.objects.get().payment_status == "paid"
        local_stripe.forget_calls()
        sync_now(full=True)
        assert not [call for call in local_stripe.calls if "/checkout/sessions/" in call]

    def test_an_old_bill_that_was_settled_unheard(
        self, new_subscription: Subscription, local_stripe: LocalStripe
    ) -> None:
        invoice = Invoice.objects.get()
        local_stripe.control("clock", advance=600)
        sync_now()
        in_ten_days = timezone.now() + timedelta(days=10)
        SyncState.objects.update(last_full_at=in_ten_days)
        SyncRun.objects.filter(is_full=True).update(started_at=in_ten_days)
        Invoice.objects.update(status="open", amount_remaining=1900)
        run, _ = sync_now(full=True)
        assert (run.drift, run.drifted) == (1, [invoice.pk])
        assert Invoice.objects.get().status == "paid"


class TestHistory:
    def test_a_line_that_a_killed_process_left_is_kept(self, new_subscription: Subscription) -> None:
        line = StatusChange.objects.get()
        told = {
            "id": str(line.pk), "from_status": "", "to_status": line.to_status, "from_price_id": None,
            "to_price_id": line.to_price_id, "from_quantity": None, "to_quantity": 1, "cancels_at": None,
            "cause_kind": line.cause_kind, "cause_id": line.cause_id, "changed_at": line.changed_at.isoformat(),
        }  # fmt: skip
        StatusChange.objects.all().delete()
        Subscription.objects.update(unsaved_history_line=told)
        sync_now(full=True)
        again = StatusChange.objects.get()
        assert (again.pk, again.to_status, again.changed_at) == (line.pk, line.to_status, line.changed_at)
        assert Subscription.objects.get().unsaved_history_line is None


class TestSplit:
    @pytest.fixture
    def rows(self, db: None) -> Callable[[int], None]:
        def make(count: int) -> None:
            Subscription.objects.bulk_create(
                Subscription(pk=f"sub_{number}", status="active", stripe_created_at=moment(1_000_000 + number))
                for number in range(count)
            )

        return make

    @pytest.mark.parametrize(("count", "expected"), [(0, 1), (100, 1), (101, 2), (1200, 12), (1201, 7), (5000, 10)])
    def test_into_whole_pages(self, rows: Callable[[int], None], count: int, expected: int) -> None:
        rows(count)
        whole = Range(newest=2_000_000, after="sub_x")
        cut = page_ranges.split(whole, Subscription)
        assert len(cut) == expected
        assert (cut[0].newest, cut[0].after, cut[-1].oldest) == (2_000_000, "sub_x", None)
        assert [one.oldest for one in cut[:-1]] == [one.newest for one in cut[1:]]
        created = [(one.newest_at, one.oldest_at or moment(0)) for one in cut]
        inside = [
            Subscription.objects.filter(stripe_created_at__lte=upto, stripe_created_at__gt=since)
            for upto, since in created
        ]
        assert sum(found.count() for found in inside) == count
        assert all(found.count() % 100 == 0 for found in inside[:-1])


class TestRest:
    @pytest.mark.parametrize("other", [7, None, {}, {"id": "sub_x"}, {"id": "sub_x", "created": "1"}], ids=str)
    def test_follows_the_last_that_is_a_subscription(self, other: Any) -> None:
        listed = [{"id": "sub_2", "created": 2}, {"id": "sub_1", "created": 1}, other]
        page = Page(json.dumps({"data": listed, "has_more": True}), timezone.now(), timezone.now())
        assert Range().rest(page) == Range(newest=1, after="sub_1", already_read=frozenset({"sub_1"}))


class TestFindings:
    def test_one_that_had_an_event_and_is_compared_counts_once(self, new_subscription: Subscription) -> None:
        seen: list[tuple[str, str, bool]] = []
        findings = SyncResults(lambda *one: seen.append(one))
        findings.record_events(Mirrored(new_subscription, was_written=True))
        findings.record_subscription({"id": new_subscription.pk, "status": "active"}, was_written=False)
        assert (findings.looked_at, findings.updated, len(seen)) == (1, 1, 2)
        assert findings.customers == set(Customer.objects.values_list("pk", flat=True))

    def test_count_every_failure_and_keep_the_first(self) -> None:
        findings = SyncResults()
        findings.record_failures([FailedObject("product", f"prod_{number}", "?") for number in range(150)])
        assert not findings.has_failed_customers
        findings.record_failures([FailedObject("invoice", "in_1", "?")])
        assert findings.has_failed_customers
        assert findings.failed_objects == 151
        assert [failed.id for failed in findings.failures] == [f"prod_{number}" for number in range(100)]
