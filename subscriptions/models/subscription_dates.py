"""When a subscription ends, is charged next, pauses and starts again, by its columns and its schedule."""

from calendar import monthrange
from datetime import UTC, datetime, timedelta

from subscriptions import stripe_clock
from subscriptions.models.subscription_columns import SubscriptionColumns
from subscriptions.models.subscription_schedule import SubscriptionSchedule

# The metadata of a subscription that keeps an end: one that was agreed by a schedule which was released since, and one
# that a cancel has moved forward. Unix seconds. These names must never change.
AGREED_END = "standing_order_agreed_end"
EARLIER_END = "standing_order_end_before_cancel"


def _later(moment: datetime, interval: str, count: int) -> datetime:
    """Return a moment one period later; at the end of a shorter month, its last day."""
    if interval in {"day", "week"}:
        return moment + timedelta(days=count * (7 if interval == "week" else 1))
    months = moment.year * 12 + moment.month - 1 + count * (12 if interval == "year" else 1)
    year, month = divmod(months, 12)
    return moment.replace(year=year, month=month + 1, day=min(moment.day, monthrange(year, month + 1)[1]))


class SubscriptionDates(SubscriptionColumns):
    """What the dates of a subscription mean."""

    class Meta(SubscriptionColumns.Meta):
        abstract = True

    @property
    def has_ended(self) -> bool:
        return self.status in self.ENDED or self.is_deleted

    @property
    def is_running(self) -> bool:
        return not self.has_ended

    @property
    def cancels_at(self) -> datetime | None:
        """When it ends, if that is decided: by a cancel, or by agreement."""
        if self.has_ended:
            return None
        return self.cancel_at or (self.current_period_end_at if self.cancel_at_period_end else None)

    @property
    def ends_with_period(self) -> bool:
        """Whether its end comes before anything more is charged."""
        ends_at, period_ends_at = self.cancels_at, self.current_period_end_at
        return ends_at is not None and (period_ends_at is None or ends_at <= period_ends_at)

    @property
    def ends_later(self) -> bool:
        """Whether its end is decided, and it is charged again before."""
        return self.cancels_at is not None and not self.ends_with_period

    @property
    def agreed_end_at(self) -> datetime | None:
        """When it ends by agreement, which its owner can't undo: a schedule that staff made ends it."""
        schedule = self.schedule
        by_schedule: datetime | None = schedule.agreed_end_at if schedule else None
        return by_schedule or self._kept_end(AGREED_END)

    @property
    def ends_as_agreed(self) -> bool:
        return self.cancels_at is not None and self.cancels_at == self.agreed_end_at

    @property
    def end_before_cancel_at(self) -> datetime | None:
        """The later end to which it returns if its cancel is undone; None if it then continues for good."""
        later, ends_at = self.agreed_end_at or self._kept_end(EARLIER_END), self.cancels_at
        return later if later and ends_at and later > ends_at else None

    def _kept_end(self, name: str) -> datetime | None:
        try:
            return datetime.fromtimestamp(int(self.metadata[name]), UTC)
        except (KeyError, TypeError, ValueError, OverflowError, OSError):
            return None

    @property
    def next_charge_at(self) -> datetime | None:
        """When it is charged next; None if nothing more comes, or its payments are still paused then."""
        at = self.current_period_end_at
        if self.status not in self.GIVING_ACCESS or self.is_deleted or self.ends_with_period or at is None:
            return None
        is_paused_then = self.pause_behavior and (self.pause_resumes_at is None or at < self.pause_resumes_at)
        pauses_at = self.pauses_at
        return None if is_paused_then or (pauses_at and pauses_at <= at) else at

    @property
    def is_next_charge_partial(self) -> bool:
        """Whether it ends within the period that begins with the next charge, which is then for a part of it.

        Stripe charges less for a period that is known to end early; use is charged as it is.
        """
        at, ends_at = self.next_charge_at, self.cancels_at
        if at is None or ends_at is None or self.pending_change:
            return False
        due = [item for item in self.items if item.get("current_period_end") in {None, int(at.timestamp())}]
        wholes = [
            _later(at, item.get("interval") or "month", item.get("interval_count") or 1)
            for item in due
            if not item.get("is_metered")
        ]
        return any(ends_at < whole for whole in wholes)

    @property
    def plan_period_ends_at(self) -> datetime | None:
        """When the period of the plan ends, which can be later than that of a further item."""
        end = self.items[0].get("current_period_end") if self.items else None
        return datetime.fromtimestamp(end, UTC) if end else self.current_period_end_at

    @property
    def has_mixed_periods(self) -> bool:
        return len({item.get("current_period_end") for item in self.items}) > 1

    @property
    def pauses_at(self) -> datetime | None:
        """When its schedule pauses it; None if that is not planned."""
        schedule = self.schedule
        if self.status not in self.GIVING_ACCESS or schedule is None or not schedule.is_live:
            return None
        at: datetime | None = schedule.pauses_at
        return at if at and at > stripe_clock.now() else None

    @property
    def pause_ends_at(self) -> datetime | None:
        """When a paused subscription starts again by itself, as its schedule says."""
        schedule = self.schedule
        is_planned = self.status == self.Status.PAUSED or self.pauses_at
        return schedule.resumes_at if is_planned and schedule and schedule.is_live else None

    @property
    def pending_change(self) -> SubscriptionSchedule | None:
        """The schedule that will change this subscription, if there is one."""
        schedule: SubscriptionSchedule | None = self.schedule
        return schedule if schedule and schedule.has_pending_change else None

    @property
    def last_use_at(self) -> datetime | None:
        """When it ended; for one without such a date (unpaid), when its last period ended."""
        return self.ended_at or self.canceled_at or self.current_period_end_at
