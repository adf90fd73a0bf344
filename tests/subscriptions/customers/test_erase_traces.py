"""Erasing finds a person wherever they are: in every table, under every earlier customer, in late events, in logs."""

import gzip
import json
import logging
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from subscriptions.customers import erasing, linking
from subscriptions.models import (
    BillingAccount,
    CheckoutSession,
    ConfirmedAddress,
    Customer,
    Dispute,
    ErasedCustomer,
    Invoice,
    Payment,
    Refund,
    Subscription,
    SyncState,
    WebhookEvent,
)
from tests.fixtures import LocalStripe, deliver
from tests.running import copy_project
from tests.subscriptions.conftest import charge_in_dashboard, settle, sync_now
from tests.subscriptions.customers import everywhere

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def log(tmp_path: Path, settings: Any) -> Path:
    settings.CRON_LOG = tmp_path / "cron.log"
    return tmp_path / "cron.log"


@pytest.fixture
def subscriber(person: User, paid_session: CheckoutSession, local_stripe: LocalStripe) -> User:
    """A person who has subscribed, with a name that no other text contains."""
    for event in local_stripe.events():
        deliver(Client(), event)
    settle()
    person.username, person.first_name, person.last_name = "grizelda", "Grizelda", "Öktem-Quux"
    person.email = "Grizelda.Quux@example.com"
    person.save()
    Customer.objects.update(email="grizelda.quux@example.com", name="Grizelda Öktem-Quux")
    return person


def erase(who: str = "grizelda") -> None:
    call_command("erase_customer", who, "--no-input")


def ids_of(customer: Customer) -> list[str]:
    rows: list[Any] = [Subscription, Invoice, Payment, CheckoutSession]
    return [str(pk) for row in rows for pk in row.objects.filter(customer=customer).values_list("pk", flat=True)]


