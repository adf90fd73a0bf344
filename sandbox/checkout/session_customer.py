"""The buyer of a checkout session: its customer, a new customer, or a guest."""

from dataclasses import dataclass
from typing import Any

from sandbox.checkout import shapes
from sandbox.core.account import Account
from sandbox.core.store import Object
from sandbox.customers import rules as customers
from sandbox.payments import shapes as payment_shapes

# The e-mail address if a program pays without giving one; the hosted page requires it.
DEFAULT_EMAIL = "buyer@example.com"


@dataclass(frozen=True)
class Buyer:
    """The customer, or None for a guest, with the e-mail address and name for the session."""

    customer: Object | None
    email: str
    name: str | None

    @property
    def customer_id(self) -> str | None:
        return self.customer["id"] if self.customer else None

    @property
    def billing_details(self) -> Object:
        return payment_shapes.billing_details(email=self.email, name=self.name)

    @property
    def customer_details(self) -> Object:
        return shapes.customer_details(email=self.email, name=self.name)


def contact(account: Account, session: Object, *, email: str | None, name: str | None) -> tuple[str, str | None]:
    """Return the buyer's e-mail address and name; the customer's own take precedence over the input."""
    known: dict[str, Any] = _customer(account, session) if session["customer"] else {}
    return known.get("email") or session["customer_email"] or email or DEFAULT_EMAIL, known.get("name") or name


def find_or_create_buyer(account: Account, session: Object, *, email: str | None, name: str | None) -> Buyer:
    """Return the buyer; creates a customer if the session has none and needs one."""
    email, name = contact(account, session, email=email, name=name)
    if session["customer"]:
        customer = _customer(account, session)
        return Buyer(account.change(customer, {"email": email}, event="customer.updated"), email, name)
    if not _needs_customer(session):
        return Buyer(None, email, name)
    given = {"email": email} | ({"name": name} if name else {})
    return Buyer(customers.create(account, given), email, name)


def _customer(account: Account, session: Object) -> Object:
    return account.find("customer", session["customer"], param="customer")


def _needs_customer(session: Object) -> bool:
    if session["mode"] == "subscription" or session["customer_creation"] == "always":
        return True
    is_saved = session["_payment_intent_data"]["setup_future_usage"] is not None
    return bool(session["invoice_creation"]["enabled"] or is_saved)
