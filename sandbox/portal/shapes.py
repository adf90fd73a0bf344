"""The JSON of billing portal configurations and sessions."""

from typing import Any

from sandbox.core import ids
from sandbox.core.store import Object

CANCELLATION_REASONS = (
    "too_expensive",
    "missing_features",
    "switched_service",
    "unused",
    "customer_service",
    "too_complex",
    "low_quality",
    "other",
)


CONTACT_DETAILS = ("address", "email", "name", "phone")


def configuration(*, created: int, features: Object) -> Object:
    """Return an active configuration with these features, not the default."""
    return {
        "id": ids.new("billing_portal.configuration"),
        "object": "billing_portal.configuration",
        "active": True,
        "application": None,
        "business_profile": {"headline": None, "privacy_policy_url": None, "terms_of_service_url": None},
        "created": created,
        "default_return_url": None,
        "features": features,
        "is_default": False,
        "livemode": False,
        "login_page": {"enabled": False, "url": None},
        "metadata": {},
        "name": None,
        "updated": created,
    }


def features(*, enabled: bool) -> Object:
    """Return the features; of the enabled ones changing plans and pausing are left out, as they need settings."""
    return {
        "customer_update": {"allowed_updates": list(CONTACT_DETAILS) if enabled else [], "enabled": enabled},
        "invoice_history": {"enabled": enabled},
        "payment_method_update": {"enabled": enabled, "payment_method_configuration": None},
        "subscription_cancel": {
            "cancellation_reason": {"enabled": enabled, "options": list(CANCELLATION_REASONS) if enabled else []},
            "enabled": enabled,
            "mode": "at_period_end",
            "proration_behavior": "none",
        },
        "subscription_pause": {
            "duration": {"interval_options": [{"interval": "month", "interval_count": 1}], "type": "interval_options"},
            "enabled": False,
        },
        "subscription_update": {
            "billing_cycle_anchor": None,
            "default_allowed_updates": [],
            "enabled": False,
            "products": None,
            "proration_behavior": "none",
            "schedule_at_period_end": {"conditions": []},
            "trial_update_behavior": "end_trial",
        },
    }


def session(*, customer: str, configuration: str, created: int, base_url: str, members: dict[str, Any]) -> Object:
    """Return a session; `url` is its page."""
    session_id = ids.new("billing_portal.session")
    return {
        "id": session_id,
        "object": "billing_portal.session",
        "configuration": configuration,
        "created": created,
        "customer": customer,
        "customer_account": None,
        "flow": None,
        "livemode": False,
        "locale": None,
        "on_behalf_of": None,
        "return_url": None,
        "url": f"{base_url}/portal/{session_id}",
        **members,
    }


def flow(*, kind: str, after: Object, details: dict[str, Any]) -> Object:
    """Return `flow`: the action at which a session opens, with its details."""
    return {
        "after_completion": {"hosted_confirmation": None, "redirect": None, **after},
        "customer_update": {} if kind == "customer_update" else None,
        "subscription_cancel": None,
        "subscription_pause": None,
        "subscription_update": None,
        "subscription_update_confirm": None,
        "type": kind,
        **({kind: details} if details else {}),
    }
