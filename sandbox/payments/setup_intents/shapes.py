"""The members of setup intents."""

from sandbox.core import ids
from sandbox.core.store import Object
from sandbox.payments import method_types

SECRET_LENGTH = 30


def setup_intent(*, customer: str | None, created: int, types: list[str], usage: str = "off_session") -> Object:
    """Return a setup intent without a payment method."""
    intent_id = ids.new("setup_intent")
    return {
        "id": intent_id,
        "object": "setup_intent",
        "application": None,
        "automatic_payment_methods": None,
        "cancellation_reason": None,
        "client_secret": f"{intent_id}_secret_{ids.random_text(SECRET_LENGTH)}",
        "created": created,
        "customer": customer,
        "customer_account": None,
        "description": None,
        "excluded_payment_method_types": None,
        "flow_directions": None,
        "last_setup_error": None,
        "latest_attempt": None,
        "livemode": False,
        "managed_payments": {"enabled": False},
        "mandate": None,
        "metadata": {},
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_configuration_details": None,
        "payment_method_options": method_types.setup_options(types),
        "payment_method_types": types,
        "single_use_mandate": None,
        "status": "requires_payment_method",
        "usage": usage,
    }
