"""`{% load disputes %}`, then `{% waiting_disputes as found %}`: the disputes that staff have to answer."""

from django import template

from subscriptions import stripe_clock
from subscriptions.monitoring import dispute_deadlines
from subscriptions.monitoring.dispute_deadlines import WaitingDisputes

register = template.Library()


@register.simple_tag(name="waiting_disputes")
def find_waiting_disputes() -> WaitingDisputes | None:
    """Return how many wait, and the first deadline; None if none do."""
    found = dispute_deadlines.find(now=stripe_clock.now())
    return found if found.total else None
