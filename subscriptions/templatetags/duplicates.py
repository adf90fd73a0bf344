"""`{% load duplicates %}`, then `{% twice_paid as found %}`: how many purchases were paid twice.

`{% paid_after_cancel as late %}`: how many were paid after they were cancelled, and are to be refunded.

`{% failed_refunds as failed %}`: how many refunds failed, so that their customers have no money back.
"""

from django import template

from subscriptions import stripe_clock
from subscriptions.payments import duplicates
from subscriptions.payments import failed_refunds as refunds_that_failed
from subscriptions.payments import paid_after_cancel as late_payments

register = template.Library()


@register.simple_tag(name="twice_paid")
def count_twice_paid() -> dict[str, int]:
    """`{"subscriptions": 1, "payments": 0}`; empty if nobody paid twice."""
    counts = {
        "subscriptions": len(duplicates.newer_subscriptions()),
        "payments": len(duplicates.newer_payments()),
    }
    return counts if any(counts.values()) else {}


@register.simple_tag(name="paid_after_cancel")
def count_paid_after_cancel() -> int:
    return len(late_payments.find())


@register.simple_tag(name="failed_refunds")
def count_failed_refunds() -> int:
    return len(refunds_that_failed.find(now=stripe_clock.now()))
