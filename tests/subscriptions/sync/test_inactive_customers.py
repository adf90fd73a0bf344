"""What becomes of customers who have nothing left."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing.catalog import services as catalog
from billing.gateway.snapshots import moment
from billing.models import Price, Product
from subscriptions.checkout import services as checkout
from subscriptions.customers import services as customers
from subscriptions.models import BillingAccount, CheckoutSession, Customer, ErasedCustomer, Subscription, SyncState
from subscriptions.sync import inactive_customers, incremental, lease
from subscriptions.sync.progress import Interrupted, Progress
from tests.fixtures import LocalStripe, deliver
from tests.subscriptions.conftest import sync_now

pytestmark = pytest.mark.django_db


@pytest.fixture
def ended(paid_session: CheckoutSession, local_stripe: LocalStripe) -> Customer:
    """Ada's customer, whose one subscription has ended at Stripe."""
    sync_now()
    local_stripe.control("clock", advance=600)
    local_stripe.api.subscriptions.cancel(Subscription.objects.get().pk)
    return Customer.objects.get()


class TestArchive:
    def test_takes_an_idle_customer_out_of_every_list(self, ended: Customer) -> None:
        run, _ = sync_now()
        assert (run.archived, run.is_complete) == (1, True)
        assert list(Customer.objects.listed()) == []
        assert Subscription.objects.get().status == "canceled"

    def test_also_when_a_webhook_brought_the_end(
        self, client: Client, ended: Customer, local_stripe: LocalStripe
    ) -> None:
        for event in local_stripe.events("customer.subscription.deleted"):
            deliver(client, event)
        run, _ = sync_now()
        assert (run.is_full, run.archived) == (False, 1)

    def test_signing_in_restores_the_same_customer_for_good(
        self, ended: Customer, person: User, local_stripe: LocalStripe
    ) -> None:
        sync_now()
        local_stripe.forget_calls()
        assert customers.ensure(person).pk == ended.pk
        assert local_stripe.calls == []
        assert sync_now(full=True)[0].archived == 0
        assert list(Customer.objects.listed()) == [ended]

    def test_a_later_end_archives_again(
        self, ended: Customer, person: User, local_stripe: LocalStripe, price: Any
    ) -> None:
        sync_now()
        customers.ensure(person)
        local_stripe.control("clock", advance=86400)
        method = local_stripe.api.payment_methods.attach("pm_card_visa", {"customer": ended.pk})
        again = local_stripe.api.subscriptions.create(
            {"customer": ended.pk, "items": [{"price": price.pk}], "default_payment_method": method.id}
        )
        sync_now()
        local_stripe.control("clock", advance=86400)
        local_stripe.api.subscriptions.cancel(again.id)
        assert sync_now()[0].archived == 1

    def test_one_who_subscribes_again_in_the_dashboard_is_restored(
        self, ended: Customer, local_stripe: LocalStripe, price: Any
    ) -> None:
        sync_now()
        method = local_stripe.api.payment_methods.attach("pm_card_visa", {"customer": ended.pk})
        local_stripe.api.subscriptions.create(
            {"customer": ended.pk, "items": [{"price": price.pk}], "default_payment_method": method.id}
        )
        sync_now()
        assert list(Customer.objects.listed()) == [ended]

    def test_one_who_was_restored_while_running_is_archived_after_the_end(
        self, ended: Customer, local_stripe: LocalStripe, price: Any
    ) -> None:
        """What is paid until next month, or was asked to end, has not ended: only real ends count."""
        sync_now()
        method = local_stripe.api.payment_methods.attach("pm_card_visa", {"customer": ended.pk})
        again = local_stripe.api.subscriptions.create(
            {"customer": ended.pk, "items": [{"price": price.pk}], "default_payment_method": method.id}
        )
        sync_now()
        local_stripe.control("clock", advance=86400)
        local_stripe.api.subscriptions.cancel(again.id)
        assert sync_now()[0].archived == 1

    def test_leaves_who_is_buying_again(
        self, ended: Customer, person: User, price: Price, local_stripe: LocalStripe, settings: Any
    ) -> None:
        """She cancelled, and is on the payment page again when the sync hears of the end."""
        settings.INACTIVE_CUSTOMERS = "delete"
        deliver(Client(), local_stripe.events("customer.subscription.deleted")[0])
        started = checkout.start(user=person, price_id=price.pk, now=timezone.now())
        assert started.session is not None
        assert sync_now(full=True)[0].archived == 0
        local_stripe.pay(started.session.stripe_id)
        result = checkout.complete(user=person, session_id=str(started.session.stripe_id))
        assert result.state == "paid"

    def test_leaves_everybody_when_events_failed(self, ended: Customer, local_stripe: LocalStripe) -> None:
        """The event that could not be worked may be of another subscription of theirs."""
        local_stripe.api.products.update(str(Product.objects.get().pk), {"name": "Pro Plus"})
        failing = local_stripe.events("product.updated")[-1]
        Product.objects.update(known_from=moment(failing["created"]), known_until=moment(failing["created"]))
        local_stripe.control("faults", status=500, count=3, path="/v1/products")
        run, _ = sync_now()
        assert (run.failed > 0, run.archived) == (True, 0)
        assert list(Customer.objects.listed()) == [ended]

    def test_leaves_who_never_bought(self, customer: Customer) -> None:
        assert sync_now(full=True)[0].archived == 0
        assert list(Customer.objects.listed()) == [customer]

    def test_leaves_the_overdue(self, paid_session: CheckoutSession, local_stripe: LocalStripe) -> None:
        sync_now()
        Subscription.objects.update(status="past_due")
        assert (
            inactive_customers.archive_inactive([str(Subscription.objects.get().customer_id)], now=timezone.now()) == 0
        )

    def test_leaves_who_owns_a_one_time_good(self, ended: Customer, person: User, local_stripe: LocalStripe) -> None:
        terms = catalog.PriceTerms(unit_amount=4900, currency="usd", interval="one_time")
        once = catalog.create_product(name="Handbook", price=terms, request_id="once").price
        started = checkout.start(user=person, price_id=once.pk, now=timezone.now())
        assert started.session is not None
        local_stripe.pay(started.session.stripe_id)
        assert sync_now()[0].archived == 0


