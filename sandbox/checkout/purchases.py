"""Fulfil a paid checkout session: create its subscription with the first invoice, or its one-time payment."""

from dataclasses import dataclass
from typing import Any

from sandbox.catalog.discounts import rules as discounts
from sandbox.catalog.discounts.redeeming import Redemption
from sandbox.catalog.orders import Order
from sandbox.checkout.session_customer import Buyer
from sandbox.core.account import Account
from sandbox.core.periods import DAY
from sandbox.core.store import Object
from sandbox.invoices import lines, subscription_state
from sandbox.invoices import rules as invoices
from sandbox.payments import rules as payments
from sandbox.payments.cards import Decline
from sandbox.payments.rules import Purpose
from sandbox.payments.setup_intents import rules as setup_intents
from sandbox.subscriptions import rules as subscriptions
from sandbox.subscriptions.rules import NewSubscription

Changes = dict[str, Any]


@dataclass(frozen=True)
class Purchase:
    """An open session with its buyer, the payment method if the page asked for one, and the discount if any."""

    session: Object
    buyer: Buyer
    method: Object | None
    redemption: Redemption | None = None

    @property
    def redemptions(self) -> list[Redemption]:
        return [self.redemption] if self.redemption else []

    @property
    def is_delayed(self) -> bool:
        return self.method is not None and self.method["type"] != "card"


def subscribe(account: Account, purchase: Purchase) -> Changes:
    """Start the subscription and pay its first invoice; return the changes to the session."""
    session, customer, method = purchase.session, purchase.buyer.customer, purchase.method
    if customer is None:
        raise LookupError(f"{session['id']} has no customer to subscribe")
    members = dict(session["_subscription_data"])
    if method:
        _attach(account, method, customer["id"])
        members["default_payment_method"] = method["id"]
    subscription, invoice = subscriptions.start(account, _new_subscription(account, purchase, customer, members))
    due = invoice["amount_due"] if invoice else 0
    if invoice is None:
        pass
    elif due and method and purchase.is_delayed:
        invoices.finalize(account, invoice, method_type=method["type"])
        payments.collect_later(account, invoices.intent_of(account, invoice), method)
    else:
        subscriptions.pay_first_invoice(account, subscription, invoice, method, on_session=True)
    return {
        "invoice": invoice["id"] if invoice else None,
        "payment_status": _payment_status(due=due, delayed=purchase.is_delayed),
        "subscription": subscription["id"],
    }


def take_one_time_payment(account: Account, purchase: Purchase) -> Changes:
    """Collect a one-time payment; return the changes to the session."""
    session, method, customer_id = purchase.session, purchase.method, purchase.buyer.customer_id
    due = session["amount_total"]
    for redemption in purchase.redemptions:
        session["_discount"] = discounts.add_to_session(account, redemption, session, customer=customer_id)["id"]
    if not due or method is None:
        return {
            "invoice": _one_time_invoice(account, session, customer_id, None),
            "payment_status": "no_payment_required",
        }
    data = session["_payment_intent_data"]
    if customer_id and data["setup_future_usage"]:
        _attach(account, method, customer_id)
    purpose = Purpose(amount=due, currency=session["currency"], customer=customer_id, **data)
    intent = payments.create_intent(account, purpose, method_type=method["type"])
    if purchase.is_delayed:
        payments.collect(account, intent, method, on_session=True)
        return {"payment_intent": intent["id"], "payment_status": "unpaid"}
    payments.collect(account, intent, method, on_session=True)
    return {
        "invoice": _one_time_invoice(account, session, customer_id, intent),
        "payment_intent": intent["id"],
        "payment_status": "paid",
    }


def save_method(account: Account, purchase: Purchase) -> Changes:
    """Complete the setup intent of a session in setup mode with the buyer's payment method."""
    method = purchase.method
    intent = account.find("setup_intent", purchase.session["setup_intent"])
    if method is None:
        raise LookupError(f"{purchase.session['id']} has no payment method to save")
    account.change(intent, {"customer": purchase.buyer.customer_id, "payment_method": method["id"]})
    setup_intents.succeed(account, intent, method)
    return {}


