"""Subscriptions with their history and invoices."""

from contextlib import suppress
from html import unescape
from types import MappingProxyType
from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import quote
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html, format_html_join, strip_tags
from django.utils.safestring import mark_safe
from django.utils.text import capfirst

from billing import money
from billing.models import words_for
from subscriptions.admin.confirmed_actions import REFUND_COSTS, ConfirmedAction, ConfirmsActions
from subscriptions.admin.departures import WithDeparturesPage
from subscriptions.admin.duplicates import TwicePaidFilter
from subscriptions.admin.read_only import ReadOnlyInline, WordedFilter
from subscriptions.admin.schedules import discount_words, plan_of, until
from subscriptions.customers import ownership
from subscriptions.models import Invoice, StatusChange, Subscription
from subscriptions.payments import duplicates, refunds
from subscriptions.plans import amount_words, outlook


class StatusChangeInline(ReadOnlyInline):
    model = StatusChange
    fields = ("changed_at", "what", "cause")
    readonly_fields = ("what", "cause")
    show_change_link = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._names: dict[str, str] = {}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("subscription", "from_price__product", "to_price__product")

    @admin.display(description="What changed")
    def what(self, change: StatusChange) -> str:
        return change.words

    @admin.display(description="By")
    def cause(self, change: StatusChange) -> str:
        match change.cause_kind:
            case "event":
                return format_html('Stripe, <a href="{}">{}</a>', _event_page(change.cause_id), change.cause_id)
            case "sync":
                return "Stripe, found by the sync"
            case "person" | "staff":
                return self._name_of(change.cause_id)
        return "Unknown"

    def _name_of(self, user_id: str) -> str:
        if user_id not in self._names:
            found = None
            # A history that came from another engine names its people by keys of another kind.
            with suppress(ValidationError):
                key = get_user_model()._meta.pk.to_python(user_id)
                found = get_user_model()._default_manager.filter(pk=key).first()
            self._names[user_id] = str(found or "A person who is deleted here")
        return self._names[user_id]


def _event_page(event_id: str) -> str:
    return reverse("admin:subscriptions_webhookevent_change", args=[quote(event_id)])


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
class SubscriptionAdmin(ConfirmsActions, WithDeparturesPage):
    list_display = (
        "id",
        "customer",
        "standing",
        "product",
        "price_display",
        "quantity",
        "current_period_end_at",
        "cancels_at",
        "why_it_ends",
    )
    worded = MappingProxyType(
        {
            "status": Subscription.Status,
            "collection_method": Invoice.Collection,
            "trial_without_card": Subscription.TrialWithoutCard,
            "pause_behavior": Subscription.PausedInvoices,
            "paused_because": Subscription.PauseReason,
            "cancellation_reason": Subscription.CancellationReason,
            "cancellation_feedback": Subscription.CancellationFeedback,
        }
    )
    list_filter = (
        TwicePaidSubscriptions,
        WhoseFilter,
        ("status", WordedFilter),
        ("pause_behavior", WordedFilter),
        ("cancellation_reason", WordedFilter),
        ("cancellation_feedback", WordedFilter),
        "cancel_at_period_end",
        "product",
    )
    list_select_related = ("customer", "product", "price")
    search_fields = ("id", "customer__email", "customer__id")
    inlines = (StatusChangeInline, InvoiceInline)
    actions = ("cancel_and_refund",)
    confirmed_actions = (CANCEL_AND_REFUND,)
    # Named in words by the item lines and the costs; a price's own amount is not what another currency pays.
    exclude = ("price", "items", "discount_ids", "discounts")
    readonly_fields = ("in_words", "costs", "item_lines", "discount_lines")

    @admin.display(description="status", ordering="status")
    def standing(self, subscription: Subscription) -> str:
        return subscription.standing_label

    @admin.display(description="why it ends", ordering="cancellation_reason")
    def why_it_ends(self, subscription: Subscription) -> str:
        reason, feedback = subscription.cancellation_reason, subscription.cancellation_feedback
        said = [
            words_for(Subscription.CancellationReason, reason) if reason else "",
            words_for(Subscription.CancellationFeedback, feedback) if feedback else "",
        ]
        return ": ".join(filter(None, said)) or "-"

    @admin.display(description="what its owner reads")
    def in_words(self, subscription: Subscription) -> str:
        """Return how the subscription stands in the sentences of its owner's account page."""
        outlook.attach([subscription])
        told = render_to_string("subscriptions/includes/subscription_status.html", {"subscription": subscription})
        return " ".join(unescape(strip_tags(told)).split())

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = [name for name in super().get_fields(request, obj) if name not in self.readonly_fields]
        return [*self.readonly_fields, *fields]

    @admin.display(description="what its owner reads of its costs")
    def costs(self, subscription: Subscription) -> str:
        return capfirst(amount_words.of(subscription))

    @admin.display(description="items")
    def item_lines(self, subscription: Subscription) -> str:
        lines = outlook.plan_lines(subscription.items, currency=subscription.currency)
        return format_html_join(mark_safe("<br>"), "{}{}", ((plan_of(line), until(line)) for line in lines)) or "-"

    @admin.display(description="discounts")
    def discount_lines(self, subscription: Subscription) -> str:
        known = {one["id"]: one for one in subscription.discounts}
        lines = [discount_words(known.get(pk, {"id": pk})) for pk in subscription.discount_ids]
        return format_html_join(mark_safe("<br>"), "{}", ((line,) for line in lines)) or "-"

    @admin.action(description=CANCEL_AND_REFUND.label, permissions=["give_back"])
    def cancel_and_refund(self, request: HttpRequest, chosen: QuerySet[Subscription]) -> HttpResponse | None:
        return self.ask_or_act(request, chosen, CANCEL_AND_REFUND)

    def has_give_back_permission(self, request: HttpRequest) -> bool:
        """Whether this person may cancel subscriptions as well as refund what was paid."""
        may = ("subscriptions.add_refund", "subscriptions.change_subscription")
        return request.user.has_perms(may)
