"""Subscriptions, and which of them give access."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.utils.functional import cached_property

from billing.models import LooseLink, MirroredRow, Price, Product, stripe_id, words_for
from subscriptions import stripe_clock
from subscriptions.models import dispute
from subscriptions.models.checkout_session import CheckoutSession
from subscriptions.models.customer import BillingAccount
from subscriptions.models.dispute import DisputeHold
from subscriptions.user_model import User


def default_grace() -> timedelta:
    return timedelta(days=settings.PAST_DUE_GRACE_DAYS)


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


class SubscriptionQuerySet(models.QuerySet["Subscription"]):
    def of(self, user: User) -> "SubscriptionQuerySet":
        """Subscriptions of this person, and of nobody else."""
        return self.filter(customer__in=BillingAccount.objects.customer_ids_of(user), is_deleted=False)

    def running(self) -> "SubscriptionQuerySet":
        return self.filter(is_deleted=False).exclude(status__in=Subscription.ENDED)

    def due_to_change_to(self, product: Product) -> "SubscriptionQuerySet":
        """Those that change to this product when their paid period ends."""
        return self.running().filter(
            schedule__status__in=SubscriptionSchedule.LIVE,
            schedule__next_at__isnull=False,
            schedule__next_price__product=product,
        )

    def giving_access(self, now: datetime) -> "SubscriptionQuerySet":
        """Subscriptions that give access at `now` (Stripe's clock), including overdue ones in their grace period."""
        in_grace = models.Q(past_due_since_at__gt=now - default_grace(), product__grace_days=None)
        for days in Product.objects.exclude(grace_days=None).values_list("grace_days", flat=True).distinct():
            own = timedelta(days=days or 0)
            in_grace |= models.Q(past_due_since_at__gt=now - own, product__grace_days=days)
        overdue = models.Q(status=Subscription.Status.PAST_DUE) & in_grace
        giving = self.filter(models.Q(status__in=Subscription.GIVING_ACCESS) | overdue, is_deleted=False)
        return giving.filter(dispute_hold="") if dispute.ends_access() else giving


class Subscription(MirroredRow):
    """A subscription at Stripe. https://docs.stripe.com/api/subscriptions/object"""

    class Status(models.TextChoices):
        INCOMPLETE = "incomplete", "First payment pending"
        INCOMPLETE_EXPIRED = "incomplete_expired", "Never paid"
        TRIALING = "trialing", "Trial"
        ACTIVE = "active", "Active"
        PAST_DUE = "past_due", "Payment overdue"
        UNPAID = "unpaid", "Unpaid"
        PAUSED = "paused", "Paused"
        CANCELED = "canceled", "Cancelled"

    ENDED = frozenset({Status.CANCELED, Status.INCOMPLETE_EXPIRED})
    # Unpaid, it gives nothing and is all but over; but its open invoice can still be paid, which revives it.
    INACTIVE = ENDED | {Status.UNPAID}
    GIVING_ACCESS = frozenset({Status.ACTIVE, Status.TRIALING})

    id = stripe_id()
    customer = LooseLink("subscriptions.Customer", related_name="subscriptions")
    status = models.CharField(max_length=30)
    product = LooseLink("billing.Product", related_name="+")
    price = LooseLink("billing.Price", related_name="+")
    quantity = models.PositiveIntegerField(default=1)
    currency = models.CharField(max_length=3, blank=True)
    items = models.JSONField(default=list, help_text="Each item's id, price, product, quantity and the price's terms.")
    current_period_start_at = models.DateTimeField(null=True, blank=True)
    current_period_end_at = models.DateTimeField(null=True, blank=True)
    trial_end_at = models.DateTimeField(null=True, blank=True)
    cancel_at_period_end = models.BooleanField(default=False)
    cancel_at = models.DateTimeField(null=True, blank=True)
    canceled_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    schedule = LooseLink("subscriptions.SubscriptionSchedule", related_name="+")
    latest_invoice = LooseLink("subscriptions.Invoice", related_name="+")
    metadata = models.JSONField(default=dict, blank=True)

    # Our own: Stripe does not say since when.
    past_due_since_at = models.DateTimeField(null=True, blank=True)
    # Our own: what a dispute about its payments does to its access.
    dispute_hold = models.CharField("disputed", max_length=10, choices=DisputeHold, blank=True)
    # Our own: the history line of the last write, until it is saved as a StatusChange. It is written with the row in
    # one step, so a killed process loses no line, even without transactions.
    unsaved_history_line = models.JSONField(null=True, blank=True, editable=False)

    objects = SubscriptionQuerySet.as_manager()

    class Meta:
        ordering = ("-stripe_created_at", "id")
        indexes = [models.Index(fields=["status"])]

    def __str__(self) -> str:
        return self.pk

    @property
    def has_ended(self) -> bool:
        return self.status in self.ENDED or self.is_deleted

    @property
    def is_inactive(self) -> bool:
        """Whether its customer may be archived: it has ended, or is unpaid for good."""
        return self.status in self.INACTIVE or self.is_deleted

    @property
    def is_running(self) -> bool:
        return not self.has_ended

    @property
    def gives_access(self) -> bool:
        """Whether it gives access now."""
        return self.gives_access_at(stripe_clock.now())

    def gives_access_at(self, now: datetime) -> bool:
        """Whether it gives access at `now` (Stripe's clock): paid, in trial, or overdue within its grace."""
        if self.is_deleted or self.is_held:
            return False
        return self.status in self.GIVING_ACCESS or (self.grace_ends_at is not None and now < self.grace_ends_at)

    @cached_property
    def awaited(self) -> CheckoutSession | None:
        """The session whose slow payment this subscription waits for, or whose payment failed; one query."""
        if self.status != self.Status.INCOMPLETE or self.is_deleted:
            return None
        return CheckoutSession.objects.filter(subscription=self.pk).exclude(awaits="").first()

    @property
    def is_held(self) -> bool:
        """Whether a dispute about its payments ends its access."""
        return bool(self.dispute_hold) and dispute.ends_access()

    @property
    def grace_ends_at(self) -> datetime | None:
        """When the access of an overdue subscription ends; None if it is not overdue.

        Counted from the failed payment; another period does not renew it.
        """
        if self.status != self.Status.PAST_DUE or self.past_due_since_at is None:
            return None
        days = self.product.grace_days if self.product else None
        return self.past_due_since_at + (default_grace() if days is None else timedelta(days=days))

    @property
    def on_trial(self) -> bool:
        return self.status == self.Status.TRIALING and not self.is_deleted

    @property
    def can_change(self) -> bool:
        """Whether its plan can be changed now: not while a payment is overdue, and not after its end."""
        is_paid = self.status in {self.Status.ACTIVE, self.Status.TRIALING}
        return is_paid and bool(self.items) and not self.is_deleted

    @property
    def on_grace_period(self) -> bool:
        """Whether it is cancelled and gives access until the end of the paid period."""
        return self.cancels_at is not None

    @property
    def status_label(self) -> str:
        return words_for(self.Status, self.status)

    @property
    def product_name(self) -> str:
        return self.product.name if self.product else "A plan that is no longer listed"

    @property
    def unit_amount(self) -> int | None:
        """What one costs, in the currency that it is billed in; None if that is not a fixed amount known here."""
        price: Price | None = self.price
        is_known = price is not None and price.is_plain and self.currency in {"", price.currency}
        return price.unit_amount if price and is_known else None

    @property
    def terms_display(self) -> str:
        """Price, interval and quantity: "$19.00 per month", "varies with use (USD) per month"."""
        return self.terms_of(self.price, self.quantity) if self.price else ""

    def terms_of(self, price: Price, quantity: int) -> str:
        """Say what a quantity of this price costs this subscription, in the currency that it is billed in."""
        times = f"\N{MULTIPLICATION SIGN} {quantity}" if price.is_plain else f"for {quantity:,}"
        return price.terms_in(self.currency) + (f" {times}" if quantity > 1 else "")

    @property
    def product_ids(self) -> set[str]:
        """The products of all items."""
        return {item["product"] for item in self.items}

    @property
    def price_ids(self) -> set[str]:
        return {item["price"] for item in self.items}

    @property
    def cancels_at(self) -> datetime | None:
        """When a scheduled cancel takes effect; None if none is scheduled."""
        if self.has_ended:
            return None
        return self.cancel_at or (self.current_period_end_at if self.cancel_at_period_end else None)

    @property
    def ends_with_period(self) -> bool:
        """Whether a scheduled cancel takes effect before anything more is charged."""
        ends_at, period_ends_at = self.cancels_at, self.current_period_end_at
        return ends_at is not None and (period_ends_at is None or ends_at <= period_ends_at)

    @property
    def pending_change(self) -> SubscriptionSchedule | None:
        """The schedule that will change this subscription, if there is one."""
        schedule: SubscriptionSchedule | None = self.schedule
        return schedule if schedule and schedule.has_pending_change else None

    @property
    def pending_terms(self) -> str:
        """What the scheduled change costs, as `terms_display`; empty if that is not known."""
        waiting = self.pending_change
        return self.terms_of(waiting.next_price, waiting.next_quantity or 1) if waiting and waiting.next_price else ""

    @property
    def last_use_at(self) -> datetime | None:
        """When it ended; for one without such a date (unpaid), when its last period ended."""
        return self.ended_at or self.canceled_at or self.current_period_end_at
