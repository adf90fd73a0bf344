"""Sessions of Stripe's billing portal, where people change their card and read their invoices."""

from billing import gateway
from billing.errors import StripeMissing
from subscriptions.customers import services as customers
from subscriptions.models import Customer
from subscriptions.user_model import User


def create_session(user: User, *, return_url: str) -> str:
    """Return the address of a portal session for this person's customer; it works for a few minutes.

    https://docs.stripe.com/api/customer_portal/sessions/create
    """
    customer = customers.ensure(user)
    try:
        return _address(customer, return_url)
    except StripeMissing as error:
        if error.param != "customer":
            raise
        # Deleted in the dashboard, and the event has not arrived yet.
        customers.unlink(customer.pk)
        return _address(customers.ensure(user), return_url)


def _address(customer: Customer, return_url: str) -> str:
    answer = gateway.create_portal_session({"customer": customer.pk, "return_url": return_url})
    return str(answer.object["url"])
