"""Routes of charges; payment intents are in intents/."""

from typing import Any

from sandbox.core.account import Account
from sandbox.core.store import Object
from sandbox.http import limits, listing, metadata
from sandbox.http.expansion import provides
from sandbox.http.listing import Params
from sandbox.http.routes import Routes
from sandbox.payments import shapes


def retrieve_charge(account: Account, _params: Params, charge_id: str) -> Object:
    return account.find("charge", charge_id)


def list_charges(account: Account, params: Params) -> Object:
    limits.refuse_unsupported(params, "transfer_group")
    return _list(account, "charge", params, "payment_intent", "customer")


def update_charge(account: Account, params: Params, charge_id: str) -> Object:
    """Change the description, metadata, receipt e-mail or shipping."""
    limits.refuse_unsupported(params, "customer", "fraud_details", "transfer_group")
    charge = account.find("charge", charge_id)
    changes: dict[str, Any] = {
        name: params[name] or None for name in ("description", "receipt_email") if name in params
    }
    if "shipping" in params:
        changes["shipping"] = shapes.shipping(params["shipping"])
    if "metadata" in params:
        changes["metadata"] = metadata.merged(charge["metadata"], params)
    return account.change(charge, changes, event="charge.updated")


@provides("charge", "refunds")
def refunds_of(account: Account, charge: Object) -> Object:
    """Return a charge's refunds, newest first, for `expand`."""
    found = list(account.store.scan("refund", index=("charge", charge["id"])))
    return listing.counted(found, url=f"/v1/charges/{charge['id']}/refunds")


def _list(account: Account, kind: str, params: Params, *filters: str) -> Object:
    """List by the given filters; the first of them uses its index."""
    wanted = listing.given(params, *filters)
    return listing.page(
        account,
        kind,
        params,
        index=next(iter(wanted.items()), None),
        where=lambda found: listing.matches(found, wanted),
    )


ROUTES: Routes = [
    ("GET", "/v1/charges", list_charges),
    ("GET", "/v1/charges/<charge_id>", retrieve_charge),
    ("POST", "/v1/charges/<charge_id>", update_charge),
]
