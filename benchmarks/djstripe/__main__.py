"""Run one job with dj-stripe's own commands and views, and print its result as the last line."""

import json
import logging
import os
import shutil
import sys
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import django
from django.core.management import call_command
from django.db import connection

from benchmarks.meter import Meter
from benchmarks.site import Site, counted_queries, signature
from benchmarks.standin.process import Standin
from benchmarks.standin.reading import events_about

ADDRESS = os.environ["STRIPE_API_BASE"]
WEBHOOK_SECRET = "whsec_benchmarks"  # noqa: S105  (nobody's)


def prepare() -> dict[str, Any]:
    """Create the tables. Its migrations take minutes, so the database is kept for the next run."""
    kept, database = Path(sys.prefix) / "migrated.sqlite3", Path(connection.settings_dict["NAME"])
    if not kept.exists():
        call_command("migrate", verbosity=0)
        connection.close()
        shutil.copyfile(database, kept)
    shutil.copyfile(kept, database)
    return {}


def sync() -> dict[str, Any]:
    """Run its own sync of subscriptions."""
    from djstripe.models import Subscription  # noqa: PLC0415  (once Django is set up)

    with Path(os.devnull).open("w") as nowhere, Meter() as meter:
        call_command("djstripe_sync_models", "Subscription", stdout=nowhere, stderr=(trouble := StringIO()))
    return meter.told() | {"looked_at": Subscription.objects.count(), "trouble": trouble.getvalue()[:2000]}


def handle(*, first: int, count: int) -> dict[str, Any]:
    """Deliver `count` events to its webhook view, and the same events again."""
    from djstripe.models import WebhookEndpoint  # noqa: PLC0415

    standin = Standin(ADDRESS)
    changed = standin.change(first=first, clear=count)
    bodies = [json.dumps(event).encode() for event in events_about(ADDRESS, changed)]
    endpoint = WebhookEndpoint.objects.create(
        id="we_benchmarks",
        livemode=False,
        secret=WEBHOOK_SECRET,
        enabled_events=["*"],
        status="enabled",
        url="http://127.0.0.1:8000/stripe/webhook/",
    )
    site, path = Site(), f"/stripe/webhook/{endpoint.djstripe_uuid}/"
    return {kind: _delivered(site, standin, path, bodies) for kind in ("in order", "duplicate")}


def _delivered(site: Site, standin: Standin, path: str, bodies: list[bytes]) -> dict[str, Any]:
    signed = [(body, signature(body, WEBHOOK_SECRET)) for body in bodies]
    standin.forget()
    with counted_queries() as queries, Meter() as meter:
        answers = [site.post(path, body, HTTP_STRIPE_SIGNATURE=proof)[0] for body, proof in signed]
    if set(answers) != {200}:
        raise RuntimeError(f"answered {sorted(set(answers))}")
    return meter.told() | {"count": len(bodies), "queries": queries.count, "calls": standin.traffic().total}


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.djstripe.settings"
    django.setup()
    logging.disable(logging.WARNING)
    jobs: dict[str, Callable[..., dict[str, Any]]] = {"prepare": prepare, "sync": sync, "handle": handle}
    job = jobs[sys.argv[1]]
    print(json.dumps(job(**json.loads(sys.argv[2]))))  # noqa: T201


if __name__ == "__main__":
    main()
