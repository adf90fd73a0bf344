"""Free trials that staff grant to people who have had theirs."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from subscriptions import stripe_clock
from subscriptions.models import TrialGrant


@admin.register(TrialGrant)
class TrialGrantAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("user", "product", "granted_at")
    list_select_related = ("user", "product")
    list_per_page = 50
    autocomplete_fields = ("user", "product")
    readonly_fields = ("granted_at",)

    def has_change_permission(self, *_: Any, **__: Any) -> bool:
        """Forbid editing: a grant is given or taken back."""
        return False

    def save_model(self, request: HttpRequest, obj: TrialGrant, form: Any, change: bool) -> None:  # noqa: FBT001
        obj.granted_at = stripe_clock.now()
        super().save_model(request, obj, form, change)
