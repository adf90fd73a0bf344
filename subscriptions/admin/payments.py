"""One-time purchases and invoices, with their refunds, and checkout sessions."""

from datetime import datetime
from types import MappingProxyType

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from billing import money
from billing.models import words_for
from subscriptions.admin.confirmed_actions import REFUND_COSTS, ConfirmedAction, ConfirmsActions
from subscriptions.admin.duplicates import TwicePaidFilter
from subscriptions.admin.open_invoices import ClosesInvoices
from subscriptions.admin.read_only import OneChoiceFilter, ReadOnlyAdmin, WordedFilter
from subscriptions.admin.refunds import InvoiceRefunds, PaymentRefunds
from subscriptions.models import CheckoutSession, Invoice, Payment
from subscriptions.payments import duplicates, paid_after_cancel, received, refunds


class TwicePaidPayments(TwicePaidFilter):
    def newer(self) -> list[Payment]:
        return duplicates.newer_payments()


class PaidAfterCancelFilter(OneChoiceFilter):
    """Lists purchases whose money came after they were cancelled, and that are not refunded yet."""

    title = "paid after cancel"
    parameter_name = "paid_after_cancel"
    choice = ("yes", "To be refunded")

    def chosen(self, rows: QuerySet[Payment]) -> QuerySet[Payment]:
        return rows.filter(pk__in=[payment.pk for payment in paid_after_cancel.find()])


def _effects_of_refund(payment: Payment) -> list[str]:
    left = money.display(received.for_purchase(payment).left, payment.currency)
    if payment.is_paid_after_cancel:
        return [f"{left} is refunded.", "It gives no access: it was cancelled before its money came."]
    return [
        f"{left} is refunded, and the access that it gives ends.",
        "The older purchase of the same product stays, with its access.",
    ]


def _refund(payment: Payment) -> str:
    if payment.is_paid_after_cancel:
        made = refunds.refund_payment_in_full(payment=payment, reason="requested_by_customer")
        return f"Paid after cancel: {refunds.in_words(made)} refunded."
    return f"Paid twice: {refunds.in_words(duplicates.refund_duplicate(payment))} refunded."


def _effects_of_marking(payment: Payment) -> list[str]:
    return [
        f"It counts as given back: {payment.amount_display}. No money moves here or at Stripe.",
        "Do this after you have sent the money in another way: Stripe can't refund some vouchers.",
        "The customer reads that it was given back.",
    ]


def _mark_given_back(payment: Payment) -> str:
    paid_after_cancel.mark_given_back(payment, now=timezone.now())
    return "Paid after cancel: given back outside Stripe."


REFUND = ConfirmedAction(
    "refund_wholly",
    "Refund in full",
    (TwicePaidPayments, PaidAfterCancelFilter),
    _effects_of_refund,
    _refund,
    costs=REFUND_COSTS,
)
MARK_GIVEN_BACK = ConfirmedAction(
    "mark_given_back",
    "Mark as given back outside Stripe",
    (PaidAfterCancelFilter,),
    _effects_of_marking,
    _mark_given_back,
)


@admin.register(Payment)
class PaymentAdmin(ConfirmsActions, PaymentRefunds):
    list_display = ("__str__", "customer", "product", "amount_display", "status_label", "stripe_created_at")
    worded = MappingProxyType({"status": Payment.Status})
    list_filter = (TwicePaidPayments, PaidAfterCancelFilter, ("status", WordedFilter), "currency")
    list_select_related = ("customer", "product")
    search_fields = ("payment_intent_id", "customer__email", "customer__id")
    amounts = ("amount",)
    actions = ("refund_wholly", "mark_given_back")
    confirmed_actions = (REFUND, MARK_GIVEN_BACK)
    readonly_fields = ("in_words", *PaymentRefunds.readonly_fields)

    @admin.display(description="what its owner reads")
    def in_words(self, payment: Payment) -> str:
        return payment.status_label

    @admin.action(description=REFUND.label, permissions=["refund"])
    def refund_wholly(self, request: HttpRequest, chosen: QuerySet[Payment]) -> HttpResponse | None:
        return self.ask_or_act(request, chosen, REFUND)

    @admin.action(description=MARK_GIVEN_BACK.label, permissions=["refund"])
    def mark_given_back(self, request: HttpRequest, chosen: QuerySet[Payment]) -> HttpResponse | None:
        return self.ask_or_act(request, chosen, MARK_GIVEN_BACK)

    def has_refund_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("subscriptions.add_refund")


@admin.register(Invoice)
class InvoiceAdmin(ClosesInvoices, InvoiceRefunds):
    change_form_template = "admin/subscriptions/invoice.html"
    list_display = (
        "__str__",
        "customer",
        "total_display",
        "status_label",
        "due_at",
        "billing_reason_label",
        "stripe_created_at",
    )
    readonly_fields = ("in_words", *InvoiceRefunds.readonly_fields)
    worded = MappingProxyType(
        {"status": Invoice.Status, "billing_reason": Invoice.BillingReason, "collection_method": Invoice.Collection}
    )
    list_filter = (("status", WordedFilter), ("billing_reason", WordedFilter), "currency")
    list_select_related = ("customer",)
    search_fields = ("id", "number", "customer__email", "customer__id", "subscription__id")
    amounts = (
        "total",
        "amount_due",
        "amount_paid",
        "amount_remaining",
        "starting_balance",
        "ending_balance",
        "credited_before_payment",
        "credited_after_payment",
        "amount_overpaid",
    )

    @admin.display(description="what its owner reads")
    def in_words(self, invoice: Invoice) -> str:
        return invoice.label_for_owner


@admin.register(CheckoutSession)
class CheckoutSessionAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "customer", "price", "mode", "status", "paid", "started_at")
    worded = MappingProxyType({"payment_status": CheckoutSession.PaymentStatus})
    list_filter = ("status", "mode")
    list_select_related = ("customer", "price")
    search_fields = ("stripe_id", "customer__email", "customer__id")

    @admin.display(description="payment", ordering="payment_status")
    def paid(self, session: CheckoutSession) -> str:
        return words_for(CheckoutSession.PaymentStatus, session.payment_status) if session.payment_status else "-"

    @admin.display(description="Started at", ordering="claimed_at")
    def started_at(self, session: CheckoutSession) -> datetime:
        return session.claimed_at
