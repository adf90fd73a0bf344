"""The safeguards that the chaos run must miss: each is removed in the workers' processes only."""

import uuid
from collections.abc import Callable
from typing import Any

from django.db.models import F
from django.utils import timezone

from billing import gateway
from billing.mirror import engine
from subscriptions.checkout import claims, trials, unsettled
from subscriptions.mirror import subscription_mapping
from subscriptions.models import ProductClaim, SyncState, WebhookEvent
from subscriptions.models.customer import BillingAccountQuerySet
from subscriptions.models.payment import PaymentQuerySet
from subscriptions.payments import disputes
from subscriptions.plans import leaving, preview, schedule
from subscriptions.sync import lease, scan
from subscriptions.webhooks import inbox, origin


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


def _one_trial() -> None:
    """Nobody has ever tried anything."""
    _replace(trials, "used_by", lambda *_, **__: set())


def _awaited_payment() -> None:
    """Only what is paid counts as bought."""
    _replace(PaymentQuerySet, "standing", PaymentQuerySet.giving_access)


def _dispute_hold() -> None:
    """What a bank takes back takes nobody's access."""
    _replace(disputes, "_hold_of", lambda _: "")


def _origin() -> None:
    """All events are ours, whichever account or mode they come from."""
    _replace(origin, "foreign_reason", lambda _: "")


def _nested_lists() -> None:
    """The ten members that Stripe shows of a list are all there are."""
    _replace(gateway, "completed", lambda snapshot, *_: snapshot)
    _replace(gateway, "is_cut", lambda *_: False)


def _nearest_item() -> None:
    """The first item's period counts."""
    subscription_mapping.min = lambda ends: next(iter(ends))  # type: ignore[attr-defined]


def _anchor() -> None:
    """Changes leave it to Stripe when the next period begins."""
    ask = preview.change_params

    def without(*asked: Any) -> Any:
        return {name: value for name, value in ask(*asked).items() if name != "billing_cycle_anchor"}

    _replace(preview, "change_params", without)


def _agreed_end() -> None:
    """A scheduled change continues for good."""
    params = schedule.with_change
    _replace(schedule, "with_change", lambda *asked, **terms: params(*asked, **{**terms, "ends_at": None}))


def _linked_customer() -> None:
    """A person is the customer they buy with, and nobody else."""

    def own_only(self: Any, user: Any) -> list[str]:
        return [pk for pk in self.filter(user=user).values_list("customer_id", flat=True) if pk]

    _replace(BillingAccountQuerySet, "customer_ids_of", own_only)


def _leaving() -> None:
    """Deleting a person settles nothing at Stripe."""
    _replace(leaving, "settle", lambda **_: iter(()))


def _full_look(name: str) -> Callable[[], None]:
    """A full reconcile does not compare this list."""

    def leave_out() -> None:
        compare_all = scan.compare_all

        def without(context: Any, wanted: Any, **how: Any) -> Any:
            return None if wanted.name == name else compare_all(context, wanted, **how)

        _replace(scan, "compare_all", without)

    return leave_out


def _unsettled() -> None:
    """Nobody looks up at Stripe what may have been paid a moment ago."""
    _replace(unsettled, "look_up_latest", lambda **_: None)


MUTATIONS: dict[str, Callable[[], None]] = {
    "the version guard": _version_guard,
    "the lease": _lease,
    "the inbox's key": _inbox,
    "the checkout claim": _checkout_claim,
    "the interval rule": _interval_rule,
    "one trial a person": _one_trial,
    "the awaited payment": _awaited_payment,
    "the dispute's hold": _dispute_hold,
    "the event's origin": _origin,
    "the rest of nested lists": _nested_lists,
    "the nearest item": _nearest_item,
    "the explicit anchor": _anchor,
    "the agreed end": _agreed_end,
    "the linked customer": _linked_customer,
    "what a deletion ends": _leaving,
    "the full look at invoices": _full_look("invoices"),
    "the full look at refunds": _full_look("refunds"),
    "the full look at disputes": _full_look("disputes"),
    "the unsettled session": _unsettled,
}
