"""The control that records an event: of a connected account, of live mode, of another API version, or a thin one."""

from typing import Any

from sandbox.controls.body import Body
from sandbox.core.errors import ApiError
from sandbox.core.kinds import KINDS
from sandbox.core.store import Object
from sandbox.core.visibility import public
from sandbox.events import recording, thin
from sandbox.events.origin import Origin
from sandbox.http import contract
from sandbox.http.versions import released
from sandbox.local_stripe import LocalStripe

LAST_MOMENT = 4_102_444_800  # The year 2100.


def record(sandbox: LocalStripe, body: Body) -> dict[str, Any]:
    """Record an event of any type about an object, and deliver it; nothing else changes.

    `object` is the id of an object, or the object itself, which need not exist.
    """
    kind, subject = body.text("type"), body.member("object")
    previous, is_thin = body.member("previous_attributes"), body.flag("thin") or False
    origin = Origin(
        account=body.text("account"),
        livemode=body.flag("livemode") or False,
        api_version=released.check(version) if (version := body.text("api_version")) else None,
        created=body.integer("created", least=0, most=LAST_MOMENT),
    )
    body.finish()
    if kind is None or subject is None:
        raise ApiError.missing_parameter("type" if kind is None else "object")
    account = sandbox.account
    with sandbox.transaction():
        obj = _subject(sandbox, subject)
        if is_thin:
            name = kind if kind.startswith(("v1.", "v2.")) else f"v1.{kind}"
            return thin.record(account, name, obj, origin)
        if kind not in contract.event_types():
            raise ApiError.invalid(f"Stripe has no event of the type {kind}.", param="type")
        shown: dict[str, Any] = public(recording.record(account, kind, obj, previous, origin=origin))
        return shown


def _subject(sandbox: LocalStripe, subject: Any) -> Object:
    if isinstance(subject, dict) and isinstance(subject.get("object"), str) and isinstance(subject.get("id"), str):
        if found := contract.violations(subject):
            raise ApiError.invalid(f"Not an object of Stripe: {'; '.join(found)}", param="object")
        return subject
    if not isinstance(subject, str):
        raise ApiError.invalid("object must be an id, or an object with `object` and `id`.", param="object")
    stored = (sandbox.account.get(kind, subject) for kind in KINDS if not kind.startswith("_"))
    found_object = next(filter(None, stored), None)
    if found_object is None:
        raise ApiError.invalid(f"No such object: '{subject}'", param="object", code="resource_missing")
    return found_object


ROUTES = [("POST", "events", record)]
