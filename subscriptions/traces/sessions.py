"""Removing a person's browser sessions, and the sessions of others that name the person."""

import json
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY

from subscriptions.traces.person import Traces

BATCH = 500


def erase(traces: Traces) -> None:
    """Delete every session that is the person's or names them. Only the database's sessions can be looked through."""
    store = import_module(settings.SESSION_ENGINE).SessionStore
    if not hasattr(store, "get_model_class"):
        return
    model, decode = store.get_model_class(), store().decode
    rows = model._default_manager.order_by().values_list("pk", "session_data")
    found = [pk for pk, data in rows.iterator(chunk_size=BATCH) if _is_about(traces, decode(data))]
    for start in range(0, len(found), BATCH):
        model._default_manager.filter(pk__in=found[start : start + BATCH]).delete()


def _is_about(traces: Traces, session: dict[str, Any]) -> bool:
    is_theirs = traces.user_pk is not None and session.get(SESSION_KEY) == str(traces.user_pk)
    return is_theirs or traces.are_in(json.dumps(session, ensure_ascii=False, default=str))
