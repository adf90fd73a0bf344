"""The `/v1/payment_links` routes, and opening a checkout from a link."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from sandbox.checkout import routes as checkout_routes
from sandbox.checkout import session_lines
from sandbox.checkout.asked import custom_fields, options
from sandbox.checkout.links import shapes
from sandbox.checkout.links.rules import UPDATED
from sandbox.core import ids
from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.http import limits, listing, metadata, sublists
from sandbox.http.listing import Params
from sandbox.http.routes import Routes

COPIED = (
    "allow_promotion_codes",
    "billing_address_collection",
    "customer_creation",
    "payment_method_collection",
    "shipping_address_collection",
    "submit_type",
)
CHANGEABLE = frozenset(
    {
        *COPIED,
        "after_completion",
        "automatic_tax",
        "consent_collection",
        "custom_fields",
        "custom_text",
        "inactive_message",
        "metadata",
        "phone_number_collection",
        "restrictions",
        "tax_id_collection",
    }
)
ONLY_AT_CREATION = frozenset({"currency", "invoice_creation", "payment_intent_data", "subscription_data"})
MAX_ITEMS = 20
MAX_MESSAGE = 500
# What a session takes over from its link as parameters of `checkout.sessions.create`.
SESSION_PARAMETERS = (*COPIED, "phone_number_collection", "consent_collection")


def create(account: Account, params: Params) -> Object:
    limits.refuse_unsupported(params, *sorted(params.keys() - CHANGEABLE - ONLY_AT_CREATION - {"line_items"}))
    limits.items(params.get("line_items", []), param="line_items", most=MAX_ITEMS)
    mode = _mode(account, params)
    link = shapes.payment_link(
        line_items=session_lines.from_request(account, params, mode=mode), base_url=account.base_url
    )
    _refuse_unsupported(params, link)
    link |= {"_created": account.now, **_members(params, link)}
    if "subscription_data" in params:
        _require_mode(mode, "subscription", "subscription_data")
        link["subscription_data"] = shapes.subscription_data(params["subscription_data"])
    for name in ("payment_intent_data", "invoice_creation", "customer_creation"):
        if name in params:
            _require_mode(mode, "payment", name)
    if "payment_intent_data" in params:
        link["payment_intent_data"] = shapes.payment_intent_data(params["payment_intent_data"])
    if "invoice_creation" in params:
        link["invoice_creation"]["enabled"] = params["invoice_creation"]["enabled"]
    # The session's own rules check the rest: a link that can't open a checkout is refused now.
    checkout_routes.new_session(account, _session_params(link), line_items=_copied(link))
    return account.add(link, event="payment_link.created")


def retrieve(account: Account, _params: Params, link_id: str) -> Object:
    return account.find("payment_link", link_id)


def update(account: Account, params: Params, link_id: str) -> Object:
    """Change the link; checkouts that are open already stay as they are."""
    limits.refuse_unsupported(params, *sorted(params.keys() - CHANGEABLE - {"active", "line_items"}))
    link = account.find("payment_link", link_id)
    if "line_items" in params:
        # The event does not show them, as they are shown only when they are expanded.
        account.change(link, {"line_items": _changed_lines(link, params["line_items"])})
    return account.change(link, _members(params, link) | listing.given(params, "active"), event=UPDATED)


def list_all(account: Account, params: Params) -> Object:
    wanted = listing.given(params, "active")
    return listing.page(account, "payment_link", params, where=lambda link: listing.matches(link, wanted))


def line_items(account: Account, params: Params, link_id: str) -> Object:
    return sublists.page(account.find("payment_link", link_id)["line_items"], params)


def open_checkout(account: Account, link_id: str, **given: str) -> Object:
    """Open a session for a visitor of the link; `given` can have `client_reference_id` and `customer_email`.

    Raises ApiError: 404 for an unknown link, 400 for an inactive one.
    """
    link = account.find("payment_link", link_id)
    if not link["active"]:
        raise ApiError.invalid(link["inactive_message"] or "This payment link is not active.")
    params = {**_session_params(link), **given}
    redirect = link["after_completion"].get("redirect")
    return checkout_routes.open_session(
        account,
        params,
        line_items=_copied(link),
        members={
            "payment_link": link["id"],
            "success_url": redirect["url"] if redirect else None,
            "_confirmation": (link["after_completion"].get("hosted_confirmation") or {}).get("custom_message"),
        },
    )


def _refuse_unsupported(params: Params, link: Object) -> None:
    """Refuse what Stripe's links take and the sandbox does not play."""
    if "invoice_data" in params.get("invoice_creation", {}):
        raise ApiError.unsupported_parameter("invoice_creation[invoice_data]")
    if "invoice_settings" in params.get("subscription_data", {}):
        raise ApiError.unsupported_parameter("subscription_data[invoice_settings]")
    if "currency" in params and params["currency"].lower() != link["currency"]:
        raise ApiError.unsupported_parameter("currency")


