"""Buying: the Buy button, and the pages that Stripe's payment page leads back to."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from subscriptions.checkout import services as checkout
from subscriptions.checkout.errors import CannotBuy, NotYourSession
from subscriptions.views.shared import SignedInRequest, refuse, see_other

LONGEST_QUANTITY = 9


@require_POST
def buy(request: HttpRequest, price_id: str) -> HttpResponse:
    if not request.user.is_authenticated:
        # A purchase is not started by the GET that follows signing in: the buyer chooses again.
        messages.info(request, "Sign in or sign up first, then choose your plan again. Nothing was charged.")
        return redirect_to_login(reverse("plans"))
    try:
        quantity = _quantity(request.POST.get("quantity", ""))
        started = checkout.start(user=request.user, price_id=price_id, quantity=quantity, now=timezone.now())
    except CannotBuy as error:
        return refuse(request, str(error))
    if started.held:
        messages.info(request, "You already have this. Nothing was charged.")
        return redirect("account")
    return see_other(started.url)


@require_GET
@never_cache
@login_required
def checkout_success(request: SignedInRequest) -> HttpResponse:
    try:
        result = checkout.complete(user=request.user, session_id=request.GET.get("session_id", ""))
    except NotYourSession as error:
        raise Http404("no such checkout session") from error
    context = {
        "session": result.session,
        "state": result.state,
        "subscription": result.subscription,
        "payment": result.payment,
    }
    return render(request, "subscriptions/checkout_success.html", context)


@require_GET
def checkout_cancelled(request: HttpRequest) -> HttpResponse:
    return render(request, "subscriptions/checkout_cancelled.html")


def _quantity(typed: str) -> int:
    if not typed.strip():
        return 1
    if not (typed.isascii() and typed.strip().isdigit()) or len(typed) > LONGEST_QUANTITY:
        raise CannotBuy.bad_quantity()
    return int(typed)
