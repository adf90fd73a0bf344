"""One-time purchases and invoices, with their refunds."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from billing.errors import StripeFailure
from subscriptions.admin.duplicates import OffersRefundOfDuplicates, TwicePaidFilter
from subscriptions.admin.open_invoices import ClosesInvoices
from subscriptions.admin.refunds import InvoiceRefunds, PaymentRefunds
from subscriptions.models import Invoice, Payment
from subscriptions.payments import duplicates
from subscriptions.payments.refunds import CannotRefund


class TwicePaidPayments(TwicePaidFilter):
    def newer(self) -> list[Payment]:
        return duplicates.newer_payments()


@admin.register(Payment)
class PaymentAdmin(OffersRefundOfDuplicates, PaymentRefunds):
    list_display = ("__str__", "customer", "product", "amount_display", "status", "stripe_created_at")
    list_filter = (TwicePaidPayments, "status", "currency")
    list_select_related = ("customer", "product")
    search_fields = ("payment_intent_id", "customer__email", "customer__id")
    amounts = ("amount",)
    actions = ("refund_wholly",)
    duplicate_action = "refund_wholly"

    @admin.action(description="Refund in full, because it was paid twice", permissions=["refund"])
    def refund_wholly(self, request: HttpRequest, chosen: QuerySet[Payment]) -> None:
        for payment in chosen:
            try:
                duplicates.refund_duplicate(payment)
            except (CannotRefund, StripeFailure) as error:
                why = error.for_staff if isinstance(error, StripeFailure) else str(error)
                self.message_user(request, f"{payment}: {why}", messages.ERROR)
            else:
                self.log_change(request, payment, "Paid twice: refunded.")
                self.message_user(request, f"{payment}: refunded.", messages.SUCCESS)

    def has_refund_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("subscriptions.add_refund")


@admin.register(Invoice)
class InvoiceAdmin(ClosesInvoices, InvoiceRefunds):
    change_form_template = "admin/subscriptions/invoice.html"
    list_display = ("__str__", "customer", "total_display", "status", "due_at", "billing_reason", "stripe_created_at")
    list_filter = ("status", "billing_reason", "currency")
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
