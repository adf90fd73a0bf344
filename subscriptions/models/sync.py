"""Our own books: which events came in and what became of them, how far the sync has come and what it did."""

from django.db import models

from billing.models import own_id, stripe_id


class WebhookEvent(models.Model):
    """The inbox: every event that concerns us, once, whether a webhook or a sync brought it."""

    class State(models.TextChoices):
        RECEIVED = "received"
        PROCESSING = "processing"
        DONE = "done"
        IGNORED = "ignored"
        FAILED = "failed"

    class Source(models.TextChoices):
        WEBHOOK = "webhook"
        SYNC = "sync"

    FINAL = frozenset({State.DONE, State.IGNORED})

    id = stripe_id()
    type = models.CharField(max_length=255)
    source = models.CharField(max_length=10, choices=Source)
    state = models.CharField(max_length=12, choices=State, default=State.RECEIVED, db_index=True)
    stripe_created_at = models.DateTimeField("created at Stripe")
    payload = models.JSONField(default=dict)
    attempts = models.PositiveIntegerField(default=0)
    claimed_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)
    received_at = models.DateTimeField(auto_now_add=True)
    processed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-stripe_created_at", "id")
        indexes = [models.Index(fields=["source", "received_at"])]

    def __str__(self) -> str:
        return f"{self.type} {self.pk}"


class SyncState(models.Model):
    """Where the sync stands: one row, changed by compare-and-set."""

    THE_ONE = "sync"

    id = models.CharField(primary_key=True, max_length=20, default=THE_ONE, db_column="_id")
    lease_holder = models.CharField(max_length=255, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    watermark = models.DateTimeField(
        null=True, blank=True, help_text="Up to here, on Stripe's clock, every event is in our books."
    )
    clock_offset = models.IntegerField(default=0, help_text="Seconds that Stripe's clock is ahead of ours.")
    full_cursor = models.JSONField(
        null=True, blank=True, help_text="What an unfinished reconcile has still to read; null when none is under way."
    )
    last_pass_at = models.DateTimeField(null=True, blank=True, help_text="When a complete pass last began.")
    last_full_at = models.DateTimeField(null=True, blank=True, help_text="When a complete reconcile last began.")
    passes = models.PositiveBigIntegerField(default=0, help_text="Passes made, the quiet ones too.")
    stripe_calls = models.PositiveBigIntegerField(default=0, help_text="Calls that all those passes made.")
    failing_since_at = models.DateTimeField(
        null=True, blank=True, help_text="When the first began of the passes that failed since the last complete one."
    )
    last_error = models.TextField(blank=True, help_text="Why the last pass was not complete; empty when it was.")

    def __str__(self) -> str:
        return f"synced to {self.watermark}"


class SyncRun(models.Model):
    """One pass that had work, or one full reconcile: what it did, what it cost, whether it finished."""

    id = own_id()
    is_full = models.BooleanField(default=False)
    is_complete = models.BooleanField(default=False)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    stripe_calls = models.PositiveIntegerField(default=0)
    events = models.PositiveIntegerField(default=0)
    looked_at = models.PositiveIntegerField("subscriptions looked at", default=0)
    updated = models.PositiveIntegerField("subscriptions updated", default=0)
    failed = models.PositiveIntegerField("events failed", default=0)
    archived = models.PositiveIntegerField("customers archived or deleted", default=0)
    drift = models.PositiveIntegerField(
        default=0, help_text="Rows that a reconcile found different, though no webhook or event had told of it."
    )
    drifted = models.JSONField(default=list, blank=True, help_text="The first of these rows' ids.")
    unknown = models.PositiveIntegerField("rows unknown to Stripe", default=0)
    unknown_ids = models.JSONField(default=list, blank=True, help_text="The first of these rows' ids.")
    error = models.TextField(blank=True)

    class Meta:
        ordering = ("-started_at",)
        indexes = [models.Index(fields=["started_at"])]

    def __str__(self) -> str:
        return f"{'full' if self.is_full else 'pass'} at {self.started_at:%Y-%m-%d %H:%M:%S}"
