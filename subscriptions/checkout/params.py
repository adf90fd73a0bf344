"""What Buy sends to Stripe: the parameters of a new checkout session."""

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse

from subscriptions.mirror import mapping
from subscriptions.models import CheckoutSession
from subscriptions.user_model import User

if TYPE_CHECKING:
    from stripe.params import checkout as pc


def params_for(session: CheckoutSession, *, user: User) -> "pc.SessionCreateParams":
    """Send the terms in the session's row, so that a repeated request is the same request."""
    metadata = mapping.metadata_for(session)
    params: pc.SessionCreateParams = {
        "mode": session.mode,
        "customer": str(session.customer_id),
        "line_items": [{"price": str(session.price_id), "quantity": session.quantity}],
        "client_reference_id": str(user.pk),
        "metadata": metadata,
        "allow_promotion_codes": True,
        "success_url": _with_session_id(settings.CHECKOUT_SUCCESS_URL or _page("checkout_success")),
        "cancel_url": settings.CHECKOUT_CANCEL_URL or _page("checkout_cancelled"),
    }
    if session.price:
        # A price can have amounts in further currencies; our pages show the one of its own.
        params["currency"] = session.price.currency
    if session.mode == CheckoutSession.Mode.PAYMENT:
        params["payment_intent_data"] = {"metadata": metadata}
        return params
    params["subscription_data"] = {"metadata": metadata, "billing_mode": {"type": "flexible"}}
    params["payment_method_collection"] = "always"
    if session.trial_days:
        params["subscription_data"]["trial_period_days"] = session.trial_days
        if session.price and not session.price.trial_needs_card:
            # Without a card, the subscription ends with the trial, and nothing is owed.
            params["payment_method_collection"] = "if_required"
            params["subscription_data"]["trial_settings"] = {"end_behavior": {"missing_payment_method": "cancel"}}
    return params


def _page(name: str) -> str:
    return f"{settings.SITE_URL}{reverse(name)}"


def _with_session_id(url: str) -> str:
    """Add the placeholder for which Stripe puts in the id (payments/checkout/custom-success-page in its docs)."""
    parts = urlsplit(url)
    query = "&".join(filter(None, [parts.query, "session_id={CHECKOUT_SESSION_ID}"]))
    return parts._replace(query=query).geturl()
