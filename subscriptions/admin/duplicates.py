"""The filter "paid twice" in the lists of subscriptions and payments."""

from abc import abstractmethod
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest


class TwicePaidFilter(admin.SimpleListFilter):
    """Lists the newer of two purchases of the same product by the same customer."""

    title = "paid twice"
    parameter_name = "paid_twice"

    @abstractmethod
    def newer(self) -> list[Any]:
        """Return the newer purchases, which are the ones to refund."""

    def lookups(self, *_: Any) -> list[tuple[str, str]]:
        return [("newer", "Second purchase of the same product")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:  # noqa: ARG002
        if self.value() != "newer":
            return queryset
        return queryset.filter(pk__in=[purchase.pk for purchase in self.newer()])
