"""Locks that let one process at a time do something; a lock expires if its holder dies.

A lock is a row with a unique key, in the table of kept requests: that holds on every engine.
"""

import hashlib
import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db import IntegrityError
from django.db.models import Q
from django.utils import timezone

from billing.kept_requests import CLOCKS_DIFFER
from billing.models import KeptRequest

# A worker that has held something this long has died: the calls of a request take a few seconds together.
HELD_FOR = timedelta(seconds=60)


class HeldByAnother(Exception):
    """Another process or thread holds this lock."""


@contextmanager
def held(action: str) -> Iterator[None]:
    """Hold the lock of this action for a block. Raises HeldByAnother if another process or thread has it."""
    pk = hashlib.sha256(json.dumps(["alone", action]).encode()).hexdigest()
    holder, now = uuid.uuid4().hex, timezone.now()
    columns = {"request_id": holder, "params": "null", "asked_at": now}
    try:
        is_held = KeptRequest.objects.get_or_create(pk=pk, defaults=columns)[1]
    except IntegrityError:
        # Another took it and gave it back in between.
        raise HeldByAnother(action) from None
    if not is_held:
        died = Q(asked_at__lt=now - HELD_FOR) | Q(asked_at__gt=now + CLOCKS_DIFFER)
        if not KeptRequest.objects.filter(died, pk=pk).update(request_id=holder, asked_at=now):
            raise HeldByAnother(action)
    try:
        yield
    finally:
        KeptRequest.objects.filter(pk=pk, request_id=holder).delete()