class TestDelete:
    def test_leaves_an_id_that_nothing_brings_back(
        self, client: Client, ended: Customer, local_stripe: LocalStripe, settings: Any
    ) -> None:
        settings.INACTIVE_CUSTOMERS = "delete"
        assert sync_now()[0].archived == 1
        assert (Customer.objects.count(), Subscription.objects.count()) == (0, 0)
        assert ErasedCustomer.objects.get().pk == ended.pk
        assert BillingAccount.objects.get().customer_id is None
        for event in local_stripe.events():
            assert deliver(client, {**event, "id": event["id"] + "_late"}).status_code == 200
        sync_now(full=True)
        assert (Customer.objects.count(), Subscription.objects.count()) == (0, 0)


class TestKeep:
    def test_changes_nothing(self, ended: Customer, settings: Any) -> None:
        settings.INACTIVE_CUSTOMERS = "keep"
        assert sync_now()[0].archived == 0
        assert list(Customer.objects.listed()) == [ended]


class AtEachCustomer(Progress):
    """Lets others act at each step of the clean-up."""

    def __init__(self, act: Callable[[int], None]) -> None:
        self.act, self.steps = act, 0

    def step(self, count: int, label: str = "") -> None:
        if label == "customers":
            self.steps += 1
            self.act(self.steps)


class TestMany:
    @pytest.fixture
    def three(self, ended: Customer, local_stripe: LocalStripe, settings: Any) -> list[str]:
        """Three customers whose subscriptions have all ended, one of them at Stripe as well."""
        settings.INACTIVE_CUSTOMERS = "keep"
        sync_now(full=True)
        settings.INACTIVE_CUSTOMERS = "archive"
        row = Subscription.objects.get()
        for number in (1, 2):
            Customer.objects.create(pk=f"cus_copy{number}", known_until=timezone.now())
            row.pk, row.customer_id = f"sub_copy{number}", f"cus_copy{number}"
            row.known_from = row.known_until = timezone.now() + timedelta(days=1)
            row.save(force_insert=True)
        return sorted(Customer.objects.values_list("pk", flat=True))

    def test_extend_the_lease_on_the_way(self, three: list[str]) -> None:
        def let_time_pass(_: int) -> None:
            leases.append(SyncState.objects.get().lease_until)
            SyncState.objects.update(lease_until=timezone.now() + timedelta(seconds=1))

        leases: list[Any] = []
        run, _ = incremental.run(full=True, now=timezone.now(), progress=AtEachCustomer(let_time_pass))
        assert (run.is_complete, run.archived) == (True, 3)
        assert all(until - timezone.now() > timedelta(seconds=60) for until in leases)

    def test_stop_at_once_when_the_lease_is_lost_and_go_on_in_the_next_pass(self, three: list[str]) -> None:
        def take_over(step: int) -> None:
            # The first two steps look for candidates, the third is the batch's, the fourth the first customer's.
            if step == 4:
                SyncState.objects.update(lease_holder="another")

        with pytest.raises(lease.LeaseLost):
            incremental.run(full=True, now=timezone.now(), progress=AtEachCustomer(take_over))
        assert Customer.objects.exclude(archived_at=None).count() == 1
        assert SyncState.objects.get().lease_holder == "another"
        SyncState.objects.update(lease_holder="", lease_until=None)
        run, _ = sync_now()
        assert (run.is_full, run.is_complete, run.archived, run.looked_at) == (True, True, 2, 0)
        assert SyncState.objects.get().full_cursor is None
        assert not sync_now()[0].is_full

    def test_can_be_stopped_between_two(self, three: list[str]) -> None:
        def stop(step: int) -> None:
            if step == 5:
                raise Interrupted

        with pytest.raises(Interrupted):
            incremental.run(full=True, now=timezone.now(), progress=AtEachCustomer(stop))
        assert Customer.objects.exclude(archived_at=None).count() == 1
        assert sync_now()[0].archived == 2

    def test_candidates_cost_two_queries_for_each_page(self, db: None) -> None:
        count, now = 2 * inactive_customers.BATCH + 100, timezone.now()
        ids = [f"cus_{number:05}" for number in range(count)]
        Customer.objects.bulk_create(
            Customer(pk=pk, archived_at=now if number % 4 >= 2 else None) for number, pk in enumerate(ids)
        )
        Subscription.objects.bulk_create(
            Subscription(pk=f"sub_{pk}", customer_id=pk, status="canceled" if number % 2 else "active")
            for number, pk in enumerate(ids)
        )
        Customer.objects.create(pk="cus_without")
        with CaptureQueriesContext(connection) as captured:
            found = sorted(inactive_customers.candidates())
        # Ended and listed, or archived and running.
        assert found == [pk for number, pk in enumerate(ids) if number % 4 in (1, 2)]
        assert len(captured) == 2 * 3 + 1
        assert all("JOIN" not in query["sql"] for query in captured)

    def test_looking_for_candidates_keeps_the_lease(self, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
        """Also where hardly anybody is one."""
        monkeypatch.setattr(inactive_customers, "BATCH", 2)
        Customer.objects.bulk_create(Customer(pk=f"cus_{number}") for number in range(5))
        pages: list[int] = []
        assert list(inactive_customers.candidates(before_each=lambda: pages.append(1))) == []
        assert len(pages) == 4
