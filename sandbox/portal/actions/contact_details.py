"""The customer's own details: e-mail address, name, phone, address; those that the configuration allows."""

from typing import Any

from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.customers import rules as customers
from sandbox.portal.visits import Visit


def change(account: Account, visit: Visit, given: dict[str, Any]) -> Object:
    """Change the customer's details; an empty text removes one. Raises ApiError (400) for one that is not allowed."""
    allowed = visit.feature("customer_update")["allowed_updates"]
    for name in sorted(given.keys() - set(allowed)):
        raise ApiError.invalid(f"This portal does not let customers change their {name}.", param=name)
    if given.get("email") == "":
        raise ApiError.invalid("Your email address is incomplete.", param="email")
    changes = customers.request_members(account, given, visit.customer)
    return account.change(visit.customer, changes, event="customer.updated")
