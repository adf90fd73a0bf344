"""Base classes for rows that are listed and shown, but never edited: Stripe or the sync writes them."""

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import cache
from types import MappingProxyType
from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import display_for_value
from django.core.paginator import Paginator
from django.db import connection
from django.db.models import QuerySet, TextChoices
from django.forms.utils import pretty_name
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst

from billing import money
from billing.models import words_for

# When a mirrored row was copied from Stripe (Stripe's clock), with the words for it.
COPY_FIELDS = {"known_from": "read after", "known_until": "copied at", "version": "updates"}


@cache
def in_currency(field: str) -> Callable[[Any], str]:
    """Return a column that shows a field in minor units as an amount in the row's currency."""

    @admin.display(description=pretty_name(field))
    def shown(row: Any) -> str:
        amount = getattr(row, field)
        return "" if amount is None else money.display(amount, row.currency)

    shown.__name__ = f"{field}_display"  # Another name than the field's, whose help text is about minor units.
    return shown


@cache
def about_the_copy(field: str) -> Callable[[Any], Any]:
    """Return a column that shows one of the COPY_FIELDS under its words."""
    return _readable(field, COPY_FIELDS[field].capitalize())


@cache
def _readable(field: str, description: str) -> Callable[[Any], Any]:
    """Return a column that shows a value as Django shows a model's field: "March 4, 2026", not "2026-03-04"."""

    @admin.display(description=description)
    def shown(row: Any) -> Any:
        return display_for_value(getattr(row, field), "-")

    shown.__name__ = field
    return shown


@cache
def in_words(field: str, choices: type[TextChoices], description: str) -> Callable[[Any], str]:
    """Return a column that shows one of Stripe's words as its label: "Waiting for your details"."""

    @admin.display(description=description, ordering=field)
    def shown(row: Any) -> str:
        value = getattr(row, field)
        return words_for(choices, value) if value else "-"

    shown.__name__ = field
    return shown


@cache
def in_lines(field: str, description: str) -> Callable[[Any], SafeString]:
    """Return a column that shows a list, or an object's members, one a line: "plan: Pro", not as JSON."""

    @admin.display(description=description)
    def shown(row: Any) -> SafeString:
        value = getattr(row, field) or []
        members = [f"{name}: {one}" for name, one in sorted(value.items())] if isinstance(value, dict) else value
        return format_html_join(mark_safe("<br>"), "{}", ((_line(one),) for one in members)) or mark_safe("-")

    shown.__name__ = field
    return shown


def _line(member: Any) -> str:
    # By name, because not every engine keeps the order of the members.
    members = sorted(member.items()) if isinstance(member, dict) else []
    return ", ".join(f"{name}: {value}" for name, value in members) if members else str(member)


class OneChoiceFilter(admin.SimpleListFilter):
    """A filter with one choice besides all rows: its value in the address, and its label."""

    choice: tuple[str, str]

    @abstractmethod
    def chosen(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rows that the choice lists."""

    def lookups(self, *_: Any) -> list[tuple[str, str]]:
        return [self.choice]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return self.chosen(queryset) if self.is_chosen_in(request) else queryset

    @classmethod
    def is_chosen_in(cls, request: HttpRequest) -> bool:
        return request.GET.get(str(cls.parameter_name)) == cls.choice[0]


class WordedFilter(admin.AllValuesFieldListFilter):
    """A filter by one of the admin's `worded` fields that shows the labels of its values."""

    def __init__(self, *args: Any, **named: Any) -> None:
        *_, model_admin = args
        self.known: type[TextChoices] = model_admin.worded[named["field_path"]]
        super().__init__(*args, **named)

    def choices(self, changelist: Any) -> Iterator[Any]:
        for choice in super().choices(changelist):
            # Values are plain strings. The first choice ("All") is a text that Django translates later.
            value: Any = choice["display"]
            is_value = type(value) is str
            words = words_for(self.known, value) if is_value and value else "None"
            yield {**choice, "display": words if is_value else value}


class ListPaginator(Paginator):  # type: ignore[type-arg]
    """Counts the pages of a list."""

    @cached_property
    def count(self) -> int:
        """Return the number of rows; of all rows MongoDB keeps it, and counting would read every document."""
        rows: Any = self.object_list
        mongodb: Any = connection if connection.vendor == "mongodb" else None
        if mongodb and not rows.query.where:
            return int(mongodb.get_collection(rows.model._meta.db_table).estimated_document_count())
        return super().count


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """An admin without forms: list, search and show.

    `amounts` are the fields in minor units, `worded` the fields in Stripe's words, with the labels shown instead, and
    `listed` are JSON fields whose members are shown one a line.
    """

    list_per_page = 50
    paginator = ListPaginator
    show_full_result_count = False
    amounts: tuple[str, ...] = ()
    worded: Mapping[str, type[TextChoices]] = MappingProxyType({})
    listed: tuple[str, ...] = ("metadata",)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Put the row's own fields first, and those about the copy in a section after them."""
        fields = self.get_fields(request, obj)
        own = [self._shown(field, obj) for field in fields if field not in COPY_FIELDS]
        copy = [about_the_copy(field) for field in fields if field in COPY_FIELDS]
        return [(None, {"fields": own}), *([("Last update from Stripe", {"fields": copy})] if copy else [])]

    def _shown(self, field: Any, row: Any) -> Any:
        if field in self.amounts:
            return in_currency(field)
        if field in self.worded:
            return in_words(field, self.worded[field], self._named(field))
        if field in self.listed:
            return in_lines(field, self._named(field))
        # Django shows the value of a property as Python prints it.
        described = getattr(getattr(type(row), str(field), None), "fget", None)
        if described is not None and (getattr(row, field) is None or isinstance(getattr(row, field), datetime)):
            return _readable(field, str(getattr(described, "short_description", pretty_name(field))).capitalize())
        return field

    def _named(self, field: str) -> str:
        return capfirst(str(getattr(self.opts.get_field(field), "verbose_name", field)))

    def has_add_permission(self, *_: Any, **__: Any) -> bool:
        return False

    def has_change_permission(self, *_: Any, **__: Any) -> bool:
        return False

    def has_delete_permission(self, *_: Any, **__: Any) -> bool:
        return False


class ReadOnlyInline(admin.TabularInline):  # type: ignore[type-arg]
    extra = 0
    can_delete = False
    show_change_link = True

    def has_add_permission(self, *_: Any, **__: Any) -> bool:
        return False

    def has_change_permission(self, *_: Any, **__: Any) -> bool:
        return False
