"""Whether webhooks have gone silent: the sync goes on finding events that no webhook brings any more.

The sync makes up for it, so nobody would notice, save that everything takes up to half a minute longer.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Min

from subscriptions.models import WebhookEvent

# The sync is sometimes faster than the webhook; one that takes longer than this did not come.
COMES_WITHIN = timedelta(minutes=10)

# One or two events may be of types that the endpoint was not given.
MISSED_AT_LEAST = 3
LOOKED_BACK = timedelta(hours=24)

Source = WebhookEvent.Source


@dataclass(frozen=True, slots=True)
class WebhookGap:
    """So many events of these types came by the sync alone, the first at `since`, and no webhook has come after."""

    last_webhook_at: datetime | None
    since: datetime
    missed: int
    types: list[str]

    def __str__(self) -> str:
        heard = f"since {self.last_webhook_at:%Y-%m-%d %H:%M} UTC" if self.last_webhook_at else "yet"
        return (
            f"No webhook has come {heard}, and the sync found {self.missed} events that none had brought "
            f"({', '.join(self.types)}). Check in Stripe's dashboard that the endpoint "
            f"{settings.SITE_URL}/stripe/webhook/ is enabled and sends these types, that STRIPE_WEBHOOK_SECRET "
            "is its signing secret, and that no firewall or proxy turns Stripe away."
        )


def last_webhook_at() -> datetime | None:
    """When the newest of the events came that a webhook has delivered."""
    delivered = WebhookEvent.objects.filter(source=Source.WEBHOOK).order_by("-received_at")
    return delivered.values_list("received_at", flat=True).first()


def found(*, now: datetime, last_webhook_at: datetime | None) -> WebhookGap | None:
    """What speaks for silent webhooks, in one query; None where nothing does, or nobody has set webhooks up."""
    missable_until = now - COMES_WITHIN
    since = max(last_webhook_at or now - LOOKED_BACK, now - LOOKED_BACK)
    if not settings.STRIPE_WEBHOOK_SECRETS or since >= missable_until:
        return None
    missed = WebhookEvent.objects.filter(
        source=Source.SYNC, received_at__gt=since, received_at__lte=missable_until
    ).order_by("type")
    by_type = list(missed.values_list("type").annotate(events=Count("pk"), first=Min("received_at")))
    total = sum(events for _, events, _ in by_type)
    if total < MISSED_AT_LEAST:
        return None
    return WebhookGap(last_webhook_at, min(first for *_, first in by_type), total, [name for name, *_ in by_type])
