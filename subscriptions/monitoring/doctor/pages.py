"""Checks that browsers let buyers go on from this site's buttons to Stripe's payment page."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from django.conf import settings

from subscriptions.models import CheckoutSession
from subscriptions.monitoring.doctor.finding import Finding, problem


def check_form_targets() -> Iterator[Finding]:
    """Report a payment page whose address the site's Content-Security-Policy does not let forms lead to."""
    newest = (
        CheckoutSession.objects.filter(status=CheckoutSession.Status.OPEN)
        .exclude(url="")
        .order_by("-claimed_at")
        .first()
    )
    if newest is None:
        return
    parts = urlsplit(newest.url)
    origin = f"{parts.scheme}://{parts.netloc}"
    if origin not in settings.FORM_TARGETS:
        yield problem(
            f"Stripe's payment page is at {origin}, and browsers don't let our buttons lead there: "
            f"add CHECKOUT_ORIGINS={origin} to .env and restart."
        )
