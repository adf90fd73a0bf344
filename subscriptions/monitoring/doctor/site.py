"""Checks of the site: people get their mail, and browsers let buyers go on to Stripe's payment page."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from django.conf import settings

from subscriptions.models import CheckoutSession
from subscriptions.monitoring.doctor.endpoint import LOCAL_HOSTS
from subscriptions.monitoring.doctor.finding import Finding, ok, problem

DJANGO_BACKENDS = "django.core.mail.backends"
# Backends of Django that send no mail, and where they put it instead.
PLACES = {
    f"{DJANGO_BACKENDS}.console.EmailBackend": "the console or log",
    f"{DJANGO_BACKENDS}.filebased.EmailBackend": "a file",
    f"{DJANGO_BACKENDS}.locmem.EmailBackend": "the memory of the process",
    f"{DJANGO_BACKENDS}.dummy.EmailBackend": "nothing",
}


def check_mail() -> Iterator[Finding]:
    """Report mail that is not sent: in a log, links to new passwords could be read."""
    if reason := why_nobody_gets_mail():
        yield problem(reason)
    elif place := _place():
        yield ok(f"Mail goes to {place}, which is enough at an address of this machine.")
    else:
        yield ok("Mail is sent through the server in EMAIL_URL.")


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


def why_nobody_gets_mail() -> str:
    """Return what is wrong, if the site is in production and sends its mail to nobody; else an empty text."""
    place = _place()
    if not place or settings.DEBUG or urlsplit(settings.SITE_URL).hostname in LOCAL_HOSTS:
        return ""
    return (
        f"Mail goes to {place}: nobody gets a link to a new password, and a reader of that output could use it. "
        "Set EMAIL_URL, such as smtp+tls://USER:PASSWORD@HOST:587."
    )


def _place() -> str:
    """Return where mail is put instead of being sent; empty if it is sent."""
    # The site's own backend hands mails on to the one that EMAIL_URL names.
    backend = settings.EMAIL_BACKEND if settings.EMAIL_BACKEND in PLACES else settings.MAIL_TRANSPORT
    return PLACES.get(backend, "")
