"""Free trials that staff grant to people who have had theirs."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import ForeignKey
from django.http import HttpRequest

from billing.models import Product
from subscriptions import stripe_clock
from subscriptions.admin.api_tokens import PersonSelect
from subscriptions.checkout import trials
from subscriptions.models import TrialGrant


class TrialGrantForm(forms.ModelForm):  # type: ignore[type-arg]
    """A person, and a product that has a free trial."""

    class Meta:
        model = TrialGrant
        fields = ("user", "product")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "product" in self.fields:
            self.fields["product"].required = True

    def clean_product(self) -> Product:
        product: Product = self.cleaned_data["product"]
        if not product.prices.filter(active=True, is_deleted=False, trial_days__gt=0).exists():
            raise ValidationError(f"{product} has no price with a free trial, so there is nothing to grant.")
        return product

    def clean(self) -> dict[str, Any]:
        """Refuse a grant that would add nothing: two for the next trial are no more than one."""
        cleaned = super().clean() or self.cleaned_data
        user, product = cleaned.get("user"), cleaned.get("product")
        if user and product and product.pk not in trials.used_by(user, product.prices.select_related("product")):
            raise ValidationError(f"{user} can take a free trial of {product} anyway, so there is nothing to grant.")
        return cleaned


@admin.register(TrialGrant)
class TrialGrantAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    form = TrialGrantForm
    list_display = ("user", "product", "granted_at")
    list_select_related = ("user", "product")
    list_per_page = 50
    autocomplete_fields = ("user", "product")
    readonly_fields = ("granted_at",)

    def has_change_permission(self, *_: Any, **__: Any) -> bool:
        """Forbid editing: a grant is given or taken back."""
        return False

    def formfield_for_foreignkey(self, db_field: ForeignKey[Any], request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "user":
            kwargs["widget"] = PersonSelect(db_field, self.admin_site)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: TrialGrant, form: Any, change: bool) -> None:  # noqa: FBT001
        obj.granted_at = stripe_clock.now()
        super().save_model(request, obj, form, change)
