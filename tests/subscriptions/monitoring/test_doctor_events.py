"""The doctor on events: their API version, failed ones, silent webhooks, those of other accounts."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from billing.models import Product
from subscriptions.models import Customer, WebhookEvent
from subscriptions.webhooks import inbox
from tests.fixtures import LocalStripe, deliver
from tests.subscriptions.conftest import settle
from tests.subscriptions.monitoring.doctor_command import Doctor
from tests.subscriptions.rows import LONG_AGO
from tests.wording import starting

pytestmark = pytest.mark.django_db


class TestEvents:
    def test_an_account_of_another_version(self, doctor: Doctor, local_stripe: LocalStripe) -> None:
        local_stripe.sandbox.account.api_version = "2019-12-03"
        local_stripe.api.products.create({"name": "Pro"})
        said = doctor().of("API version")
        assert said[0] == starting("note: The newest event is in 2019-12-03, and we read 2026-10-28.endive")

    def test_no_sync_yet(self, doctor: Doctor, local_stripe: LocalStripe) -> None:
        assert doctor().of("events") == [
            "problem: No sync has completed yet. Is it running?",
        ]

    @pytest.fixture
    def failed(self, client: Client, local_stripe: LocalStripe) -> WebhookEvent:
        """One that has failed once, because Stripe was down."""
        settle()
        local_stripe.api.products.create({"name": "Pro"})
        event = local_stripe.events("product.created")[0]
        local_stripe.control("faults", status=500, count=9, path="/v1/products/")
        assert deliver(client, {**event, "api_version": "2019-12-03"}).status_code == 500
        local_stripe.control("faults", count=0)
        return WebhookEvent.objects.get()

    def test_failed_ones_are_left_to_the_sync(self, doctor: Doctor, failed: WebhookEvent) -> None:
        said = doctor("--fix").of("events")
        assert said == ["note: 1 event(s) failed; the next pass tries them again."]
        assert WebhookEvent.objects.get().attempts == failed.attempts

    def test_given_up_ones_are_worked_again(self, doctor: Doctor, failed: WebhookEvent) -> None:
        WebhookEvent.objects.update(attempts=inbox.MAX_ATTEMPTS)
        assert doctor().of("events")[0] == starting("problem: The sync has given up on 1 failed event(s).")
        assert WebhookEvent.objects.get().state == "failed"
        assert "1 processed again." in doctor("--fix").of("fixed")
        assert (WebhookEvent.objects.get().state, Product.objects.get().name) == ("done", "Pro")

    def test_given_up_ones_that_fail_again_are_no_success(
        self, doctor: Doctor, failed: WebhookEvent, local_stripe: LocalStripe
    ) -> None:
        # --fix imports the product first, and an event that is older than that copy would be ignored.
        later = {**failed.payload, "created": failed.payload["created"] + 3600}
        WebhookEvent.objects.update(attempts=inbox.MAX_ATTEMPTS, payload=later)
        local_stripe.control("faults", status=500, count=9, path="/v1/products/")
        said = doctor("--fix")
        assert said.of("not fixed")[0] == starting("1 of 1 failed again")
        assert said.left == starting("problems: ")

    def test_silent_webhooks(self, doctor: Doctor, local_stripe: LocalStripe) -> None:
        settle()
        for number in range(3):
            WebhookEvent.objects.create(
                pk=f"evt_{number}", type="invoice.paid", source="sync", state="done", stripe_created_at=LONG_AGO
            )
        WebhookEvent.objects.update(received_at=timezone.now() - timedelta(hours=1))
        assert doctor().of("events")[0] == starting("problem: No webhook has arrived yet, and the sync found 3 events")


class TestEventsOfOthers:
    @pytest.mark.parametrize(
        ("told", "said"),
        [
            ({"account": "acct_7"}, "note: 1 event of other accounts came in the last week and changed nothing."),
            ({"livemode": True}, "problem: 1 event of live mode came in the last week and changed nothing, because"),
        ],
    )
    def test_are_named_with_what_to_do(
        self, doctor: Doctor, client: Client, customer: Customer, local_stripe: LocalStripe, *, told: Any, said: str
    ) -> None:
        settle()
        deliver(client, local_stripe.control("events", type="customer.updated", object=customer.pk, **told))
        assert doctor().of("events")[-1] == starting(said)
        assert "delete" in doctor().of("events")[-1]
        WebhookEvent.objects.exclude(foreign="").update(received_at=timezone.now() - timedelta(days=8))
        assert doctor().of("events")[-1] == starting("ok: The last sync completed")
