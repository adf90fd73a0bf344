"""Removing a person's traces from records: events, sync runs, the admin's log, and all other models with texts.

Models of apps that are added later are searched too. The catalog, accounts, and rows that belong to people are not:
the person's own rows are deleted, and rows of others do not name the person.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.db import connection, models
from django.db.models import F
from django.db.models.functions import Cast

from billing.models import Coupon, Installation, KeptRequest, MirroredRow
from subscriptions.models import (
    BillingAccount,
    Customer,
    ErasedCustomer,
    StatusChange,
    Subscription,
    SyncState,
    WebhookEvent,
)
from subscriptions.traces.person import ERASED, Traces

TEXTS = (models.CharField, models.TextField, models.JSONField)
# Apps whose texts are names of things; a person may have the same name.
NAMES_OF_THINGS = {"auth", "contenttypes"}
# These are about things, and people may be called like things: only a name of several words counts.
ABOUT_THINGS = {Coupon, Installation, KeptRequest, SyncState}
# Such a row is of no use without the texts that name the person.
DELETED = {KeptRequest}
UNICODE_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
BATCH = 500


def erase(traces: Traces, *, since: datetime | None = None) -> None:
    """Empty the events that name the person, and replace the texts that name the person in every other record.

    Of events, only those received after `since` are searched.
    """
    _empty_events(traces, since)
    for model in _searched_models():
        _clean(model, traces)
    if traces.user_pk is not None:
        _erase_user_id(str(traces.user_pk))


def _searched_models() -> Iterator[type[models.Model]]:
    """Yield every model whose rows are records and do not belong to people."""
    for model in apps.get_models():
        is_thing = model._meta.app_label in NAMES_OF_THINGS or not model._meta.managed or model._meta.proxy
        if not (is_thing or model in {WebhookEvent, ErasedCustomer} or _belongs_to_people(model)):
            yield model


def _belongs_to_people(model: type[models.Model]) -> bool:
    people = {get_user_model(), Customer, BillingAccount, Subscription}
    if issubclass(model, MirroredRow) or model in people:
        return True
    # The admin's log belongs to staff, and is about others.
    is_log = model._meta.label == "admin.LogEntry"
    return not is_log and any(each.related_model in people for each in model._meta.concrete_fields)


def _empty_events(traces: Traces, since: datetime | None) -> None:
    events = WebhookEvent.objects.filter(received_at__gte=since) if since else WebhookEvent.objects.all()
    # The text as it is stored: building objects of it first would take far longer.
    payload = F("payload") if connection.vendor == "mongodb" else Cast("payload", models.TextField())
    rows = events.order_by().annotate(content=payload).values_list("pk", "content", "error")
    found = [
        pk
        for pk, content, error in rows.iterator(chunk_size=BATCH)
        if traces.are_in(_as_text(content), with_names=False) or traces.are_in(error)
    ]
    for start in range(0, len(found), BATCH):
        emptied = {"payload": {}, "error": "", "state": WebhookEvent.State.IGNORED}
        WebhookEvent.objects.filter(pk__in=found[start : start + BATCH]).update(**emptied)


def _clean(model: type[models.Model], traces: Traces) -> None:
    if model in ABOUT_THINGS:
        traces = replace(traces, names=frozenset(name for name in traces.names if " " in name))
    fields = [field for field in model._meta.concrete_fields if isinstance(field, TEXTS)]
    columns = [field.attname for field in fields if not field.primary_key]
    keys = {field.attname for field in fields if field.unique}
    rows = model._default_manager.order_by().values_list("pk", *columns).iterator(chunk_size=BATCH)
    for pk, *values in [row for row in rows if any(_names(traces, value) for value in row)]:
        named = {column: value for column, value in zip(columns, values, strict=True) if _names(traces, value)}
        row = model._default_manager.filter(pk=pk)
        if model in DELETED or _names(traces, pk) or keys & named.keys():
            row.delete()
        else:
            row.update(**{column: _without(traces, model, column, value) for column, value in named.items()})


def _names(traces: Traces, value: Any) -> bool:
    return isinstance(value, str | list | dict) and traces.are_in(_as_text(value))


def _without(traces: Traces, model: type[models.Model], column: str, value: Any) -> Any:
    cleaned = traces.removed_from(value)
    longest = getattr(model._meta.get_field(column), "max_length", None)
    return cleaned[:longest] if isinstance(cleaned, str) else cleaned


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        # SQLite's JSON has escapes for all but ASCII.
        return UNICODE_ESCAPE.sub(lambda found: chr(int(found[1], 16)), value) if "\\u" in value else value
    return json.dumps(value, ensure_ascii=False, default=str)


def _erase_user_id(user_pk: str) -> None:
    """Erase the user's id where it stands for who did something, or what it was done to."""
    StatusChange.objects.filter(cause_kind="person", cause_id=user_pk).update(cause_id="")
    if apps.is_installed("django.contrib.admin"):
        log = apps.get_model("admin", "LogEntry")._default_manager
        kind = ContentType.objects.get_for_model(get_user_model())
        about = log.filter(content_type_id=kind.pk, object_id=user_pk)
        about.update(object_id="", object_repr=ERASED, change_message="")
