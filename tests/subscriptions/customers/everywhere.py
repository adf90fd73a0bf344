"""A person in every column of every table, and a dump of all tables to look for them."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from django.apps import apps
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.backends.db import SessionStore
from django.db import models
from django.utils import timezone

from subscriptions.models import BillingAccount, Customer, ErasedCustomer, Subscription
from subscriptions.traces.records import NAMES_OF_THINGS

# Products have no owner; a person's name in them is the name of a thing.
CATALOG = {"billing.Product", "billing.Price", "billing.PromotionCode", "billing.Coupon", "billing.Installation"}
# Planted in their own way.
APART = {f"subscriptions.{name}" for name in ("Customer", "ErasedCustomer", "ErasedObject", "SyncState")} | {
    "sessions.Session"
}


def plant(person: User, customer: Customer, subscription: Subscription) -> list[str]:
    """Make a row of the person in every table, with their address and ids in each text, and return the tables."""
    account = BillingAccount.objects.get(user=person)
    links: dict[Any, Any] = {
        User: person.pk,
        Customer: customer.pk,
        BillingAccount: account.pk,
        Subscription: subscription.pk,
        ContentType: ContentType.objects.get_for_model(User).pk,
    }
    words = [person.email, str(customer.pk), str(subscription.pk), person.get_full_name(), person.username]
    planted = []
    for model in _models():
        values = {field.attname: _value(field, links, words) for field in _fields(model)}
        unique = next((field for field in model._meta.concrete_fields if field.one_to_one), None)
        theirs = model._default_manager.filter(**{unique.attname: _value(unique, links, words)} if unique else {})
        if unique and theirs.exists():
            theirs.update(**values)
        else:
            model._default_manager.create(**_key(model), **values)
        planted.append(model._meta.label)
    Customer.objects.filter(pk=customer.pk).update(metadata={"who": words}, discount={words[0]: words})
    session = SessionStore()
    session.update({"_auth_user_id": str(person.pk)})
    session.save()
    of_staff = SessionStore()
    of_staff.update({"searched": person.email})
    of_staff.save()
    return planted


def dump() -> Iterator[tuple[str, str]]:
    """Yield each row of each table as text, with the table's name; of sessions what they say."""
    for model in apps.get_models():
        for row in model._default_manager.values():
            if model is ErasedCustomer:
                row.pop("id")
            is_session = model._meta.label == "sessions.Session"
            said = SessionStore().decode(row["session_data"]) if is_session else row
            yield model._meta.label, json.dumps(said, ensure_ascii=False, default=str)


def _models() -> Iterator[type[models.Model]]:
    for model in apps.get_models():
        if model._meta.app_label not in NAMES_OF_THINGS and model._meta.label not in CATALOG | APART:
            yield model


def _fields(model: type[models.Model]) -> Iterator[Any]:
    return (field for field in model._meta.concrete_fields if not field.primary_key)


def _key(model: type[models.Model]) -> dict[str, Any]:
    key = model._meta.pk
    return {"pk": f"row_of_theirs_{uuid4().hex}"} if type(key) is models.CharField and not key.has_default() else {}


def _value(field: Any, links: dict[Any, Any], words: list[str]) -> Any:
    if field.related_model:
        return links.get(field.related_model)
    if isinstance(field, models.CharField | models.TextField):
        return _text(field, words)
    if isinstance(field, models.JSONField):
        return {"who": words, words[0]: [{"again": " ".join(words)}]}
    others = {models.UUIDField: uuid4, models.DateTimeField: timezone.now, models.BooleanField: bool}
    return next((make() for kind, make in others.items() if isinstance(field, kind)), 0)


def _text(field: Any, words: list[str]) -> str:
    if field.choices:
        return str(field.choices[0][0])
    if field.name == "type":
        return "invoice.paid"
    return next(text for text in [" ".join(words), *words, ""] if len(text) <= (field.max_length or 10_000))
