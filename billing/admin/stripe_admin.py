"""The base of the catalog's admins: every edit is made at Stripe, and saved here when Stripe has accepted it."""

from collections.abc import Callable, Iterable
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.utils.text import capfirst

from billing import gateway
from billing.errors import StripeFailure


class StripeAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """An admin with a `StripeForm`: before Django saves, Stripe has accepted the change and the row is written."""

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        # Without Django's transaction: a call to Stripe that hangs must not hold the database's write lock.
        view = self._changeform_view  # type: ignore[attr-defined]
        return view(request, object_id, form_url, extra_context)  # type: ignore[no-any-return]

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:  # noqa: ARG002, FBT001
        for notice in form.notices:
            self.message_user(request, notice, messages.WARNING)
        return form.instance

    def save_model(self, *args: Any, **kwargs: Any) -> None:
        """Do nothing: the mirror has written the row."""

    def save_related(self, *args: Any, **kwargs: Any) -> None:
        """Do nothing: the mirror has written the row."""

    def has_delete_permission(self, *_: Any, **__: Any) -> bool:
        """Stripe does not delete products and prices that were used; they are archived."""
        return False

    def send_each(self, request: HttpRequest, rows: Iterable[Any], send: Callable[[Any], Any], done: str) -> None:
        """Make a change at Stripe for each selected row, and report successes and failures to the user."""
        succeeded: list[str] = []
        for row in rows:
            try:
                with gateway.noting_writes():
                    send(row)
            except StripeFailure as error:
                # The admin begins each message with a capital letter, so the row's name must not be first.
                named = f"{capfirst(str(self.opts.verbose_name))} {row}"
                self.message_user(request, f"{named}: {error.for_staff}", messages.ERROR)
                if error.may_be_done:
                    # It may have taken effect all the same, so the log says that it was tried.
                    self.log_change(request, row, f"{done}? {error.for_staff}")
            else:
                self.log_change(request, row, f"{done}.")
                succeeded.append(str(row))
        if succeeded:
            self.message_user(request, f"{done}: {', '.join(succeeded)}.", messages.SUCCESS)
