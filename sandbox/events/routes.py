"""Routes of events, which Stripe keeps for 30 days."""

from collections.abc import Collection

from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.events.recording import KEPT_SECONDS
from sandbox.http import contract, listing
from sandbox.http.listing import Params
from sandbox.http.routes import Routes

MAX_TYPES = 20


def retrieve(account: Account, _params: Params, event_id: str) -> Object:
    event = account.find("event", event_id)
    if event["created"] < account.now - KEPT_SECONDS:
        raise ApiError.missing("event", event_id)
    return event


def list_all(account: Account, params: Params) -> Object:
    """List events by `type` (`customer.*` is allowed), by up to 20 `types`, or by `delivery_success`."""
    index: dict[str, str | Collection[str]] = {}
    if (kinds := _types(params)) is not None:
        index["type"] = kinds
    delivered = params.get("delivery_success")
    if delivered is False:
        index["undelivered"] = "true"
    return listing.page(
        account,
        "event",
        params,
        since=account.now - KEPT_SECONDS,
        index=index,
        where=(lambda event: event["pending_webhooks"] == 0) if delivered else None,
    )


def _types(params: Params) -> Collection[str] | None:
    """Return the types of the events that the request asks for, None for all."""
    kind, kinds = params.get("type"), params.get("types")
    if kind is not None and kinds is not None:
        raise ApiError.invalid("You may only specify one of these parameters: type, types.", param="types")
    if kinds is not None:
        if len(kinds) > MAX_TYPES:
            raise ApiError.invalid(f"You may specify up to {MAX_TYPES} event types.", param="types")
        return set(kinds)
    if kind is None or kind == "*":
        return None
    if kind.endswith("*"):
        return {name for name in contract.event_types() if name.startswith(kind.removesuffix("*"))}
    return {kind}


ROUTES: Routes = [
    ("GET", "/v1/events", list_all),
    ("GET", "/v1/events/<event_id>", retrieve),
]
