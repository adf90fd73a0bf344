"""`{% load access %}`, then `{% if user|has_access:"prod_…" %}`; `{% if user|has_access %}` for any subscription."""

from django import template
from django.contrib.auth.models import AnonymousUser

from billing.models import Product
from subscriptions import access
from subscriptions.user_model import User

register = template.Library()


@register.filter
def has_access(user: User | AnonymousUser, product: Product | str | None = None) -> bool:
    return access.has_access(user, product or None)
