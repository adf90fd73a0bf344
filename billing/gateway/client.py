"""How each call to Stripe is made: client, time-outs, retries, rate, and the SDK's errors turned into ours."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

import stripe
from django.conf import settings

from billing.errors import (
    IDEMPOTENCY_CONFLICT,
    StripeFailure,
    StripeMisconfigured,
    StripeMissing,
    StripeRefused,
    StripeUnavailable,
)
from billing.gateway import rate_limit, request_budget, transport
from billing.gateway.snapshots import Page, Snapshot

if TYPE_CHECKING:
    from stripe import StripeObject

Answer = TypeVar("Answer")

API_VERSION = "2026-10-28.endive"

# Time-outs in seconds (to connect, to read), and the number of retries.
PATIENT = (3.05, 10), 2
QUICK = (2, 2), 0

stripe.enable_telemetry = False

_quick: ContextVar[bool] = ContextVar("quick", default=False)
_calls: ContextVar["CallCount | None"] = ContextVar("calls", default=None)
_replaced: stripe.HTTPClient | None = None


class CallCount:
    """The number of calls made inside a `counting()` block, over all its threads."""

    def __init__(self) -> None:
        self.total = 0
        self._lock = Lock()

    def add(self) -> None:
        with self._lock:
            self.total += 1


def use_transport(client: stripe.HTTPClient | None) -> None:
    """Send calls through another HTTP client, such as the sandbox's in-process one; None restores the usual one."""
    global _replaced  # noqa: PLW0603  (one per process, like the client itself)
    _replaced = client and transport.BodyKeeper(client)
    _client.cache_clear()


@contextmanager
def quickly() -> Iterator[None]:
    """Time out after two seconds and never retry; for sign-in and pages that work without the answer."""
    token = _quick.set(True)
    try:
        yield
    finally:
        _quick.reset(token)


@contextmanager
def counting() -> Iterator[CallCount]:
    """Count the calls made inside the block."""
    count = CallCount()
    token = _calls.set(count)
    try:
        yield count
    finally:
        _calls.reset(token)


@lru_cache(maxsize=4)
def _client(key: str, base: str, quick: bool) -> stripe.StripeClient:  # noqa: FBT001  (a cache key)
    timeout, retries = QUICK if quick else PATIENT
    return stripe.StripeClient(
        key,
        stripe_version=API_VERSION,
        base_addresses={"api": base} if base else {},
        max_network_retries=retries,
        http_client=_replaced or transport.http_client(base, timeout),
    )


def connected() -> stripe.StripeClient:
    if not settings.STRIPE_KEY:
        raise StripeMisconfigured("No Stripe key is set.", setting="STRIPE_KEY")
    request_budget.begin()
    if count := _calls.get():
        count.add()
    rate_limit.take_turn()
    return _client(settings.STRIPE_KEY, settings.STRIPE_API_BASE, _quick.get())


@contextmanager
def _our_errors(*, is_keyed: bool = False) -> Iterator[None]:
    with transport.surrounding_writes() as writes:
        try:
            yield
        except stripe.StripeError as error:
            failure = _translated(error)
            failure.may_be_done = writes.may_be_done
            if isinstance(failure, StripeUnavailable):
                failure.answered_500 = is_keyed and (error.http_status or 0) >= 500  # noqa: PLR2004
            raise failure from error


def _translated(error: stripe.StripeError) -> StripeFailure:
    code = getattr(error.error, "code", None) or error.code or ""
    param = getattr(error, "param", None) or ""
    message = _reason(error)
    details: dict[str, Any] = {"code": code, "param": param, "request_id": error.request_id or ""}
    match error:
        case stripe.AuthenticationError() | stripe.PermissionError():
            return StripeMisconfigured(message, setting="STRIPE_KEY", **details)
        case stripe.RateLimitError() | stripe.APIConnectionError():
            return StripeUnavailable(message, **details)
        case stripe.IdempotencyError():
            return StripeRefused(message, **{**details, "code": IDEMPOTENCY_CONFLICT})
        case stripe.InvalidRequestError() if code == "resource_missing":
            return StripeMissing(message, **details)
        case stripe.InvalidRequestError() | stripe.CardError():
            return StripeRefused(message, **details)
    return StripeUnavailable(message, **details)


