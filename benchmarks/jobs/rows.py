"""Create the rows of a mirror of the stand-in quickly: our own mapping, written in bulk."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command

from benchmarks.standin.reading import pages
from billing.gateway.snapshots import JSON, moment
from billing.mirror.kinds import PRICE, PRODUCT
from billing.mirror.registry import Kind
from subscriptions.mirror import kinds
from subscriptions.models import BillingAccount, Subscription, SyncState

INVOICES_SINCE = timedelta(days=4)
BATCH = 1000


def prepare(*, subscriptions: int) -> dict[str, Any]:
    """Empty the database and fill it with the rows that a sync ten minutes ago would have written."""
    call_command("migrate", verbosity=0)
    call_command("flush", interactive=False, verbosity=0)
    return fill(subscriptions=subscriptions)


def fill(*, subscriptions: int) -> dict[str, Any]:
    read_at = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=10)
    _write(PRODUCT, [obj for page in pages(settings.STRIPE_API_BASE, "/v1/products") for obj in page], read_at)
    _write(PRICE, [obj for page in pages(settings.STRIPE_API_BASE, "/v1/prices") for obj in page], read_at)
    # The same parameters as the sync's, so that the stand-in builds each answer only once.
    expand = {"expand[0]": "data.customer", "expand[1]": "data.schedule"}
    written = 0
    for page in pages(settings.STRIPE_API_BASE, "/v1/subscriptions", status="all", **expand):
        _write(kinds.CUSTOMER, list({obj["customer"]["id"]: obj["customer"] for obj in page}.values()), read_at)
        _write(kinds.SUBSCRIPTION, page, read_at)
        written += len(page)
    # The invoices that a reconcile reads. Older ones are only read by pages, a few at a time.
    for wanted in ({"created[gte]": str(int((read_at - INVOICES_SINCE).timestamp()))}, {"status": "open"}):
        for page in pages(settings.STRIPE_API_BASE, "/v1/invoices", **wanted):
            _write(kinds.INVOICE, page, read_at)
    buyer = User.objects.create_user("buyer", "buyer0@example.com")
    BillingAccount.objects.create(user=buyer, email=buyer.email, customer_id=f"cus_{0:014}")
    User.objects.create_superuser("staff", "staff@example.com", "correct horse battery")
    times = {"watermark": read_at, "last_pass_at": read_at, "last_full_at": read_at - timedelta(hours=12)}
    SyncState.objects.update_or_create(pk=SyncState.THE_ONE, defaults=times)
    if written != subscriptions:
        raise RuntimeError(f"{written} subscriptions at the stand-in, not {subscriptions}")
    return {"written": written}


def _write(kind: Kind[Any], objects: list[JSON], read_at: datetime) -> None:
    known = {"known_from": read_at, "known_until": read_at, "version": 1}
    rows = [
        kind.model(
            pk=kind.primary_key(obj),
            stripe_created_at=moment(obj["created"]),
            **kind.columns(obj),
            **known,
        )
        for obj in objects
    ]
    for row in rows:
        if isinstance(row, Subscription) and row.status == Subscription.Status.PAST_DUE:
            row.past_due_since_at = row.current_period_start_at
    taken = set(kind.model._default_manager.filter(pk__in=[row.pk for row in rows]).values_list("pk", flat=True))
    kind.model._default_manager.bulk_create([row for row in rows if row.pk not in taken], batch_size=BATCH)
