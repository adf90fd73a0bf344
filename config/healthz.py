"""Answers `/healthz`: briefly to load balancers and uptime checks, in full to staff who monitor the sync."""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.auth.models import AnonymousUser
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.middleware import SessionMiddleware
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from pymongo import timeout

from billing.api.permissions import staff_may
from billing.api.refusals import Refusal
from subscriptions.customers import api_tokens
from subscriptions.monitoring import health
from subscriptions.monitoring.health import Health

PATH = "/healthz"
# Pages wait longer for MongoDB to elect a primary; load balancers give up after a few seconds.
MONGODB_ANSWERS_WITHIN = 2

logger = logging.getLogger(__name__)


class AnswerHealth:
    """Answers `/healthz` before everything else: load balancers ask by address, so no Host header is refused, and
    nothing redirects. Only `?full` looks at the session."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.answer: Callable[[HttpRequest], Any] = SessionMiddleware(AuthenticationMiddleware(healthz))

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.answer(request) if request.path_info == PATH else self.get_response(request)


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """Answer 200 if the database answers and has its tables, else 503. `?full` gives staff the state of the sync."""
    try:
        with timeout(MONGODB_ANSWERS_WITHIN):
            ContentType.objects.exists()
        return _full(request) if "full" in request.GET else JsonResponse({"status": "ok"})
    except (DatabaseError, InterfaceError):
        logger.exception("The health check got no answer from the database")
        return JsonResponse({"status": "unavailable"}, status=503)


def _full(request: HttpRequest) -> JsonResponse:
    now = timezone.now()
    _authenticate(request)
    if not request.user.is_authenticated:
        message = "Send a staff person's API token as Authorization: Bearer TOKEN."
        return Refusal(401, "unauthenticated", message, headers={"WWW-Authenticate": "Bearer"}).response()
    if not staff_may(request, "subscriptions.view_syncrun"):
        return Refusal.forbidden("The sync's health is for staff who may view sync runs.").response()
    found = health.read(now=now)
    return JsonResponse(_as_json(found), status=503 if found.problems else 200)


def _authenticate(request: HttpRequest) -> None:
    """Make the owner of the token, if one is sent, the user of this request. An unusable token counts as nobody."""
    text = api_tokens.bearer_token(request.headers.get("Authorization", ""))
    if text is not None:
        token = api_tokens.find(text=text, now=timezone.now())
        request.auth = token  # type: ignore[attr-defined]
        request.user = token.user if token else AnonymousUser()


def _as_json(found: Health) -> dict[str, Any]:
    """Return times in ISO 8601 and durations in seconds; drift and unknown rows are of the last complete full sync."""
    state, full = found.state, found.last_full
    return {
        "status": "problem" if found.problems else "ok",
        "checked_at": found.now,
        "problems": [{"code": note.code, "message": note.message} for note in found.problems],
        "warnings": [{"code": note.code, "message": note.message} for note in found.warnings],
        "lag_seconds": _seconds(found.lag),
        "watermark_at": state.watermark,
        "pass": {
            "last_at": state.last_pass_at,
            "age_seconds": _seconds(found.pass_age),
            "interval_seconds": settings.SYNC_INTERVAL_SECONDS,
            "failing_since_at": state.failing_since_at,
            "last_error": state.last_error,
        },
        "full": {
            "last_at": state.last_full_at,
            "age_seconds": _seconds(found.full_age),
            "every_hours": settings.SYNC_FULL_EVERY_HOURS,
            "is_under_way": state.full_cursor is not None,
            "drift": full.drift if full else 0,
            "drifted": full.drifted if full else [],
            "unknown": full.unknown if full else 0,
            "unknown_ids": full.unknown_ids if full else [],
        },
        "webhooks": {"last_at": found.by_webhook.last_at, "is_silent": found.webhook_gap is not None},
        "events": {
            "by_webhook": {"total": found.by_webhook.total, "last_day": found.by_webhook.last_day},
            "by_sync_alone": {"total": found.by_sync.total, "last_day": found.by_sync.last_day},
            "failed": [
                {"type": row.type, "events": row.events, "given_up": row.given_up, "oldest_at": row.oldest_at}
                for row in found.failed
            ],
        },
        "stripe_calls": {
            "total": state.stripe_calls,
            "passes": state.passes,
            "per_pass": round(found.calls_per_pass, 2),
            "last_day_in_runs_with_work": found.calls_last_day,
        },
    }


def _seconds(duration: timedelta | None) -> int | None:
    return None if duration is None else round(duration.total_seconds())
