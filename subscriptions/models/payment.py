"""Payments: one-time purchases."""

from datetime import datetime

from django.contrib import admin
from django.db import models

from billing.models import LooseLink, MirroredRow, own_id, words_for
from subscriptions.models import dispute
from subscriptions.models.awaited_payment import IS_AWAITED, AwaitedPayment, Awaits
from subscriptions.models.customer import BillingAccount
from subscriptions.models.dispute import DisputeHold
from subscriptions.models.refund import Refund, shown_amount
from subscriptions.user_model import User


class PaymentQuerySet(models.QuerySet["Payment"]):
    def of(self, user: User) -> "PaymentQuerySet":
        return self.filter(customer__in=BillingAccount.objects.customer_ids_of(user), is_deleted=False)

    def giving_access(self) -> "PaymentQuerySet":
        paid = self.filter(is_deleted=False, status=Payment.Status.SUCCEEDED, access_ended_at=None)
        return paid.filter(dispute_hold="") if dispute.ends_access() else paid

    def awaited(self) -> "PaymentQuerySet":
        return self.filter(IS_AWAITED)

    def unpaid(self) -> "PaymentQuerySet":
        """Those that can still be paid, or collected: cancelled now, nothing is charged."""
        return self.filter(IS_AWAITED | models.Q(status__in=Payment.COLLECTING))

    def paid_after_cancel(self) -> "PaymentQuerySet":
        """Those whose money came although they were cancelled before, refunded at Stripe or not."""
        late = self.filter(was_cancelled_unpaid=True, status=Payment.Status.SUCCEEDED, is_deleted=False)
        return late.filter(given_back_at=None)

    def standing(self) -> "PaymentQuerySet":
        """Paid, or being paid: another purchase of the same product would be a second payment.

        One whose money went back for good to the customer can be made again.
        """
        is_paid = models.Q(status__in=Payment.STANDING) | IS_AWAITED
        standing = self.filter(is_paid, is_deleted=False, access_ended_at=None)
        return standing.exclude(dispute_hold=DisputeHold.LOST) if dispute.ends_access() else standing


class Payment(AwaitedPayment, MirroredRow):
    """A one-time purchase; it has the id of its CheckoutSession. https://docs.stripe.com/api/payment_intents/object

    A free order has no payment intent; its row is made from its session.
    """

    class Status(models.TextChoices):
        REQUIRES_PAYMENT_METHOD = "requires_payment_method", "Payment failed"
        REQUIRES_CONFIRMATION = "requires_confirmation", "Not confirmed yet"
        REQUIRES_ACTION = "requires_action", "Waiting for the bank"
        REQUIRES_CAPTURE = "requires_capture", "Authorised"
        PROCESSING = "processing", "Processing"
        CANCELED = "canceled", "Cancelled"
        SUCCEEDED = "succeeded", "Paid"

    COLLECTING = frozenset({Status.PROCESSING, Status.REQUIRES_CAPTURE})
    STANDING = COLLECTING | {Status.SUCCEEDED}

    id = own_id()
    payment_intent_id = models.CharField("payment intent", max_length=255, blank=True, db_index=True)
    customer = LooseLink("subscriptions.Customer", related_name="payments")
    product = LooseLink("billing.Product", related_name="+")
    price = LooseLink("billing.Price", related_name="+")
    quantity = models.PositiveIntegerField(default=1)
    amount = models.BigIntegerField(help_text="In the currency's minor unit.")
    currency = models.CharField(max_length=3)
    presentment_amount = models.BigIntegerField(null=True, blank=True, help_text="In the buyer's own currency.")
    presentment_currency = models.CharField(max_length=3, blank=True)
    status = models.CharField(max_length=30)

    # Our own: a purchase can be ended without a refund.
    access_ended_at = models.DateTimeField(null=True, blank=True)

    # Our own: it was ended before its money came, so money that still comes has to be refunded.
    was_cancelled_unpaid = models.BooleanField("cancelled before it was paid", default=False)

    # Our own: when staff gave such money back outside Stripe, which can't refund some vouchers.
    given_back_at = models.DateTimeField("given back outside Stripe", null=True, blank=True)

    # Our own: what a dispute about it does to its access.
    dispute_hold = models.CharField("disputed", max_length=10, choices=DisputeHold, blank=True)

    # Its refunds, set by views that show them.
    refunds: list[Refund]

    objects = PaymentQuerySet.as_manager()

    class Meta(MirroredRow.Meta):
        ordering = ("-stripe_created_at", "id")

    def __str__(self) -> str:
        return self.payment_intent_id or str(self.pk)

    @property
    def gives_access(self) -> bool:
        is_paid = self.status == self.Status.SUCCEEDED and self.access_ended_at is None and not self.is_deleted
        return is_paid and not self.is_held

    @property
    def has_failed(self) -> bool:
        """Whether its payment came to nothing."""
        return self.status in {self.Status.REQUIRES_PAYMENT_METHOD, self.Status.CANCELED}

    @property
    def is_paid_or_pending(self) -> bool:
        """Whether it is paid or being paid; its access may have ended, and its money may have gone back."""
        return self.status in self.STANDING or self.is_awaited

    @property
    def is_unpaid(self) -> bool:
        """Whether it can still be paid, or collected."""
        return self.is_awaited or self.status in self.COLLECTING

    @property
    def is_being_debited(self) -> bool:
        """Whether its payment is on its way from a bank: a cancel would not stop it."""
        return self.awaits == Awaits.DEBIT

    @property
    def can_be_cancelled(self) -> bool:
        """Whether its owner can cancel it: it waits for a payment that they make themselves."""
        is_standing = self.access_ended_at is None and not self.is_deleted
        return self.is_awaited and not self.is_being_debited and is_standing

    @property
    def is_paid_after_cancel(self) -> bool:
        """Whether its money came although it was cancelled before."""
        is_late = self.was_cancelled_unpaid and self.status == self.Status.SUCCEEDED and not self.is_deleted
        return is_late and self.given_back_at is None

    @property
    def is_held(self) -> bool:
        """Whether a dispute about it ends its access."""
        return bool(self.dispute_hold) and dispute.ends_access()

    @property
    def is_refundable(self) -> bool:
        """Whether money was paid; a free order has no payment."""
        return self.status == self.Status.SUCCEEDED and bool(self.payment_intent_id) and self.amount > 0

    @property
    @admin.display(description="status", ordering="status")
    def status_label(self) -> str:
        """The status in a few words for people; what has become of the money is said instead of "Paid"."""
        if self.is_paid_after_cancel:
            return "Paid after cancel"
        if self.given_back_at:
            return "Given back"
        if self.status == self.Status.SUCCEEDED and self.dispute_hold:
            return DisputeHold.money_label(self.dispute_hold)
        if self.was_cancelled_unpaid:
            return str(self.Status.CANCELED.label)
        if self.status == self.Status.REQUIRES_ACTION and self.awaits in {Awaits.VOUCHER, Awaits.TRANSFER}:
            # "Waiting for the bank" would be wrong: nothing has reached a bank yet.
            return "Waiting for payment"
        return words_for(self.Status, self.status)

    @property
    @admin.display(description="amount")
    def amount_display(self) -> str:
        return shown_amount(self)

    @property
    def product_name(self) -> str:
        return self.product.name if self.product else "A product that is no longer listed"

    @property
    def created_at(self) -> datetime | None:
        return self.stripe_created_at
