"""The catalog's rows, and the abstract row that every mirrored object shares."""

import uuid
from typing import Any

from django.contrib import admin
from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.db.models.fields.related_descriptors import ForwardManyToOneDescriptor

from billing import money


def stripe_id(**options: Any) -> "models.CharField[str, str]":
    """A primary key that is Stripe's own id. Stored as `_id`, MongoDB's key, so one row has one key there too."""
    return models.CharField(primary_key=True, max_length=255, db_column="_id", **options)


def own_id() -> "models.UUIDField[uuid.UUID | str, uuid.UUID]":
    return models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False, db_column="_id")


def words_for(choices: type[models.TextChoices], value: str) -> str:
    """A status in a person's words; one that Stripe adds one day is shown as Stripe names it."""
    known = {choice.value: str(choice.label) for choice in choices}
    return known.get(value, value.replace("_", " ").capitalize())


class _OrNothing(ForwardManyToOneDescriptor):  # type: ignore[type-arg]
    """Follows a link; None where nothing is at its end."""

    def get_object(self, instance: models.Model) -> Any:
        try:
            return super().get_object(instance)
        except ObjectDoesNotExist:
            return None


class LooseLink(models.ForeignKey[Any, Any]):
    """A link to a mirrored row that may not be here yet, or any more: no constraint, no cascade, None when missing."""

    forward_related_accessor_class = _OrNothing

    def __init__(self, to: Any, **options: Any) -> None:
        loose = {"null": True, "blank": True, "db_constraint": False, "on_delete": models.DO_NOTHING}
        super().__init__(to, **{**options, **loose})


class MirroredRow(models.Model):
    """A copy of an object at Stripe; `billing.mirror.engine` alone writes it.

    `known_from` and `known_until` (Stripe's clock) bound the moment at which the object was as the row says;
    `version` goes up with each write, and every write names the version it replaces.
    """

    stripe_created_at = models.DateTimeField("created at Stripe", null=True, blank=True, db_index=True)
    is_deleted = models.BooleanField("deleted at Stripe", default=False)
    known_from = models.DateTimeField(null=True)
    known_until = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=0)

    class Meta:
        abstract = True


class Installation(models.Model):
    """A random id of this database, made once: part of every idempotency key and of what we leave at Stripe.

    A database made anew gets another one, so its keys never collide with those of the old.
    """

    THE_ONE = "installation"

    id = models.CharField(primary_key=True, max_length=20, default=THE_ONE, db_column="_id")
    uuid = models.UUIDField(default=uuid.uuid4, editable=False)

    def __str__(self) -> str:
        return str(self.uuid)

    @classmethod
    def current_id(cls) -> str:
        return cls.objects.get_or_create(pk=cls.THE_ONE)[0].uuid.hex


class ProductQuerySet(models.QuerySet["Product"]):
    def on_sale(self) -> "ProductQuerySet":
        return self.filter(active=True, is_deleted=False)


class Product(MirroredRow):
    """What is sold. https://docs.stripe.com/api/products/object"""

    id = stripe_id()
    name = models.TextField()
    description = models.TextField(blank=True)
    features = models.JSONField(default=list, blank=True)
    active = models.BooleanField(default=True)
    default_price_id = models.CharField(max_length=255, blank=True)
    can_be_bought_again = models.BooleanField(default=False, help_text="A one-time price can be bought repeatedly.")
    has_quantity = models.BooleanField(
        "sold by quantity", default=False, help_text="Buyers choose how many: seats, licences."
    )
    grace_days = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="Days of access after a renewal could not be charged; empty: as PAST_DUE_GRACE_DAYS says.",
    )
    metadata = models.JSONField(default=dict, blank=True)

    objects = ProductQuerySet.as_manager()

    class Meta:
        ordering = ("stripe_created_at", "id")

    def __str__(self) -> str:
        return self.name

    @property
    def is_on_sale(self) -> bool:
        return self.active and not self.is_deleted


class PriceQuerySet(models.QuerySet["Price"]):
    def on_sale(self) -> "PriceQuerySet":
        return self.filter(
            active=True,
            is_deleted=False,
            product__active=True,
            product__is_deleted=False,
            unit_amount__isnull=False,
        )


class Price(MirroredRow):
    """An amount for a product, once or every so often. https://docs.stripe.com/api/prices/object"""

    class Interval(models.TextChoices):
        ONE_TIME = "one_time", "once"
        DAY = "day", "day"
        WEEK = "week", "week"
        MONTH = "month", "month"
        YEAR = "year", "year"

    id = stripe_id()
    product = LooseLink("billing.Product", related_name="prices")
    active = models.BooleanField(default=True)
    currency = models.CharField(max_length=3)
    unit_amount = models.BigIntegerField(
        null=True,
        blank=True,
        help_text="In the currency's minor unit; empty when Stripe computes it (tiers).",
    )
    interval = models.CharField(max_length=20, choices=Interval, default=Interval.MONTH)
    interval_count = models.PositiveIntegerField(default=1)
    trial_days = models.PositiveIntegerField(null=True, blank=True)
    trial_needs_card = models.BooleanField(default=True)
    nickname = models.TextField(blank=True)
    metadata = models.JSONField(default=dict, blank=True)

    objects = PriceQuerySet.as_manager()

    class Meta:
        ordering = ("unit_amount", "id")

    def __str__(self) -> str:
        return f"{self.amount_display} {self.interval_display}"

    @property
    def is_on_sale(self) -> bool:
        """Whether it can be bought: it and its product are active, and it has an amount of its own."""
        sold = self.active and not self.is_deleted and self.unit_amount is not None
        return sold and self.product is not None and self.product.is_on_sale

    @property
    def is_recurring(self) -> bool:
        return self.interval != self.Interval.ONE_TIME

    @property
    def amount_display(self) -> str:
        if self.unit_amount is None:
            return f"varies ({self.currency.upper()})"
        return money.display(self.unit_amount, self.currency)

    @property
    def interval_display(self) -> str:
        if not self.is_recurring:
            return "once"
        if self.interval_count == 1:
            return f"per {self.interval}"
        return f"every {self.interval_count} {self.interval}s"


class PromotionCode(MirroredRow):
    """What a buyer types to pay less. https://docs.stripe.com/api/promotion_codes/object"""

    class Duration(models.TextChoices):
        ONCE = "once", "the first payment"
        REPEATING = "repeating", "several months"
        FOREVER = "forever", "every payment"

    id = stripe_id()
    code = models.CharField(max_length=255)
    active = models.BooleanField(default=True)
    coupon = models.JSONField(default=dict, blank=True, help_text="What it takes off, as Stripe's coupon says.")
    max_redemptions = models.PositiveIntegerField(null=True, blank=True)
    times_redeemed = models.PositiveIntegerField(default=0)
    expires_at = models.DateTimeField(null=True, blank=True)
    is_for_new_customers = models.BooleanField("for first purchases only", default=False)

    class Meta:
        ordering = ("-stripe_created_at", "id")

    def __str__(self) -> str:
        return self.code

    @property
    @admin.display(description="discount")
    def discount_display(self) -> str:
        """ "20% off the first payment", "$5.00 off for 3 months"."""
        if not self.coupon:
            return "unknown"
        percent, months = self.coupon.get("percent_off"), self.coupon.get("duration_in_months")
        taken = f"{percent:g}%" if percent else money.display(self.coupon["amount_off"], self.coupon["currency"])
        if months:
            return f"{taken} off for {months} months"
        return f"{taken} off {self.Duration(self.coupon['duration']).label}"
