"""Checks of the webhook endpoint at Stripe: one, enabled, sending every event we handle in our API version."""

from collections.abc import Iterator
from functools import partial
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse

from billing import gateway
from billing.errors import StripeUnavailable
from billing.gateway.snapshots import JSON
from subscriptions.monitoring.doctor.finding import (
    Finding,
    note,
    ok,
    problem,
    some,
)
from subscriptions.webhooks import handlers

LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1", "0.0.0.0"})  # noqa: S104  (compared with, never bound)
DEFAULT_PORTS = {"http": 80, "https": 443}

ALL_EVENTS = "*"


def check_endpoint() -> Iterator[Finding]:
    url = settings.SITE_URL + reverse("stripe_webhook")
    endpoints = _read_all()
    ours = _sending_to(url, endpoints)
    enabled = [endpoint for endpoint in ours if endpoint["status"] == "enabled"]
    if not ours:
        yield _missing(url, [endpoint["url"] for endpoint in endpoints])
    elif not enabled:
        yield _disabled(ours)
    elif len(enabled) > 1:
        ids = some([endpoint["id"] for endpoint in enabled])
        yield problem(
            f"Several endpoints send to {url}, so every event arrives several times: {ids}. Delete all but the one "
            f"whose API version is {gateway.API_VERSION} and whose secret is in STRIPE_WEBHOOK_SECRET."
        )
    else:
        yield from _check(enabled[0], url)


def _read_all() -> list[JSON]:
    return [snapshot.object for page in gateway.webhook_endpoint_pages() for snapshot in page.snapshots()]


def _sending_to(url: str, endpoints: list[JSON]) -> list[JSON]:
    return [endpoint for endpoint in endpoints if _normalised(endpoint["url"]) == _normalised(url)]


def _normalised(url: str) -> tuple[str, str, int | None, str]:
    """Return the parts that all spellings of an address share, with or without a slash at the end."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or DEFAULT_PORTS.get(parts.scheme), parts.path.rstrip("/")


def _missing(url: str, others: list[str]) -> Finding:
    if settings.SITE_HOST in LOCAL_HOSTS and not settings.STRIPE_API_BASE:
        return note(
            "SITE_URL is an address of this machine, where Stripe can't send webhooks. The sync copies every change "
            f"within {settings.SYNC_INTERVAL_SECONDS} s all the same. STRIPE_WEBHOOK_SECRET can be any "
            f"text that begins with whsec_, or what `stripe listen --forward-to {url}` prints."
        )
    there = f" (there are endpoints for {some(others)})" if others else ""
    return problem(f"No webhook endpoint sends to {url}{there}.", partial(_create, url))


def _disabled(endpoints: list[JSON]) -> Finding:
    first = endpoints[0]
    # One of several endpoints, or one of another version, may have been disabled on purpose.
    if len(endpoints) == 1 and first["api_version"] in {None, gateway.API_VERSION}:
        return problem(f"{first['id']}, which sends to {first['url']}, is disabled.", partial(_enable, first))
    ids = some([endpoint["id"] for endpoint in endpoints])
    return problem(f"Disabled: {ids}. Enable the one whose secret is in STRIPE_WEBHOOK_SECRET in Stripe's dashboard.")


def _check(endpoint: JSON, url: str) -> Iterator[Finding]:
    missing, has_slash = _missing_events(endpoint), endpoint["url"].endswith("/")
    if not has_slash:
        message = f"{endpoint['id']} sends to {endpoint['url']}, without the slash at the end, so nothing answers."
        yield problem(message, partial(_correct_url, endpoint, url))
    if missing:
        yield problem(f"{endpoint['id']} does not send {some(missing)}.", partial(_send_all, endpoint))
    # An endpoint without a version uses that of the account, which check_version reports on.
    if endpoint["api_version"] not in {None, gateway.API_VERSION}:
        yield note(
            f"{endpoint['id']} sends events in API version {endpoint['api_version']}, and we read "
            f"{gateway.API_VERSION}, so each costs a call to Stripe. An endpoint's version can't be changed: "
            "delete it, and `stripe_doctor --fix` makes a new one."
        )
    elif has_slash and not missing:
        yield ok(f"{endpoint['id']} sends every event we handle to {url}.")


def _missing_events(endpoint: JSON) -> list[str]:
    sent = set(endpoint["enabled_events"])
    return [] if ALL_EVENTS in sent else sorted(handlers.HANDLERS.keys() - sent)


def _create(url: str) -> str:
    try:
        made = gateway.create_webhook_endpoint(
            url=url, enabled_events=sorted(handlers.HANDLERS), description=settings.SITE_NAME
        ).object
    except StripeUnavailable:
        found = _sending_to(url, _read_all())
        if not found:
            raise
        # Only the answer has the secret.
        return (
            f"Made {found[0]['id']}, but the answer with its secret was lost. Reveal the secret in Stripe's "
            "dashboard, put it into .env as STRIPE_WEBHOOK_SECRET, and restart."
        )
    how = "add its secret, after a comma," if settings.STRIPE_WEBHOOK_SECRETS else "put its secret"
    return f"Made {made['id']}. Now {how} into .env and restart: STRIPE_WEBHOOK_SECRET={made['secret']}"


def _enable(endpoint: JSON) -> str:
    gateway.update_webhook_endpoint(endpoint["id"], disabled=False)
    return f"Enabled {endpoint['id']}."


def _correct_url(endpoint: JSON, url: str) -> str:
    gateway.update_webhook_endpoint(endpoint["id"], url=url)
    return f"{endpoint['id']} sends to {url} now."


def _send_all(endpoint: JSON) -> str:
    events = sorted({*endpoint["enabled_events"], *handlers.HANDLERS})
    gateway.update_webhook_endpoint(endpoint["id"], enabled_events=events)
    return f"{endpoint['id']} sends them now."
