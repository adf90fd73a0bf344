"""Notes in Django's admin log what staff do through the JSON API, as the admin notes what they do there."""

from typing import Any

from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.http import HttpRequest

BY_API = "By the JSON API:"


def log_addition(request: HttpRequest, row: Any, words: str = "added.") -> None:
    _log(request, row, ADDITION, words)


def log_change(request: HttpRequest, row: Any, words: str) -> None:
    _log(request, row, CHANGE, words)


def _log(request: HttpRequest, row: Any, flag: int, words: str) -> None:
    assert request.user.pk is not None  # noqa: S101  (staff are signed in)
    LogEntry.objects.log_actions(
        user_id=request.user.pk, queryset=[row], action_flag=flag, change_message=f"{BY_API} {words}"
    )
