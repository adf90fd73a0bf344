"""Invoices, purchases and subscriptions whose money went back are not called paid, for their owner and for staff."""

import re
from typing import Any

import pytest
from django.contrib.admin.utils import quote
from django.contrib.auth import get_user_model
from django.test import Client

from subscriptions.models import Invoice, Subscription
from tests.fixtures import LocalStripe
from tests.subscriptions.conftest import settle, sync_now
from tests.subscriptions.payments.test_disputes import dispute, intent_of
from tests.subscriptions.reading import words

pytestmark = pytest.mark.django_db

User = get_user_model()


class TestTheRows:
    """An invoice or purchase whose money went back is not called paid."""

    @pytest.mark.parametrize(
        ("outcome", "label", "sentence"),
        [
            ("", "Disputed", "Your bank has asked for this payment back and has not decided yet."),
            ("lost", "Taken back by the bank", "Your bank has given you this payment back"),
            ("won", "Paid", ""),
        ],
    )
    @pytest.mark.parametrize("sold", ["an invoice", "a purchase"])
    def test_say_what_the_bank_did(
        self, client: Client, person: User, request: Any, local_stripe: LocalStripe, *, sold: str, outcome: str,
        label: str, sentence: str,
    ) -> None:  # fmt: skip
        if sold == "an invoice":
            subscription = request.getfixturevalue("new_subscription")
            settle()
            row, intent_id = Invoice.objects.get(), intent_of(subscription, local_stripe)
        else:
            row = request.getfixturevalue("paid_handbook")
            intent_id = row.payment_intent_id
        pk = dispute(local_stripe, intent_id)
        if outcome:
            local_stripe.control(f"disputes/{pk}", outcome=outcome)
        sync_now()
        row.refresh_from_db()
        assert row.status_label == label
        client.force_login(person)
        pages = ["/account/", "/account/invoices/"] if sold == "an invoice" else ["/account/"]
        for path in pages:
            html = client.get(path).content.decode()
            shown = re.search(rf'<li class="row">(?:(?!</li>).)*?{label}.*?</li>', html, re.DOTALL)
            assert shown, path
            assert sentence in words(shown[0])
            assert ("badge--good" in shown[0]) == (outcome == "won")
        client.force_login(User.objects.create_superuser("grace", "grace@example.com", "pw"))
        kind = "invoice" if sold == "an invoice" else "payment"
        for path in ("", f"{quote(row.pk)}/change/"):
            assert f">{label}<" in client.get(f"/admin/subscriptions/{kind}/{path}").content.decode()
        if sold == "a purchase":
            client.force_login(person)
            told = client.get("/api/me").json()["payments"][0]
            assert told["disputed"] == {"": "open", "lost": "lost", "won": None}[outcome]

    def test_of_an_invoice_that_comes_after_its_dispute(
        self, new_subscription: Subscription, local_stripe: LocalStripe
    ) -> None:
        settle()
        Invoice.objects.all().delete()
        dispute(local_stripe, intent_of(new_subscription, local_stripe))
        sync_now()
        assert Invoice.objects.get().status_label == "Disputed"

    def test_of_a_subscription_too(self, client: Client, person: User, new_subscription: Subscription,
        local_stripe: LocalStripe) -> None:  # fmt: skip
        dispute(local_stripe, intent_of(new_subscription, local_stripe))
        sync_now()
        client.force_login(person)
        assert client.get("/api/me").json()["subscriptions"][0]["disputed"] == "open"
        account = client.get("/account/").content.decode()
        assert '<span class="badge badge--paused">Payment disputed</span>' in account
