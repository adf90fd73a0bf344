"""Signing in makes a customer of a person who is not staff; saving a user sends what changed to Stripe, and keeps how
they are found."""

from functools import partial
from typing import Any

from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from django.db import transaction
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.utils import timezone

from subscriptions.customers import details
from subscriptions.customers import services as customers
from subscriptions.people import lookup
from subscriptions.user_model import User

WITHOUT_DETAILS = {"last_login", "password"}


@receiver(user_logged_in, dispatch_uid="subscriptions.ensure_customer")
def ensure_customer(user: User, **_: Any) -> None:
    customers.ensure_at_sign_in(user, now=timezone.now())


@receiver(post_save, sender=settings.AUTH_USER_MODEL, dispatch_uid="subscriptions.save_lookup_row")
def save_lookup_row(instance: User, created: bool, update_fields: Any = None, **_: Any) -> None:  # noqa: FBT001
    """Keep how a user is found by address and name."""
    if update_fields is None or not set(update_fields) <= WITHOUT_DETAILS:
        lookup.save_row(instance, is_new=created)


@receiver(post_save, sender=settings.AUTH_USER_MODEL, dispatch_uid="subscriptions.send_details")
def send_details(instance: User, created: bool, raw: bool, update_fields: Any = None, **_: Any) -> None:  # noqa: FBT001
    """Send another address or name to Stripe, after the transaction; if Stripe is away, the sync does it."""
    if created or raw or (update_fields is not None and set(update_fields) <= WITHOUT_DETAILS):
        return
    if details.note_change(instance):
        transaction.on_commit(partial(details.send_quickly, instance))
