"""Tokens of the links for a forgotten password: Django's own, and none from the future."""

from typing import Any

from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.utils.http import base36_to_int

from subscriptions.our_clock import CLOCKS_AGREE_WITHIN


class ResetTokens(PasswordResetTokenGenerator):
    """One made while the clock was ahead would otherwise be valid until long after it should have expired."""

    def check_token(self, user: Any, token: str | None) -> bool:
        return super().check_token(user, token) and self._is_from_the_past(str(token))

    def _is_from_the_past(self, token: str) -> bool:
        now: int = self._num_seconds(self._now())
        return base36_to_int(token.partition("-")[0]) <= now + CLOCKS_AGREE_WITHIN.total_seconds()


reset_tokens = ResetTokens()
