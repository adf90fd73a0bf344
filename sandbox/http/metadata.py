"""Metadata: up to 50 keys with texts; an update is merged, an empty text deletes its key."""

from collections.abc import Mapping
from typing import Any

from sandbox.core.errors import ApiError

MAX_KEYS = 50
MAX_KEY_LENGTH = 40
MAX_VALUE_LENGTH = 500


def merged(current: Mapping[str, str], params: Mapping[str, Any], *, param: str = "metadata") -> dict[str, str]:
    """Return `current` with the request's `metadata` merged into it, or `{}` if that is an empty text.

    Pass `{}` as `current` when creating. Raises ApiError if a limit is exceeded.
    """
    given = params.get("metadata", {})
    if given == "":
        return {}
    for key, value in given.items():
        _check_length("key", key, MAX_KEY_LENGTH, param)
        _check_length("val", value, MAX_VALUE_LENGTH, param)
    result = {key: value for key, value in {**current, **given}.items() if value != ""}
    if len(result) > MAX_KEYS:
        raise ApiError.invalid(
            f"Metadata can have up to {MAX_KEYS} keys, but you've set {len(result)}. "
            "Email us at support+metadata@stripe.com for more information.",
            param=param,
        )
    return result


def _check_length(what: str, text: str, limit: int, param: str) -> None:
    if len(text) > limit:
        raise ApiError.invalid(f"Invalid {what}: {text} must be a string under {limit} characters", param=param)