class TestEveryTable:
    def test_has_nothing_of_the_person(
        self,
        subscriber: User,
        local_stripe: LocalStripe,
        capsys: pytest.CaptureFixture[str],
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        customer, subscription = Customer.objects.get(), Subscription.objects.get()
        needles = ["grizelda", "quux", customer.pk, subscription.pk, *ids_of(customer)]
        everywhere.plant(subscriber, customer, subscription)
        SyncState.objects.update(last_error=f"{subscription.pk} of Grizelda.Quux@example.com failed")
        dumped = "\n".join(f"{table} {text}" for table, text in everywhere.dump()).lower()
        assert [needle for needle in needles if needle.lower() not in dumped] == []
        capsys.readouterr()
        caplog.set_level(logging.DEBUG)
        erase()
        left = [
            (table, text)
            for table, text in everywhere.dump()
            if any(needle.lower() in text.lower() for needle in needles)
        ]
        assert left == []
        said = capsys.readouterr()
        # One of the planted rows links another customer.
        assert said.out == "Erased 1 person and 2 customers, at Stripe and here.\n"
        assert [needle for needle in needles if needle.lower() in (said.out + said.err + _ours(caplog)).lower()] == []

    def test_keeps_all_of_others(self, subscriber: User, admin_user: User, local_stripe: LocalStripe) -> None:
        bob = User.objects.create_user("bob", "bob@example.com")
        Customer.objects.create(pk="cus_bob", email="bob@example.com", name="Bob Namesake")
        account = BillingAccount.objects.create(user=bob, customer_id="cus_bob", email="bob@example.com")
        Subscription.objects.create(pk="sub_bob", customer_id="cus_bob", status="active", currency="usd")
        everywhere.plant(bob, Customer.objects.get(pk="cus_bob"), Subscription.objects.get(pk="sub_bob"))
        before = sorted(each for each in everywhere.dump() if "bob" in each[1])
        assert account.pk
        assert before
        erase()
        assert sorted(each for each in everywhere.dump() if "bob" in each[1]) == before


class TestEveryCustomer:
    def test_an_earlier_one_that_names_the_account(self, subscriber: User, local_stripe: LocalStripe) -> None:
        account = BillingAccount.objects.get()
        made = local_stripe.api.customers.create({"metadata": {"standing_order_account": str(account.pk)}})
        Customer.objects.create(pk=made.id, named_account=str(account.pk), email="earlier@example.com")
        Subscription.objects.create(pk="sub_earlier", customer_id=made.id, status="canceled", currency="usd")
        WebhookEvent.objects.create(
            pk="evt_earlier",
            type="invoice.paid",
            source="webhook",
            state="done",
            stripe_created_at=timezone.now(),
            payload={"data": {"object": {"object": "invoice", "customer": made.id}}},
        )
        erase()
        assert ErasedCustomer.objects.filter(pk=made.id).exists()
        assert (Subscription.objects.count(), Customer.objects.count()) == (0, 0)
        assert WebhookEvent.objects.get(pk="evt_earlier").payload == {}
        assert getattr(local_stripe.api.customers.retrieve(made.id), "deleted", False) is True

    def test_one_whose_answer_was_lost(self, subscriber: User, local_stripe: LocalStripe) -> None:
        account = BillingAccount.objects.get()
        metadata = {"standing_order_account": str(account.pk)}
        lost = local_stripe.api.customers.create({"email": subscriber.email, "metadata": metadata})
        erase()
        assert getattr(local_stripe.api.customers.retrieve(lost.id), "deleted", False) is True
        # One that appears even later names an account that was erased.
        later = local_stripe.api.customers.create({"email": subscriber.email, "metadata": metadata})
        for event in local_stripe.events("customer.created"):
            deliver(Client(), event)
        assert not Customer.objects.filter(pk__in=[lost.id, later.id]).exists()
        assert not any(later.id in text for _, text in everywhere.dump())

    def test_a_linked_one(self, subscriber: User, local_stripe: LocalStripe) -> None:
        made = local_stripe.api.customers.create({"email": "home@example.com"})
        linked = Customer.objects.create(pk=made.id, email="home@example.com")
        linking.link(customer=linked, user=subscriber, now=timezone.now())
        erase()
        assert ErasedCustomer.objects.count() == 2
        assert not any("home@example.com" in text for _, text in everywhere.dump())

    @pytest.mark.parametrize("is_confirmed", [True, False])
    def test_one_with_the_address(
        self, subscriber: User, local_stripe: LocalStripe, capsys: pytest.CaptureFixture[str], *, is_confirmed: bool
    ) -> None:
        made = local_stripe.api.customers.create({"email": subscriber.email})
        Customer.objects.create(pk=made.id, email=subscriber.email)
        if is_confirmed:
            ConfirmedAddress.objects.create(user=subscriber, email=subscriber.email, confirmed_at=timezone.now())
        erase()
        assert ErasedCustomer.objects.filter(pk=made.id).exists() is is_confirmed
        assert getattr(local_stripe.api.customers.retrieve(made.id), "deleted", False) is is_confirmed
        said = f"If it is the same person: erase_customer {made.id}"
        assert (said in capsys.readouterr().err) is not is_confirmed

    def test_of_an_account_that_was_deleted_before(self, subscriber: User, local_stripe: LocalStripe) -> None:
        account, customer = BillingAccount.objects.get(), Customer.objects.get()
        made = local_stripe.api.customers.create({"metadata": {"standing_order_account": str(account.pk)}})
        Customer.objects.create(pk=made.id, named_account=str(account.pk))
        subscriber.delete()
        erase(customer.pk)
        assert sorted(ErasedCustomer.objects.values_list("pk", flat=True)) == sorted([customer.pk, made.id])


class TestWhatComesLater:
    @pytest.mark.parametrize("is_known", [True, False])
    def test_refunds_of_a_purchase(self, paid_handbook: Payment, local_stripe: LocalStripe, *, is_known: bool) -> None:
        refund = {"payment_intent": paid_handbook.payment_intent_id, "amount": 500}
        if is_known:
            local_stripe.api.refunds.create(refund)
            sync_now(full=True)
            assert Refund.objects.count() == 1
        erase("ada")
        local_stripe.api.refunds.create(refund)
        self.bring_everything_again(local_stripe)
        assert Refund.objects.count() == 0

    def test_refunds_and_disputes_of_an_invoice(self, subscriber: User, local_stripe: LocalStripe) -> None:
        [paid] = local_stripe.api.invoice_payments.list({"invoice": Invoice.objects.get().pk}).data
        assert paid.payment.payment_intent
        intent = str(paid.payment.payment_intent)
        erase()
        local_stripe.api.refunds.create({"payment_intent": intent, "amount": 500})
        self.bring_everything_again(local_stripe)
        assert (Refund.objects.count(), Dispute.objects.count()) == (0, 0)
        assert not any(intent in text for _, text in everywhere.dump())

    def test_refunds_of_others_still_come(
        self, subscriber: User, local_stripe: LocalStripe, one_time_price: Any, client: Client
    ) -> None:
        erase()
        local_stripe.forget_calls()
        made = local_stripe.api.customers.create({"email": "bob@example.com"})
        intent = charge_in_dashboard(local_stripe, made.id, 900)
        local_stripe.api.refunds.create({"payment_intent": intent, "amount": 500})
        for event in local_stripe.events("refund.created"):
            assert deliver(client, event).status_code == 200
        assert Refund.objects.get().amount == 500

    def bring_everything_again(self, local_stripe: LocalStripe) -> None:
        for event in local_stripe.events():
            assert deliver(Client(), {**event, "id": event["id"] + "_late"}).status_code == 200
        sync_now(full=True)
        sync_now(full=True)


class TestAdmin:
    def test_erasing_there_leaves_no_name_in_the_log(
        self, subscriber: User, admin_client: Client, local_stripe: LocalStripe
    ) -> None:
        answer = admin_client.post(f"/admin/auth/user/{subscriber.pk}/delete/", {"post": "yes", "fate": "erase"})
        assert answer.status_code == 302
        assert not User.objects.filter(username="grizelda").exists()
        assert LogEntry.objects.count() > 0
        left = [each for each in everywhere.dump() if "grizelda" in each[1].lower() or "quux" in each[1].lower()]
        assert left == []


class TestLogs:
    def test_lines_keep_their_length(self, subscriber: User, log: Path, local_stripe: LocalStripe) -> None:
        lines = f"1 {Customer.objects.get().pk} failed\n2 Grizelda.Quux@example.com: é\n3 for Öktem-Quux\n4 fine\n"
        log.write_text(lines)
        (log.parent / "cron.log.2.gz").write_bytes(gzip.compress(lines.encode()))
        erase()
        cleaned = log.read_bytes()
        assert len(cleaned) == len(lines.encode())
        assert cleaned.endswith(b"\n4 fine\n")
        for text in (cleaned, gzip.decompress((log.parent / "cron.log.2.gz").read_bytes())):
            assert b"cus_" not in text
            assert b"uux@" not in text

    def test_says_that_one_could_not_be_cleaned(
        self, subscriber: User, log: Path, local_stripe: LocalStripe, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        log.with_name("cron.log.1.gz").write_bytes(b"this is not compressed")
        with pytest.raises(Exception, match="erased, but a log still names the person"):
            erase()
        assert not User.objects.filter(username="grizelda").exists()


@pytest.mark.only_on("sqlite")
def test_nothing_is_left_on_disk(tmp_path: Path) -> None:
    """SQLite's file and its journal are searched byte by byte, and every other file of the project."""
    project = copy_project(tmp_path / "shop")
    (project / ".env").write_text("SECRET_KEY=k\nSTRIPE_KEY=sk_test_1\nSTRIPE_WEBHOOK_SECRET=whsec_1\n")
    make = """
from django.contrib.auth import get_user_model
from django.contrib.admin.models import LogEntry
from django.contrib.sessions.backends.db import SessionStore
from subscriptions.models import WebhookEvent
from django.utils import timezone
user = get_user_model().objects.create_user("grizelda", "grizelda.quux@example.com", "x")
LogEntry.objects.create(user=user, action_flag=1, object_repr="grizelda", change_message="grizelda.quux@example.com")
session = SessionStore(); session["who"] = "grizelda.quux@example.com"; session.save()
for n in range(50):
    WebhookEvent.objects.create(pk=f"evt_{n}", type="t", source="sync", stripe_created_at=timezone.now(),
                                payload={"email": "grizelda.quux@example.com", "filler": "x" * 3000})
"""
    (project / "cron.log").write_text("grizelda.quux@example.com\n")
    for arguments in (["migrate", "-v0"], ["shell", "-v0", "-c", make]):
        assert _manage(project, *arguments) == (0, "")
    assert _naming(project) != []
    code, said = _manage(project, "erase_customer", "grizelda", "--no-input")
    assert (code, said) == (0, "Erased 1 person and 0 customers, at Stripe and here.\n")
    assert _naming(project) == []
    with closing(sqlite3.connect(project / "db.sqlite3")) as database:
        assert database.execute("SELECT count(*) FROM subscriptions_webhookevent").fetchone() == (50,)


def _manage(project: Path, *arguments: str) -> tuple[int, str]:
    done = subprocess.run(  # noqa: S603
        [sys.executable, str(project / "manage.py"), *arguments],
        env={"PATH": os.environ["PATH"], "HOME": "/"},
        capture_output=True,
        check=False,
        text=True,
    )
    return done.returncode, done.stdout + done.stderr


def _naming(folder: Path) -> list[str]:
    files = [file for file in folder.rglob("*") if file.is_file()]
    return [file.name for file in files if b"grizelda" in file.read_bytes()]


def _ours(caplog: pytest.LogCaptureFixture) -> str:
    """What a deployment's log would have: no SDK that tells what it sends."""
    levels = {"stripe": logging.WARNING, "django": logging.WARNING}
    return "\n".join(
        record.getMessage()
        for record in caplog.records
        if record.levelno >= levels.get(record.name.partition(".")[0], logging.INFO)
    )


def test_json_is_searched_as_it_is_read() -> None:
    assert json.dumps("Öktem") == '"\\u00d6ktem"'
    assert erasing.person.Traces(names=frozenset({"Öktem"})).are_in("\u00d6ktem")
