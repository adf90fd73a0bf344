"""Payments that arrive days later, or never: what is awaited, until when, and where it can be paid."""

from django.db import models


class Awaits(models.TextChoices):
    """What a purchase waits for; FAILED when it came to nothing."""

    DEBIT = "debit", "a bank's debit"
    VOUCHER = "voucher", "the payment of a voucher"
    TRANSFER = "transfer", "a bank transfer"
    CONFIRMATION = "confirmation", "the confirmation of a bank account"
    FAILED = "failed", "nothing: it failed"


# The condition of `AwaitedPayment.is_awaited`, for queries.
IS_AWAITED = ~models.Q(awaits__in=["", Awaits.FAILED])


class AwaitedPayment(models.Model):
    """Columns of a purchase whose payment may take days."""

    awaits = models.CharField(max_length=20, choices=Awaits, blank=True)
    pay_by_at = models.DateTimeField("to be paid by", null=True, blank=True)
    pay_url = models.TextField("page of the voucher or transfer", blank=True)

    class Meta:
        abstract = True

    @property
    def is_awaited(self) -> bool:
        """Whether its payment is under way: another would be a second payment."""
        return self.awaits not in {"", Awaits.FAILED}
