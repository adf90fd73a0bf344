"""Tokens of the JSON API: made here, shown once, revoked here. The digest is never shown."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AutocompleteSelect
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db.models import ForeignKey, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import add_never_cache_headers

from subscriptions.customers import api_tokens
from subscriptions.models import ApiToken


class TokenForm(forms.ModelForm):  # type: ignore[type-arg]
    """The owner of a new token, its name, its rights and when it expires."""

    class Meta:
        model = ApiToken
        fields = ("user", "name", "rights", "expires_at")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "rights" in self.fields:
            self.fields["rights"].required = False

    def clean_rights(self) -> str:
        """Default to all rights: scripts that send the form without this field got such a token before."""
        return self.cleaned_data["rights"] or ApiToken.Rights.FULL

    def clean_expires_at(self) -> Any:
        expires_at = self.cleaned_data["expires_at"]
        if expires_at and expires_at <= timezone.now():
            raise ValidationError("This time is in the past.")
        return expires_at


class PersonSelect(AutocompleteSelect):
    """Skips values that can't be ids: when a form is refused, Django's widget looks them up, and fails."""

    def optgroups(self, name: str, value: Any, attrs: Any = None) -> Any:
        return super().optgroups(name, [pk for pk in value if self._could_be_an_id(pk)], attrs)

    @staticmethod
    def _could_be_an_id(pk: str) -> bool:
        try:
            get_user_model()._meta.pk.clean(pk, None)
        except ValidationError:
            return False
        return True


@admin.register(ApiToken)
class ApiTokenAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    form = TokenForm
    list_display = ("name", "beginning", "user", "rights", "state", "last_used_at", "expires_at", "created_at")
    list_filter = ("rights", "revoked_at", "expires_at")
    list_select_related = ("user",)
    list_per_page = 50
    search_fields = ("name", "beginning", f"user__{get_user_model().USERNAME_FIELD}")
    actions = ("revoke",)

    @admin.display(description="State")
    def state(self, token: ApiToken) -> str:
        if token.is_usable(timezone.now()):
            return "usable"
        if token.revoked_at:
            return "revoked"
        return "expired" if token.user.is_active else "its owner is inactive"

    @admin.action(description="Revoke: refuse it from now on", permissions=["revoke"])
    def revoke(self, request: HttpRequest, chosen: QuerySet[ApiToken]) -> None:
        valid = [token for token in chosen if token.revoked_at is None]
        for token in valid:
            api_tokens.revoke(token=token, now=timezone.now())
            self.log_change(request, token, "Revoked.")
        if valid:
            self.message_user(request, f"{len(valid)} revoked.", messages.SUCCESS)
        else:
            self.message_user(request, "Nothing to revoke: the chosen tokens are revoked already.", messages.WARNING)

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("subscriptions.change_apitoken")

    def has_change_permission(self, *_: Any, **__: Any) -> bool:
        """Forbid editing: a token that was handed out can only be revoked."""
        return False

    def has_view_permission(self, request: HttpRequest, obj: ApiToken | None = None) -> bool:
        return super().has_view_permission(request, obj) or self.has_revoke_permission(request)

    def get_fields(self, request: HttpRequest, obj: ApiToken | None = None) -> Any:  # noqa: ARG002
        entered = ("user", "name", "rights", "expires_at")
        return entered if obj is None else (*entered, "beginning", "created_at", "last_used_at", "revoked_at")

    def formfield_for_foreignkey(self, db_field: ForeignKey[Any], request: HttpRequest, **kwargs: Any) -> Any:
        """Offer the users for whom this person may make a token: superusers for anyone, others not for other staff."""
        kwargs["widget"] = PersonSelect(db_field, self.admin_site)
        if not request.user.is_superuser:
            kwargs["queryset"] = get_user_model()._default_manager.filter(Q(is_staff=False) | Q(pk=request.user.pk))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_form(self, request: HttpRequest, form: TokenForm, change: bool) -> ApiToken:  # noqa: ARG002, FBT001
        token, text = api_tokens.create(**form.cleaned_data, now=timezone.now())
        form.instance = token
        request.new_token = text  # type: ignore[attr-defined]
        return token

    def save_model(self, *args: Any, **kwargs: Any) -> None:
        """Do nothing: `save_form` has created the row."""

    def save_related(self, *args: Any, **kwargs: Any) -> None:
        """Do nothing: a token has no related rows."""

    def response_add(self, request: HttpRequest, obj: ApiToken, post_url_continue: str | None = None) -> HttpResponse:  # noqa: ARG002
        """Show the text in this response: a message would be stored in the session or a cookie."""
        context = {
            **self.admin_site.each_context(request),
            "title": f"The token “{obj.name}”",
            "opts": self.opts,
            "step": obj,
            "token": obj,
            "text": request.new_token,  # type: ignore[attr-defined]
        }
        response = render(request, "admin/subscriptions/token_made.html", context)
        add_never_cache_headers(response)
        return response
