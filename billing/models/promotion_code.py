"""Promotion codes, and the coupons whose discounts they give."""

from django.contrib import admin
from django.db import models

from billing import money
from billing.models.mirrored_row import MirroredRow, stripe_id


class Coupon(models.Model):
    """The terms of a coupon, which can't change: read once, when a discount with it is first seen.

    `terms` has percent_off, amounts_off (by currency), duration, and products (None: all); it is empty if the coupon
    was deleted before.
    """

    DURATIONS = frozenset({"once", "repeating", "forever"})

    id = stripe_id()
    terms = models.JSONField(default=dict)

    def __str__(self) -> str:
        return self.pk

    @property
    def has_unknown_terms(self) -> bool:
        """Whether it was read, and has no amount or a duration that this site does not know."""
        has_amount = self.terms.get("percent_off") is not None or bool(self.terms.get("amounts_off"))
        return bool(self.terms) and not (has_amount and self.terms.get("duration") in self.DURATIONS)


class PromotionCode(MirroredRow):
    """A code that buyers enter at checkout for a discount. https://docs.stripe.com/api/promotion_codes/object"""

    class Duration(models.TextChoices):
        ONCE = "once", "the first payment"
        REPEATING = "repeating", "several months"
        FOREVER = "forever", "every payment"

    UNKNOWN = "unknown"

    id = stripe_id()
    code = models.CharField(max_length=255)
    active = models.BooleanField(default=True)
    coupon = models.JSONField(default=dict, blank=True, help_text="The discount, from Stripe's coupon.")
    max_redemptions = models.PositiveIntegerField(null=True, blank=True)
    times_redeemed = models.PositiveIntegerField(default=0)
    expires_at = models.DateTimeField(null=True, blank=True)
    is_for_new_customers = models.BooleanField("for first purchases only", default=False)
    minimum_amount = models.BigIntegerField(
        null=True, blank=True, help_text="The least that a purchase must come to, in the currency's minor unit."
    )
    minimum_currency = models.CharField(max_length=3, blank=True)

    class Meta(MirroredRow.Meta):
        ordering = ("-stripe_created_at", "id")

    def __str__(self) -> str:
        return self.code

    @property
    @admin.display(description="discount")
    def discount_display(self) -> str:
        """The discount in words: "20% off the first payment", "$5.00 off for 3 months"."""
        discount, duration = self._discount, self.coupon.get("duration")
        if not discount or duration not in self.Duration.values:
            return self.UNKNOWN
        months = self.coupon.get("duration_in_months")
        return f"{discount} off for {months} months" if months else f"{discount} off {self.Duration(duration).label}"

    @property
    @admin.display(description="minimum", ordering="minimum_amount")
    def minimum_display(self) -> str:
        """The least that a purchase must come to: "$50.00"; "none" if the code takes any."""
        if self.minimum_amount is None or not self.minimum_currency:
            return "none"
        return money.display(self.minimum_amount, self.minimum_currency)

    @property
    def _discount(self) -> str:
        """What is taken off: "20%", "$5.00"; nothing if the coupon does not say so."""
        percent, amount, currency = (self.coupon.get(name) for name in ("percent_off", "amount_off", "currency"))
        if isinstance(percent, int | float) and percent:
            return f"{percent:g}%"
        return money.display(amount, currency) if isinstance(amount, int) and isinstance(currency, str) else ""
