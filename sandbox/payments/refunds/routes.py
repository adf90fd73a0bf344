"""Routes of refunds."""

from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.http import limits, listing, metadata
from sandbox.http.listing import Params
from sandbox.http.routes import Routes
from sandbox.payments.refunds import rules

UNSUPPORTED = (
    "currency",
    "customer",
    "origin",
    "refund_application_fee",
    "reverse_transfer",
)


def create(account: Account, params: Params) -> Object:
    """Refund `amount` of a charge, or all that is not refunded yet."""
    limits.refuse_unsupported(params, *UNSUPPORTED)
    charge = _charge(account, params)
    amount = params.get("amount")
    if amount is not None:
        limits.positive(amount, param="amount")
    members = {"metadata": metadata.merged({}, params), "reason": params.get("reason")}
    email = params.get("instructions_email")
    if email:
        members["instructions_email"] = limits.email(email, param="instructions_email")
    return rules.create(account, charge, amount=amount, members=members, email=email)


def retrieve(account: Account, _params: Params, refund_id: str) -> Object:
    return account.find("refund", refund_id)


def update(account: Account, params: Params, refund_id: str) -> Object:
    """Change the metadata; nothing else of a refund can be changed."""
    refund = account.find("refund", refund_id)
    if "metadata" not in params:
        return refund
    return rules.change(account, refund, {"metadata": metadata.merged(refund["metadata"], params)})


def cancel(account: Account, _params: Params, refund_id: str) -> Object:
    """Cancel a refund that waits for the customer (`requires_action`)."""
    refund = account.find("refund", refund_id)
    if refund["status"] != "requires_action":
        raise ApiError.invalid(f"You cannot cancel a refund with the status {refund['status']}.")
    rules.cancel(account, refund)
    return refund


def list_all(account: Account, params: Params) -> Object:
    wanted = listing.given(params, "charge", "payment_intent")
    return listing.page(
        account,
        "refund",
        params,
        index=next(iter(wanted.items()), None),
        where=lambda refund: listing.matches(refund, wanted),
    )


def list_of_charge(account: Account, params: Params, charge_id: str) -> Object:
    listed = list_all(account, {**params, "charge": account.find("charge", charge_id)["id"]})
    return listed | {"url": f"/v1/charges/{charge_id}/refunds"}


def _charge(account: Account, params: Params) -> Object:
    """Return the charge that the request names, by `charge` or `payment_intent`."""
    if "charge" not in params and "payment_intent" not in params:
        raise ApiError.invalid(
            "One of the following params should be provided for this request: payment_intent or charge."
        )
    if "charge" in params:
        charge = account.find("charge", params["charge"], param="charge")
        if params.get("payment_intent", charge["payment_intent"]) != charge["payment_intent"]:
            raise ApiError.invalid(
                f"The charge {charge['id']} does not belong to the PaymentIntent {params['payment_intent']}.",
                param="charge",
            )
        return _collected(charge, charge["payment_intent"])
    intent = account.find("payment_intent", params["payment_intent"], param="payment_intent")
    charge_id = intent["latest_charge"]
    return _collected(account.get("charge", charge_id) if charge_id else None, intent["id"])


def _collected(charge: Object | None, intent_id: str) -> Object:
    if charge is None or charge["status"] != "succeeded":
        raise ApiError.invalid(f"This PaymentIntent ({intent_id}) does not have a successful charge to refund.")
    return charge


ROUTES: Routes = [
    ("POST", "/v1/refunds", create),
    ("GET", "/v1/refunds", list_all),
    ("GET", "/v1/charges/<charge_id>/refunds", list_of_charge),
    ("GET", "/v1/refunds/<refund_id>", retrieve),
    ("POST", "/v1/refunds/<refund_id>", update),
    ("POST", "/v1/refunds/<refund_id>/cancel", cancel),
]
