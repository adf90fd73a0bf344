"""Checkout sessions, subscriptions and subscription schedules."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from billing.gateway.client import read_pages, read_range, send
from billing.gateway.snapshots import Page, Snapshot

if TYPE_CHECKING:
    from stripe import params as p
    from stripe.params import checkout as pc


def create_checkout_session(params: "pc.SessionCreateParams", *, key: str) -> Snapshot:
    return send(lambda stripe_: stripe_.v1.checkout.sessions.create(params, {"idempotency_key": key}), is_keyed=True)


def retrieve_checkout_session(session_id: str) -> Snapshot:
    """The session with its subscription, that with its discounts, and its payment intent inside."""
    expand = ["subscription.discounts", "subscription.items.data.discounts", "payment_intent"]
    return send(lambda stripe_: stripe_.v1.checkout.sessions.retrieve(session_id, {"expand": expand}))


def retrieve_session_lines(session_id: str) -> Snapshot:
    """The session with what was bought, and its payment, inside."""
    expand = ["line_items", "payment_intent"]
    return send(lambda stripe_: stripe_.v1.checkout.sessions.retrieve(session_id, {"expand": expand}))


def completed_session_pages(*, customer_id: str = "", payment_intent_id: str = "") -> Iterator[Page]:
    """The completed checkout sessions of one customer or payment, with what was bought and the payment inside."""
    wanted = {"customer": customer_id, "payment_intent": payment_intent_id}
    filters = {name: value for name, value in wanted.items() if value}
    expand = ["data.line_items", "data.payment_intent"]
    return read_pages("/v1/checkout/sessions", {**filters, "status": "complete", "expand": expand})


def checkout_sessions_of_customer(customer_id: str) -> Iterator[Page]:
    """The checkout sessions of one customer in any status, newest first."""
    return read_pages("/v1/checkout/sessions", {"customer": customer_id})


def expire_checkout_session(session_id: str) -> Snapshot:
    return send(lambda stripe_: stripe_.v1.checkout.sessions.expire(session_id))


def retrieve_subscription(subscription_id: str) -> Snapshot:
    """The subscription with its discounts and those of its items inside."""
    expand = ["discounts", "items.data.discounts"]
    return send(lambda stripe_: stripe_.v1.subscriptions.retrieve(subscription_id, {"expand": expand}))


def subscription_page(*, newest: int | None, oldest: int | None, starting_after: str = "") -> Page:
    """Up to a hundred subscriptions in any status, of these seconds, with customer, schedule and discounts inside."""
    expand = ["data.customer", "data.schedule", "data.discounts", "data.items.data.discounts"]
    params = {"status": "all", "expand": expand}
    return read_range("/v1/subscriptions", params, newest=newest, oldest=oldest, starting_after=starting_after)


def checkout_session_page(*, newest: int | None, oldest: int | None, starting_after: str = "") -> Page:
    """Up to a hundred sessions in any status, of these seconds, with customer and payment intent inside."""
    params = {"expand": ["data.customer", "data.payment_intent"]}
    return read_range("/v1/checkout/sessions", params, newest=newest, oldest=oldest, starting_after=starting_after)


def subscription_pages_of(customer_id: str) -> Iterator[Page]:
    """The subscriptions of one customer in any status, newest first. Raises StripeMissing for an unknown customer."""
    return read_pages("/v1/subscriptions", {"status": "all", "customer": customer_id})


def update_subscription(subscription_id: str, params: "p.SubscriptionUpdateParams") -> Snapshot:
    return send(lambda stripe_: stripe_.v1.subscriptions.update(subscription_id, params))


def resume_subscription(subscription_id: str) -> Snapshot:
    """Resume a paused subscription; its billing period starts now, and its invoice is paid at once.

    Raises StripeRefused if the payment fails: the subscription then stays paused.
    """
    params: p.SubscriptionResumeParams = {
        "billing_cycle_anchor": {"type": "now"},
        "payment_behavior": "resume_on_payment_success",
    }
    return send(lambda stripe_: stripe_.v1.subscriptions.resume(subscription_id, params))


def cancel_subscription(subscription_id: str, params: "p.SubscriptionCancelParams") -> Snapshot:
    return send(lambda stripe_: stripe_.v1.subscriptions.cancel(subscription_id, params))


def schedule_from_subscription(subscription_id: str) -> Snapshot:
    return send(lambda stripe_: stripe_.v1.subscription_schedules.create({"from_subscription": subscription_id}))


def cancel_schedule(schedule_id: str) -> Snapshot:
    return send(lambda stripe_: stripe_.v1.subscription_schedules.cancel(schedule_id))


def not_started_schedule_pages(customer_id: str = "") -> Iterator[Page]:
    """The schedules that have not started; with an id, of this customer. Raises StripeMissing for an unknown one."""
    whose = {"customer": customer_id} if customer_id else {}
    return read_pages("/v1/subscription_schedules", {"scheduled": True, **whose})


def retrieve_schedule(schedule_id: str) -> Snapshot:
    return send(lambda stripe_: stripe_.v1.subscription_schedules.retrieve(schedule_id))


def update_schedule(schedule_id: str, params: "p.SubscriptionScheduleUpdateParams") -> Snapshot:
    return send(lambda stripe_: stripe_.v1.subscription_schedules.update(schedule_id, params))


def release_schedule(schedule_id: str) -> Snapshot:
    """Release the subscription; an end that the schedule has set stays."""
    params: p.SubscriptionScheduleReleaseParams = {"preserve_cancel_date": True}
    return send(lambda stripe_: stripe_.v1.subscription_schedules.release(schedule_id, params))
