"""Recover an expired checkout session: its recovery link opens a copy of it."""

from copy import deepcopy

from sandbox.core import ids
from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.periods import DAY
from sandbox.core.store import Object

# Stripe's recovery links work for 30 days.
LINK_LIFETIME = 30 * DAY
SESSION_LIFETIME = DAY


def link(account: Account, session: Object) -> Object | None:
    """Return `after_expiration` of a session that expires now, with the recovery link if the seller wants one."""
    after: Object | None = session["after_expiration"]
    if after is None or not after["recovery"]["enabled"]:
        return after
    url = f"{account.base_url}/recover/{session['id']}"
    return {"recovery": {**after["recovery"], "expires_at": account.now + LINK_LIFETIME, "url": url}}


def recover(account: Account, session_id: str) -> Object:
    """Return an open copy of the expired session; opening the link again returns the same copy while it is open.

    Raises ApiError: 404 for an unknown session, 400 if it has no recovery link or the link has expired.
    """
    expired = account.find("checkout.session", session_id)
    recovery = (expired["after_expiration"] or {}).get("recovery", {})
    if not recovery.get("url") or recovery["expires_at"] <= account.now:
        raise ApiError.invalid("This recovery link has expired.")
    earlier = account.store.scan("checkout.session", index=("recovered_from", session_id))
    return next((each for each in earlier if each["status"] == "open"), None) or _copy(account, expired)


def _copy(account: Account, expired: Object) -> Object:
    copy = deepcopy(expired)
    copy |= {
        "id": ids.new("checkout.session"),
        "after_expiration": None,
        "allow_promotion_codes": expired["after_expiration"]["recovery"]["allow_promotion_codes"] or None,
        "created": account.now,
        "expires_at": account.now + SESSION_LIFETIME,
        "recovered_from": expired["id"],
        "status": "open",
    }
    copy["url"] = f"{account.base_url}/checkout/{copy['id']}"
    copy["line_items"]["url"] = f"/v1/checkout/sessions/{copy['id']}/line_items"
    for item in copy["line_items"]["data"]:
        item["id"] = ids.new("item")
    account.add(copy)
    account.store.set_due("checkout.session", copy["id"], copy["expires_at"])
    return copy
