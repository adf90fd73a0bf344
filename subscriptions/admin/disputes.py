"""Disputes: what a bank asks back, why, and until when to answer; answers are given in Stripe's dashboard."""

from types import MappingProxyType

from django.contrib import admin
from django.contrib.admin.utils import quote
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.html import format_html

from subscriptions import stripe_clock
from subscriptions.admin.read_only import OneChoiceFilter, ReadOnlyAdmin, WordedFilter
from subscriptions.models import Dispute, Payment
from subscriptions.webhooks import origin

DASHBOARD = "https://dashboard.stripe.com"


class WaitingFilter(OneChoiceFilter):
    """Lists those that staff have to answer."""

    title = "to be answered"
    parameter_name = "waiting"
    choice = ("yes", "To be answered")

    def chosen(self, rows: QuerySet[Dispute]) -> QuerySet[Dispute]:
        return rows & Dispute.objects.waiting(now=stripe_clock.now())


@admin.register(Dispute)
class DisputeAdmin(ReadOnlyAdmin):
    list_display = (
        "id",
        "amount_display",
        "status_label",
        "reason_label",
        "due_by_at",
        "customer",
        "subscription",
        "stripe_created_at",
    )
    worded = MappingProxyType({"status": Dispute.Status, "reason": Dispute.Reason})
    list_filter = (WaitingFilter, ("status", WordedFilter), ("reason", WordedFilter))
    list_select_related = ("customer", "subscription")
    search_fields = ("id", "payment_intent_id", "charge_id", "customer__email", "customer__id")
    amounts = ("amount",)
    exclude = ("status", "reason")
    readonly_fields = ("status_label", "reason_label", "purchase", "at_stripe")

    @admin.display(description="One-time purchase")
    def purchase(self, dispute: Dispute) -> str:
        payment = Payment.objects.filter(payment_intent_id=dispute.payment_intent_id or None).first()
        if payment is None:
            return "None"
        address = reverse("admin:subscriptions_payment_change", args=[quote(payment.pk)])
        return format_html('<a href="{}">{}</a>', address, payment.product_name)

    @admin.display(description="Page at Stripe")
    def at_stripe(self, dispute: Dispute) -> str:
        mode = "" if origin.key_is_live() else "/test"
        address = f"{DASHBOARD}{mode}/payments/{dispute.payment_intent_id or dispute.charge_id}"
        return format_html('<a href="{}">{} at Stripe</a>', address, "Answer it" if dispute.is_waiting else "See it")
