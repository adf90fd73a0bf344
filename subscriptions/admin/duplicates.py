"""The filter "paid twice" in the lists of subscriptions and payments."""

from abc import abstractmethod
from typing import Any

from django.db.models import QuerySet

from subscriptions.admin.read_only import OneChoiceFilter


class TwicePaidFilter(OneChoiceFilter):
    """Lists the newer of two purchases of the same product by the same customer."""

    title = "paid twice"
    parameter_name = "paid_twice"
    choice = ("newer", "Second purchase of the same product")

    @abstractmethod
    def newer(self) -> list[Any]:
        """Return the newer purchases, which are the ones to refund."""

    def chosen(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows.filter(pk__in=[purchase.pk for purchase in self.newer()])
