"""The cost of a webhook from request to response, by kind."""

import json
from datetime import timedelta
from typing import Any

from django.conf import settings

from benchmarks.meter import Meter
from benchmarks.site import Site, counted_queries, signature
from benchmarks.standin.process import Standin
from benchmarks.standin.reading import events_about
from billing.gateway.snapshots import JSON
from subscriptions.models import Subscription

HOUR = timedelta(hours=1)
LONG_ENOUGH = 600


def handle(*, first: int, count: int) -> dict[str, Any]:
    """Deliver `count` events of each kind, each about another subscription."""
    standin = Standin(settings.STRIPE_API_BASE)
    standin.advance(LONG_ENOUGH)
    changed = standin.change(first=first, clear=count)
    in_order = events_about(settings.STRIPE_API_BASE, changed)
    site = Site()
    site.get("/healthz")  # Work that a server process does once is done now.
    return {
        "in order": _delivered(site, standin, in_order),
        "duplicate": _delivered(site, standin, in_order),
        "late": _delivered(site, standin, [_late(event) for event in in_order]),
        "same second": _delivered(site, standin, [_same_second(event) for event in in_order]),
    }


def _delivered(site: Site, standin: Standin, events: list[JSON]) -> dict[str, Any]:
    secret = settings.STRIPE_WEBHOOK_SECRETS[0]
    bodies = [json.dumps(event).encode() for event in events]
    signed = [(body, signature(body, secret)) for body in bodies]
    standin.forget()
    with counted_queries() as queries, Meter() as meter:
        answers = [site.post("/stripe/webhook/", body, HTTP_STRIPE_SIGNATURE=proof)[0] for body, proof in signed]
    if set(answers) != {200}:
        raise RuntimeError(f"answered {sorted(set(answers))}")
    return meter.told() | {"count": len(events), "queries": queries.count, "calls": standin.traffic().total}


def _late(event: JSON) -> JSON:
    """A delayed event: its row already has a newer state."""
    row = Subscription.objects.get(pk=event["data"]["object"]["id"])
    assert row.known_from is not None  # noqa: S101
    return _another(event, "late", int((row.known_from - HOUR).timestamp()))


def _same_second(event: JSON) -> JSON:
    """Another state of the row's own second: only Stripe knows which is the later one."""
    return _another(event, "same", event["created"])


def _another(event: JSON, word: str, created: int) -> JSON:
    subscription = event["data"]["object"]
    changed = {**subscription, "metadata": {**subscription["metadata"], "note": word}}
    return {**event, "id": f"{event['id']}{word}", "created": created, "data": {**event["data"], "object": changed}}
