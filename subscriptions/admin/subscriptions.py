"""Subscriptions with their history and invoices, and checkout sessions."""

from datetime import datetime
from html import unescape
from types import MappingProxyType
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.html import strip_tags
from django.utils.text import capfirst

from billing import money
from subscriptions.admin.confirmed_actions import REFUND_COSTS, ConfirmedAction, ConfirmsActions
from subscriptions.admin.duplicates import TwicePaidFilter
from subscriptions.admin.read_only import ReadOnlyAdmin, ReadOnlyInline, WordedFilter
from subscriptions.customers import ownership
from subscriptions.models import CheckoutSession, Invoice, StatusChange, Subscription, SubscriptionSchedule
from subscriptions.payments import duplicates, refunds
from subscriptions.plans import amount_words, outlook


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
    fields = ("number", "total_display", "status_label", "billing_reason_label", "stripe_created_at")
    readonly_fields = ("total_display", "status_label", "billing_reason_label")


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


def _effects(subscription: Subscription) -> list[str]:
    paid = money.display(duplicates.amount_to_refund(subscription), subscription.currency)
    return [
        "It is cancelled now and not charged again; changes that are not billed yet are dropped.",
        f"All that was paid for it is refunded: {paid}.",
        f"The customer keeps the older subscription to {subscription.product_name}, with its access.",
    ]


def _cancel_and_refund(subscription: Subscription) -> str:
    made = duplicates.cancel_and_refund(subscription)
    return f"Paid twice: cancelled, {refunds.in_words(made)} refunded."


def _was_cancelled(subscription: Subscription) -> str:
    is_ended = Subscription.objects.filter(pk=subscription.pk, status__in=Subscription.ENDED).exists()
    return "Paid twice: cancelled, but not all was refunded." if is_ended else ""


CANCEL_AND_REFUND = ConfirmedAction(
    "cancel_and_refund",
    "Cancel now and refund, because it is paid twice",
    (TwicePaidSubscriptions,),
    _effects,
    _cancel_and_refund,
    costs=REFUND_COSTS,
    done_in_part=_was_cancelled,
)


@admin.register(Subscription)
class SubscriptionAdmin(ConfirmsActions, ReadOnlyAdmin):
    list_display = (
        "id",
        "customer",
        "standing",
        "product",
        "price_display",
        "quantity",
        "current_period_end_at",
        "cancels_at",
    )
    worded = MappingProxyType({"status": Subscription.Status, "collection_method": Invoice.Collection})
    list_filter = (
        TwicePaidSubscriptions,
        WhoseFilter,
        ("status", WordedFilter),
        "pause_behavior",
        "cancel_at_period_end",
        "product",
    )
    list_select_related = ("customer", "product", "price")
    search_fields = ("id", "customer__email", "customer__id")
    inlines = (StatusChangeInline, InvoiceInline)
    actions = ("cancel_and_refund",)
    confirmed_actions = (CANCEL_AND_REFUND,)
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
        return capfirst(amount_words.of(subscription))

    @admin.action(description=CANCEL_AND_REFUND.label, permissions=["give_back"])
    def cancel_and_refund(self, request: HttpRequest, chosen: QuerySet[Subscription]) -> HttpResponse | None:
        return self.ask_or_act(request, chosen, CANCEL_AND_REFUND)

    def has_give_back_permission(self, request: HttpRequest) -> bool:
        """Whether this person may cancel subscriptions as well as refund what was paid."""
        may = ("subscriptions.add_refund", "subscriptions.change_subscription")
        return request.user.has_perms(may)


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
        "customer",
        "status",
        "plan_display",
        "next_at",
        "first_charge_at",
        "end_behavior",
        "ends_at",
    )
    list_filter = ("status",)
    list_select_related = ("subscription", "customer", "next_price__product")
    search_fields = ("id", "subscription__id", "customer__id", "customer__email")
    readonly_fields = ("plan_display", "first_charge_at")
