"""Mirror a checkout session together with the subscription or payment that it brought."""

from collections.abc import Callable
from dataclasses import replace

from billing.gateway.snapshots import Snapshot
from billing.mirror import engine
from subscriptions.mirror import kinds, mapping
from subscriptions.models import CheckoutSession


def apply_answer(claim: CheckoutSession, ask: Callable[[], Snapshot]) -> CheckoutSession:
    """Call Stripe with `ask`, and mirror the session that it answers with and the objects expanded in it."""
    answers: list[Snapshot] = []

    def keep(answer: Snapshot) -> Snapshot:
        answers.append(answer)
        return answer

    # When another writer was faster, the engine fetches the session again: that answer has the newer contents.
    kind = replace(kinds.SESSION, fetch=lambda stripe_id: keep(kinds.SESSION.fetch(stripe_id)))
    session = engine.apply_answer(kind, claim.pk, lambda: keep(ask())).row or claim
    _offer_contents(answers[-1])
    return session


def _offer_contents(session: Snapshot) -> None:
    subscription, payment_intent = session.object.get("subscription"), session.object.get("payment_intent")
    if isinstance(subscription, dict):
        engine.apply_snapshot(kinds.SUBSCRIPTION, session.part(subscription))
    if isinstance(payment_intent, dict):
        engine.apply_snapshot(kinds.PAYMENT, session.part(payment_intent))
    elif mapping.is_free_order(session.object):
        engine.apply_snapshot(kinds.FREE_ORDER, session)
