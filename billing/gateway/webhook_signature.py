"""Webhook verification: check that Stripe signed a request, and read its event."""

from datetime import timedelta

import stripe
from django.conf import settings

from billing import strict_json
from billing.errors import StripeMisconfigured
from billing.gateway.snapshots import JSON, Event

SIGNATURE_TOLERANCE = timedelta(minutes=5)


class WebhookRejected(Exception):
    """The request is not an event signed by Stripe; the message says why."""


def verified_event(body: bytes, signature: str) -> tuple[Event, JSON]:
    """The event in a webhook request, and its payload, if it is signed with one of our secrets.

    Raises WebhookRejected if it is not, or is not an event; StripeMisconfigured if no secret is set.
    https://docs.stripe.com/webhooks#verify-manually
    """
    if not settings.STRIPE_WEBHOOK_SECRETS:
        raise StripeMisconfigured("No webhook secret is set.", setting="STRIPE_WEBHOOK_SECRET")
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise WebhookRejected("The body is not UTF-8.") from error
    if not any(_is_signed(text, signature, secret) for secret in settings.STRIPE_WEBHOOK_SECRETS):
        raise WebhookRejected("The signature is missing, wrong or too old.")
    try:
        payload = strict_json.loads(text)
        if not isinstance(payload, dict):
            raise WebhookRejected("The body is not a JSON object.")
        return Event.from_payload(payload), payload
    except strict_json.GivenTwice as error:
        raise WebhookRejected(f"The body is not an event: {error}") from error
    except (ValueError, RecursionError) as error:
        raise WebhookRejected("The body is not an event.") from error


def _is_signed(text: str, signature: str, secret: str) -> bool:
    try:
        stripe.WebhookSignature.verify_header(text, signature, secret, int(SIGNATURE_TOLERANCE.total_seconds()))
    # A signature with non-ASCII characters makes the SDK's comparison raise TypeError.
    except (stripe.SignatureVerificationError, TypeError, ValueError):
        return False
    return True