def _reason(error: stripe.StripeError) -> str:
    """Stripe's message. Without one we use our own: the SDK's can have whole bodies and addresses in it."""
    if isinstance(error, stripe.APIConnectionError):
        return f"Network error: {type(error.__cause__ or error).__name__}."
    if error.error is None:
        return f"The answer can't be read (HTTP {error.http_status})."
    return error.user_message or "Stripe gave no reason."


def send(work: "Callable[[stripe.StripeClient], StripeObject]", *, is_keyed: bool = False) -> Snapshot:
    with _our_errors(is_keyed=is_keyed):
        response, took = _call(lambda stripe_: work(stripe_).last_response)
    if response is None:
        raise StripeUnavailable("Stripe's answer came without a response.")
    obj, date = json.loads(response.body), _date(response.headers)
    # https://docs.stripe.com/error-low-level#idempotency
    if response.headers.get("Idempotent-Replayed") == "true":
        return Snapshot.replayed(obj, date=date)
    return Snapshot.fetched(obj, date=date, took=took)


def read_page(path: str, params: Mapping[str, Any]) -> Page:
    with _our_errors():
        (body, headers), took = _call(lambda stripe_: _list_body(stripe_, path, params))
    read = Snapshot.fetched({}, date=_date(headers), took=took)
    return Page(body, read.known_from, read.known_until)


def _call(ask: Callable[[stripe.StripeClient], Answer]) -> tuple[Answer, timedelta]:
    """Call Stripe, and return the answer and how long it took. Inside `paced()`, repeat the call after a 429.

    A 429 means that nothing was done (https://docs.stripe.com/rate-limits). Outside a sync a person is waiting, so
    the call is not repeated.
    """
    pace = rate_limit.current()
    if pace is None:
        return _timed(ask)
    for repeat in range(rate_limit.MAX_REPEATS):
        try:
            answer = _timed(ask)
        except stripe.RateLimitError:
            pace.slow_down(time.monotonic(), repeat=repeat)
        else:
            pace.speed_up()
            return answer
    return _timed(ask)


def _timed(ask: Callable[[stripe.StripeClient], Answer]) -> tuple[Answer, timedelta]:
    client, started = connected(), time.monotonic()
    return ask(client), timedelta(seconds=time.monotonic() - started)


def _list_body(
    client: stripe.StripeClient, path: str, params: Mapping[str, Any]
) -> tuple[str | bytes, Mapping[str, str]]:
    """A list's body as it came, and the answer's headers."""
    with transport.keeping_body() as kept:
        answer = client.raw_request("get", path, **params)
    if kept.body is None:
        raise StripeUnavailable(f"The answer can't be read (HTTP {answer.code}).")
    return kept.body, answer.headers


def read_range(
    path: str, params: Mapping[str, Any], *, newest: int | None, oldest: int | None, starting_after: str = ""
) -> Page:
    """Read up to a hundred objects, newest first, created after `oldest` and not after `newest`.

    Both are Unix seconds; None means no bound.
    """
    created = {name: bound for name, bound in (("gt", oldest), ("lte", newest)) if bound is not None}
    bounds = {"created": created, "starting_after": starting_after}
    return read_page(path, {"limit": 100, **params, **{name: value for name, value in bounds.items() if value}})


def read_pages(path: str, params: Mapping[str, Any]) -> Iterator[Page]:
    after: dict[str, str] = {}
    while True:
        page = read_page(path, {"limit": 100, **params, **after})
        yield page
        if not page.has_more or not page.objects:
            return
        after = {"starting_after": page.positions[-1]["id"]}


def _date(headers: Mapping[str, str]) -> datetime:
    stamped = headers.get("Date")
    return parsedate_to_datetime(stamped) if stamped else datetime.now(UTC)
