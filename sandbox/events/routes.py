"""Routes of events, which Stripe keeps for 30 days."""

from collections.abc import Callable

from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.events.recording import KEPT_SECONDS
from sandbox.http import listing
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
    is_wanted = _type_filter(params)
    delivered = params.get("delivery_success")
    return listing.page(
        account,
        "event",
        params,
        since=account.now - KEPT_SECONDS,
        index=_exact_type(params),
        where=lambda event: (
            is_wanted(event["type"]) and (delivered is None or delivered == (event["pending_webhooks"] == 0))
        ),
    )


def _exact_type(params: Params) -> tuple[str, str] | None:
    kind = params.get("type", "*")
    return None if kind.endswith("*") else ("type", kind)


def _type_filter(params: Params) -> Callable[[str], bool]:
    kind, kinds = params.get("type"), params.get("types")
    if kind is not None and kinds is not None:
        raise ApiError.invalid("You may only specify one of these parameters: type, types.", param="types")
    if kinds is not None and len(kinds) > MAX_TYPES:
        raise ApiError.invalid(f"You may specify up to {MAX_TYPES} event types.", param="types")
    if kinds is not None:
        return set(kinds).__contains__
    if kind is None:
        return lambda _type: True
    if kind.endswith("*"):
        return lambda event_type: event_type.startswith(kind.removesuffix("*"))
    return lambda event_type: event_type == kind


ROUTES: Routes = [
    ("GET", "/v1/events", list_all),
    ("GET", "/v1/events/<event_id>", retrieve),
]
