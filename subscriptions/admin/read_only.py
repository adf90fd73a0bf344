"""Rows that Stripe or our own books write: to be looked at, never edited."""

from abc import abstractmethod
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Rows that are listed, searched and shown, and written by no form."""

    list_per_page = 50

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


class TwicePaidFilter(admin.SimpleListFilter):
    """The newer of two purchases of one thing by one customer."""

    title = "paid twice"
    parameter_name = "paid_twice"

    @abstractmethod
    def newer(self) -> list[Any]:
        """The purchases that should not have been."""

    def lookups(self, *_: Any) -> list[tuple[str, str]]:
        return [("newer", "The newer one")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:  # noqa: ARG002
        if self.value() != "newer":
            return queryset
        return queryset.filter(pk__in=[purchase.pk for purchase in self.newer()])


class UndoesTwicePaid:
    """Offers `undo_action` in the list of what was paid twice alone: nobody is asked again before it is done."""

    undo_action: str

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions: dict[str, Any] = super().get_actions(request)  # type: ignore[misc]
        if request.GET.get(TwicePaidFilter.parameter_name) != "newer":
            actions.pop(self.undo_action, None)
        return actions
