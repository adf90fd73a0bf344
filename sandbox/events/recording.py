"""Recording events: one for each change, with the object's state at that time.

Stripe lists the events of one second in any order; with the setting `shuffle` the sandbox does too.
"""

from typing import Any

from sandbox.core.account import API_VERSION, Account
from sandbox.core.store import Object
from sandbox.core.visibility import public
from sandbox.events import queue, versions, webhook_settings
from sandbox.events.origin import OWN, Origin
from sandbox.http import contract
from sandbox.http.versions import released

KEPT_SECONDS = 30 * 86400
ALL_CHECKED = 20  # Of each type, in one request or move of the clock.
CHECKED_EVERY = 200  # One in so many of the others.


def record(
    account: Account, kind: str, obj: Object, previous: Object | None = None, *, origin: Origin = OWN
) -> Object:
    """Store one event of type `kind` about the object and queue it for the webhook endpoints.

    The event has the shape of its API version, which is the account's unless `origin` names another.
    """
    is_live = origin.livemode and "livemode" in obj
    content: dict[str, Any] = {"object": {**obj, "livemode": True} if is_live else obj}
    if previous is not None:
        content["previous_attributes"] = previous
    version = origin.api_version or account.api_version
    if released.is_before(version, API_VERSION):
        content = versions.rendered(account, public(content), version)
    created = account.real_now if origin.created is None else origin.created
    event: Object = {
        "id": account.store.new_id("event", created, slot=webhook_settings.shuffled_slot(account.store)),
        "object": "event",
        **({"account": origin.account} if origin.account else {}),
        "api_version": version,
        "created": created,
        "data": content,
        "livemode": origin.livemode,
        "pending_webhooks": 0,
        "request": {"id": account.cause.request_id, "idempotency_key": account.cause.idempotency_key},
        "type": kind,
    }
    account.recorded[kind] += 1
    if account.recorded[kind] <= ALL_CHECKED or account.recorded[kind] % CHECKED_EVERY == 0:
        contract.check(account, public(event))
    event["pending_webhooks"] = queue.enqueue(account.store, event)
    account.store.add(event)
    return event
