"""Silent webhooks are noticed, and nothing else is taken for them."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from subscriptions.models import CheckoutSession, Subscription, WebhookEvent
from subscriptions.monitoring import webhook_gap
from subscriptions.monitoring.webhook_gap import WebhookGap
from tests.fixtures import LocalStripe, deliver
from tests.subscriptions.conftest import settle, sync_now
from tests.wording import starting

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def now() -> datetime:
    return timezone.now()


def came(now: datetime, source: str, *ages: timedelta, event_type: str = "invoice.paid") -> None:
    """Put finished events into the inbox that came so long ago."""
    for age in ages:
        count = WebhookEvent.objects.count()
        made = WebhookEvent.objects.create(
            pk=f"evt_{count}", type=event_type, source=source, state="done", stripe_created_at=now - age
        )
        WebhookEvent.objects.filter(pk=made.pk).update(received_at=now - age)


def found(now: datetime) -> WebhookGap | None:
    return webhook_gap.find(now=now, last_webhook_at=webhook_gap.last_webhook_at(now=now))


class TestIsNoticed:
    def test_when_the_sync_alone_goes_on_finding_events(self, now: datetime) -> None:
        came(now, "webhook", 30 * HOUR, 5 * HOUR)
        came(now, "sync", 4 * HOUR, 2 * HOUR, event_type="product.updated")
        came(now, "sync", HOUR)
        noticed = found(now)
        assert noticed is not None
        assert (noticed.missed, noticed.types) == (3, ["invoice.paid", "product.updated"])
        assert noticed.last_webhook_at is not None
        assert abs(noticed.last_webhook_at - (now - 5 * HOUR)) < timedelta(milliseconds=1)
        assert abs(noticed.since - (now - 4 * HOUR)) < timedelta(milliseconds=1)

    def test_says_what_to_check(self, now: datetime) -> None:
        came(now, "webhook", 5 * HOUR)
        came(now, "sync", 3 * HOUR, 2 * HOUR, HOUR)
        assert str(found(now)) == (
            f"No webhook has arrived since {now - 5 * HOUR:%Y-%m-%d %H:%M} UTC, and the sync found 3 events that none "
            "delivered (invoice.paid). Check in Stripe's dashboard that the endpoint "
            "http://127.0.0.1:8000/stripe/webhook/ is enabled and sends these types, that STRIPE_WEBHOOK_SECRET "
            "is its signing secret, and that no firewall or proxy turns Stripe away."
        )

    def test_when_none_has_ever_come(self, now: datetime) -> None:
        came(now, "sync", 3 * HOUR, 2 * HOUR, HOUR)
        assert str(found(now)) == starting("No webhook has arrived yet, and the sync found 3 events ")


class TestIsNotNoticed:
    def test_on_a_quiet_account(self, now: datetime) -> None:
        came(now, "webhook", 30 * 24 * HOUR)
        assert found(now) is None

    def test_in_an_empty_inbox(self, now: datetime) -> None:
        assert found(now) is None

    def test_for_one_or_two_events(self, now: datetime) -> None:
        came(now, "webhook", 5 * HOUR)
        came(now, "sync", 3 * HOUR, 2 * HOUR)
        assert found(now) is None

    def test_where_nobody_set_webhooks_up(self, now: datetime, settings: Any) -> None:
        settings.STRIPE_WEBHOOK_SECRETS = []
        came(now, "sync", 3 * HOUR, 2 * HOUR, HOUR)
        assert found(now) is None

    def test_once_webhooks_come_again(self, now: datetime) -> None:
        came(now, "sync", 3 * HOUR, 2 * HOUR, HOUR)
        came(now, "webhook", 30 * MINUTE)
        assert found(now) is None

    def test_for_events_of_which_the_webhook_may_still_be_on_its_way(self, now: datetime) -> None:
        came(now, "webhook", 5 * HOUR)
        came(now, "sync", 9 * MINUTE, 5 * MINUTE, MINUTE)
        assert found(now) is None

    def test_for_what_was_missed_the_day_before_yesterday(self, now: datetime) -> None:
        came(now, "webhook", 60 * HOUR)
        came(now, "sync", 50 * HOUR, 40 * HOUR, 30 * HOUR)
        assert found(now) is None

    def test_when_the_sync_was_merely_faster(
        self, client: Client, paid_session: CheckoutSession, local_stripe: LocalStripe, now: datetime
    ) -> None:
        settle()
        local_stripe.control("clock", advance=600)
        pk = Subscription.objects.get().pk
        for scheduled in (True, False, True):
            local_stripe.api.subscriptions.update(pk, {"cancel_at_period_end": scheduled})
        sync_now()
        brought = list(WebhookEvent.objects.filter(source="sync").values_list("pk", flat=True))
        assert len(brought) >= 3
        WebhookEvent.objects.update(received_at=now - HOUR)
        assert found(now) is not None
        for event in local_stripe.events():
            if event["id"] in brought:
                assert deliver(client, event).status_code == 200
        assert not WebhookEvent.objects.filter(source="sync").exists()
        assert {entry.attempts for entry in WebhookEvent.objects.filter(pk__in=brought)} == {1}
        assert found(now) is None


class TestQueries:
    def test_are_two(self, now: datetime, django_assert_num_queries: Any) -> None:
        came(now, "webhook", 5 * HOUR)
        came(now, "sync", *[(20 + age) * MINUTE for age in range(30)])
        with django_assert_num_queries(2):
            assert found(now) is not None
