"""Routes of disputes."""

from typing import Any

from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.http import limits, listing, metadata
from sandbox.http.listing import Params
from sandbox.http.routes import Routes
from sandbox.payments.disputes import rules, shapes

MAX_EVIDENCE = 20_000


def retrieve(account: Account, _params: Params, dispute_id: str) -> Object:
    return account.find("dispute", dispute_id)


def list_all(account: Account, params: Params) -> Object:
    """List disputes, by charge or payment intent."""
    wanted = listing.given(params, "charge", "payment_intent")
    return listing.page(
        account,
        "dispute",
        params,
        index=next(iter(wanted.items()), None),
        where=lambda dispute: listing.matches(dispute, wanted),
    )


def update(account: Account, params: Params, dispute_id: str) -> Object:
    """Save evidence and metadata; the evidence is sent to the bank unless `submit` is false."""
    limits.refuse_unsupported(params, "intended_submission_method")
    dispute = account.find("dispute", dispute_id)
    changes: dict[str, Any] = {}
    if "metadata" in params:
        changes["metadata"] = metadata.merged(dispute["metadata"], params)
    if params.keys() & {"evidence", "submit"}:
        _require_waiting(dispute)
        changes["evidence"] = {**dispute["evidence"], **_evidence(params.get("evidence", {}))}
        rules.submit(account, dispute, changes, submits=params.get("submit", True))
    else:
        account.change(dispute, changes, event="charge.dispute.updated")
    return dispute


def close(account: Account, _params: Params, dispute_id: str) -> Object:
    """Accept a dispute as lost."""
    dispute = account.find("dispute", dispute_id)
    _require_waiting(dispute)
    is_inquiry = dispute["status"].startswith(rules.INQUIRY)
    rules.close(account, dispute, status="warning_closed" if is_inquiry else "lost")
    return dispute


def _evidence(given: Params) -> dict[str, Any]:
    """Return the texts of evidence; an empty text removes one."""
    for name in given:
        if name not in shapes.TEXTS:
            raise ApiError.unsupported_parameter(f"evidence[{name}]")
    return {
        name: limits.text(text, param=f"evidence[{name}]", longest=MAX_EVIDENCE) or None
        for name, text in given.items()
    }


def _require_waiting(dispute: Object) -> None:
    if dispute["status"] not in rules.WAITS:
        raise ApiError.invalid(
            f"This dispute has a status of {dispute['status']}. Only a dispute that needs a response can be changed."
        )


ROUTES: Routes = [
    ("GET", "/v1/disputes", list_all),
    ("GET", "/v1/disputes/<dispute_id>", retrieve),
    ("POST", "/v1/disputes/<dispute_id>", update),
    ("POST", "/v1/disputes/<dispute_id>/close", close),
]
