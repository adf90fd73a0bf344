"""Whose events are not ours: those of connected accounts, and those of the mode that our key is not for.

One endpoint can be sent the events of a whole platform, and one secret can be copied from the wrong mode.
https://docs.stripe.com/connect/webhooks
"""

from django.conf import settings

from billing.gateway.snapshots import Event
from subscriptions.models import WebhookEvent

Foreign = WebhookEvent.Foreign

# "sk_live_…", "rk_test_…", and with an organization's key "sk_org_live_…".
KEY_BEGINNING = 12


def foreign_reason(event: Event) -> str:
    """Return why an event is not ours; nothing if it is, or if its mode or our key's is not known."""
    if event.account:
        return Foreign.ACCOUNT
    is_live = key_is_live()
    if None in {is_live, event.is_live} or is_live == event.is_live:
        return ""
    return Foreign.LIVE if event.is_live else Foreign.TEST


def key_is_live() -> bool | None:
    """Return the mode of our key; None if it does not say."""
    beginning = settings.STRIPE_KEY[:KEY_BEGINNING]
    if "_live_" in beginning:
        return True
    return False if "_test_" in beginning else None
