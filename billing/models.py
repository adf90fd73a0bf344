"""Products, prices and promotion codes, and `MirroredRow`, the base of every copy of a Stripe object."""

import uuid
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.db.models.fields.related_descriptors import ForwardManyToOneDescriptor

from billing import money


def stripe_id(**options: Any) -> "models.CharField[str, str]":
    """A primary key that holds Stripe's own id. The column is `_id`, MongoDB's primary key."""
    return models.CharField(primary_key=True, max_length=255, db_column="_id", **options)


def own_id() -> "models.UUIDField[uuid.UUID | str, uuid.UUID]":
    return models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False, db_column="_id")


def words_for(choices: type[models.TextChoices], value: str) -> str:
    """The label of a status; a status that Stripe added later is shown under Stripe's name."""
    known = {choice.value: str(choice.label) for choice in choices}
    return known.get(value, value.replace("_", " ").capitalize())


class _NoneWhenMissing(ForwardManyToOneDescriptor):  # type: ignore[type-arg]
    """Reads a link; gives None if the other row does not exist."""

    def get_object(self, instance: models.Model) -> Any:
        try:
            return super().get_object(instance)
        except ObjectDoesNotExist:
            return None


class LooseLink(models.ForeignKey[Any, Any]):
    """A foreign key to a mirrored row that may not exist (yet): no constraint, no cascade, None if missing."""

    forward_related_accessor_class = _NoneWhenMissing

    def __init__(self, to: Any, **options: Any) -> None:
        loose = {"null": True, "blank": True, "db_constraint": False, "on_delete": models.DO_NOTHING}
        super().__init__(to, **{**options, **loose})


class MirroredRow(models.Model):
    """A copy of a Stripe object. Only `billing.mirror.engine` writes it.

    The object looked like the row at some moment between `known_from` and `known_until`, both on Stripe's clock.
    `version` goes up with each write, and each write names the version that it replaces.
    """

    stripe_created_at = models.DateTimeField("created at Stripe", null=True, blank=True)
    is_deleted = models.BooleanField("deleted at Stripe", default=False)
    known_from = models.DateTimeField(null=True)
    known_until = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=0)

    class Meta:
        abstract = True
        # The whole order of most lists: MongoDB reads a list's first page from an index only if it has each column.
        indexes = [models.Index(fields=["-stripe_created_at", "id"])]


class Installation(models.Model):
    """A random id of this database, created once: part of every idempotency key and of metadata at Stripe.

    A new database gets another id, so its keys never collide with those of the old database.
    """

    THE_ONE = "installation"

    id = models.CharField(primary_key=True, max_length=20, default=THE_ONE, db_column="_id")
    uuid = models.UUIDField(default=uuid.uuid4, editable=False)

    def __str__(self) -> str:
        return str(self.uuid)

    @classmethod
    def current_id(cls) -> str:
        return cls.objects.get_or_create(pk=cls.THE_ONE)[0].uuid.hex


class KeptRequest(models.Model):
    """An object that Stripe was asked to create, until it is known whether it was created.

    The key is a digest of what was asked for: a form that is opened anew and asks for the same finds the request that
    is open. Its `request_id` is in the object's metadata, where it is looked for first.
    """

    id = models.CharField(primary_key=True, max_length=64, db_column="_id")
    request_id = models.CharField(max_length=100)
    attempt = models.PositiveIntegerField(default=0)
    params = models.TextField()
    about = models.CharField(max_length=255, blank=True, db_index=True)
    asked_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["request_id"]), models.Index(fields=["asked_at"])]

    def __str__(self) -> str:
        return self.request_id


class Visibility(models.TextChoices):
    """Whether staff have chosen to sell a product here; not stored at Stripe."""

    BY_SETTING = "", "as PRODUCTS_ON_SALE says"
    SHOWN = "shown", "shown"
    HIDDEN = "hidden", "hidden"


def _offered() -> models.Q:
    """The products that are offered here, as far as they are active."""
    shown = models.Q(offer=Visibility.SHOWN)
    by_setting = models.Q(offer=Visibility.BY_SETTING)
    match settings.PRODUCTS_ON_SALE:
        case "chosen":
            return shown
        case "marked":
            return shown | by_setting & models.Q(is_marked=True)
    return shown | by_setting


