"""Subscription schedules: a change of plan at the end of the paid period."""

from django.db import models

from billing.models import LooseLink, MirroredRow, stripe_id


class SubscriptionSchedule(MirroredRow):
    """A change that Stripe will make to a subscription later. https://docs.stripe.com/api/subscription_schedules/object

    Only the next phase is stored: at `next_at` the subscription changes to `next_price`; null if there is none.
    """

    LIVE = frozenset({"not_started", "active"})

    id = stripe_id()
    subscription = LooseLink("subscriptions.Subscription", related_name="schedules")
    status = models.CharField(max_length=30)
    next_price = LooseLink("billing.Price", related_name="+")
    next_quantity = models.PositiveIntegerField(null=True, blank=True)
    next_at = models.DateTimeField("changes at", null=True, blank=True)

    def __str__(self) -> str:
        return self.pk

    @property
    def has_pending_change(self) -> bool:
        return self.status in self.LIVE and self.next_at is not None and not self.is_deleted
