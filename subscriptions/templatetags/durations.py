"""`{% load durations %}`: durations, times ago and large numbers, for pages of the admin."""

from datetime import datetime, timedelta

from django import template
from django.utils.html import format_html

from subscriptions import our_clock
from subscriptions.formatting import format_duration

register = template.Library()


@register.filter
def duration(span: timedelta | None) -> str:
    """45 s, 12 min, 5 h or 3 d; "never" for None."""
    return "never" if span is None else format_duration(span)


@register.filter
def ago(moment: datetime | None, now: datetime) -> str:
    """How long before `now`, as a `<time>` with the exact moment; "never" for None, the moment if it is to come."""
    if moment is None:
        return "never"
    exact = f"{moment:%Y-%m-%d %H:%M:%S} UTC"
    is_wrong = our_clock.is_impossible(moment, now=now)
    text = f"in the future: {exact}" if is_wrong else f"{format_duration(now - moment)} ago"
    return format_html('<time datetime="{}" title="{}">{}</time>', moment.isoformat(), exact, text)


@register.filter
def grouped(number: int) -> str:
    """12,345."""
    return f"{number:,}"
