"""The filter "paid twice" of the lists of subscriptions and payments, and the actions that belong to it."""

from abc import abstractmethod
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest


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
