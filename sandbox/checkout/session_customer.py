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
class Contact:
    """What is known of the buyer when they pay; `shipping` has an address and a name."""

    email: str
    name: str | None
    phone: str | None = None
    address: Object | None = None
    shipping: Object | None = None

    @property
    def payer(self) -> Object:
        """The billing details of the payment method."""
        details = payment_shapes.billing_details(email=self.email, name=self.name)
        return {**details, "phone": self.phone, "address": self.address or details["address"]}

    @property
    def customer_details(self) -> Object:
        return shapes.customer_details(email=self.email, name=self.name, phone=self.phone, address=self.address)


@dataclass(frozen=True)
class Buyer:
    """The customer, or None for a guest, with the contact details for the session."""

    customer: Object | None
    contact: Contact

    @property
    def customer_id(self) -> str | None:
        return self.customer["id"] if self.customer else None


def known_email(account: Account, session: Object) -> str | None:
    """Return the e-mail address of the customer or session; as on Stripe's page, the buyer can't change it."""
    email: str | None = _customer(account, session).get("email") or session["customer_email"]
    return email


def contact(
    account: Account,
    session: Object,
    *,
    email: str | None,
    name: str | None,
    phone: str | None = None,
    address: Object | None = None,
) -> Contact:
    """Return the buyer's contact details; the customer's own take precedence over the input.

    With `customer_update` the typed name takes precedence.
    """
    known = _customer(account, session)
    typed_first = session["_customer_update"]["name"] == "auto" and name
    return Contact(
        email=known_email(account, session) or email or DEFAULT_EMAIL,
        name=name if typed_first else known.get("name") or name,
        phone=phone or known.get("phone"),
        address=address or known.get("address"),
        shipping=session["collected_information"]["shipping_details"],
    )


def find_or_create_buyer(account: Account, session: Object, contact: Contact) -> Buyer:
    """Return the buyer; creates a customer if the session has none and needs one."""
    if session["customer"]:
        customer = account.find("customer", session["customer"], param="customer")
        changes = _changes(session, contact)
        return Buyer(account.change(customer, changes, event="customer.updated"), contact)
    if not _needs_customer(session):
        return Buyer(None, contact)
    return Buyer(customers.create(account, _new_customer(contact)), contact)


def _changes(session: Object, contact: Contact) -> dict[str, Any]:
    """Return what the payment changes of an existing customer: e-mail address, phone, and what is set to "auto"."""
    update = session["_customer_update"]
    changes: dict[str, Any] = {"email": contact.email}
    if session["phone_number_collection"]["enabled"]:
        changes["phone"] = contact.phone
    if update["name"] == "auto":
        changes["name"] = contact.name
    if update["address"] == "auto":
        changes["address"] = contact.address
    if update["shipping"] == "auto":
        changes["shipping"] = _shipping(contact)
    return changes


def _new_customer(contact: Contact) -> dict[str, Any]:
    given = {
        "address": contact.address,
        "email": contact.email,
        "name": contact.name,
        "phone": contact.phone,
        "shipping": _shipping(contact),
    }
    return {name: value for name, value in given.items() if value}


def _shipping(contact: Contact) -> Object | None:
    return {**contact.shipping, "phone": contact.phone} if contact.shipping else None


def _customer(account: Account, session: Object) -> Object:
    """Return the session's customer; an empty object if it has none yet."""
    return account.find("customer", session["customer"], param="customer") if session["customer"] else {}


def _needs_customer(session: Object) -> bool:
    if session["mode"] == "subscription" or session["customer_creation"] == "always":
        return True
    is_saved = session["_payment_intent_data"]["setup_future_usage"] is not None
    return bool((session["invoice_creation"] or {}).get("enabled") or is_saved)
