"""`manage.py create_api_token`: create a token of the JSON API and print it once."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from subscriptions.customers import api_tokens, api_users
from subscriptions.models import ApiToken

MAX_NAME = 100
MAX_DAYS = 100 * 365


class Command(BaseCommand):
    help = (
        "Print a new API token that acts as this user. Tokens of staff act for anyone, as far as their permissions "
        "in the admin go, others only for their owner; --rights makes one that may do less."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", metavar="USERNAME", help="the owner of the token")
        parser.add_argument("--name", default="made by command", help="what it is for")
        parser.add_argument(
            "--expires-days", type=int, metavar="DAYS", help="days until it expires; by default, never"
        )
        parser.add_argument(
            "--rights",
            choices=ApiToken.Rights.values,
            default=ApiToken.Rights.FULL.value,
            help="full: all that its owner may do (the default); read: look, but change nothing; own: act for its "
            "owner alone, without staff powers; read_own: look at its owner's own data alone",
        )

    def handle(self, *, username: str, name: str, expires_days: int | None, rights: str, **_: Any) -> None:
        user = api_users.find(username)
        if user is None or not user.is_active:
            raise CommandError(f"there is no active user {username}")
        if not 1 <= len(name) <= MAX_NAME:
            raise CommandError(f"--name must have 1 to {MAX_NAME} characters")
        if expires_days is not None and not 1 <= expires_days <= MAX_DAYS:
            raise CommandError(f"--expires-days must be from 1 to {MAX_DAYS}")
        now = timezone.now()
        expires_at = None if expires_days is None else now + timedelta(days=expires_days)
        _token, text = api_tokens.create(user=user, name=name, rights=rights, expires_at=expires_at, now=now)
        self.stdout.write(text)
