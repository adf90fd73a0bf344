"""Invoices and refunds."""

from datetime import datetime

from django.contrib import admin
from django.db import models

from billing import money
from billing.models import LooseLink, MirroredRow, stripe_id, words_for
from subscriptions.models.customer import BillingAccount
from subscriptions.user_model import User


class InvoiceQuerySet(models.QuerySet["Invoice"]):
    def of(self, user: User) -> "InvoiceQuerySet":
        return self.filter(customer__in=BillingAccount.objects.customer_ids_of(user), is_deleted=False)


class Invoice(MirroredRow):
    """An invoice of a subscription or a one-time purchase. https://docs.stripe.com/api/invoices/object"""

    class Status(models.TextChoices):
        DRAFT = "draft", "Being prepared"
        OPEN = "open", "To be paid"
        PAID = "paid", "Paid"
        UNCOLLECTIBLE = "uncollectible", "Given up"
        VOID = "void", "Void"

    id = stripe_id()
    customer = LooseLink("subscriptions.Customer", related_name="invoices")
    subscription = LooseLink("subscriptions.Subscription", related_name="invoices")
    number = models.CharField(max_length=255, blank=True)
    status = models.CharField(max_length=30)
    billing_reason = models.CharField(max_length=50, blank=True)
    currency = models.CharField(max_length=3)
    total = models.BigIntegerField(help_text="In the currency's minor unit, as all amounts.")
    amount_due = models.BigIntegerField(default=0)
    amount_paid = models.BigIntegerField(default=0)
    amount_remaining = models.BigIntegerField(default=0)
    attempt_count = models.PositiveIntegerField("payment attempts", default=0)
    next_payment_attempt_at = models.DateTimeField(null=True, blank=True)
    hosted_invoice_url = models.TextField("page at Stripe", blank=True)
    invoice_pdf = models.TextField("PDF", blank=True)

    # Its refunds, set by views that show them.
    given_back: "list[Refund]"

    objects = InvoiceQuerySet.as_manager()

    class Meta:
        ordering = ("-stripe_created_at", "id")

    def __str__(self) -> str:
        return self.number or self.pk

    @property
    @admin.display(description="total")
    def total_display(self) -> str:
        return money.display(self.total, self.currency)

    @property
    def remaining_display(self) -> str:
        return money.display(self.amount_remaining, self.currency)

    @property
    def status_label(self) -> str:
        return words_for(self.Status, self.status)

    @property
    def is_payable(self) -> bool:
        """Whether it can be paid on its hosted page now."""
        return self.status == self.Status.OPEN and self.amount_remaining > 0 and not self.is_deleted

    @property
    def created_at(self) -> datetime | None:
        return self.stripe_created_at


class Refund(MirroredRow):
    """A refund of a one-time purchase or of an invoice. https://docs.stripe.com/api/refunds/object"""

    class Status(models.TextChoices):
        PENDING = "pending", "On its way"
        REQUIRES_ACTION = "requires_action", "Waiting for your details"
        SUCCEEDED = "succeeded", "Refunded"
        FAILED = "failed", "Failed"
        CANCELED = "canceled", "Cancelled"

    # Refunds whose money is, or will be, with the customer.
    STANDING = frozenset({Status.PENDING, Status.REQUIRES_ACTION, Status.SUCCEEDED})

    id = stripe_id()
    payment_intent_id = models.CharField("payment intent", max_length=255, blank=True, db_index=True)
    customer = LooseLink("subscriptions.Customer", related_name="refunds")
    invoice = LooseLink("subscriptions.Invoice", related_name="refunds")
    amount = models.BigIntegerField(help_text="In the currency's minor unit.")
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=30)
    reason = models.CharField(max_length=100, blank=True)

    class Meta:
        ordering = ("-stripe_created_at", "id")

    def __str__(self) -> str:
        return f"{self.amount_display} ({self.status_label})"

    @property
    @admin.display(description="amount")
    def amount_display(self) -> str:
        return money.display(self.amount, self.currency)

    @property
    def status_label(self) -> str:
        return words_for(self.Status, self.status)

    @property
    def created_at(self) -> datetime | None:
        return self.stripe_created_at
