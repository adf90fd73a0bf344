"""Schedules of subscriptions, and the words for plans and discounts that several pages share."""

from datetime import datetime
from types import MappingProxyType
from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import quote
from django.urls import reverse
from django.utils.dateformat import format as format_date
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe

from billing.models import words_for
from subscriptions import stripe_clock
from subscriptions.admin.read_only import ReadOnlyAdmin, WordedFilter
from subscriptions.models import SubscriptionSchedule
from subscriptions.plans import outlook
from subscriptions.plans.outlook import PlanLine


def plan_of(line: PlanLine) -> str:
    """Name a plan and what it costs, with a link to its price."""
    if line.price is None:
        return line.name
    address = reverse("admin:billing_price_change", args=[quote(line.price.pk)])
    return format_html('{}: <a href="{}">{}</a>', line.name, address, line.terms)


def plans_of(line: PlanLine) -> str:
    """Name the plan of a change and its further items."""
    return format_html_join(" and ", "{}", ((plan_of(one),) for one in (line, *line.further)))


def until(line: PlanLine) -> str:
    if line.at is None:
        return ""
    return f", period {'ends' if line.at > stripe_clock.now() else 'ended'} on {day(line.at)}"


def since(line: PlanLine) -> str:
    return f", from {day(line.at)}" if line.at else ""


def discount_words(discount: dict[str, Any]) -> str:
    """Name a discount by its coupon: "SPRING until Aug. 3, 2099, on one item"."""
    ends_at = discount.get("end")
    until = f" until {day(datetime.fromisoformat(ends_at))}" if ends_at else ""
    return f"{discount.get('coupon') or discount['id']}{until}{', on one item' if discount.get('item') else ''}"


def day(moment: datetime) -> str:
    return format_date(moment, "N j, Y")


@admin.register(SubscriptionSchedule)
class SubscriptionScheduleAdmin(ReadOnlyAdmin):
    list_display = (
        "id",
        "subscription",
        "customer",
        "standing",
        "plan_display",
        "next_at",
        "first_charge_at",
        "at_its_end",
        "ends_at",
    )
    worded = MappingProxyType(
        {"status": SubscriptionSchedule.Status, "end_behavior": SubscriptionSchedule.EndBehavior}
    )
    list_filter = (("status", WordedFilter),)
    list_select_related = ("subscription", "customer", "next_price__product")
    search_fields = ("id", "subscription__id", "customer__id", "customer__email")
    # The changes to come say these in the currency that is billed.
    exclude = ("next_price", "next_quantity", "following")
    readonly_fields = ("plan_display", "changes", "first_charge_at")

    @admin.display(description="status", ordering="status")
    def standing(self, schedule: SubscriptionSchedule) -> str:
        return words_for(SubscriptionSchedule.Status, schedule.status)

    @admin.display(description="at its end", ordering="end_behavior")
    def at_its_end(self, schedule: SubscriptionSchedule) -> str:
        return words_for(SubscriptionSchedule.EndBehavior, schedule.end_behavior) if schedule.end_behavior else "-"

    @admin.display(description="changes to come")
    def changes(self, schedule: SubscriptionSchedule) -> str:
        currency = schedule.subscription.currency if schedule.subscription else schedule.next_currency
        lines = outlook.plan_lines(schedule.following, currency=currency)
        return format_html_join(mark_safe("<br>"), "{}{}", ((plans_of(line), since(line)) for line in lines)) or "None"
