"""One call to the API as received: its API key, API version, parameters and idempotency key."""

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import quote, unquote_plus, urlsplit

from werkzeug.wrappers import Request

from sandbox.core import ids
from sandbox.core.account import API_VERSION
from sandbox.core.errors import ApiError
from sandbox.http import forms
from sandbox.http.forms import Form
from sandbox.http.versions import released

KEY_PREFIXES = ("sk_test_", "rk_test_")
MAX_IDEMPOTENCY_KEY = 255
TEST_CLOCKS = "/v1/test_helpers/test_clocks"


@dataclass(frozen=True)
class Call:
    """A request to the API, with the Request-Id of its answer and its events."""

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
        """The path as sent: ids in it are still encoded, because they can contain slashes."""
        raw: str = self.request.environ.get("REQUEST_URI") or quote(self.request.path)
        return urlsplit(raw).path if raw.startswith("http") else raw.partition("?")[0]

    @cached_property
    def idempotency_key(self) -> str | None:
        """The Idempotency-Key of a POST; Stripe ignores it on other methods."""
        return self.request.headers.get("Idempotency-Key") if self.method == "POST" else None

    @cached_property
    def form(self) -> Form:
        """The parameters, of the query and the body: Stripe reads both, whatever the method."""
        return forms.decode(self._pairs)

    @property
    def _pairs(self) -> list[tuple[str, str]]:
        return [*self.request.args.items(multi=True), *self.request.form.items(multi=True)]

    @property
    def names(self) -> list[str]:
        """The ids in the path and among the parameters; none in calls about test clocks, which are on no clock."""
        if self.path.startswith(TEST_CLOCKS):
            return []
        # Read as sent: malformed names are refused later.
        return [*unquote_plus(self.path).split("/"), *(text for name, text in self._pairs if "[" not in name)]

    @property
    def version(self) -> str:
        """The API version that the call names, else the account's own."""
        return self.request.headers.get("Stripe-Version", API_VERSION)

    @cached_property
    def fingerprint(self) -> str:
        """A hash of the parameters, to compare requests with the same idempotency key."""
        return hashlib.sha256(json.dumps(self.form, sort_keys=True).encode()).hexdigest()

    def check(self) -> None:
        """Check the API key, the API version and the length of the idempotency key.

        Raises ApiError for a key that is no test key, or for an API version that was never released.
        """
        key = self._api_key()
        if not key:
            raise ApiError.no_key()
        if not key.startswith(KEY_PREFIXES):
            raise ApiError.wrong_key(key)
        released.check(self.version)
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
