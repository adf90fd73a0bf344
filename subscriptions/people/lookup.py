"""Finding people by address or name in any mix of upper and lower case, by an index on every database.

Rows follow the users by Django's signals. A bulk update sends none: the full sync corrects its rows, and until then
such a person is not found by what is new, and never by what is old.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import islice
from typing import Any

from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction

from subscriptions.models.person_lookup import PersonLookup, fold
from subscriptions.user_model import User

BATCH = 500


def with_address(email: str) -> list[User]:
    """Return everybody with this address, the earliest first. Two queries, one if there is nobody."""
    return with_addresses([email])


def with_addresses(emails: Iterable[str]) -> list[User]:
    """Return everybody with one of these addresses, the earliest first."""
    folded = {fold(email) for email in emails} - {""}
    return [user for user in _found(email__in=sorted(folded)) if fold(user.email) in folded] if folded else []


def with_name(name: str) -> list[User]:
    """Return everybody who signs in with this name or one that differs in case alone."""
    folded = fold(name)
    return [user for user in _found(name=folded) if fold(user.get_username()) == folded]


def save_row(user: User, *, is_new: bool = False) -> None:
    """Write how a user is found, as they are now."""
    columns = _columns(user.email, user.get_username())
    if is_new or not PersonLookup.objects.filter(pk=user.pk).update(**columns):
        with suppress(IntegrityError), transaction.atomic():
            PersonLookup.objects.create(pk=user.pk, **columns)


def correct_rows(*, before_each: Callable[[], None] = lambda: None) -> int:
    """Write the rows that are missing or differ from their users, and return how many: after bulk updates.

    `before_each` is called before each few hundred users.
    """
    users = get_user_model()._default_manager.order_by("pk")
    facts = users.values_list("pk", "email", get_user_model().USERNAME_FIELD).iterator(chunk_size=BATCH)
    corrected = 0
    while batch := list(islice(facts, BATCH)):
        before_each()
        corrected += _correct(batch)
    return corrected


def _correct(users: list[tuple[Any, str, str]]) -> int:
    keys = [pk for pk, *_ in users]
    rows = PersonLookup.objects.filter(pk__in=keys).values_list("pk", "email", "name")
    known = {pk: {"email": email, "name": name} for pk, email, name in rows}
    wrong = {pk: right for pk, *texts in users if (right := _columns(*texts)) != known.get(pk)}
    missing = [PersonLookup(pk=pk, **right) for pk, right in wrong.items() if pk not in known]
    # Somebody of them may be saved at this moment, which writes the row: the next full sync writes what is left out.
    with suppress(IntegrityError), transaction.atomic():
        PersonLookup.objects.bulk_create(missing)
    for pk in wrong.keys() & known.keys():
        PersonLookup.objects.filter(pk=pk).update(**wrong[pk])
    return len(wrong)


def _found(**folded: Any) -> Iterable[User]:
    keys = list(PersonLookup.objects.filter(**folded).values_list("pk", flat=True))
    return get_user_model()._default_manager.filter(pk__in=keys).order_by("pk") if keys else []


def _columns(email: str, name: str) -> dict[str, str]:
    return {"email": fold(email or ""), "name": fold(name or "")}
