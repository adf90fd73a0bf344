"""The safeguards that the chaos run must miss: each is removed in the workers' processes only."""

import uuid
from collections.abc import Callable
from typing import Any

from django.db.models import F
from django.utils import timezone

from billing.mirror import engine
from subscriptions.checkout import claims
from subscriptions.models import ProductClaim, SyncState, WebhookEvent
from subscriptions.sync import lease
from subscriptions.webhooks import inbox


def take_away(name: str) -> None:
    MUTATIONS[name]()


def _replace(module: Any, name: str, stand_in: Any) -> None:
    getattr(module, name)  # What is not there can't be taken away.
    setattr(module, name, stand_in)


def _version_guard() -> None:
    """A write replaces whatever is there."""

    def replace(kind: Any, row: Any, values: dict[str, Any]) -> bool:
        return bool(kind.model._default_manager.filter(pk=row.pk).update(**values) == 1)

    _replace(engine, "_replace", replace)


def _lease() -> None:
    """Everybody gets it, and nobody loses it."""

    def take(holder: str, now: Any) -> bool:
        SyncState.objects.filter(pk=SyncState.THE_ONE).update(lease_holder=holder, lease_until=now + lease.LEASE)
        return True

    _replace(lease, "_take", take)
    _replace(lease, "_holding", lambda _holder: SyncState.objects.filter(pk=SyncState.THE_ONE))


def _inbox() -> None:
    """An event is worked by whoever has it, whether somebody else works it or has finished it."""

    def claim(entry: WebhookEvent) -> bool:
        entry.claimed_at = timezone.now()
        WebhookEvent.objects.filter(pk=entry.pk).update(
            state=WebhookEvent.State.PROCESSING, claimed_at=entry.claimed_at, attempts=F("attempts") + 1
        )
        return True

    _replace(inbox, "claim", claim)
    _replace(WebhookEvent, "FINAL", frozenset({WebhookEvent.State.IGNORED}))


def _checkout_claim() -> None:
    """Each click on Buy is a purchase of its own: no two claims have the same key."""

    def take(*, customer: Any, product_id: str, now: Any) -> ProductClaim:
        return ProductClaim.objects.create(
            pk=uuid.uuid4().hex,
            customer=customer,
            product_id=product_id,
            state=ProductClaim.State.BUYING,
            taken_at=now,
        )

    _replace(claims, "take_to_buy", take)


def _interval_rule() -> None:
    """What came last is what holds."""
    _replace(engine, "_choose_action", lambda *_, **__: engine._Action.WRITE)


MUTATIONS: dict[str, Callable[[], None]] = {
    "the version guard": _version_guard,
    "the lease": _lease,
    "the inbox's key": _inbox,
    "the checkout claim": _checkout_claim,
    "the interval rule": _interval_rule,
}
