"""Customers, and sessions of Stripe's customer portal."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from billing.gateway.client import read_page, read_pages, send
from billing.gateway.snapshots import Page, Snapshot

if TYPE_CHECKING:
    from stripe import params as p
    from stripe.params import billing_portal as pb


def create_customer(params: "p.CustomerCreateParams", *, key: str) -> Snapshot:
    return send(lambda stripe_: stripe_.v1.customers.create(params, {"idempotency_key": key}), is_keyed=True)


def retrieve_customer(customer_id: str) -> Snapshot:
    return send(lambda stripe_: stripe_.v1.customers.retrieve(customer_id))


def update_customer(customer_id: str, params: "p.CustomerUpdateParams") -> Snapshot:
    return send(lambda stripe_: stripe_.v1.customers.update(customer_id, params))


def delete_customer(customer_id: str) -> Snapshot:
    return send(lambda stripe_: stripe_.v1.customers.delete(customer_id))


def customer_pages() -> Iterator[Page]:
    """Every customer, newest first."""
    return read_pages("/v1/customers", {})


def customers_by_email(email: str) -> Page:
    """Customers with exactly this address (case-sensitive), newest first, at most 100."""
    return read_page("/v1/customers", {"email": email, "limit": 100})


def payment_methods_of(customer_id: str) -> Page:
    """The payment methods that are saved for a customer, at most 100."""
    return read_page(f"/v1/customers/{customer_id}/payment_methods", {"limit": 100})


def create_portal_session(params: "pb.SessionCreateParams") -> Snapshot:
    return send(lambda stripe_: stripe_.v1.billing_portal.sessions.create(params))
