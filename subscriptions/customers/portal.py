"""Stripe's billing portal, where a person changes cards and reads invoices at Stripe."""

from django.contrib.auth.models import User

from billing import gateway
from billing.errors import StripeMissing
from subscriptions.customers import services as customers
from subscriptions.models import Customer


def open_for(user: User, *, return_url: str) -> str:
    """The address of a portal session for this person's customer, good for a few minutes.

    https://docs.stripe.com/api/customer_portal/sessions/create
    """
    customer = customers.ensure(user)
    try:
        return _address(customer, return_url)
    except StripeMissing as error:
        if error.param != "customer":
            raise
        # Deleted in the dashboard, and nobody has told us yet.
        customers.unlink(customer.pk)
        return _address(customers.ensure(user), return_url)


def _address(customer: Customer, return_url: str) -> str:
    answer = gateway.create_portal_session({"customer": customer.pk, "return_url": return_url})
    return str(answer.object["url"])