def _attach(account: Account, method: Object, customer_id: str) -> None:
    """Attach the payment method, unless it is the customer's already."""
    if method["customer"] is None:
        payments.attach(account, method, customer_id)


def is_under_way(account: Account, session: Object) -> bool:
    """Return whether the session's payment waits for its bank or voucher; it may have failed since."""
    if session["mode"] == "subscription":
        intent = invoices.intent_of(account, account.find("invoice", session["invoice"]))
    else:
        intent = account.find("payment_intent", session["payment_intent"])
    return intent["status"] in {"processing", "requires_action"}


def settle(account: Account, session: Object, *, succeeds: bool) -> Changes:
    """Let a delayed payment succeed or fail; return the changes to the session."""
    if session["mode"] == "subscription":
        return _settle_invoice(account, session, succeeds=succeeds)
    intent = account.find("payment_intent", session["payment_intent"])
    if payments.settle(account, intent, succeeds=succeeds) is not None:
        return {}
    return paid_later(account, session, intent)


def paid_later(account: Account, session: Object, intent: Object) -> Changes:
    """Return the changes to a session whose delayed payment has succeeded; make its invoice if it wants one."""
    if session["mode"] == "subscription":
        return {"payment_status": "paid"}
    return {"invoice": _one_time_invoice(account, session, session["customer"], intent), "payment_status": "paid"}


def trial_end(session: Object, *, now: int) -> int | None:
    """Return when the trial that the session offers ends if it begins at `now`; None without a trial."""
    if session["_trial_days"] is not None:
        end: int = now + session["_trial_days"] * DAY
        return end
    until: int | None = session["_trial_end"]
    return until


def orders(session: Object, kind: str) -> list[Order]:
    """Return the session's orders for prices of this type, "recurring" or "one_time"."""
    return [
        Order(item["price"], item["quantity"] or 0, item["metadata"], item["currency"], item.get("_unit_amount"))
        for item in session["line_items"]["data"]
        if item["price"]["type"] == kind and item["quantity"] != 0
    ]


def _new_subscription(account: Account, purchase: Purchase, customer: Object, members: Changes) -> NewSubscription:
    session = purchase.session
    return NewSubscription(
        customer=customer,
        recurring=orders(session, "recurring"),
        one_time=orders(session, "one_time"),
        trial_end=trial_end(session, now=account.now),
        members=members,
        redemptions=purchase.redemptions,
    )


def _settle_invoice(account: Account, session: Object, *, succeeds: bool) -> Changes:
    invoice = account.find("invoice", session["invoice"])
    decline: Decline | None = payments.settle(account, invoices.intent_of(account, invoice), succeeds=succeeds)
    subscription = account.find("subscription", session["subscription"])
    if decline is not None:
        invoices.mark_failed(account, invoice)
        subscription_state.set_due(account, subscription)
        return {}
    invoices.mark_paid(account, invoice, attempted=True)
    subscription_state.activate(account, subscription)
    return {"payment_status": "paid"}


def _one_time_invoice(account: Account, session: Object, customer_id: str | None, intent: Object | None) -> str | None:
    """Create the paid invoice of a one-time purchase and return its id; None unless `invoice_creation` is enabled."""
    creation = session["invoice_creation"]
    if not creation["enabled"] or customer_id is None:
        return None
    invoice = invoices.draft_one_off(
        account,
        customer=customer_id,
        currency=session["currency"],
        lines=[line for order in orders(session, "one_time") for line in lines.for_one_time(account, order)],
        data=creation["invoice_data"],
        reduced_by=[account.find("discount", session["_discount"])] if "_discount" in session else [],
    )
    invoices.finalize(account, invoice, intent=intent)
    invoices.mark_paid(account, invoice, attempted=intent is not None)
    invoice_id: str = invoice["id"]
    return invoice_id


def _payment_status(*, due: int, delayed: bool) -> str:
    if not due:
        return "no_payment_required"
    return "unpaid" if delayed else "paid"


BY_MODE = {"payment": take_one_time_payment, "setup": save_method, "subscription": subscribe}
