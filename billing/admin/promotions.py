"""Promotion codes in the admin."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from billing.admin.stripe_admin import StripeAdmin
from billing.catalog import promotions
from billing.catalog.promotion_form import PromotionCodeForm
from billing.models import PromotionCode


@admin.register(PromotionCode)
class PromotionCodeAdmin(StripeAdmin):
    form = PromotionCodeForm
    list_display = (
        "code", "discount_display", "minimum_display", "active", "times_redeemed", "max_redemptions", "expires_at",
    )  # fmt: skip
    list_filter = ("active", "is_for_new_customers")
    search_fields = ("code", "id")
    actions = ("archive", "restore")
    list_per_page = 50

    SHOWN = (
        "code", "discount_display", "minimum_display", "active", "times_redeemed", "max_redemptions", "expires_at",
        "is_for_new_customers", "id",
    )  # fmt: skip
    TYPED = (
        "code", ("percent_off", "amount_off", "currency"), ("duration", "duration_in_months"), "max_redemptions",
        "expires_at", "is_for_new_customers", "request_id",
    )  # fmt: skip

    def has_change_permission(self, request: HttpRequest, obj: PromotionCode | None = None) -> bool:
        """A code can only be archived and restored at Stripe; the list's actions do that."""
        return obj is None and super().has_change_permission(request, obj)

    def get_fields(self, request: HttpRequest, obj: PromotionCode | None = None) -> Any:  # noqa: ARG002
        return self.SHOWN if obj else self.TYPED

    def get_readonly_fields(self, request: HttpRequest, obj: PromotionCode | None = None) -> Any:  # noqa: ARG002
        return self.SHOWN if obj else ()

    @admin.action(description="Archive: take out of use", permissions=["change"])
    def archive(self, request: HttpRequest, codes: QuerySet[PromotionCode]) -> None:
        self.send_each(request, codes, lambda code: promotions.archive_promotion_code(promotion_code=code), "Archived")

    @admin.action(description="Restore: put into use again", permissions=["change"])
    def restore(self, request: HttpRequest, codes: QuerySet[PromotionCode]) -> None:
        self.send_each(request, codes, lambda code: promotions.restore_promotion_code(promotion_code=code), "Restored")