class ProductQuerySet(models.QuerySet["Product"]):
    def on_sale(self) -> "ProductQuerySet":
        return self.filter(_offered(), active=True, is_deleted=False)


class Product(MirroredRow):
    """A product that is sold. https://docs.stripe.com/api/products/object"""

    id = stripe_id()
    name = models.TextField()
    description = models.TextField(blank=True)
    features = models.JSONField(default=list, blank=True)
    active = models.BooleanField(default=True)
    default_price_id = models.CharField(max_length=255, blank=True)
    can_be_bought_again = models.BooleanField(default=False, help_text="Can be bought again at a one-time price.")
    can_be_tried_again = models.BooleanField(
        default=False, help_text="The free trial can be taken again. Otherwise each person gets one."
    )
    has_quantity = models.BooleanField(
        "sold by quantity", default=False, help_text="Buyers choose a quantity: seats, licences."
    )
    grace_days = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="Days of access after a failed renewal payment. Empty: the setting PAST_DUE_GRACE_DAYS.",
    )
    metadata = models.JSONField(default=dict, blank=True)
    is_marked = models.BooleanField(
        default=False, help_text="Its metadata at Stripe says that it is sold here: standing_order_on_sale is “true”."
    )

    # Our own: chosen by staff here.
    offer = models.CharField(
        "on sale here", max_length=10, choices=Visibility, default=Visibility.BY_SETTING, blank=True
    )

    objects = ProductQuerySet.as_manager()

    class Meta(MirroredRow.Meta):
        ordering = ("stripe_created_at", "id")

    def __str__(self) -> str:
        return self.name

    @property
    def is_on_sale(self) -> bool:
        return self.active and not self.is_deleted and self.is_offered

    @property
    def is_offered(self) -> bool:
        """Whether it is sold here if it is active at Stripe."""
        if self.offer != Visibility.BY_SETTING:
            return self.offer == Visibility.SHOWN
        return settings.PRODUCTS_ON_SALE == "all" or (settings.PRODUCTS_ON_SALE == "marked" and self.is_marked)


class PriceQuerySet(models.QuerySet["Price"]):
    def on_sale(self) -> "PriceQuerySet":
        """Prices that can be bought. Their products are read first, so that the filter is about own columns alone."""
        products = list(Product.objects.on_sale().order_by().values_list("pk", flat=True))
        return self.filter(product__in=products, active=True, is_deleted=False).plain()

    def plain(self) -> "PriceQuerySet":
        """Those of a fixed amount for each, which are the only ones that are sold here."""
        return self.filter(pricing=Price.Pricing.PLAIN, unit_amount__isnull=False)


