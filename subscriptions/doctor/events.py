"""Events: in our API version, read by the sync, brought by webhooks, none left undone."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from billing import stripe_gateway
from subscriptions import health, webhooks
from subscriptions.doctor.finding import Finding, note, ok, problem
from subscriptions.models import WebhookEvent

KEPT_BY_STRIPE = timedelta(days=30)

# What our books call failed, and working it once more may mend.
MENDED_BY_REPLAY = frozenset({"events_failed", "events_waiting"})


def check_version(*, now: datetime) -> Iterator[Finding]:
    """The account's own version, in which Stripe lists every event for the sync."""
    page = next(stripe_gateway.event_pages(types=list(webhooks.LISTED), since=now - KEPT_BY_STRIPE))
    if not page.objects:
        yield note("Nothing has happened at Stripe in 30 days, so the account's API version is not known.")
    elif page.objects[0]["api_version"] == stripe_gateway.API_VERSION:
        yield ok(f"The account is on {stripe_gateway.API_VERSION}, which we read.")
    else:
        yield note(
            f"The account is on {page.objects[0]['api_version']}, and we read {stripe_gateway.API_VERSION}, so each "
            "event in its version costs a call. Upgrade the account in Stripe's dashboard, under Developers."
        )


def check_inbox(*, now: datetime) -> Iterator[Finding]:
    found = health.read(now=now)
    for one in found.problems:
        yield problem(one.message, _replay if one.code in MENDED_BY_REPLAY else None)
    for one in found.warnings:
        yield problem(one.message, _replay) if one.code in MENDED_BY_REPLAY else note(one.message)
    if not (found.problems or found.warnings) and found.pass_age is not None:
        last = found.by_webhook.last_at
        heard = f"the last webhook {health.in_words(now - last)} ago" if last else "no webhook yet"
        yield ok(
            f"The last sync was complete {health.in_words(found.pass_age)} ago, {heard}, and no event is left undone."
        )


def _replay() -> str:
    failed_again = 0
    failed = list(WebhookEvent.objects.filter(state=WebhookEvent.State.FAILED).order_by("stripe_created_at"))
    for entry in failed:
        try:
            webhooks.replay(entry)
        except Exception:  # noqa: BLE001  (recorded and logged by the inbox; the others go on)
            failed_again += 1
    return f"{len(failed) - failed_again} processed again, {failed_again} failed again."
