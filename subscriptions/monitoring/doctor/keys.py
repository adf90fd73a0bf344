"""The two keys of `.env`: there, of the right kind, and taken by Stripe."""

from collections.abc import Iterator

from django.conf import settings

from billing import gateway
from billing.errors import StripeFailure, StripeMisconfigured, StripeMissing
from billing.models import Product
from subscriptions.monitoring.doctor.finding import Finding, ok, problem, some

# One or two products may have been deleted at Stripe; when it knows none of so many, it is another account.
ASKED_FOR = 3


def check_key() -> Iterator[Finding]:
    """An `ok` only where every call to Stripe can be relied on, and is one to the account of our rows."""
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
        yield problem(
            "STRIPE_WEBHOOK_SECRET is not set, so every webhook is answered with 500. Where there is no endpoint yet, "
            "--fix makes one and prints its secret; that of one you have is in Stripe's dashboard, under Webhooks."
        )
    elif not all(secret.startswith("whsec_") for secret in secrets):
        yield problem("STRIPE_WEBHOOK_SECRET is not a signing secret: one begins with whsec_.")
    else:
        yield ok("STRIPE_WEBHOOK_SECRET is set; that it is the endpoint's own, the next webhook shows.")


def _taken(*, is_live: bool) -> Finding:
    try:
        next(gateway.product_pages(active=True))
        strangers = _not_at_stripe()
    except StripeMisconfigured as error:
        return problem(f"Stripe does not take STRIPE_KEY: {error.message}")
    except StripeFailure as error:
        return problem(f"Stripe could not be asked: {error.message}")
    if strangers:
        return problem(
            f"STRIPE_KEY is another account's, or this database is: Stripe knows none of {some(strangers)}."
        )
    where = f" at {settings.STRIPE_API_BASE}, which stands in for Stripe" if settings.STRIPE_API_BASE else " by Stripe"
    return ok(f"STRIPE_KEY is a {'live' if is_live else 'test'} key and is taken{where}.")


def _not_at_stripe() -> list[str]:
    """The last products that we heard of, if Stripe knows none of them."""
    newest = Product.objects.filter(is_deleted=False).order_by("-known_until", "pk")
    ids = list(newest.values_list("pk", flat=True)[:ASKED_FOR])
    return [] if any(_is_at_stripe(pk) for pk in ids) else ids


def _is_at_stripe(product_id: str) -> bool:
    try:
        gateway.retrieve_product(product_id)
    except StripeMissing:
        return False
    return True
