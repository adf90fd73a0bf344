"""The history of subscriptions: each change with its time and cause, and the sentence that customers read."""

from datetime import datetime, timedelta

from django.db import models
from django.utils.dateformat import format as format_date

from billing.models import LooseLink, Price, own_id
from subscriptions.models.customer import BillingAccount
from subscriptions.models.subscription import Subscription
from subscriptions.user_model import User

Status = Subscription.Status

# A subscription first seen this long after its start has a past that is not known here: after a first import, say.
KNOWN_LATE_AFTER = timedelta(days=1)

BEGINNINGS: dict[str, str] = {
    Status.INCOMPLETE: "Ordered {plan}: first payment pending",
    Status.TRIALING: "Trial of {plan} started",
    Status.ACTIVE: "Started on {plan}",
}

# The sentence for reaching a status; `PASSAGES` has those that depend on the status before.
PASSAGES: dict[tuple[str, str], str] = {
    (Status.INCOMPLETE, Status.ACTIVE): "First payment received",
    (Status.INCOMPLETE, Status.TRIALING): "Trial started",
    (Status.TRIALING, Status.ACTIVE): "Trial over, paid from now on",
    (Status.PAST_DUE, Status.ACTIVE): "Paid: no longer overdue",
    (Status.UNPAID, Status.ACTIVE): "Paid: access is back",
    (Status.PAUSED, Status.ACTIVE): "Goes on after a pause",
    (Status.PAUSED, Status.TRIALING): "Trial goes on after a pause",
}
RESUMED = "Goes on: no longer set to end"

# The sentence for a pause, by Stripe's reason for it.
PAUSES: dict[str, str] = {
    "trial_end_without_payment_method": "Paused: the trial ended without a card",
    "first_payment_failure": "Paused: a payment failed",
    "final_payment_failure": "Paused: a payment failed",
}
ARRIVALS: dict[str, str] = {
    Status.INCOMPLETE: "First payment pending",
    Status.INCOMPLETE_EXPIRED: "Never started: the first payment did not go through",
    Status.TRIALING: "On trial",
    Status.ACTIVE: "Active",
    Status.PAST_DUE: "Payment overdue",
    Status.UNPAID: "Still unpaid: access has ended",
    Status.PAUSED: "Paused",
    Status.CANCELED: "Ended",
}


class StatusChangeQuerySet(models.QuerySet["StatusChange"]):
    def of(self, user: User) -> "StatusChangeQuerySet":
        ids = BillingAccount.objects.customer_ids_of(user)
        theirs = Subscription.objects.filter(customer__in=ids).values_list("pk", flat=True)
        return self.filter(subscription__in=list(theirs))


class StatusChange(models.Model):
    """One line of a subscription's history: the state before, the state after, and the cause."""

    id = own_id()
    subscription = LooseLink("subscriptions.Subscription", related_name="status_changes")
    from_status = models.CharField(max_length=30, blank=True)
    to_status = models.CharField(max_length=30)
    from_price = LooseLink("billing.Price", related_name="+")
    to_price = LooseLink("billing.Price", related_name="+")
    from_quantity = models.PositiveIntegerField(null=True, blank=True)
    to_quantity = models.PositiveIntegerField(null=True, blank=True)
    cancels_at = models.DateTimeField(null=True, blank=True, help_text="When it was to end, as scheduled then.")
    from_cancels_at = models.DateTimeField(null=True, blank=True)
    from_pause = models.CharField(max_length=30, blank=True)
    to_pause = models.CharField("invoices during a pause", max_length=30, blank=True)
    pause_resumes_at = models.DateTimeField(null=True, blank=True)
    paused_because = models.CharField(max_length=50, blank=True)
    cause_kind = models.CharField(max_length=20)
    cause_id = models.CharField(max_length=255, blank=True)
    changed_at = models.DateTimeField(help_text="On Stripe's clock: by then it had changed.")
    recorded_at = models.DateTimeField(auto_now_add=True)

    objects = StatusChangeQuerySet.as_manager()

    class Meta:
        ordering = ("-changed_at", "-recorded_at")

    def __str__(self) -> str:
        return f"{self.subscription_id}: {self._arrival()}"

    @property
    def words(self) -> str:
        """The change in a sentence: "Payment overdue", "Changed from Pro, $19.00 per month to Team, …"."""
        happened = [*self._status_words(), *self._plan_words(), *self._end_words(), *self._pause_words()]
        if not happened and self.to_pause:
            # Only the time at which the payments go on has changed.
            return self._pause_in_words()
        # A line of an earlier version does not say when it was to end before.
        return ". ".join(happened) or RESUMED

    def _status_words(self) -> list[str]:
        if not self.from_status:
            return self._beginning()
        if self.from_status == self.to_status:
            return []
        passage = (self.from_status, self.to_status)
        if passage == (Status.TRIALING, Status.ACTIVE) and self.to_pause:
            return ["Trial over, but its payments are paused"]
        return [PASSAGES.get(passage) or self._arrival()]

    def _beginning(self) -> list[str]:
        plan = self._plan(self.to_price, self.to_quantity)
        if self.to_status in BEGINNINGS and not self._was_known_late():
            return [BEGINNINGS[self.to_status].format(plan=plan)]
        known = f"On {plan} when this history began"
        return [known] if self.to_status == Status.ACTIVE else [known, self._arrival()]

    def _arrival(self) -> str:
        by_reason = PAUSES.get(self.paused_because) if self.to_status == Status.PAUSED else None
        return by_reason or ARRIVALS.get(self.to_status) or self.to_status.replace("_", " ").capitalize()

    def _plan_words(self) -> list[str]:
        if not self.from_status:
            return []
        if self.from_price_id != self.to_price_id:
            before = self._plan(self.from_price, self.from_quantity)
            after = self._plan(self.to_price, self.to_quantity)
            return [f"Changed from {before} to {after}"]
        # A line of an earlier version does not say how many there were.
        old, new = (1 if many is None else many for many in (self.from_quantity, self.to_quantity))
        return [f"Quantity changed from {old} to {new}"] if old != new else []

    def _plan(self, price: Price | None, quantity: int | None) -> str:
        if price is None:
            return "a plan that is no longer listed"
        name = price.product.name if price.product else "a plan that is no longer listed"
        currency = self.subscription.currency if self.subscription else ""
        return f"{name}, {price.cost_in(currency, 1 if quantity is None else quantity)}"

    def _end_words(self) -> list[str]:
        if self.cancels_at == self.from_cancels_at or self.to_status in Subscription.ENDED:
            return []
        if self.cancels_at:
            return [f"Set to end on {_day(self.cancels_at)}"]
        return [RESUMED]

    def _pause_words(self) -> list[str]:
        if self.from_pause == self.to_pause or self.to_status in Subscription.ENDED:
            return []
        return [self._pause_in_words()]

    def _pause_in_words(self) -> str:
        if not self.to_pause:
            return "Payments go on"
        return "Payments paused" + (f" until {_day(self.pause_resumes_at)}" if self.pause_resumes_at else "")

    def _was_known_late(self) -> bool:
        started_at = self.subscription.stripe_created_at if self.subscription else None
        return started_at is not None and self.changed_at - started_at > KNOWN_LATE_AFTER


def _day(moment: datetime) -> str:
    return format_date(moment, "j F Y")
