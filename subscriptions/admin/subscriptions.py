"""Subscriptions with their history and invoices, and checkout sessions."""

from datetime import datetime
from html import unescape
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.html import strip_tags

from billing.errors import StripeFailure
from subscriptions.admin.duplicates import OffersRefundOfDuplicates, TwicePaidFilter
from subscriptions.admin.read_only import ReadOnlyAdmin, ReadOnlyInline
from subscriptions.customers import ownership
from subscriptions.models import CheckoutSession, Invoice, StatusChange, Subscription, SubscriptionSchedule
from subscriptions.payments import duplicates, refunds
from subscriptions.payments.refunds import CannotRefund
from subscriptions.plans import amount_words, outlook
from subscriptions.plans.errors import SubscriptionRefusal


class StatusChangeInline(ReadOnlyInline):
    model = StatusChange
    fields = (
        "changed_at",
        "from_status",
        "to_status",
        "to_price",
        "to_quantity",
        "cancels_at",
        "to_pause",
        "paused_because",
        "cause_kind",
        "cause_id",
    )
    show_change_link = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("to_price")


class InvoiceInline(ReadOnlyInline):
    model = Invoice
    fields = ("number", "total_display", "status", "billing_reason", "stripe_created_at")
    readonly_fields = ("total_display",)


class TwicePaidSubscriptions(TwicePaidFilter):
    def newer(self) -> list[Subscription]:
        return duplicates.newer_subscriptions()


class WhoseFilter(admin.SimpleListFilter):
    """Lists running subscriptions that go on being charged without a person here who can see or cancel them."""

    title = "whose"
    parameter_name = "whose"

    def lookups(self, *_: Any) -> list[tuple[str, str]]:
        return [
            ("nobody", "Running, but nobody here owns it"),
            ("deactivated", "Running, but its user is deactivated"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Subscription]) -> QuerySet[Subscription]:  # noqa: ARG002
        match self.value():
            case "nobody":
                found = ownership.charged_without_person()
            case "deactivated":
                found = ownership.charged_of_deactivated()
            case _:
                return queryset
        return queryset.filter(pk__in=list(found.values_list("pk", flat=True)))


@admin.register(Subscription)
class SubscriptionAdmin(OffersRefundOfDuplicates, ReadOnlyAdmin):
    list_display = (
        "id",
        "customer",
        "standing",
        "product",
        "price",
        "quantity",
        "current_period_end_at",
        "cancels_at",
    )
    list_filter = (TwicePaidSubscriptions, WhoseFilter, "status", "pause_behavior", "cancel_at_period_end", "product")
    list_select_related = ("customer", "product", "price")
    search_fields = ("id", "customer__email", "customer__id")
    inlines = (StatusChangeInline, InvoiceInline)
    actions = ("cancel_and_refund",)
    duplicate_action = "cancel_and_refund"
    readonly_fields = ("in_words", "costs")

    @admin.display(description="status", ordering="status")
    def standing(self, subscription: Subscription) -> str:
        return subscription.standing_label

    @admin.display(description="what its owner reads")
    def in_words(self, subscription: Subscription) -> str:
        """Return how the subscription stands in the sentences of its owner's account page."""
        outlook.attach([subscription])
        told = render_to_string("subscriptions/includes/subscription_status.html", {"subscription": subscription})
        return " ".join(unescape(strip_tags(told)).split())

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = [name for name in super().get_fields(request, obj) if name != "in_words"]
        return ["in_words", *fields]

    @admin.display(description="Costs")
    def costs(self, subscription: Subscription) -> str:
        return amount_words.of(subscription)

    @admin.action(description="Cancel now and refund, because it is paid twice", permissions=["refund"])
    def cancel_and_refund(self, request: HttpRequest, chosen: QuerySet[Subscription]) -> None:
        for subscription in chosen:
            try:
                made = duplicates.cancel_and_refund(subscription)
            except (SubscriptionRefusal, CannotRefund, StripeFailure) as error:
                why = error.for_staff if isinstance(error, StripeFailure) else str(error)
                self.message_user(request, f"Subscription {subscription}: {why}", messages.ERROR)
            else:
                done = f"cancelled, {refunds.in_words(made)} refunded."
                self.log_change(request, subscription, f"Paid twice: {done}")
                self.message_user(request, f"Subscription {subscription}: {done}", messages.SUCCESS)

    def has_refund_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("subscriptions.add_refund")


@admin.register(CheckoutSession)
class CheckoutSessionAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "customer", "price", "mode", "status", "payment_status", "started_at")
    list_filter = ("status", "mode")
    list_select_related = ("customer", "price")
    search_fields = ("stripe_id", "customer__email", "customer__id")

    @admin.display(description="Started at", ordering="claimed_at")
    def started_at(self, session: CheckoutSession) -> datetime:
        return session.claimed_at


@admin.register(SubscriptionSchedule)
class SubscriptionScheduleAdmin(ReadOnlyAdmin):
    list_display = (
        "id",
        "subscription",
        "status",
        "next_price",
        "next_quantity",
        "next_at",
        "end_behavior",
        "ends_at",
    )
    list_filter = ("status",)
    list_select_related = ("subscription", "next_price")
    search_fields = ("id", "subscription__id")
