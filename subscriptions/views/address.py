"""Confirming one's e-mail address, so that purchases made with it elsewhere are added to the account."""

import logging
from datetime import datetime

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.mail import send_mail
from django.http import HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from subscriptions import limits
from subscriptions.customers import confirming, linking
from subscriptions.limits import TooMany, Try
from subscriptions.views.shared import SignedInRequest, refuse, see_other

logger = logging.getLogger(__name__)

SECONDS_BETWEEN_MAILS = 60


@require_POST
@login_required
def ask(request: SignedInRequest) -> HttpResponse:
    """Mail the link, or add the purchases at once if the address is confirmed already."""
    if not request.user.email:
        return refuse(request, "Your account has no e-mail address.")
    if confirming.is_confirmed(request.user):
        return _add(request)
    try:
        _send_unless_just_sent(request, timezone.now())
    except OSError:
        logger.exception("the mail to confirm an address was not sent")
        return refuse(request, "We can't send mail right now. Nothing was sent; please try again later.")
    messages.success(request, f"We have sent a link to {request.user.email}. Open it to confirm the address.")
    return see_other(reverse("account"))


@require_http_methods(["GET", "POST"])
@never_cache
@login_required
def confirm(request: SignedInRequest, token: str) -> HttpResponse:
    """Ask with a button: programs that check mails follow links, too."""
    try:
        if request.method == "POST":
            confirming.confirm(user=request.user, token=token, now=timezone.now())
            return _add(request)
        confirming.check(user=request.user, token=token)
    except confirming.BadLink:
        return refuse(
            request,
            "This link has expired, or it was sent to another account or address. You can ask for a new one on your "
            "account page.",
        )
    return render(request, "subscriptions/confirm_address.html")


def _add(request: SignedInRequest) -> HttpResponse:
    if linking.link_confirmed(user=request.user, now=timezone.now()):
        messages.success(request, "Your address is confirmed, and what was bought with it is part of this account.")
    else:
        messages.success(request, "Your address is confirmed. There is nothing to add.")
    return see_other(reverse("account"))


def _send_unless_just_sent(request: SignedInRequest, now: datetime) -> None:
    """Mail the link, at most once a minute. Raises TooMany, or OSError if the mail can't be sent."""
    again = Try("address mail", str(request.user.pk), 1, SECONDS_BETWEEN_MAILS)
    tries = Try.by("MAIL", request=request, account=request.user.email)
    try:
        limits.take(again, now=now)
    except TooMany:
        return
    try:
        limits.take(*tries, now=now)
    except TooMany:
        limits.give_back(again, now=now)
        raise
    try:
        _send(request)
    except OSError:
        limits.give_back(again, *tries, now=now)
        raise


def _send(request: SignedInRequest) -> None:
    link = settings.SITE_URL + reverse("address_confirm", args=[confirming.token_for(request.user)])
    context = {"link": link, "name": request.user.get_username()}
    body = render_to_string("subscriptions/mail/confirm_address.txt", context)
    send_mail(f"Confirm your address for {settings.SITE_NAME}", body, None, [request.user.email])
