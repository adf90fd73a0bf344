"""The page of plans, and a sample of a page for members."""

from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from billing import money
from billing.catalog import lookup
from billing.models import Price, Product
from subscriptions import access
from subscriptions.access import Holdings
from subscriptions.checkout import trials
from subscriptions.models import Payment, Subscription
from subscriptions.user_model import User


@dataclass(frozen=True)
class PriceOffer:
    """A price, the free days with it, and its button.

    Its state is buy | awaited | unfinished | subscribed | switch | part | owned | other_currency; `part` is another
    price of a product that a subscription has besides its plan.

    `has_failed` says that the first payment of this person's last order failed.
    `other_currency` is the one that this person's subscriptions are billed in, if it rules this price out.
    `trial_is_used` says that the price has a trial which this person has had.
    """

    price: Price
    state: str
    holding: Subscription | Payment | None
    trial_days: int
    trial_is_used: bool
    other_currency: str = ""
    has_failed: bool = False

    @property
    def amount_display(self) -> str:
        """What one costs; somebody who has it reads that in the currency that they are billed in."""
        if self.state != "subscribed" or self.holding is None or self.holding.currency in {"", self.price.currency}:
            return self.price.amount_display
        currency = self.holding.currency
        amount = self.price.unit_amount_in(currency)
        return f"billed in {currency.upper()}" if amount is None else money.display(amount, currency)


@dataclass(frozen=True)
class Offer:
    product: Product
    prices: list[PriceOffer]


def offer_of(price: Price, user: User | AnonymousUser) -> PriceOffer:
    """Return how this price is offered to this person."""
    return _price_offer(price, access.holdings_of(user), trials.used_by(user, [price]))


@require_GET
def plans(request: HttpRequest) -> HttpResponse:
    holdings = access.holdings_of(request.user)
    on_sale = lookup.products_on_sale()
    used = trials.used_by(request.user, [price for offered in on_sale for price in offered.prices])
    offers = [
        Offer(offered.product, [_price_offer(price, holdings, used) for price in offered.prices])
        for offered in on_sale
    ]
    held = {offer.product.name: holdings.subscription_to(offer.product.pk) for offer in offers}
    incomplete = Subscription.Status.INCOMPLETE
    names = [name for name, subscription in held.items() if subscription and subscription.status != incomplete]
    can_switch = any(subscription.can_change for subscription in held.values() if subscription)
    adds = any(one.state == "buy" and one.price.is_recurring for offer in offers for one in offer.prices)
    context = {"offers": offers, "held": names if adds else [], "can_switch": can_switch}
    return render(request, "subscriptions/plans.html", context)


def _price_offer(price: Price, holdings: Holdings, used: set[str]) -> PriceOffer:
    held = holdings.holding_of(price.product, price=price)
    is_used = bool(price.trial_days) and price.product_id in used
    days = 0 if is_used else price.trial_days or 0
    other_currency = holdings.other_currency(price)
    state = _state(price, held, is_possible=not other_currency)
    failed = holdings.failed_order_of(str(price.product_id))
    has_failed = failed is not None and price.pk in failed.price_ids
    return PriceOffer(price, state, held, days, is_used, other_currency, has_failed)


def _state(price: Price, held: Subscription | Payment | None, *, is_possible: bool) -> str:
    match held:
        case Payment():
            return "awaited" if held.is_awaited else "owned"
        case Subscription(status=Subscription.Status.INCOMPLETE):
            return "awaited" if held.awaited else "unfinished"
        case Subscription() if price.pk in held.price_ids:
            return "subscribed"
    if not is_possible:
        return "other_currency"
    if held is None:
        return "buy"
    return "switch" if held.product_id == price.product_id else "part"


@require_GET
@access.required()
def members(request: HttpRequest) -> HttpResponse:
    """A sample page for everyone with a subscription that gives access."""
    return render(request, "subscriptions/members.html")
