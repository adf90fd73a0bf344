"""How often the JSON API may be asked: per token, and per address for whoever has none that is good.

Counted in Django's cache by whole minutes. See docs/decisions/json-api.md for what several processes mean.
"""

import time
from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from ninja.throttling import BaseThrottle

from billing.api.refusals import Refusal
from subscriptions.models import ApiToken

WINDOW = 60

# A provider gives a household so much of IPv6, not one address.
HOUSEHOLD = 64


class PerCaller(BaseThrottle):
    """Counts what has been let in: a token by itself, anybody else by their address."""

    def allow_request(self, request: HttpRequest) -> bool:
        token = getattr(request, "auth", None)
        if isinstance(token, ApiToken):
            return _is_within(settings.API_RATE_PER_TOKEN, f"token-{token.pk}")
        return _is_within(settings.API_RATE_PER_ADDRESS, f"address-{address_of(request)}")

    def wait(self) -> float:
        return _seconds_left()


def count_address(request: HttpRequest) -> None:
    """Count one request of this address; raises Refusal (429) when it was one too many."""
    if not _is_within(settings.API_RATE_PER_ADDRESS, f"address-{address_of(request)}"):
        raise Refusal.too_many(_seconds_left())


def address_of(request: HttpRequest) -> str:
    """The caller's address. X-Forwarded-For is anybody's claim, save for what our own proxies put at its end."""
    address = str(request.META.get("REMOTE_ADDR", ""))
    if settings.TRUSTED_PROXIES:
        passed_on = request.headers.get("X-Forwarded-For", "").split(",")
        if len(passed_on) >= settings.TRUSTED_PROXIES:
            address = passed_on[-settings.TRUSTED_PROXIES].strip()
    try:
        parsed = ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, IPv6Address):
        return str(ip_network((parsed, HOUSEHOLD), strict=False))
    return str(parsed)


def _is_within(per_minute: int, who: str) -> bool:
    if not per_minute:
        return True
    key = f"api-{who}-{int(time.time()) // WINDOW}"
    cache.add(key, 0, timeout=2 * WINDOW)
    try:
        return cache.incr(key) <= per_minute
    except ValueError:
        # A full cache has just dropped it: whoever fills it would otherwise shut everybody out.
        return True


def _seconds_left() -> int:
    """Until the next minute begins, and all are counted from nought again."""
    return WINDOW - int(time.time()) % WINDOW
