"""`{% load dates %}`, then `{{ moment|day }}`: a date for people, with the exact moment for programs."""

from datetime import datetime

from django import template
from django.utils.dateformat import format as format_date
from django.utils.html import format_html

register = template.Library()


@register.filter
def day(moment: datetime | None) -> str:
    """3 May 2026, as a `<time>`; an empty string for None."""
    if not moment:
        return ""
    return format_html('<time datetime="{}">{}</time>', moment.isoformat(), format_date(moment, "j F Y"))
