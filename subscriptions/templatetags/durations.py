"""`{% load spans %}`: lengths of time, how long ago something was, and large numbers, for pages that staff look at."""

from datetime import datetime, timedelta

from django import template
from django.utils.html import format_html

from subscriptions.formatting import format_duration

register = template.Library()


@register.filter
def in_words(span: timedelta | None) -> str:
    """45 s, 12 min, 5 h or 3 d; "never" for none."""
    return "never" if span is None else format_duration(span)


@register.filter
def ago(moment: datetime | None, now: datetime) -> str:
    """How long before `now`, as a `<time>` that says the moment too; "never" for none."""
    if moment is None:
        return "never"
    shown, exact = format_duration(now - moment), f"{moment:%Y-%m-%d %H:%M:%S} UTC"
    return format_html('<time datetime="{}" title="{}">{} ago</time>', moment.isoformat(), exact, shown)


@register.filter
def grouped(number: int) -> str:
    """12,345."""
    return f"{number:,}"
