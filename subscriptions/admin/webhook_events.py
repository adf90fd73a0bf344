"""The webhook inbox: events received, failures with their cause, and an action to process them again."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from billing.errors import StripeFailure
from subscriptions.admin.read_only import ReadOnlyAdmin
from subscriptions.models import WebhookEvent
from subscriptions.webhooks import inbox


def _why(error: Exception) -> str:
    if isinstance(error, StripeFailure):
        return error.for_staff
    return f"{type(error).__name__}: {error} The event's page has the details."


@admin.register(WebhookEvent)
class WebhookEventAdmin(ReadOnlyAdmin):
    list_display = ("id", "type", "state", "foreign", "source", "attempts", "stripe_created_at", "processed_at")
    list_filter = ("state", "foreign", "source", "type")
    search_fields = ("id", "type")
    actions = ("process_again",)

    @admin.action(description="Process again", permissions=["manage"])
    def process_again(self, request: HttpRequest, chosen: QuerySet[WebhookEvent]) -> None:
        for entry, error in inbox.replay(chosen.order_by("stripe_created_at")):
            outcome = entry.state if error is None else f"failed again, {type(error).__name__}"
            self.log_change(request, entry, f"Processed again: {outcome}.")
            label = f"Event {entry.pk} ({entry.type})"
            if error is None:
                self.message_user(request, f"{label}: {entry.get_state_display().lower()}.", messages.SUCCESS)
            else:
                self.message_user(request, f"{label} failed again. {_why(error)}", messages.ERROR)

    def has_manage_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("subscriptions.change_webhookevent")
