"""Checkout sessions: each is one try of one customer to buy one product."""

from django.db import models

from billing.models import LooseLink, MirroredRow, own_id
from subscriptions.models.awaited_payment import AwaitedPayment


class CheckoutSession(AwaitedPayment, MirroredRow):
    """One try of one customer to buy one product. https://docs.stripe.com/api/checkout/sessions/object

    The row is made before Stripe is asked for the session. Its id is the `attempt_id` of the customer's ProductClaim.
    What it awaits is our own, and of a subscription's first payment; a one-time purchase has a Payment for that.
    """

    class Mode(models.TextChoices):
        SUBSCRIPTION = "subscription"
        PAYMENT = "payment"

    class Status(models.TextChoices):
        CLAIMED = "claimed", "not at Stripe yet"
        OPEN = "open"
        COMPLETE = "complete"
        EXPIRED = "expired"

    class PaymentStatus(models.TextChoices):
        PAID = "paid", "Paid"
        UNPAID = "unpaid", "Not paid"
        NO_PAYMENT_REQUIRED = "no_payment_required", "Nothing to pay yet"

    id = own_id()
    stripe_id = models.CharField(max_length=255, null=True, blank=True, unique=True)
    status = models.CharField(max_length=20, choices=Status, default=Status.CLAIMED)
    payment_status = models.CharField(max_length=30, blank=True)
    url = models.TextField(blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    subscription = LooseLink("subscriptions.Subscription", related_name="checkout_sessions")
    payment_intent_id = models.CharField(max_length=255, blank=True)

    customer = LooseLink("subscriptions.Customer", related_name="checkout_sessions")
    product = LooseLink("billing.Product", related_name="+")
    price = LooseLink("billing.Price", related_name="+")
    quantity = models.PositiveIntegerField(default=1)
    mode = models.CharField(max_length=20, choices=Mode)

    # Our own: the free days asked for (None if unknown: not made here), and when the row was made.
    trial_days = models.PositiveIntegerField(null=True, blank=True)
    claimed_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-claimed_at",)
        indexes = [models.Index(fields=["stripe_id"]), models.Index(fields=["claimed_at", "id"])]

    def __str__(self) -> str:
        return self.stripe_id or str(self.pk)
