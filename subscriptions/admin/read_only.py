"""Base classes for rows that are listed and shown, but never edited: Stripe or the sync writes them."""

from collections.abc import Callable
from functools import cache
from typing import Any

from django.contrib import admin
from django.forms.utils import pretty_name
from django.http import HttpRequest

from billing import money

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

    @admin.display(description=COPY_FIELDS[field].capitalize())
    def shown(row: Any) -> Any:
        return getattr(row, field)

    shown.__name__ = field
    return shown


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """An admin without forms: list, search and show. `amounts` are the fields in minor units."""

    list_per_page = 50
    amounts: tuple[str, ...] = ()

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Put the row's own fields first, and those about the copy in a section after them."""
        fields = self.get_fields(request, obj)
        own = [in_currency(field) if field in self.amounts else field for field in fields if field not in COPY_FIELDS]
        copy = [about_the_copy(field) for field in fields if field in COPY_FIELDS]
        return [(None, {"fields": own}), *([("Last update from Stripe", {"fields": copy})] if copy else [])]

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
