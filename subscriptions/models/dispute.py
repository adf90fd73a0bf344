"""Disputes: payments that a customer's bank has asked back."""

from datetime import datetime

from django.conf import settings
from django.contrib import admin
from django.db import models

from billing import money
from billing.models import LooseLink, MirroredRow, stripe_id, words_for
from subscriptions import stripe_clock


class DisputeHold(models.TextChoices):
    """What a dispute that has taken the money does to the access that was paid with it."""

    OPEN = "open", "until the bank decides"
    LOST = "lost", "the bank has decided for the customer"

    @classmethod
    def money_label(cls, hold: str) -> str:
        """Return what has become of the money of a payment with this hold, in a few words for people."""
        return "Taken back by the bank" if hold == cls.LOST else "Disputed"


def ends_access() -> bool:
    """Whether a disputed payment gives no access, as DISPUTED_ACCESS says."""
    return settings.DISPUTED_ACCESS == "end"


class DisputeQuerySet(models.QuerySet["Dispute"]):
    def taking_access(self) -> "DisputeQuerySet":
        """Those that have taken the money and were not won."""
        return self.filter(is_deleted=False, are_funds_withdrawn=True, status__in=Dispute.TAKING)

    def amount_taken(self, payment_intent_id: str) -> int:
        """Return what the bank has taken back of this payment, in the currency's minor unit."""
        taking = self.taking_access().filter(payment_intent_id=payment_intent_id)
        return sum(taking.values_list("amount", flat=True))

    def waiting(self, *, now: datetime) -> "DisputeQuerySet":
        """Those that staff can still answer; `now` is on Stripe's clock.

        Stripe leaves the status as it is when the deadline passes, and names one long ago if no answer is allowed.
        """
        is_in_time = models.Q(due_by_at=None) | models.Q(due_by_at__gt=now)
        return self.filter(is_in_time, is_deleted=False, status__in=Dispute.WAITING)


class Dispute(MirroredRow):
    """A chargeback, or a bank's inquiry before one. https://docs.stripe.com/api/disputes/object"""

    class Status(models.TextChoices):
        WARNING_NEEDS_RESPONSE = "warning_needs_response", "Inquiry, needs an answer"
        WARNING_UNDER_REVIEW = "warning_under_review", "Inquiry, answered"
        WARNING_CLOSED = "warning_closed", "Inquiry, closed"
        NEEDS_RESPONSE = "needs_response", "Needs an answer"
        UNDER_REVIEW = "under_review", "Answered, the bank decides"
        WON = "won", "Won"
        LOST = "lost", "Lost"
        PREVENTED = "prevented", "Prevented"

    class Reason(models.TextChoices):
        BANK_CANNOT_PROCESS = "bank_cannot_process", "The bank can't process it"
        CHECK_RETURNED = "check_returned", "The check was returned"
        CREDIT_NOT_PROCESSED = "credit_not_processed", "A refund did not arrive"
        CUSTOMER_INITIATED = "customer_initiated", "The customer asked for it"
        DEBIT_NOT_AUTHORIZED = "debit_not_authorized", "The debit was not authorized"
        DUPLICATE = "duplicate", "Paid twice"
        FRAUDULENT = "fraudulent", "The owner of the card did not pay"
        GENERAL = "general", "No reason given"
        INCORRECT_ACCOUNT_DETAILS = "incorrect_account_details", "Wrong account"
        INSUFFICIENT_FUNDS = "insufficient_funds", "Not enough money in the account"
        NONCOMPLIANT = "noncompliant", "Against the card network's rules"
        PRODUCT_NOT_RECEIVED = "product_not_received", "Not received"
        PRODUCT_UNACCEPTABLE = "product_unacceptable", "Not as described"
        SUBSCRIPTION_CANCELED = "subscription_canceled", "Charged after cancelling"
        UNRECOGNIZED = "unrecognized", "Not recognized"

    WAITING = frozenset({Status.NEEDS_RESPONSE, Status.WARNING_NEEDS_RESPONSE})
    TAKING = frozenset({Status.NEEDS_RESPONSE, Status.UNDER_REVIEW, Status.LOST})

    id = stripe_id()
    charge_id = models.CharField("charge", max_length=255, blank=True)
    payment_intent_id = models.CharField("payment intent", max_length=255, blank=True, db_index=True)
    amount = models.BigIntegerField(help_text="In the currency's minor unit.")
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=30, db_index=True)
    reason = models.CharField(max_length=100, blank=True)
    due_by_at = models.DateTimeField("answer by", null=True, blank=True)
    are_funds_withdrawn = models.BooleanField("money taken back", default=False)

    # Our own: a dispute names neither its customer nor what was paid.
    customer = LooseLink("subscriptions.Customer", related_name="disputes")
    invoice = LooseLink("subscriptions.Invoice", related_name="disputes")
    subscription = LooseLink("subscriptions.Subscription", related_name="disputes")

    objects = DisputeQuerySet.as_manager()

    class Meta(MirroredRow.Meta):
        ordering = ("-stripe_created_at", "id")

    def __str__(self) -> str:
        return f"{self.amount_display} ({self.status_label})"

    @property
    @admin.display(description="amount")
    def amount_display(self) -> str:
        return money.display(self.amount, self.currency)

    @property
    @admin.display(description="status")
    def status_label(self) -> str:
        return words_for(self.Status, self.status)

    @property
    @admin.display(description="reason")
    def reason_label(self) -> str:
        return words_for(self.Reason, self.reason) if self.reason else "None given"

    @property
    def takes_access(self) -> bool:
        """Whether it has taken the money and was not won."""
        return self.status in self.TAKING and self.are_funds_withdrawn and not self.is_deleted

    @property
    def hold(self) -> str:
        """What it does to the access that was paid with the money: a DisputeHold, or nothing."""
        if not self.takes_access:
            return ""
        return DisputeHold.LOST if self.status == self.Status.LOST else DisputeHold.OPEN

    @property
    def is_waiting(self) -> bool:
        """Whether staff can still answer it."""
        is_in_time = self.due_by_at is None or self.due_by_at > stripe_clock.now()
        return is_in_time and self.status in self.WAITING and not self.is_deleted

    @property
    def created_at(self) -> datetime | None:
        return self.stripe_created_at
