"""Signing in makes sure that a person who is not staff has a Stripe customer."""

from typing import Any

from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver

from subscriptions.customers import services as customers
from subscriptions.user_model import User


@receiver(user_logged_in, dispatch_uid="subscriptions.ensure_customer")
def ensure_customer(user: User, **_: Any) -> None:
    customers.ensure_at_sign_in(user)
