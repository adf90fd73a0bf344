"""Stripe's list of events, and the webhook endpoints that it sends events to."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from billing.gateway.client import API_VERSION, read_pages, send
from billing.gateway.snapshots import Page, Snapshot

if TYPE_CHECKING:
    from stripe import params as p


def event_pages(*, types: list[str], since: datetime) -> Iterator[Page]:
    """Events of these types (at most 20) created at `since` or later, newest first."""
    return read_pages("/v1/events", {"types": types, "created": {"gte": int(since.timestamp())}})


def webhook_endpoint_pages() -> Iterator[Page]:
    return read_pages("/v1/webhook_endpoints", {})


def create_webhook_endpoint(*, url: str, enabled_events: list[str], description: str) -> Snapshot:
    """Create an endpoint that receives events in our API version. Only this answer has its `secret`."""
    params: dict[str, Any] = {"url": url, "enabled_events": enabled_events, "description": description}
    # The SDK's types are enumerations of every version and event type.
    typed = cast("p.WebhookEndpointCreateParams", {**params, "api_version": API_VERSION})
    return send(lambda stripe_: stripe_.v1.webhook_endpoints.create(typed))


def update_webhook_endpoint(endpoint_id: str, **changes: Any) -> Snapshot:
    typed = cast("p.WebhookEndpointUpdateParams", changes)
    return send(lambda stripe_: stripe_.v1.webhook_endpoints.update(endpoint_id, typed))
