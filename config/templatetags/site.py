"""The site's name in templates: a tag, because error pages are rendered without the request's context."""

from django import template
from django.conf import settings

register = template.Library()


@register.simple_tag
def site_name() -> str:
    """Return SITE_NAME; Django escapes it where the template does."""
    return str(settings.SITE_NAME)
