"""Free trials: one for each person and product, unless the product allows more or staff grant another."""

from collections.abc import Iterable
from datetime import datetime

from django.contrib.auth.models import AnonymousUser

from billing.models import Price
from subscriptions.customers import services as customers
from subscriptions.models import CheckoutSession, Subscription, TrialGrant
from subscriptions.user_model import User


def days_of(price: Price, *, user: User) -> int:
    """Return the free days that this person gets with a new subscription to the price; 0 for none."""
    if not price.trial_days or price.product_id in used_by(user, [price]):
        return 0
    return price.trial_days


def used_by(user: User | AnonymousUser, prices: Iterable[Price]) -> set[str]:
    """Return the ids of the products whose trial this person has used up.

    At most six queries, and none if no price has a trial that is given only once.
    """
    limited = {price.product.pk for price in prices if price.trial_days and not price.product.can_be_tried_again}
    if not limited or not user.is_authenticated:
        return set()
    begun = _trials_begun(user)
    granted = _granted(user)
    return {
        product_id
        for product_id in limited & begun.keys()
        if product_id not in granted or granted[product_id] <= begun[product_id]
    }


def _trials_begun(user: User) -> dict[str, datetime]:
    """Return when this person's latest trial of each product began, on Stripe's clock.

    A subscription whose plan was changed since counts for the product that it was bought with, too.
    """
    ids = customers.ids_of(user)
    tried = Subscription.objects.filter(customer_id__in=ids, trial_end_at__isnull=False) if ids else ()
    began = {one.pk: one.stripe_created_at for one in tried if one.stripe_created_at}
    of_products = [(product_id, began[one.pk]) for one in tried if one.pk in began for product_id in one.product_ids]
    if began:
        bought = CheckoutSession.objects.filter(subscription_id__in=list(began))
        of_products += [
            (product_id, began[subscription_id])
            for subscription_id, product_id in bought.values_list("subscription_id", "product_id")
        ]
    latest: dict[str, datetime] = {}
    for product_id, moment in of_products:
        latest[product_id] = max(moment, latest.get(product_id, moment))
    return latest


def _granted(user: User) -> dict[str, datetime]:
    return dict(TrialGrant.objects.filter(user=user).order_by("granted_at").values_list("product_id", "granted_at"))
