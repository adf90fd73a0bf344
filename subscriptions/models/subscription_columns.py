"""The columns of a subscription. What they mean together is in subscription.py."""

from django.db import models

from billing.models import LooseLink, MirroredRow, stripe_id
from subscriptions.models.dispute import DisputeHold


class SubscriptionColumns(MirroredRow):
    """Stripe's fields as columns, and a few of our own."""

    class Status(models.TextChoices):
        INCOMPLETE = "incomplete", "First payment pending"
        INCOMPLETE_EXPIRED = "incomplete_expired", "Never paid"
        TRIALING = "trialing", "Trial"
        ACTIVE = "active", "Active"
        PAST_DUE = "past_due", "Payment overdue"
        UNPAID = "unpaid", "Unpaid"
        PAUSED = "paused", "Paused"
        CANCELED = "canceled", "Cancelled"

    class TrialWithoutCard(models.TextChoices):
        """What Stripe does at the end of a trial without a card."""

        CANCEL = "cancel", "It ends"
        CREATE_INVOICE = "create_invoice", "It goes on, with an invoice to pay"
        PAUSE = "pause", "It pauses"

    class PausedInvoices(models.TextChoices):
        """What becomes of its invoices while payments are paused."""

        KEEP_AS_DRAFT = "keep_as_draft", "Kept as drafts, which can be charged later"
        MARK_UNCOLLECTIBLE = "mark_uncollectible", "Written off"
        VOID = "void", "Cancelled, because the service can't be provided"

    class PauseReason(models.TextChoices):
        FINAL_PAYMENT_FAILURE = "final_payment_failure", "The last attempt to charge a payment failed"
        FIRST_PAYMENT_FAILURE = "first_payment_failure", "A payment failed"
        PAUSE_REQUESTED = "pause_requested", "A pause was asked for"
        SYSTEM = "system", "Stripe paused it"
        TRIAL_WITHOUT_CARD = "trial_end_without_payment_method", "The trial ended without a card"

    class CancellationReason(models.TextChoices):
        """Why Stripe ended it, or is going to."""

        REQUESTED = "cancellation_requested", "It was cancelled"
        PAYMENT_FAILED = "payment_failed", "A payment failed"
        PAYMENT_DISPUTED = "payment_disputed", "A payment was disputed"
        RETENTION_POLICY = "canceled_by_retention_policy", "Stripe's retention policy"

    class CancellationFeedback(models.TextChoices):
        """The answers that a person who cancels chooses from: https://docs.stripe.com/api/subscriptions/cancel."""

        TOO_EXPENSIVE = "too_expensive", "It's too expensive"
        MISSING_FEATURES = "missing_features", "Some features are missing"
        SWITCHED_SERVICE = "switched_service", "I'm switching to another service"
        UNUSED = "unused", "I don't use it enough"
        CUSTOMER_SERVICE = "customer_service", "Customer service was not good enough"
        TOO_COMPLEX = "too_complex", "It's too complex"
        LOW_QUALITY = "low_quality", "Quality was not good enough"
        OTHER = "other", "Another reason"

    ENDED = frozenset({Status.CANCELED, Status.INCOMPLETE_EXPIRED})
    # Unpaid, it gives nothing and is all but over; but its open invoice can still be paid, which revives it.
    INACTIVE = ENDED | {Status.UNPAID}
    GIVING_ACCESS = frozenset({Status.ACTIVE, Status.TRIALING})

    # `pause_behavior` while the service can't be provided, by Stripe's advice for it:
    # https://docs.stripe.com/billing/subscriptions/pause-payment
    VOID = "void"
    # `paused_because` after a payment that failed.
    PAUSED_UNPAID = frozenset({"first_payment_failure", "final_payment_failure"})

    id = stripe_id()
    customer = LooseLink("subscriptions.Customer", related_name="subscriptions")
    status = models.CharField(max_length=30)
    product = LooseLink("billing.Product", related_name="+")
    price = LooseLink("billing.Price", related_name="+")
    quantity = models.PositiveIntegerField(default=1)
    currency = models.CharField(max_length=3, blank=True)
    items = models.JSONField(default=list, help_text="Each item's id, price, product, quantity and the price's terms.")
    discount_ids = models.JSONField(default=list, blank=True, help_text="Its discounts, and those of its items.")
    discounts = models.JSONField(default=list, blank=True, help_text="Each one's id, coupon, end, and item if of one.")
    current_period_start_at = models.DateTimeField(null=True, blank=True)
    current_period_end_at = models.DateTimeField(null=True, blank=True)
    trial_end_at = models.DateTimeField(null=True, blank=True)
    trial_without_card = models.CharField(
        max_length=30, blank=True, help_text="What Stripe does at the end of a trial without a card."
    )
    cancel_at_period_end = models.BooleanField(default=False)
    cancel_at = models.DateTimeField(null=True, blank=True)
    canceled_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    cancellation_reason = models.CharField("why it ends", max_length=50, blank=True)
    cancellation_feedback = models.CharField("answer when cancelling", max_length=50, blank=True)
    cancellation_comment = models.TextField("comment when cancelling", blank=True)
    schedule = LooseLink("subscriptions.SubscriptionSchedule", related_name="+")
    latest_invoice = LooseLink("subscriptions.Invoice", related_name="+")
    metadata = models.JSONField(default=dict, blank=True)
    collection_method = models.CharField(max_length=30, default="charge_automatically")
    is_taxed = models.BooleanField(default=False, help_text="Whether tax comes on top of its prices.")
    pause_behavior = models.CharField(
        "invoices during a pause", max_length=30, blank=True, help_text="Empty if payments are not paused."
    )
    pause_resumes_at = models.DateTimeField("payments resume at", null=True, blank=True)
    paused_because = models.CharField(max_length=50, blank=True, help_text="Why its status is paused.")
    paused_at = models.DateTimeField(null=True, blank=True)

    # Our own: Stripe does not say since when it is overdue, when its payments were paused, and whether its period has
    # begun since, which then nobody has paid.
    past_due_since_at = models.DateTimeField(null=True, blank=True)
    pause_known_at = models.DateTimeField(null=True, blank=True, editable=False)
    is_period_paused = models.BooleanField(default=False, editable=False)
    # Our own: what a dispute about its payments does to its access.
    dispute_hold = models.CharField("disputed", max_length=10, choices=DisputeHold, blank=True)
    # Our own: the history line of the last write, until it is saved as a StatusChange. It is written with the row in
    # one step, so a killed process loses no line, even without transactions.
    unsaved_history_line = models.JSONField(null=True, blank=True, editable=False)

    class Meta(MirroredRow.Meta):
        abstract = True
