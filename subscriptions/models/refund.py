"""Refunds of one-time purchases and of invoices."""

from datetime import datetime
from typing import Any, Protocol

from django.contrib import admin
from django.db import models

from billing import money
from billing.models import LooseLink, MirroredRow, stripe_id, words_for


class Converted(Protocol):
    """Money that Stripe may have converted from the buyer's own currency."""

    amount: Any
    currency: Any
    presentment_amount: Any
    presentment_currency: Any


def shown_amount(row: Converted) -> str:
    """Return what the buyer paid or got back: "$49.00", or "€45.20 ($49.00)" if it was converted."""
    amount = money.display(row.amount, row.currency)
    if row.presentment_amount is None or row.presentment_currency in {"", row.currency}:
        return amount
    return f"{money.display(row.presentment_amount, row.presentment_currency)} ({amount})"


class Refund(MirroredRow):
    """A refund of a one-time purchase or of an invoice. https://docs.stripe.com/api/refunds/object"""

    class Status(models.TextChoices):
        PENDING = "pending", "On its way"
        REQUIRES_ACTION = "requires_action", "Waiting for your details"
        SUCCEEDED = "succeeded", "Refunded"
        FAILED = "failed", "Failed"
        CANCELED = "canceled", "Cancelled"

    class Reason(models.TextChoices):
        REQUESTED = "requested_by_customer", "Requested by the customer"
        DUPLICATE = "duplicate", "Paid twice"
        FRAUDULENT = "fraudulent", "Fraudulent"
        EXPIRED = "expired_uncaptured_charge", "Reserved and never charged"

    # Refunds whose money is, or will be, with the customer.
    STANDING = frozenset({Status.PENDING, Status.REQUIRES_ACTION, Status.SUCCEEDED})

    id = stripe_id()
    payment_intent_id = models.CharField("payment intent", max_length=255, blank=True, db_index=True)
    customer = LooseLink("subscriptions.Customer", related_name="refunds")
    invoice = LooseLink("subscriptions.Invoice", related_name="refunds")
    amount = models.BigIntegerField(help_text="In the currency's minor unit.")
    currency = models.CharField(max_length=3)
    presentment_amount = models.BigIntegerField(null=True, blank=True, help_text="In the buyer's own currency.")
    presentment_currency = models.CharField(max_length=3, blank=True)
    status = models.CharField(max_length=30)
    reason = models.CharField(max_length=100, blank=True)
    request_id = models.CharField(max_length=100, blank=True, help_text="The request of staff that it was made by.")

    class Meta(MirroredRow.Meta):
        ordering = ("-stripe_created_at", "id")

    def __str__(self) -> str:
        return f"{self.amount_display} ({self.status_label})"

    @property
    @admin.display(description="amount")
    def amount_display(self) -> str:
        return shown_amount(self)

    @property
    @admin.display(description="status", ordering="status")
    def status_label(self) -> str:
        return words_for(self.Status, self.status)

    @property
    @admin.display(description="reason", ordering="reason")
    def reason_label(self) -> str:
        return words_for(self.Reason, self.reason) if self.reason else "None given"

    @property
    def created_at(self) -> datetime | None:
        return self.stripe_created_at
