"""Buying: the Buy button, and the pages that Stripe's payment page leads back to."""

from datetime import timedelta
from http import HTTPStatus
from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from billing.linked import linked
from billing.models import Price
from subscriptions import limits
from subscriptions.checkout import services as checkout
from subscriptions.checkout.errors import CannotBuy, NotYourSession
from subscriptions.limits import Try
from subscriptions.views import plans
from subscriptions.views.shared import SignedInRequest, refuse, refuse_two_answers, see_other

LONGEST_QUANTITY = 9

HELD = {
    "awaited": "You have ordered this, and we're waiting for your payment. You need not pay again.",
    "unfinished": "You have ordered this, and its first payment has not gone through yet. Nothing more was charged.",
    "held": "You already have this. Nothing was charged.",
}

# In the session: what was chosen before signing in, and how long it counts.
CHOSEN = "chosen_before_sign_in"
CHOICE_LASTS = timedelta(hours=1)


@require_http_methods(["GET", "POST"])
@never_cache
@refuse_two_answers
def buy(request: HttpRequest, price_id: str) -> HttpResponse:
    """Show one price with its Buy button; a POST starts its checkout, after signing in if necessary."""
    if request.method == "GET" and not _was_chosen(request, price_id):
        return _offer(request, price_id)
    try:
        if request.user.is_authenticated:
            return _start(cast("SignedInRequest", request), price_id)
        return _sign_in_first(request, price_id)
    except CannotBuy as error:
        request.session.pop(CHOSEN, None)
        return refuse(request, str(error))


def _offer(request: HttpRequest, price_id: str) -> HttpResponse:
    price = linked(Price.objects.filter(pk=price_id), "product").first()
    if price is None:
        raise Http404("no such price")
    if not price.is_on_sale:
        context = {"message": CannotBuy.not_on_sale() if price.is_plain else CannotBuy.varies(price)}
        return render(request, "subscriptions/refused.html", context, status=HTTPStatus.GONE)
    return render(request, "subscriptions/buy.html", {"price": price, "item": plans.offer_of(price, request.user)})


def _start(request: SignedInRequest, price_id: str) -> HttpResponse:
    typed = request.POST.get("quantity", "") if request.method == "POST" else request.session[CHOSEN]["quantity"]
    now = timezone.now()
    limits.take(*Try.by("BUY", request=request, account=str(request.user.pk)), now=now)
    started = checkout.start(user=request.user, price_id=price_id, quantity=_quantity(typed), now=now)
    request.session.pop(CHOSEN, None)
    if started.held:
        messages.info(request, HELD[started.held_state])
        return redirect("account")
    return see_other(started.url)


def _sign_in_first(request: HttpRequest, price_id: str) -> HttpResponse:
    """Remember the choice in the browser's session: after signing in, this page goes straight on to checkout."""
    quantity = request.POST.get("quantity", "")
    checkout.price_to_buy(price_id, quantity=_quantity(quantity))
    request.session[CHOSEN] = {"price": price_id, "quantity": quantity, "at": timezone.now().timestamp()}
    messages.info(request, "Sign up or log in, and you go straight on to payment. Nothing is charged yet.")
    return redirect_to_login(reverse("buy", kwargs={"price_id": price_id}))


def _was_chosen(request: HttpRequest, price_id: str) -> bool:
    """Whether this person pressed this price's button a moment ago, before signing in."""
    chosen = request.session.get(CHOSEN)
    if not request.user.is_authenticated or chosen is None or chosen["price"] != price_id:
        return False
    is_recent: bool = 0 <= timezone.now().timestamp() - chosen["at"] <= CHOICE_LASTS.total_seconds()
    if not is_recent:
        del request.session[CHOSEN]
    return is_recent


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
        "awaited": result.awaited,
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
