"""How often people may try to sign in, sign up, have their password reset, and buy: by address and by account.

Counted in the database, so that all processes and machines share the counts; changes are compare-and-set, so that
tries at the same moment count each. With CACHE_URL they are counted in that cache.
"""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Self

from django.conf import settings
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.db.models import F
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from subscriptions import our_clock
from subscriptions.formatting import format_duration
from subscriptions.models import RateCount
from subscriptions.models.person_lookup import fold

logger = logging.getLogger(__name__)

QUARTER = 15 * 60
MINUTE = 60

# Providers assign a household a network of this size, not one address.
IPV6_PREFIX = 64

# A turn is lost when another process counts the same thing for the first time.
MAX_TURNS = 3


class TooMany(Exception):
    """The limit is reached; after `seconds`, tries are counted from zero again."""

    def __init__(self, seconds: int) -> None:
        self.seconds = max(seconds, 1)
        super().__init__(f"Too many tries. Please wait {format_duration(timedelta(seconds=self.seconds))}.")


@dataclass(frozen=True)
class Try:
    """One try to count: `who` may make `at_most` tries of this `kind` in `seconds`; 0 is no limit."""

    kind: str
    who: str
    at_most: int
    seconds: int = QUARTER

    @classmethod
    def by(cls, action: str, *, request: HttpRequest, account: str = "") -> tuple[Self, ...]:
        """Return the tries to count for an action, such as "SIGN_IN": of the address, and of the account if known."""
        by_address = getattr(settings, f"{action}_RATE_PER_ADDRESS")
        tries = [cls(f"{action} address", address_of(request), by_address)]
        if account:
            tries.append(cls(f"{action} account", fold(account), getattr(settings, f"{action}_RATE_PER_ACCOUNT")))
        return tuple(tries)


def take(*tries: Try, now: datetime) -> None:
    """Count tries, in this order. Raises TooMany for the first that exceeds its limit, which is not counted."""
    count = _count_in_cache if settings.COUNTS_IN_CACHE else _count
    for one in tries:
        if one.at_most and not count(one, now):
            raise TooMany(_seconds_left(one, now))


def give_back(*tries: Try, now: datetime) -> None:
    """Take back tries that were successful or never made."""
    for one in tries:
        if settings.COUNTS_IN_CACHE:
            _give_back_to_cache(one, now)
        else:
            RateCount.objects.filter(pk=_key(one, now), count__gt=0).update(count=F("count") - 1)


def delete_old(*, now: datetime) -> None:
    """Delete counts that are over, also those of a clock that was wrong."""
    RateCount.objects.filter(expires_at__lt=now).delete()
    longest = timedelta(seconds=2 * QUARTER)
    RateCount.objects.filter(our_clock.impossible("expires_at", now=now, at_most=longest)).delete()


def address_of(request: HttpRequest) -> str:
    """Return the caller's address. Anybody can send X-Forwarded-For; only entries of our own proxies are trusted."""
    address = str(request.META.get("REMOTE_ADDR", ""))
    if settings.TRUSTED_PROXIES:
        forwarded = request.headers.get("X-Forwarded-For", "").split(",")
        if len(forwarded) >= settings.TRUSTED_PROXIES:
            address = forwarded[-settings.TRUSTED_PROXIES].strip()
    try:
        parsed = ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, IPv6Address):
        return str(ip_network((parsed, IPV6_PREFIX), strict=False))
    return str(parsed)


def _count_in_cache(one: Try, now: datetime) -> bool:
    """Like `_count`, in the cache; in the database if the cache does not answer."""
    key = _key(one, now)
    try:
        cache.add(key, 0, timeout=one.seconds)
        if cache.incr(key) <= one.at_most:
            return True
        cache.decr(key)
    except Exception as error:  # noqa: BLE001  (each cache raises its own)
        logger.warning("the cache does not count: %s", type(error).__name__)
        return _count(one, now)
    return False


def _give_back_to_cache(one: Try, now: datetime) -> None:
    try:
        cache.decr(_key(one, now))
    except Exception as error:  # noqa: BLE001  (each cache raises its own)
        logger.warning("the cache does not count: %s", type(error).__name__)


def _count(one: Try, now: datetime) -> bool:
    """Count a try unless its limit is reached. A refused try writes nothing, so a flood of them only reads."""
    rows = RateCount.objects.filter(pk=_key(one, now))
    for _ in range(MAX_TURNS):
        known = rows.values_list("count", flat=True).first()
        if known is not None and known >= one.at_most:
            return False
        if known is not None and rows.filter(count__lt=one.at_most).update(count=F("count") + 1):
            return True
        if known is None and _begin(one, now):
            return True
    return False


def _begin(one: Try, now: datetime) -> bool:
    delete_old(now=now)
    expires_at = datetime.fromtimestamp((_span(one, now) + 1) * one.seconds, UTC)
    try:
        with transaction.atomic():
            RateCount.objects.create(pk=_key(one, now), count=1, expires_at=expires_at)
    except IntegrityError:
        return False
    return True


def _key(one: Try, now: datetime) -> str:
    text = f"{one.kind}\0{one.who}\0{_span(one, now)}"
    return salted_hmac(__name__, text, algorithm="sha256").hexdigest()


def _span(one: Try, now: datetime) -> int:
    return int(now.timestamp()) // one.seconds


def _seconds_left(one: Try, now: datetime) -> int:
    return one.seconds - int(now.timestamp()) % one.seconds
