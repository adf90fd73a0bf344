"""The page that refunds a one-time purchase or an invoice, and the list of refunds."""

import uuid
from abc import abstractmethod
from types import MappingProxyType
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.html import format_html_join
from django.utils.safestring import mark_safe

from billing import money
from billing.errors import StripeFailure
from subscriptions.admin.read_only import ReadOnlyAdmin, WordedFilter
from subscriptions.models import Invoice, Payment, Refund
from subscriptions.payments import received, refunds
from subscriptions.payments.received import Received
from subscriptions.payments.refunds import CannotRefund, EarlierRequest


class RefundForm(forms.Form):
    """Amount and reason; because of `request_id`, a form that is sent twice refunds once."""

    amount = forms.CharField(max_length=30)
    reason = forms.ChoiceField(choices=[("", "No reason"), *refunds.REASONS.items()], required=False)
    request_id = forms.CharField(widget=forms.HiddenInput, initial=lambda: uuid.uuid4().hex, max_length=64)

    def __init__(self, *args: Any, paid: Received, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.paid = paid
        self.fields["amount"].initial = money.plain(paid.left, paid.currency)
        most = f"At most {money.display(paid.left, paid.currency)}."
        self.fields["amount"].help_text = (
            f"{most} It is taken from the newest payment first." if paid.parts_display else most
        )

    def clean_amount(self) -> int:
        try:
            return money.parse(self.cleaned_data["amount"], self.paid.currency)
        except money.NotMoney as error:
            raise forms.ValidationError(str(error)) from error


class RefundableAdmin(ReadOnlyAdmin):
    """A read-only admin with a "Refund" button on each object, and a list of its refunds so far."""

    change_form_template = "admin/subscriptions/refundable.html"
    readonly_fields: ClassVar[tuple[str, ...]] = ("refunded",)

    @abstractmethod
    def refunds_of(self, purchase: Any) -> QuerySet[Refund]:
        """Return the refunds of this purchase, as far as they are copied."""

    @admin.display(description="Refunds")
    def refunded(self, purchase: Any) -> str:
        links = (
            (reverse("admin:subscriptions_refund_change", args=[quote(refund.pk)]), refund)
            for refund in self.refunds_of(purchase)
        )
        return format_html_join(mark_safe("<br>"), '<a href="{}">{}</a>', links) or "None yet"

    @abstractmethod
    def paid(self, purchase: Any) -> Received:
        """Return what was paid and can be refunded."""

    def credited(self, purchase: Any) -> str:  # noqa: ARG002
        """Return the amount of credit notes after the payment; empty if there are none."""
        return ""

    @abstractmethod
    def effect(self, purchase: Any) -> str:
        """Say what a refund does to access."""

    @abstractmethod
    def refund(self, purchase: Any, **entered: Any) -> list[Refund]:
        """Refund the `amount` entered in the form, for its `reason`."""

    def get_urls(self) -> list[Any]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_refund"
        view = self.admin_site.admin_view(self.refund_view)
        return [path("<path:object_id>/refund/", view, name=name), *super().get_urls()]

    def refund_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        if not request.user.has_perm("subscriptions.add_refund"):
            raise PermissionDenied
        purchase = self.get_object(request, unquote(object_id))
        if purchase is None:
            raise Http404("no such purchase")
        try:
            paid = self.paid(purchase)
            earlier = refunds.earlier_requests(paid)
        except StripeFailure as error:
            return self._back(request, purchase, error.for_staff)
        if not paid.left and not (earlier and request.method == "POST"):
            return self._nothing_left(request, purchase, paid, earlier)
        form = RefundForm(request.POST if request.method == "POST" else None, paid=paid)
        if request.method == "POST" and form.is_valid() and self._was_refunded(request, purchase, form):
            return redirect(self._address(purchase))
        return self._show(request, purchase, form, earlier)

    def _nothing_left(
        self, request: HttpRequest, purchase: Any, paid: Received, earlier: list[EarlierRequest]
    ) -> HttpResponse:
        for one in earlier:
            self.message_user(request, str(one), messages.INFO)
        return self._back(request, purchase, str(CannotRefund.nothing_left(paid)))

    def _was_refunded(self, request: HttpRequest, purchase: Any, form: RefundForm) -> bool:
        try:
            made = self.refund(purchase, **form.cleaned_data)
        except (CannotRefund, StripeFailure) as error:
            form.add_error(None, error.for_staff if isinstance(error, StripeFailure) else str(error))
            return False
        self.log_change(request, purchase, f"Refunded {refunds.in_words(made)}.")
        self.message_user(request, f"{refunds.in_words(made)} refunded.", messages.SUCCESS)
        return True

    def _show(
        self, request: HttpRequest, purchase: Any, form: RefundForm, earlier: list[EarlierRequest]
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": f"Refund {purchase}",
            "opts": self.opts,
            "original": purchase,
            "step": "Refund",
            "back": self._address(purchase),
            "form": form,
            "paid": form.paid,
            "effect": self.effect(purchase),
            "earlier_refunds": self.refunds_of(purchase),
            "credited": self.credited(purchase),
            "earlier_requests": earlier,
        }
        return render(request, "admin/subscriptions/refund.html", context)

    def _back(self, request: HttpRequest, purchase: Any, message: str) -> HttpResponse:
        self.message_user(request, message, messages.ERROR)
        return redirect(self._address(purchase))

    def _address(self, purchase: Any) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[quote(purchase.pk)])


class PaymentRefunds(RefundableAdmin):
    def refunds_of(self, purchase: Payment) -> QuerySet[Refund]:
        if not purchase.payment_intent_id:
            return Refund.objects.none()
        return Refund.objects.filter(payment_intent_id=purchase.payment_intent_id)

    def paid(self, purchase: Payment) -> Received:
        return received.for_purchase(purchase)

    def effect(self, purchase: Payment) -> str:
        if purchase.access_ended_at:
            return "The access that it gave has ended already; a refund does not bring it back."
        return "A refund in full ends the access that this purchase gives; a refund in part does not."

    def refund(self, purchase: Payment, **entered: Any) -> list[Refund]:
        return refunds.refund_payment(payment=purchase, **entered)


class InvoiceRefunds(RefundableAdmin):
    def refunds_of(self, purchase: Invoice) -> QuerySet[Refund]:
        return Refund.objects.filter(invoice=purchase.pk)

    def paid(self, purchase: Invoice) -> Received:
        return received.for_invoice(purchase)

    def effect(self, purchase: Invoice) -> str:
        if not purchase.subscription_id:
            return "Nothing else changes."
        return (
            "The subscription and its access go on, also after a refund in full. "
            "To end them, cancel it in Stripe's dashboard as well."
        )

    def credited(self, purchase: Invoice) -> str:
        amount = purchase.credited_after_payment
        return money.display(amount, purchase.currency) if amount else ""

    def refund(self, purchase: Invoice, **entered: Any) -> list[Refund]:
        return refunds.refund_invoice(invoice=purchase, **entered)


@admin.register(Refund)
class RefundAdmin(ReadOnlyAdmin):
    list_display = (
        "id",
        "amount_display",
        "status_label",
        "reason_label",
        "customer",
        "payment_intent_id",
        "stripe_created_at",
    )
    worded = MappingProxyType({"status": Refund.Status, "reason": Refund.Reason})
    list_filter = (("status", WordedFilter), ("reason", WordedFilter), "currency")
    list_select_related = ("customer",)
    search_fields = ("id", "payment_intent_id", "customer__email", "customer__id")
    amounts = ("amount",)
