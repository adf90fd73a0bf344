"""System checks of the settings that Stripe needs."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register  # noqa: A004  (Django's own name)


@register("stripe")
def stripe_settings(**_: Any) -> list[CheckMessage]:
    """Check that Stripe's key and webhook secret are set and have the right form."""
    if not settings.STRIPE_KEY:
        # Only a warning: createsuperuser and the like must run in a fresh clone.
        return [Warning("STRIPE_KEY is not set: nothing can reach Stripe.", id="billing.W001")]
    found: list[CheckMessage] = []
    if not settings.STRIPE_KEY.startswith(("sk_", "rk_")):
        found.append(Error("STRIPE_KEY is not a secret key: one begins with sk_ or rk_.", id="billing.E002"))
    if not settings.STRIPE_WEBHOOK_SECRETS:
        found.append(
            Error(
                "STRIPE_WEBHOOK_SECRET is not set: every webhook is answered with 500.",
                hint="`manage.py stripe_doctor --fix` makes a webhook endpoint and prints its secret. "
                "That of one you have is in Stripe's dashboard.",
                id="billing.E001",
            )
        )
    return found
