"""Routes of webhook endpoints: the URLs that get events, and their signing secrets."""

from sandbox.core import ids
from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.http import limits, listing, metadata
from sandbox.http.listing import Params
from sandbox.http.routes import Routes

MAX_ENDPOINTS = 16
SECRET_LENGTH = 32


def create(account: Account, params: Params) -> Object:
    """Create an endpoint; only this answer shows its secret."""
    limits.refuse_unsupported(params, "connect")
    if len(list(account.store.scan("webhook_endpoint"))) >= MAX_ENDPOINTS:
        raise ApiError.invalid(f"You have reached the maximum of {MAX_ENDPOINTS} test webhook endpoints.")
    endpoint = register(account, params, secret=f"whsec_{ids.random_text(SECRET_LENGTH)}")
    return {**endpoint, "secret": endpoint["_secret"]}


def register(account: Account, params: Params, *, secret: str) -> Object:
    """Add an endpoint whose events are signed with `secret`."""
    return account.add(
        {
            "id": ids.new("webhook_endpoint"),
            "object": "webhook_endpoint",
            "api_version": params.get("api_version"),
            "application": None,
            "created": account.now,
            "description": params.get("description") or None,
            "enabled_events": _enabled_events(params),
            "livemode": False,
            "metadata": metadata.merged({}, params),
            "status": "enabled",
            "url": limits.url(params["url"], param="url"),
            "_secret": secret,
        }
    )


def retrieve(account: Account, _params: Params, endpoint_id: str) -> Object:
    return account.find("webhook_endpoint", endpoint_id)


def update(account: Account, params: Params, endpoint_id: str) -> Object:
    """Change the URL or the enabled events, or disable the endpoint; its API version can't be changed."""
    endpoint = account.find("webhook_endpoint", endpoint_id)
    changes: Params = {}
    if "description" in params:
        changes["description"] = params["description"] or None
    if "enabled_events" in params:
        changes["enabled_events"] = _enabled_events(params)
    if "url" in params:
        changes["url"] = limits.url(params["url"], param="url")
    if "disabled" in params:
        changes["status"] = "disabled" if params["disabled"] else "enabled"
    if "metadata" in params:
        changes["metadata"] = metadata.merged(endpoint["metadata"], params)
    return account.change(endpoint, changes)


def list_all(account: Account, params: Params) -> Object:
    return listing.page(account, "webhook_endpoint", params)


def delete(account: Account, _params: Params, endpoint_id: str) -> Object:
    return account.remove(account.find("webhook_endpoint", endpoint_id))


def _enabled_events(params: Params) -> list[str]:
    chosen: list[str] = params["enabled_events"]
    if not chosen:
        raise ApiError.invalid("Invalid array: enabled_events must name at least one event.", param="enabled_events")
    if "*" in chosen and len(chosen) > 1:
        raise ApiError.invalid("'*' cannot be used together with other event types.", param="enabled_events")
    return chosen


ROUTES: Routes = [
    ("POST", "/v1/webhook_endpoints", create),
    ("GET", "/v1/webhook_endpoints", list_all),
    ("GET", "/v1/webhook_endpoints/<endpoint_id>", retrieve),
    ("POST", "/v1/webhook_endpoints/<endpoint_id>", update),
    ("DELETE", "/v1/webhook_endpoints/<endpoint_id>", delete),
]
