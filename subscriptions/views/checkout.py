"""Plans and buying: authorize, parse, one call into the domain, render."""

from dataclasses import dataclass

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from billing.catalog import lookup
from billing.models import Price, Product
from subscriptions import access
from subscriptions.checkout import services as checkout
from subscriptions.checkout.errors import CannotBuy, NotYourSession
from subscriptions.models import Payment, Subscription
from subscriptions.views.requests import SignedInRequest, see_other

LONGEST_QUANTITY = 9


@dataclass(frozen=True)
class PriceOffer:
    """A price and what its button says: buy | subscribed | switch | owned."""

    price: Price
    state: str
    holding: Subscription | Payment | None


@dataclass(frozen=True)
class Offer:
    product: Product
    prices: list[PriceOffer]


@require_GET
def plans(request: HttpRequest) -> HttpResponse:
    holdings = access.holdings_of(request.user)
    by_product: dict[str, Offer] = {}
    for price in lookup.on_sale():
        offer = by_product.setdefault(price.product.pk, Offer(price.product, []))
        held = holdings.holding_of(price.product, price=price)
        offer.prices.append(PriceOffer(price, _state(price, held), held))
    products = list(by_product.values())
    names = [offer.product.name for offer in products if holdings.subscription_to(offer.product.pk)]
    adds = any(one.state == "buy" and one.price.is_recurring for offer in products for one in offer.prices)
    return render(request, "subscriptions/plans.html", {"offers": products, "held": names if adds else []})


def _state(price: Price, held: Subscription | Payment | None) -> str:
    match held:
        case None:
            return "buy"
        case Payment():
            return "owned"
        case Subscription():
            return "subscribed" if price.pk in held.price_ids else "switch"


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
        return render(request, "subscriptions/refused.html", {"message": str(error)}, status=400)
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
@access.required()
def members(request: HttpRequest) -> HttpResponse:
    """A sample of a page for members: whoever has any plan or purchase that gives access."""
    return render(request, "subscriptions/members.html")


@require_GET
def checkout_cancelled(request: HttpRequest) -> HttpResponse:
    return render(request, "subscriptions/checkout_cancelled.html")


def _quantity(typed: str) -> int:
    if not typed.strip():
        return 1
    if not (typed.isascii() and typed.strip().isdigit()) or len(typed) > LONGEST_QUANTITY:
        raise CannotBuy.bad_quantity()
    return int(typed)
