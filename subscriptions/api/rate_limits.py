"""Rate limits of the JSON API: per token, and per IP address for requests without a usable token.

Counted in Django's cache by whole minutes; docs/decisions/json-api.md explains the effect of several processes.
"""

import logging
import time

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from ninja.throttling import BaseThrottle

from billing.api.refusals import Refusal
from subscriptions.limits import address_of
from subscriptions.models import ApiToken

logger = logging.getLogger(__name__)

WINDOW = 60


class PerCaller(BaseThrottle):
    """Counts accepted requests, by token or else by address."""

    def allow_request(self, request: HttpRequest) -> bool:
        token = getattr(request, "auth", None)
        if isinstance(token, ApiToken):
            return _is_within(settings.API_RATE_PER_TOKEN, f"token-{token.pk}")
        return _is_within(settings.API_RATE_PER_ADDRESS, f"address-{address_of(request)}")

    def wait(self) -> float:
        return _seconds_left()


def count_address(request: HttpRequest) -> None:
    """Count one request of this address. Raises Refusal (429) if the limit is exceeded."""
    if not _is_within(settings.API_RATE_PER_ADDRESS, f"address-{address_of(request)}"):
        raise Refusal.too_many(_seconds_left())


def _is_within(per_minute: int, caller: str) -> bool:
    if not per_minute:
        return True
    key = f"api-{caller}-{int(time.time()) // WINDOW}"
    try:
        cache.add(key, 0, timeout=2 * WINDOW)
        return cache.incr(key) <= per_minute
    except ValueError:
        # A full cache has just dropped the counter. Refusing here would let anyone who fills it lock everybody out.
        return True
    except Exception as error:  # noqa: BLE001  (each cache raises its own)
        logger.warning("the cache does not count: %s", type(error).__name__)
        return True


def _seconds_left() -> int:
    """Return the seconds until the next minute begins, when all counters start at zero."""
    return WINDOW - int(time.time()) % WINDOW