def _mode(account: Account, params: Params) -> str:
    """Return the mode of the link's sessions: "subscription" with a recurring price, else "payment"."""
    for given in params.get("line_items", []):
        price = account.get("price", given["price"]) if "price" in given else given.get("price_data")
        if price and price.get("recurring"):
            return "subscription"
    return "payment"


def _require_mode(mode: str, wanted: str, name: str) -> None:
    if mode != wanted:
        raise ApiError.invalid(f"You can not pass `{name}` in `{mode}` mode.", param=name)


def _members(params: Params, link: Object) -> dict[str, Any]:
    """Return the link's members that the request sets."""
    for name in ("automatic_tax", "tax_id_collection"):
        if params.get(name, {}).get("enabled"):
            raise ApiError.unsupported_parameter(f"{name}[enabled]")
    return listing.given(params, *COPIED) | {name: READERS[name](params, link) for name in READERS if name in params}


def _consent(params: Params, _link: Object) -> Object:
    return options.consent_collection(params["consent_collection"])


def _custom_fields(params: Params, _link: Object) -> list[Object]:
    """Return the fields; unlike those of a session they have no answers."""
    fields = custom_fields.from_request(params["custom_fields"] or [])
    for field in fields:
        del field[field["type"]]["value"]
    return fields


def _custom_text(params: Params, link: Object) -> Object:
    return options.custom_text(params["custom_text"], link["custom_text"])


def _inactive_message(params: Params, _link: Object) -> str | None:
    return limits.text(params["inactive_message"], param="inactive_message", longest=MAX_MESSAGE) or None


def _metadata(params: Params, link: Object) -> dict[str, str]:
    return metadata.merged(link["metadata"], params)


def _phone(params: Params, _link: Object) -> Object:
    return {"enabled": params["phone_number_collection"]["enabled"]}


def _after_completion(params: Params, _link: Object) -> Object:
    given = params["after_completion"]
    if given["type"] == "redirect":
        if "redirect" not in given:
            raise ApiError.missing_parameter("after_completion[redirect]")
        limits.url(given["redirect"]["url"], param="after_completion[redirect][url]")
    return shapes.after_completion(given)


def _restrictions(params: Params, link: Object) -> Object | None:
    given, present = params["restrictions"], link["restrictions"]
    if not isinstance(given, dict):
        return None
    count = present["completed_sessions"]["count"] if present else 0
    limit = limits.positive(given["completed_sessions"]["limit"], param="restrictions[completed_sessions][limit]")
    return {"completed_sessions": {"count": count, "limit": limit}}


def _changed_lines(link: Object, given: list[Params]) -> Object:
    """Return the line items with the given quantities."""
    items = {item["id"]: item for item in deepcopy(link["line_items"]["data"])}
    for index, each in enumerate(given):
        path = f"line_items[{index}]"
        if each["id"] not in items:
            raise ApiError.missing("item", each["id"], param=f"{path}[id]", status=400)
        session_lines.change(items[each["id"]], each, path)
    return {**link["line_items"], "data": list(items.values())}


def _session_params(link: Object) -> Params:
    """Return the link's settings as parameters of `checkout.sessions.create`."""
    params = {name: link[name] for name in SESSION_PARAMETERS if link[name]}
    params["mode"] = "payment" if link["subscription_data"] is None else "subscription"
    params["metadata"] = link["metadata"]
    params["custom_text"] = {name: text for name, text in link["custom_text"].items() if text}
    if link["consent_collection"]:
        params["consent_collection"] = {name: value for name, value in link["consent_collection"].items() if value}
    if params["mode"] == "subscription":
        del params["customer_creation"]
        params["subscription_data"] = _given(link["subscription_data"])
    else:
        params.pop("payment_method_collection", None)
        params["payment_intent_data"] = _given(link["payment_intent_data"] or {})
        params["invoice_creation"] = {"enabled": link["invoice_creation"]["enabled"]}
    params["custom_fields"] = link["custom_fields"]
    return params


def _given(data: Object) -> Params:
    """Return the members that have a value, without those that the sandbox sets."""
    return {name: value for name, value in data.items() if value and name != "invoice_settings"}


def _copied(link: Object) -> list[Object]:
    return [{**deepcopy(item), "id": ids.new("item")} for item in link["line_items"]["data"]]


READERS: dict[str, Callable[[Params, Object], Any]] = {
    "after_completion": _after_completion,
    "consent_collection": _consent,
    "custom_fields": _custom_fields,
    "custom_text": _custom_text,
    "inactive_message": _inactive_message,
    "metadata": _metadata,
    "phone_number_collection": _phone,
    "restrictions": _restrictions,
}
ROUTES: Routes = [
    ("POST", "/v1/payment_links", create),
    ("GET", "/v1/payment_links", list_all),
    ("GET", "/v1/payment_links/<link_id>", retrieve),
    ("POST", "/v1/payment_links/<link_id>", update),
    ("GET", "/v1/payment_links/<link_id>/line_items", line_items),
]
