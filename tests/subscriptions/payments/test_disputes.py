"""Disputed payments: access ends while the money is gone, staff see the deadline, and customers read why."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.utils import quote
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone

from billing.models import Price
from subscriptions import access, stripe_clock
from subscriptions.customers import erasing
from subscriptions.models import CheckoutSession, Dispute, Invoice, Payment, Subscription, WebhookEvent
from subscriptions.monitoring import dispute_deadlines, health
from subscriptions.payments import disputes, refunds
from subscriptions.payments.refunds import CannotRefund
from tests.fixtures import LocalStripe, deliver
from tests.subscriptions.conftest import DAY, buy, charge_in_dashboard, settle, sync_now
from tests.subscriptions.reading import words

pytestmark = pytest.mark.django_db

User = get_user_model()

TYPES = ("created", "updated", "funds_withdrawn", "funds_reinstated", "closed")


def intent_of(subscription: Subscription, local_stripe: LocalStripe) -> str:
    paid: Any = local_stripe.api.invoices.list({"subscription": subscription.pk, "expand": ["data.payments"]}).data[0]
    return str(paid.payments.data[0].payment.payment_intent)


def text_of(response: Any) -> str:
    assert response.status_code == 200
    return words(response.content.decode())


def dispute(local_stripe: LocalStripe, intent_id: str, **options: Any) -> str:
    made: dict[str, Any] = local_stripe.control("disputes", payment_intent=intent_id, **options)
    return str(made["id"])


def deliver_all(client: Client, local_stripe: LocalStripe) -> list[str]:
    """Deliver each of its events by webhook; return what became of them."""
    events = local_stripe.events(*(f"charge.dispute.{name}" for name in TYPES))
    local_stripe.forget_calls()
    return [deliver(client, event).json()["state"] for event in events]


class TestOfAPurchase:
    def test_ends_access_until_it_is_won(
        self, client: Client, person: User, paid_handbook: Payment, local_stripe: LocalStripe
    ) -> None:
        pk = dispute(local_stripe, paid_handbook.payment_intent_id, reason="product_not_received")
        assert deliver_all(client, local_stripe) == ["done", "done"]
        row = Dispute.objects.get()
        assert (row.pk, row.amount, row.reason, row.status) == (pk, 4900, "product_not_received", "needs_response")
        assert (row.customer_id, row.invoice_id, row.are_funds_withdrawn) == (paid_handbook.customer_id, None, True)
        assert not access.has_access(person, str(paid_handbook.product_id))
        assert Payment.objects.giving_access().count() == 0
        local_stripe.control(f"disputes/{pk}", outcome="won")
        assert set(deliver_all(client, local_stripe)) == {"done"}
        assert access.has_access(person, str(paid_handbook.product_id))
        assert Dispute.objects.get().status == "won"

    def test_lost_ends_it_for_good_and_it_can_be_bought_again(
        self, person: User, paid_handbook: Payment, one_time_price: Price, local_stripe: LocalStripe
    ) -> None:
        pk = dispute(local_stripe, paid_handbook.payment_intent_id)
        sync_now()
        assert buy(person, one_time_price).held == paid_handbook
        local_stripe.control(f"disputes/{pk}", outcome="lost")
        sync_now()
        assert Payment.objects.standing().count() == 0
        assert not access.has_access(person, str(paid_handbook.product_id))
        assert buy(person, one_time_price).url

    def test_with_keep_changes_nothing_about_access(
        self, person: User, paid_handbook: Payment, one_time_price: Price, local_stripe: LocalStripe, settings: Any
    ) -> None:
        settings.DISPUTED_ACCESS = "keep"
        pk = dispute(local_stripe, paid_handbook.payment_intent_id)
        sync_now()
        assert access.has_access(person, str(paid_handbook.product_id))
        local_stripe.control(f"disputes/{pk}", outcome="lost")
        sync_now()
        assert access.has_access(person, str(paid_handbook.product_id))
        assert buy(person, one_time_price).held == paid_handbook
        # Set to end later, it holds for what was disputed before.
        settings.DISPUTED_ACCESS = "end"
        assert not access.has_access(person, str(paid_handbook.product_id))

    def test_an_inquiry_ends_nothing_until_it_takes_the_money(
        self, person: User, paid_handbook: Payment, local_stripe: LocalStripe
    ) -> None:
        pk = dispute(local_stripe, paid_handbook.payment_intent_id, status="warning_needs_response")
        sync_now(full=True)  # Inquiries are not among the events that a sync lists.
        assert Dispute.objects.get().status == "warning_needs_response"
        assert access.has_access(person, str(paid_handbook.product_id))
        evidence: Any = {"evidence": {"uncategorized_text": "escalate_inquiry_evidence"}}
        local_stripe.api.disputes.update(pk, evidence)
        local_stripe.control("clock", advance=1)
        sync_now()
        assert Dispute.objects.get().status == "needs_response"
        assert not access.has_access(person, str(paid_handbook.product_id))

    def test_by_a_test_card_at_once_and_in_any_order(
        self, client: Client, person: User, one_time_price: Price, local_stripe: LocalStripe
    ) -> None:
        started = buy(person, one_time_price)
        assert started.session
        local_stripe.pay(started.session.stripe_id, card="4000000000000259")
        deliver_all(client, local_stripe)
        assert Payment.objects.count() == 0
        deliver(client, local_stripe.events("payment_intent.succeeded")[0])
        assert not Payment.objects.get().gives_access
        settle()
        assert not Payment.objects.get().gives_access
        sync_now(full=True)
        assert Dispute.objects.get().customer_id == Payment.objects.get().customer_id

    def test_duplicates_and_late_events_change_nothing(
        self, client: Client, paid_handbook: Payment, local_stripe: LocalStripe
    ) -> None:
        pk = dispute(local_stripe, paid_handbook.payment_intent_id)
        local_stripe.control("clock", advance=60)
        local_stripe.control(f"disputes/{pk}", outcome="won")
        late = local_stripe.events("charge.dispute.created", "charge.dispute.funds_withdrawn")
        sync_now()
        won = Dispute.objects.get()
        assert [deliver(client, {**event, "id": f"evt_{n}"}).json()["state"] for n, event in enumerate(late)] == [
            "done",
            "done",
        ]
        assert (Dispute.objects.get().version, Dispute.objects.get().status) == (won.version, "won")
        assert Payment.objects.get().gives_access

    def test_of_somebody_unknown_links_nobody(self, client: Client, local_stripe: LocalStripe) -> None:
        theirs = local_stripe.api.customers.create({"email": "eve@example.com"})
        dispute(local_stripe, charge_in_dashboard(local_stripe, theirs.id, 900))
        assert set(deliver_all(client, local_stripe)) == {"done"}
        row = Dispute.objects.get()
        assert (row.customer_id, row.invoice_id, row.subscription_id) == (None, None, None)


class TestOfASubscription:
    def test_ends_access_until_it_is_won_and_leaves_stripes_status(
        self, client: Client, person: User, subscription: Subscription, local_stripe: LocalStripe
    ) -> None:
        pk = dispute(local_stripe, intent_of(subscription, local_stripe))
        assert set(deliver_all(client, local_stripe)) == {"done"}
        row = Dispute.objects.get()
        links = (row.customer_id, row.subscription_id, row.invoice_id)
        assert links == (subscription.customer_id, subscription.pk, subscription.latest_invoice_id)
        subscription.refresh_from_db()
        assert (subscription.status, subscription.gives_access) == ("active", False)
        assert not access.has_access(person, str(subscription.product_id))
        assert Subscription.objects.giving_access(stripe_clock.now()).count() == 0
        local_stripe.control(f"disputes/{pk}", outcome="won")
        sync_now()
        subscription.refresh_from_db()
        assert subscription.gives_access
        assert Subscription.objects.giving_access(stripe_clock.now()).count() == 1

    def test_comes_back_with_the_next_paid_invoice(
        self, subscription: Subscription, local_stripe: LocalStripe
    ) -> None:
        """Who pays for the new period has it, whatever becomes of the old payment."""
        pk = dispute(local_stripe, intent_of(subscription, local_stripe))
        local_stripe.control(f"disputes/{pk}", outcome="lost")
        sync_now()
        subscription.refresh_from_db()
        assert (subscription.dispute_hold, subscription.gives_access) == ("lost", False)
        local_stripe.control("clock", advance=31 * DAY)
        sync_now()
        subscription.refresh_from_db()
        assert (subscription.dispute_hold, subscription.gives_access) == ("", True)

    def test_is_found_by_a_full_sync_when_every_event_was_lost(
        self, subscription: Subscription, local_stripe: LocalStripe
    ) -> None:
        dispute(local_stripe, intent_of(subscription, local_stripe))
        local_stripe.control("clock", advance=60)
        WebhookEvent.objects.bulk_create(
            WebhookEvent(pk=event["id"], type=event["type"], state="done", stripe_created_at=timezone.now())
            for event in local_stripe.events()
            if event["type"].startswith("charge.dispute.")
        )
        run, _ = sync_now(full=True)
        subscription.refresh_from_db()
        assert (subscription.gives_access, run.is_complete) == (False, True)

    def test_that_was_killed_before_it_was_settled_is_settled_by_a_full_sync(
        self, subscription: Subscription, local_stripe: LocalStripe
    ) -> None:
        dispute(local_stripe, intent_of(subscription, local_stripe))
        sync_now()
        Subscription.objects.update(dispute_hold="")
        Dispute.objects.update(customer=None, subscription=None, invoice=None)
        sync_now(full=True)
        subscription.refresh_from_db()
        assert not subscription.gives_access

    def test_with_stripe_down_comes_again(
        self, client: Client, subscription: Subscription, local_stripe: LocalStripe
    ) -> None:
        dispute(local_stripe, intent_of(subscription, local_stripe))
        event = local_stripe.events("charge.dispute.created")[0]
        local_stripe.control("faults", status=500, count=9)
        assert deliver(client, event).status_code == 500
        local_stripe.control("faults")
        assert deliver(client, event).json() == {"state": "done"}
        subscription.refresh_from_db()
        assert not subscription.gives_access

    def test_is_erased_with_the_person(
        self, client: Client, subscription: Subscription, local_stripe: LocalStripe
    ) -> None:
        dispute(local_stripe, intent_of(subscription, local_stripe))
        deliver_all(client, local_stripe)
        erasing.erase(str(subscription.customer_id), now=timezone.now())
        assert Dispute.objects.count() == 0
        theirs = WebhookEvent.objects.filter(type__startswith="charge.dispute.")
        assert {(entry.state, bool(entry.payload)) for entry in theirs} == {("ignored", False)}


class TestWhatPeopleRead:
    def test_the_account_page_says_it_kindly(
        self, customer_client: Client, subscription: Subscription, local_stripe: LocalStripe, settings: Any
    ) -> None:
        pk = dispute(local_stripe, intent_of(subscription, local_stripe))
        sync_now()
        page = text_of(customer_client.get("/account/"))
        assert "Your bank has asked for a payment back and has not decided yet. Until then you have no access." in page
        assert "your access then comes back" in page
        settings.DISPUTED_ACCESS = "keep"
        assert "has not decided yet. You keep your access." in text_of(customer_client.get("/account/"))
        settings.DISPUTED_ACCESS = "end"
        local_stripe.control(f"disputes/{pk}", outcome="lost")
        sync_now()
        page = text_of(customer_client.get("/account/"))
        assert "Your bank has given you a payment back, so you have no access until the next invoice is paid." in page

    def test_of_a_purchase_too(
        self, customer_client: Client, paid_handbook: Payment, local_stripe: LocalStripe
    ) -> None:
        pk = dispute(local_stripe, paid_handbook.payment_intent_id)
        sync_now()
        page = text_of(customer_client.get("/account/"))
        assert (
            "Your bank has asked for this payment back and has not decided yet. Until then it gives no access" in page
        )
        local_stripe.control(f"disputes/{pk}", outcome="lost")
        sync_now()
        page = text_of(customer_client.get("/account/"))
        assert "so it gives no access any more. You are welcome to buy it again." in page

    def test_staff_see_it_with_its_deadline(
        self, client: Client, staff: User, subscription: Subscription, local_stripe: LocalStripe
    ) -> None:
        intent_id = intent_of(subscription, local_stripe)
        pk = dispute(local_stripe, intent_id, reason="subscription_canceled")
        sync_now()
        client.force_login(staff)
        assert "1 disputed payment to be answered, the first by" in text_of(client.get("/admin/"))
        listed = text_of(client.get("/admin/subscriptions/dispute/?waiting=yes"))
        assert "$19.00" in listed
        assert "Needs an answer" in listed
        assert "Charged after cancelling" in listed
        shown = client.get(f"/admin/subscriptions/dispute/{pk}/change/").content.decode()
        assert f"https://dashboard.stripe.com/test/payments/{intent_id}" in shown
        assert f"/admin/subscriptions/subscription/{quote(subscription.pk)}/change/" in shown
        local_stripe.control(f"disputes/{pk}", outcome="won")
        sync_now()
        assert "disputed payment" not in text_of(client.get("/admin/"))
        assert pk not in text_of(client.get("/admin/subscriptions/dispute/?waiting=yes"))

    def test_a_payment_that_the_bank_took_back_is_not_offered_for_refund(
        self, client: Client, staff: Any, subscription: Subscription, local_stripe: LocalStripe
    ) -> None:
        client.force_login(staff)
        invoice_id = str(subscription.latest_invoice_id)
        refund = f"/admin/subscriptions/invoice/{quote(invoice_id)}/refund/"
        assert "At most $19.00." in text_of(client.get(refund))
        pk = dispute(local_stripe, intent_of(subscription, local_stripe))
        sync_now()
        said = "The bank has taken $19.00 of it back (see Disputes). There is nothing left to refund."
        assert said in text_of(client.get(refund, follow=True))
        local_stripe.control(f"disputes/{pk}", outcome="won")
        sync_now()
        assert "At most $19.00." in text_of(client.get(refund))

    def test_a_payment_that_the_bank_took_back_in_part_says_what_is_left(
        self, client: Client, staff: Any, subscription: Subscription, local_stripe: LocalStripe
    ) -> None:
        client.force_login(staff)
        dispute(local_stripe, intent_of(subscription, local_stripe), amount=500)
        sync_now()
        local_stripe.forget_calls()
        refund = f"/admin/subscriptions/invoice/{quote(str(subscription.latest_invoice_id))}/refund/"
        said = text_of(client.get(refund, follow=True))
        assert (
            "The bank has taken $5.00 of it back (see Disputes). $14.00 is left, but Stripe refunds nothing of" in said
        )
        assert "nothing left to refund" not in said
        with pytest.raises(CannotRefund, match=re.escape("$14.00 is left")):
            refunds.refund_invoice(invoice=Invoice.objects.get(), amount=1400, reason="", request_id="of the rest")
        assert [call for call in local_stripe.calls if call.startswith("POST")] == []

    def test_health_names_the_first_deadline_of_each_note(self) -> None:
        now = timezone.now()
        Dispute.objects.bulk_create(
            Dispute(pk=pk, amount=1900, currency="usd", status="needs_response", due_by_at=now + timedelta(days=days))
            for pk, days in (("du_1", 2), ("du_2", 9), ("du_3", 12))
        )
        found = health.read(now=now)
        notes = {note.code: note.message for note in (*found.problems, *found.warnings)}
        for code, days in (("disputes_due", 2), ("disputes_waiting", 9)):
            assert f"(the first by {now + timedelta(days=days):%Y-%m-%d %H:%M} UTC)" in notes[code]

    def test_health_names_near_deadlines_as_a_problem(
        self, subscription: Subscription, local_stripe: LocalStripe
    ) -> None:
        dispute(local_stripe, intent_of(subscription, local_stripe))
        sync_now()
        found = health.read(now=timezone.now())
        assert [note.code for note in found.problems] == []
        assert "disputes_waiting" in [note.code for note in found.warnings]
        due = Dispute.objects.get().due_by_at
        assert due
        ahead = due - stripe_clock.now() - dispute_deadlines.NEAR + timedelta(hours=1)
        local_stripe.control("clock", advance=int(ahead.total_seconds()))
        sync_now()
        notes = {note.code: note.message for note in health.read(now=timezone.now()).problems}
        assert notes["disputes_due"].startswith(
            "1 disputed payment to be answered in Stripe's dashboard (the first by"
        )

    @pytest.mark.parametrize("days", [-1, -20000, 1, None])
    @pytest.mark.parametrize("status", Dispute.Status.values)
    def test_only_those_that_can_still_be_answered_wait(
        self, admin_client: Client, status: str, days: int | None
    ) -> None:
        """Stripe leaves the status as it is when the deadline passes; its deadline is 0 if no answer is allowed."""
        now = timezone.now()
        due = None if days is None else now + timedelta(days=days)
        row = Dispute.objects.create(
            pk="du_1", charge_id="ch_1", amount=1, currency="usd", status=status, due_by_at=due
        )
        waits = status.endswith("needs_response") and days in {1, None}
        assert (row.is_waiting, Dispute.objects.waiting(now=now).exists()) == (waits, waits)
        notes = [note.code for note in (*health.read(now=now).problems, *health.read(now=now).warnings)]
        assert any(code.startswith("disputes_") for code in notes) is waits
        assert ("to be answered" in text_of(admin_client.get("/admin/"))) is waits
        assert ("du_1" in text_of(admin_client.get("/admin/subscriptions/dispute/?waiting=yes"))) is waits
        shown = text_of(admin_client.get("/admin/subscriptions/dispute/du_5F1/change/"))
        assert f"{'Answer' if waits else 'See'} it at Stripe" in shown

    @pytest.mark.parametrize("status", Dispute.Status.values)
    def test_the_query_and_the_property_agree(self, paid_session: CheckoutSession, status: str) -> None:
        for number, withdrawn in enumerate([True, False]):
            Dispute.objects.create(
                pk=f"du_{number}", amount=1, currency="usd", status=status, are_funds_withdrawn=withdrawn
            )
        taking = set(Dispute.objects.taking_access().values_list("pk", flat=True))
        assert taking == {row.pk for row in Dispute.objects.all() if row.takes_access}
        assert bool(taking) == (status in {"needs_response", "under_review", "lost"})


def test_a_charge_without_an_intent_is_listed_for_staff(paid_session: CheckoutSession) -> None:
    row = Dispute.objects.create(pk="du_1", charge_id="ch_1", amount=1, currency="usd", status="needs_response")
    disputes.link_and_settle(row)
    assert Dispute.objects.waiting(now=timezone.now()).get() == row
