"""What the catalog's admins share: every edit reaches Stripe, and is saved here only when Stripe agreed."""

from collections.abc import Callable, Iterable
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse

from billing.errors import StripeFailure


class StripeAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """An admin whose form is a `StripeForm`: by the time Django saves, Stripe has agreed and the row is written."""

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        # Django's own opens a transaction here, and a Stripe that hangs would hold the database's write lock.
        view = self._changeform_view  # type: ignore[attr-defined]
        return view(request, object_id, form_url, extra_context)  # type: ignore[no-any-return]

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:  # noqa: ARG002, FBT001
        return form.instance

    def save_model(self, *args: Any, **kwargs: Any) -> None:
        """Leave the row alone: the mirror has written it."""

    def save_related(self, *args: Any, **kwargs: Any) -> None:
        """Leave the row alone: the mirror has written it."""

    def has_delete_permission(self, *_: Any, **__: Any) -> bool:
        """Products and prices that were ever used can't be deleted at Stripe; they are archived."""
        return False

    def send_each(self, request: HttpRequest, rows: Iterable[Any], send: Callable[[Any], Any], done: str) -> None:
        """Do one thing at Stripe for each chosen row, and say for which it worked and for which not, and why."""
        agreed = []
        for row in rows:
            try:
                send(row)
            except StripeFailure as error:
                self.message_user(request, f"{row}: {error.for_staff}", messages.ERROR)
            else:
                agreed.append(str(row))
        if agreed:
            self.message_user(request, f"{done}: {', '.join(agreed)}.", messages.SUCCESS)
