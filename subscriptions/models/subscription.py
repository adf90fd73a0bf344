"""Subscriptions, and which of them give access."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db import models
from django.utils.dateformat import format as format_date
from django.utils.functional import cached_property

from billing.models import Price, Product, words_for
from subscriptions import stripe_clock
from subscriptions.models import dispute
from subscriptions.models.awaited_payment import Awaits
from subscriptions.models.checkout_session import CheckoutSession
from subscriptions.models.customer import BillingAccount
from subscriptions.models.dispute import DisputeHold
from subscriptions.models.invoice import Invoice
from subscriptions.models.subscription_dates import SubscriptionDates
from subscriptions.models.subscription_schedule import SubscriptionSchedule
from subscriptions.user_model import User


def default_grace() -> timedelta:
    return timedelta(days=settings.PAST_DUE_GRACE_DAYS)


class SubscriptionQuerySet(models.QuerySet["Subscription"]):
    def of(self, user: User) -> "SubscriptionQuerySet":
        """Subscriptions of this person, and of nobody else."""
        return self.filter(customer__in=BillingAccount.objects.customer_ids_of(user), is_deleted=False)

    def running(self) -> "SubscriptionQuerySet":
        return self.filter(is_deleted=False).exclude(status__in=Subscription.ENDED)

    def due_to_change_to(self, product: Product) -> "SubscriptionQuerySet":
        """Those that change to this product when their paid period ends, of a person's subscriptions.

        Up to two queries find their schedules, so that the filter is about own columns alone.
        """
        ids = list(self.running().filter(schedule__isnull=False).order_by().values_list("schedule_id", flat=True))
        live = SubscriptionSchedule.objects.filter(pk__in=ids, status__in=SubscriptionSchedule.LIVE)
        next_prices = dict(live.filter(next_at__isnull=False).order_by().values_list("pk", "next_price_id"))
        to_product = Price.objects.filter(pk__in=[pk for pk in next_prices.values() if pk], product=product)
        prices = set(to_product.order_by().values_list("pk", flat=True))
        return self.running().filter(schedule__in=[pk for pk, price in next_prices.items() if price in prices])

    def giving_access(self, now: datetime) -> "SubscriptionQuerySet":
        """Subscriptions that give access at `now` (Stripe's clock), including overdue ones in their grace period."""
        own_days = dict(Product.objects.exclude(grace_days=None).order_by().values_list("pk", "grace_days"))
        in_grace = models.Q(past_due_since_at__gt=now - default_grace()) & ~models.Q(product__in=list(own_days))
        for days in set(own_days.values()):
            products = [pk for pk, its_days in own_days.items() if its_days == days]
            in_grace |= models.Q(past_due_since_at__gt=now - timedelta(days=days or 0), product__in=products)
        overdue = models.Q(status=Subscription.Status.PAST_DUE) & in_grace
        kept = models.Q(is_period_paused=False) | models.Q(pause_resumes_at__lte=now)
        match settings.ACCESS_WHILE_PAUSED:
            case "always":
                kept = models.Q()
            case "unless_void":
                kept |= ~models.Q(pause_behavior=Subscription.VOID)
        giving = self.filter(models.Q(status__in=Subscription.GIVING_ACCESS) | overdue, kept, is_deleted=False)
        return giving.filter(dispute_hold="") if dispute.ends_access() else giving


class Subscription(SubscriptionDates):
    """A subscription at Stripe. https://docs.stripe.com/api/subscriptions/object"""

    # Lines for its owner, set by plans/outlook.py for pages that show them.
    further_items: "list[Any]"
    pending_further: "list[Any]"
    later_changes: "list[Any]"

    # Its discounts with the terms of their coupons, set by plans/amounts.py.
    known_discounts: "list[Any] | None" = None

    # What its prices of another currency cost in its own, by their ids; set there as well.
    foreign_amounts: "dict[str, int | None]"

    objects = SubscriptionQuerySet.as_manager()

    class Meta(SubscriptionDates.Meta):
        ordering = ("-stripe_created_at", "id")
        indexes = [*SubscriptionDates.Meta.indexes, models.Index(fields=["status"]), models.Index(fields=["ended_at"])]

    def __str__(self) -> str:
        return self.pk

    @property
    def is_inactive(self) -> bool:
        """Whether its customer may be archived: it has ended, or is unpaid for good."""
        return self.status in self.INACTIVE or self.is_deleted

    @property
    def gives_access(self) -> bool:
        """Whether it gives access now."""
        return self.gives_access_at(stripe_clock.now())

    def gives_access_at(self, now: datetime) -> bool:
        """Whether it gives access at `now` (Stripe's clock): paid, in trial, or overdue within its grace."""
        if self.is_deleted or self.is_held or self.is_withheld_at(now):
            return False
        return self.status in self.GIVING_ACCESS or (self.grace_ends_at is not None and now < self.grace_ends_at)

    @cached_property
    def awaited(self) -> CheckoutSession | None:
        """The session whose slow payment this subscription waits for, or whose payment failed; one query."""
        if self.status != self.Status.INCOMPLETE or self.is_deleted:
            return None
        return CheckoutSession.objects.filter(subscription=self.pk).exclude(awaits="").first()

    @cached_property
    def open_bills(self) -> list[Invoice]:
        """Its invoices that are to be paid, the first due first; one query if its owner gets invoices."""
        return self.in_order_of_payment(Invoice.objects.payable_of(self) if self.is_sent_invoices else ())

    def in_order_of_payment(self, bills: Iterable[Invoice]) -> list[Invoice]:
        """Return these bills and its latest one, if that is to be paid, the first due first."""
        latest = self.latest_invoice
        known = {bill.pk: bill for bill in [*bills, *([latest] if latest and latest.is_payable else [])]}
        undated = datetime.max.replace(tzinfo=UTC)
        return sorted(known.values(), key=lambda bill: (bill.due_at or undated, bill.created_at or undated))

    @property
    def has_failed_to_start(self) -> bool:
        """Whether its first payment came to nothing: what it sells can be bought again. One query if it is pending."""
        return self.awaited is not None and self.awaited.awaits == Awaits.FAILED

    @property
    def is_being_debited(self) -> bool:
        """Whether its first payment is on its way from a bank: an end now would not stop it. One query."""
        return self.awaited is not None and self.awaited.awaits == Awaits.DEBIT

    def is_withheld_at(self, now: datetime) -> bool:
        """Whether payments are paused in a way that gives no access, and the period that was paid before is over."""
        if not self.is_period_paused or (self.pause_resumes_at is not None and self.pause_resumes_at <= now):
            return False
        return self.is_withheld_later

    @property
    def is_withheld_later(self) -> bool:
        """Whether the pause of payments gives no access in periods that begin during it; False if none will."""
        until, period_ends_at = self.pause_resumes_at, self.current_period_end_at
        if not self.is_period_paused and until and period_ends_at and until <= period_ends_at:
            return False
        choice = settings.ACCESS_WHILE_PAUSED
        return choice == "never" or (choice == "unless_void" and self.pause_behavior == self.VOID)

    @property
    def is_collection_paused(self) -> bool:
        """Whether it runs, but its invoices are not collected now (`pause_collection`)."""
        if not self.pause_behavior or self.has_ended or self.status == self.Status.PAUSED:
            return False
        return self.pause_resumes_at is None or stripe_clock.now() < self.pause_resumes_at

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
        """Whether its plan can be changed now: not while a payment is overdue or payments are paused."""
        is_paid = self.status in {self.Status.ACTIVE, self.Status.TRIALING}
        return is_paid and bool(self.items) and not self.is_deleted and not self.is_collection_paused

    @property
    def on_grace_period(self) -> bool:
        """Whether it is cancelled and gives access until the end of the paid period."""
        return self.ends_with_period and not self.ends_as_agreed

    @property
    def status_label(self) -> str:
        return words_for(self.Status, self.status)

    @property
    @admin.display(description="status")
    def standing_label(self) -> str:
        """The status in a few words for people; a dispute, an end or a pause that is decided is said instead."""
        if self.is_held and self.is_running:
            return "Payment taken back" if self.dispute_hold == DisputeHold.LOST else "Payment disputed"
        if self.status in self.GIVING_ACCESS and self.is_running:
            if self.cancels_at:
                return f"Ends {format_date(self.cancels_at, 'j F Y')}"
            if self.is_collection_paused:
                return "Paused" if self.is_withheld_later else "Payments paused"
        return self.status_label

    @property
    def standing(self) -> str:
        """The status whose look the label has."""
        return self.status if self.standing_label == self.status_label else self.Status.PAUSED.value

    @property
    def is_in_order(self) -> bool:
        """Whether it gives access, and nothing about its payments needs attention."""
        return self.status in self.GIVING_ACCESS and self.is_running and not self.is_held

    @property
    def is_sent_invoices(self) -> bool:
        """Whether its owner gets invoices to pay, and no card is charged."""
        return self.collection_method == Invoice.Collection.SEND

    @property
    def product_name(self) -> str:
        return self.product.name if self.product else "A plan that is no longer listed"

    @property
    def unit_amount(self) -> int | None:
        """What one costs, in the currency that it is billed in; None if that is not a fixed amount known here."""
        price: Price | None = self.price
        return price.unit_amount_in(self.currency) if price else None

    @property
    def terms_display(self) -> str:
        """What the plan costs: "$38.00 per month, 2 x $19.00", "varies with use (USD) per month"."""
        return self.terms_of(self.price, self.quantity) if self.price else ""

    @property
    def leading_terms(self) -> tuple[str, str]:
        """`terms_display` as the amount and the rest: ("$38.00", "per month, 2 x $19.00").

        Without a figure the amount is empty. No amount has a plain space.
        """
        amount, space, rest = self.terms_display.partition(" ")
        return (amount, rest) if self.unit_amount is not None else ("", amount + space + rest)

    @property
    @admin.display(description="price")
    def price_display(self) -> str:
        """What the plan costs, and how many items there are besides."""
        more = f", and {len(self.items) - 1} more" if len(self.items) > 1 else ""
        return f"{self.terms_display}{more}" if self.price else ""

    def terms_of(self, price: Price, quantity: int) -> str:
        """Say what a quantity of this price costs this subscription, in the currency that it is billed in."""
        return price.cost_in(self.currency, quantity)

    @property
    def product_ids(self) -> set[str]:
        """The products of all items."""
        return {item["product"] for item in self.items}

    @property
    def has_discount(self) -> bool:
        """Whether it, or its customer, has a discount."""
        return bool(self.discount_ids) or bool(self.customer and self.customer.discount)

    @property
    def is_at_list_price(self) -> bool:
        """Whether it costs what its prices say: no discount, and no tax on top."""
        return not self.has_discount and not self.is_taxed

    @property
    def has_sum(self) -> bool:
        """Whether it costs something else than its price for one says."""
        return self.quantity != 1 or len(self.items) > 1 or not self.is_at_list_price

    @property
    def has_known_discounts(self) -> bool:
        """Whether more than their ids is known of all discounts."""
        return set(self.discount_ids) <= {discount["id"] for discount in self.discounts}

    @property
    def price_ids(self) -> set[str]:
        return {item["price"] for item in self.items}

    @property
    def is_period_over(self) -> bool:
        """Whether no paid period is left.

        It is not paid yet, was paused for longer than its period, or another period has begun that Stripe does not
        bill, because it is unpaid: paying the open invoice would not bring it back.
        """
        if self.status == self.Status.INCOMPLETE:
            return True
        if self.status == self.Status.UNPAID:
            return self.latest_invoice is not None and self.latest_invoice.status == Invoice.Status.DRAFT
        ends_at = self.current_period_end_at
        return self.status == self.Status.PAUSED and ends_at is not None and ends_at <= stripe_clock.now()

    @property
    def closed_bill(self) -> str:
        """How its last invoice was closed unpaid while it is overdue: "cancelled", "written off"; empty if it was not.

        Its owner is not asked for that invoice any more.
        """
        if self.status not in {self.Status.PAST_DUE, self.Status.UNPAID} or self.latest_invoice is None:
            return ""
        is_closed = self.latest_invoice.status in Invoice.CLOSED_UNPAID
        return str(self.latest_invoice.status_label).lower() if is_closed else ""

    @property
    def can_resume(self) -> bool:
        """Whether its owner can undo a cancel, or start it again after a pause."""
        if self.cancels_at:
            return not self.ends_as_agreed
        return self.status == self.Status.PAUSED and self.is_running

    @property
    def is_paused_unpaid(self) -> bool:
        """Whether it is paused because a payment failed."""
        return self.status == self.Status.PAUSED and self.paused_because in self.PAUSED_UNPAID

    @property
    def awaits_payment(self) -> bool:
        """Whether it is paused until its latest invoice is paid: the one that failed, or that of an attempt to start
        again. An older invoice does not start it again.
        """
        invoice = self.latest_invoice
        if self.status != self.Status.PAUSED or invoice is None or not invoice.is_payable:
            return False
        made_at, paused_at = invoice.stripe_created_at, self.paused_at
        return self.is_paused_unpaid or (made_at is not None and paused_at is not None and made_at > paused_at)

    @property
    def pending_terms(self) -> str:
        """What the scheduled change costs, as `terms_display`; empty if that is not known."""
        waiting = self.pending_change
        return waiting.terms_in(self.currency) if waiting else ""
