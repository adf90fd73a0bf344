"""The people of a run: buyers who are signed in for good, the last of whom staff may delete, and one of staff."""

from datetime import UTC, datetime
from typing import Any

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session

# Name and key, as they signed up before any worker was forked.
_keys: dict[str, Any] = {}


def sign_up(name: str, *, is_staff: bool = False) -> str:
    """Make a person who is signed in, and return their key."""
    rights = {"is_staff": is_staff, "is_superuser": is_staff}
    known = {"pk": _keys[name]} if name in _keys else {}
    user = User.objects.create_user(name, f"{name}@example.com", **known, **rights)
    content = {
        SESSION_KEY: str(user.pk),
        HASH_SESSION_KEY: user.get_session_auth_hash(),
        BACKEND_SESSION_KEY: "django.contrib.auth.backends.ModelBackend",
    }
    Session.objects.update_or_create(
        session_key=session_of(name),
        defaults={
            "session_data": SessionStore().encode(content),
            "expire_date": datetime(2099, 1, 1, tzinfo=UTC),
        },
    )
    _keys[name] = user.pk
    return str(user.pk)


def restore() -> None:
    """Sign up again, under the same keys, those who were deleted."""
    known = set(User.objects.values_list("username", flat=True))
    for name in _keys.keys() - known:
        sign_up(name, is_staff=name == "staff")


def session_of(name: int | str) -> str:
    """Return the session's key of a person, by name or number."""
    return f"chaos-session-of-{name if isinstance(name, str) else f'person{name}'}"
