"""Which products a person has, by subscription or one-time purchase. Only the mirror is read.

if access.has_access(request.user, product="prod_…"): …      in Python; without a product: any subscription
@access.required(product="prod_…")                           a view
class Members(access.Required, TemplateView): …              a class-based view
{% if user|has_access:"prod_…" %}                            a template, after {% load access %}
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect

from billing.linked import linked
from billing.models import Price, Product
from subscriptions import stripe_clock
from subscriptions.models import BillingAccount, Payment, Subscription
from subscriptions.user_model import User

View = Callable[..., HttpResponseBase]


@dataclass(frozen=True)
class Holdings:
    """The running subscriptions and standing one-time purchases of one person, and the customer they buy with.

    `failed` are subscriptions whose first payment failed: they bar nothing.
    """

    subscriptions: list[Subscription]
    payments: list[Payment]
    buys_with: str = ""
    failed: tuple[Subscription, ...] = ()

    def subscription_to(self, product_id: str) -> Subscription | None:
        return next((held for held in self.subscriptions if product_id in held.product_ids), None)

    def failed_order_of(self, product_id: str) -> Subscription | None:
        return next((order for order in self.failed if product_id in order.product_ids), None)

    def purchase_of(self, product_id: str) -> Payment | None:
        return next((held for held in self.payments if held.product_id == product_id), None)

    def holding_of(self, product: Product, *, price: Price) -> Subscription | Payment | None:
        """Return the subscription or payment that makes buying `price` paying twice; None if there is none."""
        if not price.is_recurring and product.can_be_bought_again:
            return None
        return self.subscription_to(product.pk) or self.purchase_of(product.pk)

    def other_currency(self, price: Price) -> str:
        """Return the currency that rules out a subscription to `price` in its own currency; empty if none does.

        Stripe bills all subscriptions of a customer in one currency, and a subscription stays in its currency.
        """
        if not price.is_recurring:
            return ""
        changing = self.subscription_to(str(price.product_id))
        beside = [held for held in self.subscriptions if held.customer_id == self.buys_with]
        currencies = (held.currency for held in ([changing] if changing else beside))
        return next((currency for currency in currencies if currency not in ("", price.currency)), "")


NOTHING = Holdings([], [])


def has_access(user: User | AnonymousUser, product: Product | str | None = None) -> bool:
    """Whether a subscription or purchase gives this person access to the product.

    Without a product: whether they have a running subscription to any plan; one-time purchases do not count. Three
    queries, or four if no subscription gives access to the product.
    """
    if not user.is_authenticated:
        return False
    product_id = product.pk if isinstance(product, Product) else product
    now = stripe_clock.now()
    ids = BillingAccount.objects.customer_ids_of(user)
    if not ids:
        return False
    subscriptions = linked(Subscription.objects.running().filter(customer__in=ids), "product")
    if any(
        subscription.gives_access_at(now)
        for subscription in subscriptions
        if product_id is None or product_id in subscription.product_ids
    ):
        return True
    if product_id is None:
        return False
    return Payment.objects.giving_access().filter(customer__in=ids, product_id=product_id).exists()


def required(product: Product | str | None = None) -> Callable[[View], View]:
    """Show the view only to people with access; others are sent to sign in or to the plans."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            return _redirect_without_access(request, product) or view(request, *args, **kwargs)

        return guarded

    return decorate


class Required:
    """Like `required`, for a class-based view: `access_product` names the product; None means any subscription."""

    access_product: Product | str | None = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        redirection = _redirect_without_access(request, self.access_product)
        return redirection or super().dispatch(request, *args, **kwargs)  # type: ignore[misc]


def holdings_of(user: User | AnonymousUser) -> Holdings:
    """Four queries, and one for each first payment that is pending; one for a person without a customer, none for one
    who is not signed in."""
    ids = BillingAccount.objects.customer_ids_of(user) if user.is_authenticated else []
    if not ids:
        return NOTHING
    running = list(Subscription.objects.running().filter(customer__in=ids))
    failed = tuple(one for one in running if one.has_failed_to_start)
    return Holdings(
        [one for one in running if one not in failed],
        list(Payment.objects.standing().filter(customer__in=ids)),
        buys_with=ids[0],
        failed=failed,
    )


def _redirect_without_access(request: HttpRequest, product: Product | str | None) -> HttpResponse | None:
    if not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path())
    if has_access(request.user, product):
        return None
    messages.info(request, "This page is for members. Choose a plan to see it.")
    return redirect("plans")
