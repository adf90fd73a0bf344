"""Invoices: what was billed, what is left to pay, and what became of the money."""

from datetime import datetime
from typing import TYPE_CHECKING

from django.contrib import admin
from django.db import models

from billing import money
from billing.models import LooseLink, MirroredRow, stripe_id, words_for
from subscriptions import stripe_clock
from subscriptions.models.customer import BillingAccount
from subscriptions.models.dispute import DisputeHold
from subscriptions.user_model import User

if TYPE_CHECKING:
    from subscriptions.models.refund import Refund


class InvoiceQuerySet(models.QuerySet["Invoice"]):
    def of(self, user: User) -> "InvoiceQuerySet":
        return self.filter(customer__in=BillingAccount.objects.customer_ids_of(user), is_deleted=False)

    def payable_of(self, subscription: models.Model) -> "InvoiceQuerySet":
        """The open invoices of a subscription with something left to pay, the oldest first."""
        return self.payable().filter(subscription=subscription.pk)

    def payable(self) -> "InvoiceQuerySet":
        """The open invoices with something left to pay, the oldest first."""
        open_ones = self.filter(status=Invoice.Status.OPEN, amount_remaining__gt=0, is_deleted=False)
        return open_ones.order_by("stripe_created_at", "pk")


class Invoice(MirroredRow):
    """An invoice of a subscription or a one-time purchase. https://docs.stripe.com/api/invoices/object"""

    class Status(models.TextChoices):
        DRAFT = "draft", "Being prepared"
        OPEN = "open", "To be paid"
        PAID = "paid", "Paid"
        UNCOLLECTIBLE = "uncollectible", "Written off"
        VOID = "void", "Cancelled"

    CLOSED_UNPAID = frozenset({Status.UNCOLLECTIBLE, Status.VOID})

    class BillingReason(models.TextChoices):
        """Why Stripe made it. https://docs.stripe.com/api/invoices/object#invoice_object-billing_reason"""

        SUBSCRIPTION_CREATE = "subscription_create", "First period"
        SUBSCRIPTION_CYCLE = "subscription_cycle", "New period"
        SUBSCRIPTION_UPDATE = "subscription_update", "Change of the subscription"
        SUBSCRIPTION_THRESHOLD = "subscription_threshold", "Use reached a threshold"
        SUBSCRIPTION = "subscription", "Subscription"
        MANUAL = "manual", "Made by hand or for a one-time purchase"
        PENDING_ITEM = "automatic_pending_invoice_item_invoice", "Amounts not billed before"
        QUOTE_ACCEPT = "quote_accept", "Accepted quote"
        UPCOMING = "upcoming", "Preview"

    class Collection(models.TextChoices):
        CHARGE = "charge_automatically", "Charged to the saved payment method"
        SEND = "send_invoice", "Sent to be paid"

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
    collection_method = models.CharField(max_length=30, default="charge_automatically")
    due_at = models.DateTimeField(null=True, blank=True, help_text="Only of invoices that are sent to be paid.")
    starting_balance = models.BigIntegerField(
        default=0, help_text="The customer's balance before this invoice; below zero, it is credit."
    )
    ending_balance = models.BigIntegerField(null=True, blank=True, help_text="And after; empty until it is final.")
    credited_before_payment = models.BigIntegerField(default=0)
    credited_after_payment = models.BigIntegerField(default=0)
    amount_overpaid = models.BigIntegerField(default=0)
    hosted_invoice_url = models.TextField("page at Stripe", blank=True)
    invoice_pdf = models.TextField("PDF", blank=True)

    # Our own: what a dispute about its payment does.
    dispute_hold = models.CharField("disputed", max_length=10, choices=DisputeHold, blank=True)

    # Its refunds, set by views that show them.
    given_back: "list[Refund]"

    objects = InvoiceQuerySet.as_manager()

    class Meta(MirroredRow.Meta):
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
    @admin.display(description="status", ordering="status")
    def status_label(self) -> str:
        """The status in a few words for people; what has become of the money is said instead of "Paid"."""
        if self.status == self.Status.PAID and self.dispute_hold:
            return DisputeHold.money_label(self.dispute_hold)
        if self.status == self.Status.PAID and not self.amount_paid and self.carried_over > 0:
            return "On your next invoice"
        return words_for(self.Status, self.status)

    @property
    @admin.display(description="reason", ordering="billing_reason")
    def billing_reason_label(self) -> str:
        return words_for(self.BillingReason, self.billing_reason)

    @property
    def is_settled(self) -> bool:
        """Whether it is paid, and the money stayed."""
        return self.status == self.Status.PAID and not self.dispute_hold

    @property
    def is_payable(self) -> bool:
        """Whether it can be paid on its hosted page now."""
        return self.status == self.Status.OPEN and self.amount_remaining > 0 and not self.is_deleted

    @property
    def is_refundable(self) -> bool:
        return self.amount_paid > 0

    @property
    def can_be_voided(self) -> bool:
        return self.status in {self.Status.OPEN, self.Status.UNCOLLECTIBLE} and not self.is_deleted

    @property
    def can_be_written_off(self) -> bool:
        return self.status == self.Status.OPEN and not self.is_deleted

    @property
    def is_overdue(self) -> bool:
        """Whether it was sent to be paid and the day for that is over."""
        return self.is_payable and self.due_at is not None and self.due_at < stripe_clock.now()

    @property
    def is_for_period(self) -> bool:
        """Whether it is for a period of a subscription: of no use once that has ended."""
        return self.billing_reason in {
            self.BillingReason.SUBSCRIPTION_CREATE,
            self.BillingReason.SUBSCRIPTION_CYCLE,
        }

    @property
    def brings_nothing_back(self) -> bool:
        """Whether it is for a period of a subscription that has ended: paid now, it would not give access again."""
        return self.is_for_period and self.subscription is not None and self.subscription.has_ended

    @property
    def is_charged_no_more(self) -> bool:
        """Whether it is open, but neither charged nor asked for, because its subscription has ended."""
        return self.is_payable and self.brings_nothing_back and self.is_charged

    @property
    def is_charged(self) -> bool:
        """Whether a card is charged for it. Stripe stops that when its subscription ends."""
        return self.collection_method == self.Collection.CHARGE

    @property
    def stays_owed(self) -> bool:
        """Whether its owner still has to pay it after its subscription has ended."""
        return self.is_payable and not (self.is_for_period and self.is_charged)

    @property
    def is_being_paid(self) -> bool:
        """Whether its payment is under way, so that paying it on its page would be paying twice."""
        is_first = self.billing_reason == self.BillingReason.SUBSCRIPTION_CREATE
        if not self.is_payable or not is_first or self.subscription is None:
            return False
        return self.subscription.awaited is not None and self.subscription.awaited.is_awaited

    @property
    def is_asked_for(self) -> bool:
        """Whether its owner is asked to pay it."""
        return self.is_payable and not self.brings_nothing_back and not self.is_being_paid

    @property
    def label_for_owner(self) -> str:
        """The status in a few words for its owner, who reads of an open one whether it is still asked for."""
        if self.is_being_paid:
            return "Processing"
        return "Not charged any more" if self.is_charged_no_more else self.status_label

    @property
    def used_credit(self) -> int:
        """The amount that the customer's credit has paid of it."""
        if not self._is_balance_applied or self.starting_balance >= 0:
            return 0
        return min(-self.starting_balance, max(0, self.total))

    @property
    def owed_before(self) -> int:
        """The amount that was owed from earlier invoices and is billed with this one."""
        billed = self.amount_due + self.credited_before_payment
        is_billed = self._is_balance_applied and 0 < self.starting_balance <= billed - self.total
        return self.starting_balance if is_billed else 0

    @property
    def carried_over(self) -> int:
        """The amount, too small to be charged, that the next invoice bills; below zero, what that is reduced by."""
        if not self._is_balance_applied or self.ending_balance is None:
            return 0
        return self.ending_balance - self.starting_balance - self.used_credit + self.owed_before

    @property
    def settlement_display(self) -> str:
        """How the total is settled, if not by one payment: "$12.00 paid, $5.00 from your balance, $3.00 credited"."""
        is_plain = self.amount_paid in {0, self.total}
        parts = [
            (self.owed_before, "owed from before is added"),
            (0 if is_plain else self.amount_paid, "paid"),
            (self.used_credit, "from your balance"),
            (self.credited_before_payment, "credited"),
            (self.credited_after_payment, "credited after the payment"),
            (self.amount_overpaid, "paid too much and kept for your next invoice"),
            (max(0, self.carried_over), "comes with your next invoice"),
            (max(0, -self.carried_over), "kept for your next invoice"),
            (self.amount_remaining if self.is_payable and self.amount_remaining != self.total else 0, "left to pay"),
        ]
        return ", ".join(f"{money.display(amount, self.currency)} {words}" for amount, words in parts if amount)

    @property
    def _is_balance_applied(self) -> bool:
        """Whether the customer's balance has been applied to it; of a void one that is undone."""
        return self.ending_balance is not None and self.status != self.Status.VOID

    @property
    def created_at(self) -> datetime | None:
        return self.stripe_created_at
