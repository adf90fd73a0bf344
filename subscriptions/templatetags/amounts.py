"""`{% load amounts %}`, then `{{ subscription|costs }}`: what a subscription costs, after its discounts.

`{{ subscription|together }}` is what its items cost together, if there is something to add up.
"""

from django import template

from subscriptions.models import Subscription
from subscriptions.plans import amount_words

register = template.Library()


@register.filter
def costs(subscription: Subscription) -> str:
    """$9.50 per month, 50% off until 3 May 2027; $19.00 after."""
    return amount_words.of(subscription)


@register.filter
def together(subscription: Subscription) -> str:
    """$25.00 per month."""
    return amount_words.together(subscription)
