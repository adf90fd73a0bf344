"""Idempotency keys (https://docs.stripe.com/api/idempotent_requests): every key that we send is made here.

The texts never change: a request that was sent before an update must be the same request after it.
"""

import hashlib
import json
from typing import Any

from billing.models import Installation


def key(action: str, *parts: object) -> str:
    """The key of an action of this installation; `parts` say on which of our rows, and which attempt it is."""
    return "-".join([Installation.current_id(), action, *(str(part) for part in parts)])


def form_key(action: str, request_id: str, params: Any) -> str:
    """The key of a form that staff sent. It holds a digest of `params`: a corrected form is another request."""
    digest = hashlib.sha256(json.dumps(params, sort_keys=True).encode()).hexdigest()[:16]
    return key(action, request_id, digest)
