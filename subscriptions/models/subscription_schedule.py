"""Schedules: what Stripe will change about a subscription later, and when it ends by agreement."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib import admin
from django.db import models

from billing.models import LooseLink, MirroredRow, stripe_id


class ScheduleQuerySet(models.QuerySet["SubscriptionSchedule"]):
    def not_started(self) -> "ScheduleQuerySet":
        """Those that will begin a subscription, the next one first."""
        return self.filter(status=SubscriptionSchedule.NOT_STARTED, is_deleted=False).order_by("next_at", "pk")


class SubscriptionSchedule(MirroredRow):
    """Changes that Stripe will make to a subscription later. https://docs.stripe.com/api/subscription_schedules/object

    `following` lists all of them, the next one first: {"at": Unix seconds, "price": id, "quantity": number} of the
    plan, "further" with price and quantity of each further item, and "is_discounted" of one with a discount. Of one
    that begins a subscription also "currency", "trial_end" if it begins with free days, and "days_until_due" if its
    owner gets invoices to pay. The next one has columns as well: at `next_at` the subscription changes to
    `next_price`; null if there is none. That of a schedule that has not started begins the subscription.
    """

    class Status(models.TextChoices):
        NOT_STARTED = "not_started", "Not started yet"
        ACTIVE = "active", "Running"
        COMPLETED = "completed", "Completed"
        RELEASED = "released", "Released: the subscription goes on without it"
        CANCELED = "canceled", "Cancelled"

    class EndBehavior(models.TextChoices):
        """What becomes of the subscription after the last phase."""

        CANCEL = "cancel", "The subscription ends"
        RELEASE = "release", "The subscription goes on"
        RENEW = "renew", "The schedule begins again"
        NONE = "none", "Nothing"

    NOT_STARTED = "not_started"
    LIVE = frozenset({NOT_STARTED, "active"})

    id = stripe_id()
    subscription = LooseLink("subscriptions.Subscription", related_name="schedules")
    customer = LooseLink("subscriptions.Customer", related_name="schedules")
    status = models.CharField(max_length=30)
    next_price = LooseLink("billing.Price", related_name="+")
    next_quantity = models.PositiveIntegerField(null=True, blank=True)
    next_at = models.DateTimeField("changes at", null=True, blank=True)
    following = models.JSONField("changes to come", default=list, blank=True)
    end_behavior = models.CharField("at its end", max_length=30, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True, help_text="When its last phase ends.")
    pauses_at = models.DateTimeField(null=True, blank=True)
    resumes_at = models.DateTimeField(null=True, blank=True)

    # The further items that it begins, in lines for people, set by plans/outlook.py for pages that show them.
    further_items: "list[Any]"

    objects = ScheduleQuerySet.as_manager()

    def __str__(self) -> str:
        return self.pk

    @property
    def is_live(self) -> bool:
        return self.status in self.LIVE and not self.is_deleted

    @property
    def begins_at(self) -> datetime | None:
        """When it begins a subscription; None if it has done so already."""
        return self.next_at if self.status == self.NOT_STARTED and not self.is_deleted else None

    @property
    @admin.display(description="first charge")
    def first_charge_at(self) -> datetime | None:
        """When the subscription that it begins is charged first: when it begins, or after its free days."""
        trial_end = self._next_change.get("trial_end") if self.begins_at else None
        return datetime.fromtimestamp(trial_end, UTC) if trial_end else self.begins_at

    @property
    def first_due_at(self) -> datetime | None:
        """When the first invoice of the subscription that it begins is to be paid; None if a card is charged."""
        days = self._next_change.get("days_until_due") if self.begins_at else None
        at: datetime | None = self.first_charge_at
        return None if days is None or at is None else at + timedelta(days=days)

    @property
    @admin.display(description="next plan")
    def plan_display(self) -> str:
        """The plan that it begins or changes to, and what that costs: "Pro, $19.00 per month and 1 more"."""
        price = self.next_price
        if price is None:
            return "None" if self.next_at is None else "A plan that is no longer listed"
        currency = self.subscription.currency if self.subscription else self.next_currency
        more = f" and {len(self.next_further)} more" if self.next_further else ""
        return f"{price.product.name if price.product else 'A plan'}, {self.terms_in(currency)}{more}"

    @property
    def terms_display(self) -> str:
        """What that plan costs: "$38.00 per month, 2 x $19.00"; empty if it is not known."""
        return self.terms_in(self.next_currency)

    @property
    def next_currency(self) -> str:
        """The currency of the subscription that it begins; empty if that is not known here."""
        currency: str = self._next_change.get("currency", "")
        return currency

    @property
    def next_further(self) -> list[dict[str, Any]]:
        """Price and quantity of each further item after the next change."""
        further: list[dict[str, Any]] = self._next_change.get("further", [])
        return further

    def terms_in(self, currency: str) -> str:
        """Say what that plan costs to a subscription that is billed in this currency (empty: the price's own)."""
        quantity: int = 1 if self.next_quantity is None else self.next_quantity
        return self.next_price.cost_in(currency, quantity) if self.next_price else ""

    @property
    def begins_discounted(self) -> bool:
        """Whether the next change has a discount, which `terms_display` leaves out."""
        return bool(self._next_change.get("is_discounted"))

    @property
    def _next_change(self) -> dict[str, Any]:
        change: dict[str, Any] = self.following[0] if self.following else {}
        return change

    @property
    def has_pending_change(self) -> bool:
        return self.is_live and self.next_at is not None

    @property
    def agreed_end_at(self) -> datetime | None:
        """When the subscription ends after the last phase; None if it continues."""
        return self.ends_at if self.is_live and self.end_behavior == "cancel" else None