class Price(MirroredRow):
    """A one-time or recurring price of a product. https://docs.stripe.com/api/prices/object"""

    class Interval(models.TextChoices):
        ONE_TIME = "one_time", "once"
        DAY = "day", "day"
        WEEK = "week", "week"
        MONTH = "month", "month"
        YEAR = "year", "year"

    class Pricing(models.TextChoices):
        """How Stripe computes what is billed. https://docs.stripe.com/products-prices/pricing-models"""

        PLAIN = "plain", "is a fixed amount for each"
        METERED = "metered", "varies with use"
        TIERED = "tiered", "varies"
        PACKAGES = "packages", "is for packages"
        FRACTION = "fraction", "has a fraction of the smallest coin"
        CHOSEN = "chosen", "is chosen by the buyer"

    id = stripe_id()
    product = LooseLink("billing.Product", related_name="prices")
    active = models.BooleanField(default=True)
    currency = models.CharField(max_length=3)
    unit_amount = models.BigIntegerField(
        null=True,
        blank=True,
        help_text="In the currency's minor unit. Empty if Stripe computes it (tiers).",
    )
    pricing = models.CharField(max_length=20, choices=Pricing, default=Pricing.PLAIN)
    exact_amount = models.CharField(
        max_length=40, blank=True, help_text="In the currency's minor unit, with its fraction. Empty for tiers."
    )
    package_size = models.BigIntegerField(null=True, blank=True, help_text="How many the amount is for.")
    # Not in events, only in what is fetched.
    currency_amounts = models.JSONField(
        "amounts in other currencies", default=dict, blank=True, help_text="Plain ones, in each currency's minor unit."
    )
    interval = models.CharField(max_length=20, choices=Interval, default=Interval.MONTH)
    interval_count = models.PositiveIntegerField(default=1)
    trial_days = models.PositiveIntegerField(null=True, blank=True)
    trial_needs_card = models.BooleanField(default=True)
    nickname = models.TextField(blank=True)
    metadata = models.JSONField(default=dict, blank=True)

    objects = PriceQuerySet.as_manager()

    _EXACT = frozenset({Pricing.PACKAGES, Pricing.FRACTION})

    class Meta(MirroredRow.Meta):
        ordering = ("unit_amount", "id")

    def __str__(self) -> str:
        return f"{self.amount_display} {self.interval_display}"

    @property
    def is_on_sale(self) -> bool:
        """Whether it can be bought: price and product are active, and the price has a fixed amount for each."""
        is_offered = self.active and not self.is_deleted and self.is_plain
        return is_offered and self.product is not None and self.product.is_on_sale

    @property
    def is_plain(self) -> bool:
        return self.pricing == self.Pricing.PLAIN and self.unit_amount is not None

    @property
    def has_amount(self) -> bool:
        """Whether `amount_display` is a figure, and not a word about how it varies."""
        return self.is_plain or (self.pricing in self._EXACT and bool(self.exact_amount))

    @property
    def takes_quantity(self) -> bool:
        """Whether a subscription to it has a quantity; what is billed by use has none."""
        return self.pricing != self.Pricing.METERED

    @property
    def is_recurring(self) -> bool:
        return self.interval != self.Interval.ONE_TIME

    @property
    def amount_display(self) -> str:
        """A figure if there is one: "$19.00", "$10.00 per 100", "$0.005"; else "varies with use (USD)"."""
        if self.pricing == self.Pricing.PLAIN and self.unit_amount is not None:
            return money.display(self.unit_amount, self.currency)
        if not self.has_amount:
            word = self.variation if self.pricing in {self.Pricing.METERED, self.Pricing.CHOSEN} else "varies"
            return f"{word} ({self.currency.upper()})"
        amount = money.display_exact(Decimal(self.exact_amount), self.currency)
        return f"{amount} per {self.package_size:,}" if self.package_size else amount

    @property
    def variation(self) -> str:
        """Why it is no plain amount, as a verb: "varies with use", "is for packages"."""
        return "varies" if self.pricing == self.Pricing.PLAIN else words_for(self.Pricing, self.pricing)

    def unit_amount_in(self, currency: str) -> int | None:
        """Return what one costs in this currency (empty: its own); None if that is not a fixed amount known here."""
        if not self.is_plain:
            return None
        if currency in {"", self.currency}:
            return self.unit_amount
        amount = self.currency_amounts.get(currency)
        return amount if isinstance(amount, int) else None

    def terms_in(self, currency: str) -> str:
        """Say what it costs to a subscription that is billed in this currency; without a figure if none is known."""
        if currency in {"", self.currency}:
            return str(self)
        amount = self.unit_amount_in(currency)
        if amount is not None:
            return f"{money.display(amount, currency)} {self.interval_display}"
        return f"billed in {currency.upper()} {self.interval_display}"

    def cost_in(self, currency: str, quantity: int) -> str:
        """Say what a quantity costs, as `terms_in`: "$145.00 per month, 5 x $29.00"; no sum if one has no figure."""
        if quantity == 1:
            return self.terms_in(currency)
        each, billed_in = self._each_in(currency), currency or self.currency
        if each is None:
            times = f"\N{MULTIPLICATION SIGN} {quantity:,}" if self.is_plain else f"for {quantity:,}"
            return f"{self.terms_in(currency)} {times}"
        total = money.display(money.multiply(quantity, each), billed_in)
        return f"{total} {self.interval_display}, {money.display_times(quantity, each, billed_in)}"

    def _each_in(self, currency: str) -> Decimal | int | None:
        """Return what one costs in this currency, as `unit_amount_in`; also a fraction of the minor unit."""
        if self.pricing == self.Pricing.FRACTION and self.has_amount and currency in {"", self.currency}:
            return Decimal(self.exact_amount)
        return self.unit_amount_in(currency)

    @property
    def interval_display(self) -> str:
        if not self.is_recurring:
            return "once"
        if self.interval_count == 1:
            return f"per {self.interval}"
        return f"every {self.interval_count} {self.interval}s"


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
