"""Schedules: what Stripe will change about a subscription later, and when it ends by agreement."""

from datetime import datetime

from django.db import models

from billing.models import LooseLink, MirroredRow, stripe_id


class SubscriptionSchedule(MirroredRow):
    """Changes that Stripe will make to a subscription later. https://docs.stripe.com/api/subscription_schedules/object

    `following` lists all of them, the next one first: {"at": Unix seconds, "price": id, "quantity": number} of the
    plan. The next one has columns as well: at `next_at` the subscription changes to `next_price`; null if there is
    none.
    """

    LIVE = frozenset({"not_started", "active"})

    id = stripe_id()
    subscription = LooseLink("subscriptions.Subscription", related_name="schedules")
    status = models.CharField(max_length=30)
    next_price = LooseLink("billing.Price", related_name="+")
    next_quantity = models.PositiveIntegerField(null=True, blank=True)
    next_at = models.DateTimeField("changes at", null=True, blank=True)
    following = models.JSONField("changes to come", default=list, blank=True)
    end_behavior = models.CharField("at its end", max_length=30, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True, help_text="When its last phase ends.")
    pauses_at = models.DateTimeField(null=True, blank=True)
    resumes_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.pk

    @property
    def is_live(self) -> bool:
        return self.status in self.LIVE and not self.is_deleted

    @property
    def has_pending_change(self) -> bool:
        return self.is_live and self.next_at is not None

    @property
    def later_changes(self) -> int:
        """How many changes follow the next one."""
        return max(len(self.following) - 1, 0)

    @property
    def agreed_end_at(self) -> datetime | None:
        """When the subscription ends after the last phase; None if it continues."""
        return self.ends_at if self.is_live and self.end_behavior == "cancel" else None
