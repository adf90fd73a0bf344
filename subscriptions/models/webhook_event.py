"""The webhook inbox: events from Stripe, and the result of handling each."""

from django.db import models

from billing.models import stripe_id


class WebhookEvent(models.Model):
    """An event in the inbox. Every event that we handle is stored once, whether it came by webhook or by sync."""

    class State(models.TextChoices):
        RECEIVED = "received"
        PROCESSING = "processing"
        DONE = "done"
        IGNORED = "ignored"
        FAILED = "failed"

    class Source(models.TextChoices):
        WEBHOOK = "webhook"
        SYNC = "sync"

    class Foreign(models.TextChoices):
        ACCOUNT = "account", "of another account"
        LIVE = "live", "of live mode, and our key is for test mode"
        TEST = "test", "of test mode, and our key is for live mode"

    FINAL = frozenset({State.DONE, State.IGNORED})

    id = stripe_id()
    type = models.CharField(max_length=255)
    source = models.CharField("received by", max_length=10, choices=Source)
    state = models.CharField(max_length=12, choices=State, default=State.RECEIVED, db_index=True)
    stripe_created_at = models.DateTimeField("created at Stripe")
    payload = models.JSONField(default=dict)
    attempts = models.PositiveIntegerField(default=0)
    claimed_at = models.DateTimeField("handling started at", null=True, blank=True)
    error = models.TextField(blank=True)
    foreign = models.CharField(
        "not ours",
        max_length=10,
        choices=Foreign,
        blank=True,
        help_text="Why it is ignored although we know its type.",
    )
    received_at = models.DateTimeField(auto_now_add=True)
    processed_at = models.DateTimeField("handled at", null=True, blank=True)

    class Meta:
        ordering = ("-stripe_created_at", "id")
        indexes = [
            models.Index(fields=["source", "received_at"]),
            models.Index(fields=["-stripe_created_at", "id"]),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.pk}"
