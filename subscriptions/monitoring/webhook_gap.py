"""Detects that webhooks have stopped: the sync keeps finding events that no webhook delivered.

Without this check nobody would notice: the sync delivers the same events, only up to half a minute later.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Min

from subscriptions import our_clock
from subscriptions.models import WebhookEvent

# The sync is sometimes faster than the webhook; a webhook that takes longer than this was not delivered.
DELIVERED_WITHIN = timedelta(minutes=10)

# One or two events may be of types that the endpoint does not send.
MIN_MISSED = 3
LOOK_BACK = timedelta(hours=24)

Source = WebhookEvent.Source


@dataclass(frozen=True, slots=True)
class WebhookGap:
    """Events that the sync found and no webhook delivered, the first at `since`, with no webhook after it."""

    last_webhook_at: datetime | None
    since: datetime
    missed: int
    types: list[str]

    def __str__(self) -> str:
        last = f"since {self.last_webhook_at:%Y-%m-%d %H:%M} UTC" if self.last_webhook_at else "yet"
        return (
            f"No webhook has arrived {last}, and the sync found {self.missed} events that none delivered "
            f"({', '.join(self.types)}). Check in Stripe's dashboard that the endpoint "
            f"{settings.SITE_URL}/stripe/webhook/ is enabled and sends these types, that STRIPE_WEBHOOK_SECRET "
            "is its signing secret, and that no firewall or proxy turns Stripe away."
        )


def last_webhook_at(*, now: datetime) -> datetime | None:
    """Return when the newest event that came by webhook arrived."""
    delivered = WebhookEvent.objects.filter(source=Source.WEBHOOK).order_by("-received_at")
    delivered = delivered.exclude(our_clock.impossible("received_at", now=now))
    return delivered.values_list("received_at", flat=True).first()


def find(*, now: datetime, last_webhook_at: datetime | None) -> WebhookGap | None:
    """Return the gap, in one query; None if there is none, or if webhooks are not set up."""
    delivered_until = now - DELIVERED_WITHIN
    since = max(last_webhook_at or now - LOOK_BACK, now - LOOK_BACK)
    if not settings.STRIPE_WEBHOOK_SECRETS or since >= delivered_until:
        return None
    missed = WebhookEvent.objects.filter(
        source=Source.SYNC, foreign="", received_at__gt=since, received_at__lte=delivered_until
    ).order_by("type")
    by_type = list(missed.values_list("type").annotate(events=Count("pk"), first=Min("received_at")))
    total = sum(events for _, events, _ in by_type)
    if total < MIN_MISSED:
        return None
    return WebhookGap(last_webhook_at, min(first for *_, first in by_type), total, [name for name, *_ in by_type])
