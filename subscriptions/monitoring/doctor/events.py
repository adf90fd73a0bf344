"""Checks of events: ours, in our API version, read by the sync, delivered by webhooks, all handled."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Count

from billing import gateway
from subscriptions.formatting import format_count, format_duration
from subscriptions.models import WebhookEvent
from subscriptions.monitoring import health
from subscriptions.monitoring.doctor.finding import (
    Finding,
    NotRepaired,
    note,
    ok,
    problem,
)
from subscriptions.webhooks import handlers, inbox

KEPT_BY_STRIPE = timedelta(days=30)
FOREIGN_WITHIN = timedelta(days=7)

Foreign = WebhookEvent.Foreign


def check_version(*, now: datetime) -> Iterator[Finding]:
    """Check the account's API version: Stripe lists events for the sync in that version."""
    page = next(gateway.event_pages(types=list(handlers.LISTED_BY_SYNC), since=now - KEPT_BY_STRIPE))
    version = page.objects[0]["api_version"] if page.objects else None
    if not page.objects:
        yield note("Nothing has happened at Stripe in 30 days, so the account's API version is not known.")
    elif version == gateway.API_VERSION:
        yield ok(f"The newest event is in {version}, which we read.")
    else:
        yield note(
            f"The newest event is in {version or 'no version'}, and we read {gateway.API_VERSION}: each such "
            "event costs the sync a call. If the account is not on ours yet, upgrade it in Stripe's dashboard."
        )


def check_inbox(*, now: datetime) -> Iterator[Finding]:
    found = health.read(now=now)
    for each in found.problems:
        yield problem(each.message, _replay if each.code == "events_failed" else None)
    for each in found.warnings:
        yield problem(each.message) if each.code == "webhooks_silent" else note(each.message)
    if not (found.problems or found.warnings) and found.pass_age is not None:
        last = found.by_webhook.last_at
        webhook = f"the last webhook {format_duration(now - last)} ago" if last else "no webhook yet"
        age = format_duration(found.pass_age)
        yield ok(f"The last sync completed {age} ago, {webhook}, and no event is waiting.")


def check_origin(*, now: datetime) -> Iterator[Finding]:
    """Check whose events come: those of other accounts and of the other mode are ignored."""
    came = WebhookEvent.objects.exclude(foreign="").filter(received_at__gte=now - FOREIGN_WITHIN)
    counts = dict(came.order_by().values_list("foreign").annotate(count=Count("pk")))
    if count := counts.get(Foreign.ACCOUNT):
        yield note(
            f"{format_count(count, 'event')} of other accounts came in the last week and changed nothing. An endpoint "
            "at Stripe sends us the events of connected accounts: if nothing else needs it, delete that endpoint."
        )
    for reason, theirs, ours in ((Foreign.LIVE, "live", "test"), (Foreign.TEST, "test", "live")):
        if count := counts.get(reason):
            yield problem(
                f"{format_count(count, 'event')} of {theirs} mode came in the last week and changed nothing, because "
                f"STRIPE_KEY is for {ours} mode. Either the key is not the one you want, or an endpoint of {theirs} "
                f"mode sends here: delete it in Stripe's dashboard, in {theirs} mode, and remove its secret from "
                "STRIPE_WEBHOOK_SECRET."
            )


def _replay() -> str:
    """Process events that the sync has given up on; it tries the other failed events again by itself."""
    given_up = WebhookEvent.objects.filter(state=WebhookEvent.State.FAILED, attempts__gte=inbox.MAX_ATTEMPTS)
    replayed = list(inbox.replay(given_up.order_by("stripe_created_at")))
    failed_again = sum(error is not None for _, error in replayed)
    if failed_again:
        raise NotRepaired(
            f"{failed_again} of {len(replayed)} failed again: the admin shows why, under Webhook events."
        )
    return f"{len(replayed)} processed again."
