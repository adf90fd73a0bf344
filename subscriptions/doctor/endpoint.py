"""The webhook endpoint at Stripe: one, switched on, with every event that concerns us, in our API version."""

from collections.abc import Iterator
from functools import partial

from django.conf import settings
from django.urls import reverse

from billing import stripe_gateway
from billing.snapshots import JSON
from subscriptions import webhooks
from subscriptions.doctor.finding import Finding, note, ok, problem, some

LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1", "0.0.0.0"})  # noqa: S104  (compared, not listened on)

EVERYTHING = "*"


def check_endpoint() -> Iterator[Finding]:
    url = settings.SITE_URL + reverse("stripe_webhook")
    endpoints = [snapshot.object for page in stripe_gateway.webhook_endpoint_pages() for snapshot in page.snapshots()]
    ours = [endpoint for endpoint in endpoints if endpoint["url"] == url]
    enabled = [endpoint for endpoint in ours if endpoint["status"] == "enabled"]
    if not ours:
        yield _missing(url, [str(endpoint["url"]) for endpoint in endpoints])
    elif not enabled:
        yield problem(f"{ours[0]['id']}, which sends to {url}, is disabled.", partial(_enable, ours[0]))
    for endpoint in enabled or ours[:1]:
        yield from _check(endpoint)
    if len(enabled) > 1:
        ids = some([endpoint["id"] for endpoint in enabled])
        yield problem(
            f"Several endpoints send to {url}, so every event comes several times: {ids}. Delete all but one."
        )


def _missing(url: str, others: list[str]) -> Finding:
    if settings.SITE_HOST in LOCAL_HOSTS and not settings.STRIPE_API_BASE:
        return note(
            f"SITE_URL is an address of this machine, where Stripe can't send webhooks. The sync does without: "
            f"what happens at Stripe is here within {settings.SYNC_INTERVAL_SECONDS} s."
        )
    there = f" (there are endpoints for {some(others)})" if others else ""
    return problem(f"No webhook endpoint sends to {url}{there}.", partial(_create, url))


def _check(endpoint: JSON) -> Iterator[Finding]:
    missing = _missing_events(endpoint)
    if missing:
        yield problem(f"{endpoint['id']} does not send {some(missing)}.", partial(_send_all, endpoint))
    # Without a version of its own it sends in the account's, which is looked at next.
    if endpoint["api_version"] not in {None, stripe_gateway.API_VERSION}:
        yield note(
            f"{endpoint['id']} sends events in API version {endpoint['api_version']}, and we read "
            f"{stripe_gateway.API_VERSION}, so each costs a call to Stripe. An endpoint's version can't be changed: "
            "delete it, and `stripe_doctor --fix` makes one anew."
        )
    elif not missing:
        yield ok(f"{endpoint['id']} sends every event that concerns us to {endpoint['url']}.")


def _missing_events(endpoint: JSON) -> list[str]:
    sent = set(endpoint["enabled_events"])
    return [] if EVERYTHING in sent else sorted(webhooks.HANDLERS.keys() - sent)


def _create(url: str) -> str:
    made = stripe_gateway.create_webhook_endpoint(
        url=url, enabled_events=sorted(webhooks.HANDLERS), description="Standing Order"
    ).object
    how = "add its secret, after a comma," if settings.STRIPE_WEBHOOK_SECRETS else "put its secret"
    return f"Made {made['id']}. Now {how} into .env and restart: STRIPE_WEBHOOK_SECRET={made['secret']}"


def _enable(endpoint: JSON) -> str:
    stripe_gateway.update_webhook_endpoint(endpoint["id"], disabled=False)
    return f"Enabled {endpoint['id']}."


def _send_all(endpoint: JSON) -> str:
    events = sorted({*endpoint["enabled_events"], *webhooks.HANDLERS})
    stripe_gateway.update_webhook_endpoint(endpoint["id"], enabled_events=events)
    return f"{endpoint['id']} sends them now."
