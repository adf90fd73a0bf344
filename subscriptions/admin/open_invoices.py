"""The pages on which staff void an open invoice or write it off."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse

from billing.errors import StripeFailure
from subscriptions.admin.read_only import ReadOnlyAdmin
from subscriptions.models import Invoice
from subscriptions.payments import open_invoices
from subscriptions.payments.open_invoices import CannotClose


@dataclass(frozen=True)
class Closing:
    """One way to close an invoice: what it is called, what it does, and whether it can be done."""

    name: str
    label: str
    done: str
    effects: tuple[str, ...]
    close: Callable[..., Invoice]
    can: Callable[[Invoice], bool]


VOID = Closing(
    "void",
    "Void",
    "Voided.",
    (
        "Nothing is owed on this invoice any more, and it can't be paid. This can't be undone.",
        "Credit of the customer that the invoice used is given back to their balance.",
        "Use it for an invoice that was a mistake, or that nobody has to pay.",
    ),
    open_invoices.void,
    lambda invoice: invoice.can_be_voided,
)
WRITE_OFF = Closing(
    "write_off",
    "Write off",
    "Written off.",
    (
        "Stripe stops asking for the payment. The invoice counts as a loss; if it is paid later, it counts as paid.",
        "It can still be voided.",
    ),
    open_invoices.write_off,
    lambda invoice: invoice.can_be_written_off,
)


class ClosesInvoices(ReadOnlyAdmin):
    """Adds a page for each way to close an open invoice, for staff who may change invoices."""

    def get_urls(self) -> list[Any]:
        def page(closing: Closing) -> Any:
            def view(request: HttpRequest, object_id: str) -> HttpResponse:
                return self.close_view(request, object_id, closing)

            route = f"<path:object_id>/{closing.name.replace('_', '-')}/"
            return path(route, self.admin_site.admin_view(view), name=f"subscriptions_invoice_{closing.name}")

        return [page(VOID), page(WRITE_OFF), *super().get_urls()]

    def close_view(self, request: HttpRequest, object_id: str, closing: Closing) -> HttpResponse:
        """Say what closing the invoice does; a POST does it."""
        if not request.user.has_perm("subscriptions.change_invoice"):
            raise PermissionDenied
        invoice = self.get_object(request, unquote(object_id))
        if invoice is None:
            raise Http404("no such invoice")
        if not closing.can(invoice):
            self.message_user(request, str(CannotClose.not_open(invoice)), messages.ERROR)
        elif request.method == "POST":
            self._close(request, invoice, closing)
        else:
            context = {
                **self.admin_site.each_context(request),
                "title": f"{closing.label} {invoice}",
                "opts": self.opts,
                "original": invoice,
                "step": closing.label,
                "back": self._address(invoice),
                "closing": closing,
            }
            return render(request, "admin/subscriptions/close_invoice.html", context)
        return redirect(self._address(invoice))

    @staticmethod
    def _address(invoice: Invoice) -> str:
        return reverse("admin:subscriptions_invoice_change", args=[quote(invoice.pk)])

    def _close(self, request: HttpRequest, invoice: Invoice, closing: Closing) -> None:
        try:
            closing.close(invoice=invoice)
        except (CannotClose, StripeFailure) as error:
            why = error.for_staff if isinstance(error, StripeFailure) else str(error)
            self.message_user(request, why, messages.ERROR)
        else:
            self.log_change(request, invoice, closing.done)
            self.message_user(request, f"Invoice {invoice}: {closing.done}", messages.SUCCESS)
