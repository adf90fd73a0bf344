"""The two keys of `.env`: there, of the right kind, and taken by Stripe."""

from collections.abc import Iterator

from django.conf import settings

from billing import stripe_gateway
from billing.errors import StripeFailure, StripeMisconfigured
from subscriptions.doctor.finding import Finding, ok, problem


def check_key() -> Iterator[Finding]:
    key = settings.STRIPE_KEY
    if not key:
        yield problem("STRIPE_KEY is not set. Put your secret key into .env.")
    elif not key.startswith(("sk_", "rk_")):
        yield problem("STRIPE_KEY is not a secret key: one begins with sk_ or rk_.")
    else:
        is_live = "_live_" in key[:8]
        yield _taken(is_live=is_live)
        if is_live and settings.DEBUG:
            yield problem("STRIPE_KEY is a live key while DEBUG is on: errors would show what customers typed.")


def check_webhook_secrets() -> Iterator[Finding]:
    secrets = settings.STRIPE_WEBHOOK_SECRETS
    if not secrets:
        yield problem("STRIPE_WEBHOOK_SECRET is not set: every webhook is answered with 500.")
    elif not all(secret.startswith("whsec_") for secret in secrets):
        yield problem("STRIPE_WEBHOOK_SECRET is not a signing secret: one begins with whsec_.")
    else:
        yield ok("STRIPE_WEBHOOK_SECRET is set." if len(secrets) == 1 else f"{len(secrets)} webhook secrets are set.")


def _taken(*, is_live: bool) -> Finding:
    try:
        next(stripe_gateway.product_pages(active=True))
    except StripeMisconfigured as error:
        return problem(f"Stripe does not take STRIPE_KEY: {error.message}")
    except StripeFailure as error:
        return problem(f"Stripe could not be asked: {error.message}")
    where = (
        f" at {settings.STRIPE_API_BASE}, which stands in for Stripe" if settings.STRIPE_API_BASE else ", by Stripe"
    )
    return ok(f"STRIPE_KEY is a {'live' if is_live else 'test'} key and is taken{where}.")
