"""Rows that Stripe or our own books write: to be looked at, never edited."""

from collections.abc import Callable
from functools import cache
from typing import Any

from django.contrib import admin
from django.forms.utils import pretty_name
from django.http import HttpRequest

from billing import money

# How we know what a mirrored row says.
COPY_FIELDS = ("known_from", "known_until", "version")


@cache
def in_currency(field: str) -> Callable[[Any], str]:
    """Return a column that shows a field in minor units as an amount of the row's currency."""

    @admin.display(description=pretty_name(field))
    def shown(row: Any) -> str:
        return money.display(getattr(row, field), row.currency)

    shown.__name__ = f"{field}_display"  # Another name than the field's, whose help text is about minor units.
    return shown


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Rows that are listed, searched and shown, and written by no form. `amounts` are the fields in minor units."""

    list_per_page = 50
    amounts: tuple[str, ...] = ()

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """What the row says, and after it how we know."""
        fields = self.get_fields(request, obj)
        said = [in_currency(field) if field in self.amounts else field for field in fields if field not in COPY_FIELDS]
        copy = [field for field in fields if field in COPY_FIELDS]
        return [(None, {"fields": said}), *([("Our copy of it", {"fields": copy})] if copy else [])]

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
