"""Reads settings from the environment and refuses invalid values, naming the setting.

Messages never contain the value: a secret pasted beside the wrong name must not reach a log.
"""

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

# Every setting of a deployment. SANDBOX_PORT is the demo's.
NAMES = frozenset(
    "ACCESS_WHILE_PAUSED ALLOWED_HOSTS API_RATE_PER_ADDRESS API_RATE_PER_TOKEN BUY_RATE_PER_ACCOUNT "
    "BUY_RATE_PER_ADDRESS CACHE_URL CHECKOUT_CANCEL_URL CHECKOUT_ORIGINS CHECKOUT_SUCCESS_URL "
    "CORS_ALLOWED_ORIGINS CSRF_TRUSTED_ORIGINS DATABASE_URL DEBUG DEFAULT_FROM_EMAIL DISPUTED_ACCESS EMAIL_URL "
    "HSTS_INCLUDE_SUBDOMAINS HSTS_PRELOAD INACTIVE_CUSTOMERS MAIL_RATE_PER_ACCOUNT MAIL_RATE_PER_ADDRESS "
    "PASSWORD_HASHES_AT_ONCE PAST_DUE_GRACE_DAYS PORT PRODUCTS_ON_SALE SECRET_KEY SIGN_IN_CUSTOMERS_PER_MINUTE "
    "SIGN_IN_RATE_PER_ACCOUNT SIGN_IN_RATE_PER_ADDRESS SIGN_UP_RATE_PER_ACCOUNT SIGN_UP_RATE_PER_ADDRESS "
    "SITE_NAME SITE_URL STRIPE_API_BASE STRIPE_KEY STRIPE_MAX_RPS STRIPE_WEBHOOK_SECRET SYNC_FULL_EVERY_HOURS "
    "SYNC_INTERVAL_SECONDS THREADS_PER_WORKER TRUSTED_PROXIES".split()
)

SWITCH = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}

LONGEST_NUMBER = 18
HIGHEST_PORT = 65535


def forget() -> None:
    """Remove every setting, and the name of the file with settings, from the process environment."""
    for name in NAMES | {"ENV_FILE", "DJANGO_SETTINGS_MODULE"}:
        os.environ.pop(name, None)


def load_file(*, folder: Path) -> frozenset[str]:
    """Add the settings in `.env`, or in the file that ENV_FILE names, to the process environment.

    A variable that is already set wins; return the names of those. A relative path is relative to `folder`. The file
    that ENV_FILE names must exist; `.env` may be missing.
    """
    given = NAMES & os.environ.keys()
    chosen = os.environ.get("ENV_FILE")
    path = folder / (chosen or ".env")
    if path.exists():
        if not os.access(path, os.R_OK):
            raise ImproperlyConfigured(f"{path} can't be read")
        environ.Env.read_env(path)
    elif chosen:
        raise ImproperlyConfigured(f"ENV_FILE names a file that does not exist: {path}")
    return given


def text(name: str, default: str = "") -> str:
    """Return the value without surrounding blanks; an empty one counts as absent."""
    # environ.Env.str() would read a value that begins with "$", as a secret may, as another variable's name.
    return os.environ.get(name, "").strip() or default


def one_line(name: str, default: str) -> str:
    """Return a text without line breaks or other control characters, which would end a header of a mail."""
    value = text(name, default)
    if not value.isprintable():
        raise ImproperlyConfigured(f"{name} must be one line of printable text")
    return value


def required(name: str, *, hint: str) -> str:
    """Return the value; raise ImproperlyConfigured if there is none."""
    value = text(name)
    if not value:
        raise ImproperlyConfigured(f"{name} is not set: {hint}")
    return value


def switch(name: str, *, default: bool) -> bool:
    """Return a boolean written as true or false, yes or no, on or off, 1 or 0."""
    value = text(name).lower()
    if value and value not in SWITCH:
        raise ImproperlyConfigured(f"{name} must be True or False")
    return SWITCH.get(value, default)


