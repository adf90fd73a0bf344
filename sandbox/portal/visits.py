"""A visit to the billing portal: the session with its customer, their subscriptions, and what they may do."""

from dataclasses import dataclass
from typing import Any

from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.invoices import subscription_state
from sandbox.subscriptions import rules as subscriptions


@dataclass(frozen=True)
class Visit:
    """A portal session with its customer and the features of its configuration."""

    session: Object
    customer: Object
    features: Object

    @property
    def cancels_at_once(self) -> bool:
        return bool(self.features["subscription_cancel"]["mode"] == "immediately")

    def feature(self, name: str) -> dict[str, Any]:
        """Return the settings of a feature. Raises ApiError (400) unless it is enabled."""
        settings: dict[str, Any] = self.features[name]
        if not settings["enabled"]:
            raise ApiError.invalid(f"The `{name}` feature of this portal is disabled.")
        return settings


def find(account: Account, session_id: str) -> Visit:
    """Return the visit for a session id. Raises ApiError (404) if the session is unknown or its customer deleted."""
    session = account.find("billing_portal.session", session_id)
    configuration = account.find("billing_portal.configuration", session["configuration"])
    return Visit(session, account.find("customer", session["customer"]), configuration["features"])


def running_subscriptions(account: Account, visit: Visit) -> list[Object]:
    """Return the customer's subscriptions that have not ended, newest first."""
    found = list(account.store.scan("subscription", index=("customer", visit.customer["id"])))
    return [
        subscriptions.with_current_prices(account, each) for each in found if not subscription_state.has_ended(each)
    ]


def subscription(account: Account, visit: Visit, subscription_id: str | None) -> Object:
    """Return the named subscription of the customer, or their only one.

    Raises ApiError: 404 for an ended subscription or another customer's, 400 if the customer has several and
    `subscription_id` is None.
    """
    found = running_subscriptions(account, visit)
    if subscription_id is None and len(found) != 1:
        raise ApiError.missing_parameter("subscription")
    for each in found:
        if subscription_id in {None, each["id"]}:
            return each
    raise ApiError.missing("subscription", str(subscription_id))
