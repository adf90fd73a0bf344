"""Checks of the two keys in `.env`: set, of the right kind, and accepted by Stripe."""

from collections.abc import Iterator

from django.conf import settings

from billing import gateway
from billing.errors import StripeFailure, StripeMisconfigured, StripeMissing
from billing.models import Product
from subscriptions.monitoring.doctor.finding import Finding, ok, problem, some

# One or two products may be deleted at Stripe; an account that knows none of these is not the one of our rows.
PRODUCTS_CHECKED = 3


def check_key() -> Iterator[Finding]:
    """Yield `ok` only if calls to Stripe work and reach the account that our rows are from."""
    key = settings.STRIPE_KEY
    if not key:
        yield problem("STRIPE_KEY is not set. Put your secret key into .env.")
    elif not key.startswith(("sk_", "rk_")):
        yield problem("STRIPE_KEY is not a secret key: one begins with sk_ or rk_.")
    else:
        is_live = "_live_" in key[:8]
        yield _accepted(is_live=is_live)
        if is_live and settings.DEBUG:
            yield problem("STRIPE_KEY is a live key while DEBUG is on: error pages would show customers' input.")


def check_webhook_secrets() -> Iterator[Finding]:
    secrets = settings.STRIPE_WEBHOOK_SECRETS
    if not secrets:
        yield problem(
            "STRIPE_WEBHOOK_SECRET is not set, so every webhook is answered with 500. If there is no endpoint yet, "
            "--fix makes one and prints its secret; that of an existing one is in Stripe's dashboard, under Webhooks."
        )
    elif not all(secret.startswith("whsec_") for secret in secrets):
        yield problem("STRIPE_WEBHOOK_SECRET is not a signing secret: one begins with whsec_.")
    else:
        yield ok("STRIPE_WEBHOOK_SECRET is set; the next webhook shows whether it is the endpoint's.")


def _accepted(*, is_live: bool) -> Finding:
    try:
        next(gateway.product_pages(active=True))
        unknown = _products_unknown_to_stripe()
    except StripeMisconfigured as error:
        return problem(f"Stripe does not accept STRIPE_KEY: {error.message}")
    except StripeFailure as error:
        return problem(f"Stripe could not be reached: {error.message}")
    if unknown:
        return problem(f"STRIPE_KEY is for another account than this database: Stripe knows none of {some(unknown)}.")
    where = f" at {settings.STRIPE_API_BASE}, which stands in for Stripe" if settings.STRIPE_API_BASE else " by Stripe"
    return ok(f"STRIPE_KEY is a {'live' if is_live else 'test'} key and is accepted{where}.")


def _products_unknown_to_stripe() -> list[str]:
    """Return the products that were copied last, if Stripe knows none of them; else nothing."""
    newest = Product.objects.filter(is_deleted=False).order_by("-known_until", "pk")
    ids = list(newest.values_list("pk", flat=True)[:PRODUCTS_CHECKED])
    return [] if any(_is_at_stripe(pk) for pk in ids) else ids


def _is_at_stripe(product_id: str) -> bool:
    try:
        gateway.retrieve_product(product_id)
    except StripeMissing:
        return False
    return True