def whole_number(name: str, default: int, *, minimum: int, maximum: int | None = None) -> int:
    """Return an integer of at least `minimum`, and at most `maximum` if there is one."""
    value = text(name, str(default))
    is_number = value.isascii() and value.isdigit() and len(value) <= LONGEST_NUMBER
    if not is_number or int(value) < minimum or int(value) > (maximum or int(value)):
        allowed = f"{minimum} or more" if maximum is None else f"from {minimum} to {maximum}"
        raise ImproperlyConfigured(f"{name} must be a whole number, {allowed}")
    return int(value)


def port(name: str, default: int) -> int:
    """Return the number of a TCP port."""
    return whole_number(name, default, minimum=1, maximum=HIGHEST_PORT)


def words(name: str, default: str = "") -> list[str]:
    """Return the words of a comma-separated list, without surrounding blanks."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def one_of(name: str, *choices: str) -> str:
    """Return one of `choices`, the first of which is the default."""
    value = text(name, choices[0]).lower()
    if value not in choices:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(choices)}")
    return value


def http_url(name: str, default: str = "", *, path_allowed: bool) -> str:
    """Return an http or https address without its trailing slash, or an empty text if there is none."""
    value = text(name, default).rstrip("/")
    if value and (not _is_http_url(value) or _is_more_than_a_base(value, path_allowed=path_allowed)):
        raise ImproperlyConfigured(
            f"{name} must be an http:// or https:// address{'' if path_allowed else ' without a path'}"
        )
    return value


def origins(name: str) -> list[str]:
    """Return the origins, such as `https://pay.example.com`, of a comma-separated list."""
    found = [word.rstrip("/").lower() for word in words(name)]
    if not all(_is_http_url(origin) and not _is_more_than_a_base(origin, path_allowed=False) for origin in found):
        raise ImproperlyConfigured(f"{name} must list origins such as https://pay.example.com")
    return found


def origin_of(url: str) -> str:
    """Return the scheme, host and port of an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def page_url(name: str) -> str:
    """Return the http or https address of a page exactly as written, or an empty text if there is none."""
    value = text(name)
    if value and not _is_http_url(value):
        raise ImproperlyConfigured(f"{name} must be an http:// or https:// address")
    return value


def cache(name: str) -> dict[str, Any]:
    """Return Django's cache of this address: Redis, or without an address the memory of each process."""
    value = text(name)
    if not value:
        # One entry a caller and minute.
        return {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "OPTIONS": {"MAX_ENTRIES": 100_000}}
    if not value.startswith(("redis://", "rediss://")):
        raise ImproperlyConfigured(f"{name} must begin with redis:// or rediss://")
    # Without a time-out, pages would wait for a Redis that is away.
    options = {"socket_timeout": 2, "socket_connect_timeout": 2}
    backend = "django.core.cache.backends.redis.RedisCache"
    return {"BACKEND": backend, "LOCATION": value, "KEY_PREFIX": "standing-order", "OPTIONS": options}


def email(name: str, default: str) -> dict[str, Any]:
    """Return Django's EMAIL_… settings for an address like `smtp+tls://user:password@host:587`."""
    try:
        return dict(environ.Env.email_url_config(text(name, default)))
    except (ImproperlyConfigured, ValueError):
        raise ImproperlyConfigured(
            f"{name} must look like smtp+tls://user:password@host:587 or consolemail://"
        ) from None


def _is_http_url(value: str) -> bool:
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        return False
    blank = any(character.isspace() for character in value)
    is_plain = bool(parts.hostname) and "@" not in parts.netloc and port != 0 and not blank
    return parts.scheme in {"http", "https"} and is_plain


def _is_more_than_a_base(value: str, *, path_allowed: bool) -> bool:
    parts = urlsplit(value)
    return bool(parts.query or parts.fragment or (parts.path and not path_allowed))
