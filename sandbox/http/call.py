"""One call to the API as it arrived: who asks, for which version, with which parameters and idempotency key."""

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass
from functools import cached_property

from werkzeug.wrappers import Request

from sandbox.core import ids
from sandbox.core.errors import ApiError
from sandbox.http import forms
from sandbox.http.forms import Form

KEY_PREFIX = "sk_test_"
MAX_IDEMPOTENCY_KEY = 255


@dataclass(frozen=True)
class Call:
    """A request for the API, with the Request-Id that its answer and its events will carry."""

    request: Request
    request_id: str

    @classmethod
    def arrived(cls, request: Request) -> "Call":
        return cls(request, ids.request_id())

    @property
    def method(self) -> str:
        return self.request.method

    @property
    def path(self) -> str:
        return self.request.path

    @cached_property
    def idempotency_key(self) -> str | None:
        """The key under which the answer is kept; Stripe ignores it on anything but POST."""
        return self.request.headers.get("Idempotency-Key") if self.method == "POST" else None

    @cached_property
    def form(self) -> Form:
        """The parameters, from the body of a POST and from the query of anything else."""
        source = self.request.form if self.method == "POST" else self.request.args
        return forms.decode(source.items(multi=True))

    @cached_property
    def fingerprint(self) -> str:
        """What tells apart two requests with the same idempotency key on the same path."""
        return hashlib.sha256(json.dumps(self.form, sort_keys=True).encode()).hexdigest()

    def check(self, *, version: str) -> None:
        """Refuse a caller without a test key, or who wants another API version than `version`."""
        key = self._api_key()
        if not key:
            raise ApiError.no_key()
        if not key.startswith(KEY_PREFIX):
            raise ApiError.wrong_key(key)
        asked = self.request.headers.get("Stripe-Version", version)
        if asked != version:
            raise ApiError.wrong_version(asked, version)
        if self.idempotency_key is not None and len(self.idempotency_key) > MAX_IDEMPOTENCY_KEY:
            raise ApiError.invalid(f"Idempotency keys can be at most {MAX_IDEMPOTENCY_KEY} characters long.")

    def _api_key(self) -> str:
        scheme, _, credentials = self.request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return credentials.strip()
        if scheme.lower() == "basic":
            try:
                return base64.b64decode(credentials, validate=True).decode().partition(":")[0]
            except (binascii.Error, UnicodeDecodeError):
                return ""
        return ""
