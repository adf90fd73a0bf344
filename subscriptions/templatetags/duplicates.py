"""`{% load duplicates %}`, then `{% twice_paid as found %}`: how many purchases were paid twice."""

from django import template

from subscriptions.payments import duplicates

register = template.Library()


@register.simple_tag(name="twice_paid")
def count_twice_paid() -> dict[str, int]:
    """`{"subscriptions": 1, "payments": 0}`; empty if nobody paid twice."""
    counts = {
        "subscriptions": len(duplicates.newer_subscriptions()),
        "payments": len(duplicates.newer_payments()),
    }
    return counts if any(counts.values()) else {}
