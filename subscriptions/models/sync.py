"""The state of the sync, and a record of each of its runs."""

from datetime import datetime

from django.db import models

from billing.models import own_id
from subscriptions import our_clock


class SyncState(models.Model):
    """The state of the sync: one row, changed by compare-and-set."""

    THE_ONE = "sync"

    id = models.CharField(primary_key=True, max_length=20, default=THE_ONE, db_column="_id")
    lease_holder = models.CharField(max_length=255, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    watermark = models.DateTimeField(
        null=True, blank=True, help_text="Every event up to this moment (Stripe's clock) has been read."
    )
    clock_offset = models.IntegerField(default=0, help_text="Seconds that Stripe's clock is ahead of ours.")
    full_cursor = models.JSONField(
        null=True,
        blank=True,
        help_text="The ranges that an unfinished full sync has still to read; null if none.",
    )
    last_pass_at = models.DateTimeField(null=True, blank=True, help_text="When the last complete pass began.")
    last_full_at = models.DateTimeField(null=True, blank=True, help_text="When the last complete full sync began.")
    passes = models.PositiveBigIntegerField(default=0, help_text="Passes made, including those that found nothing.")
    stripe_calls = models.PositiveBigIntegerField(default=0, help_text="Calls made by all passes.")
    failing_since_at = models.DateTimeField(
        null=True, blank=True, help_text="When the first failed pass since the last complete one began."
    )
    last_error = models.TextField(blank=True, help_text="Why the last pass was not complete; empty if it was.")

    cron_started_at = models.DateTimeField(null=True, blank=True, help_text="When cron last started a pass.")
    cron_folder = models.TextField(blank=True, help_text="The folder of the code that cron last started.")

    def __str__(self) -> str:
        return f"synced to {self.watermark}"


class SyncRunQuerySet(models.QuerySet["SyncRun"]):
    def complete_full(self, *, now: datetime) -> "SyncRunQuerySet":
        """Full syncs that completed, the newest first; none in the future, which a wrong clock has stored."""
        is_past = our_clock.not_impossible("started_at", now=now)
        return self.filter(is_past, is_full=True, is_complete=True).order_by("-started_at")


class SyncRun(models.Model):
    """One pass that had events or errors, or one full reconcile: what it did and cost, and whether it completed."""

    id = own_id()
    is_full = models.BooleanField("full", default=False)
    is_complete = models.BooleanField("complete", default=False)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    stripe_calls = models.PositiveIntegerField(default=0)
    events = models.PositiveIntegerField(default=0)
    looked_at = models.PositiveIntegerField("subscriptions looked at", default=0)
    updated = models.PositiveIntegerField("subscriptions updated", default=0)
    failed = models.PositiveIntegerField("events failed", default=0)
    failed_objects = models.PositiveIntegerField("objects failed", default=0)
    failures = models.JSONField(
        default=list, blank=True, help_text="The first of the objects that failed, each with the reason."
    )
    archived = models.PositiveIntegerField("customers archived or deleted", default=0)
    drift = models.PositiveIntegerField(
        default=0, help_text="Rows that differed although no webhook or event had reported a change."
    )
    drifted = models.JSONField("ids with drift", default=list, blank=True, help_text="The first 100.")
    unknown = models.PositiveIntegerField("rows unknown to Stripe", default=0)
    unknown_ids = models.JSONField("ids unknown to Stripe", default=list, blank=True, help_text="The first 100.")
    error = models.TextField(blank=True)

    objects = SyncRunQuerySet.as_manager()

    class Meta:
        ordering = ("-started_at",)
        indexes = [
            models.Index(fields=["started_at", "id"]),
            models.Index(fields=["is_full", "is_complete", "started_at"]),
        ]

    def __str__(self) -> str:
        return f"{'full' if self.is_full else 'pass'} at {self.started_at:%Y-%m-%d %H:%M:%S}"
