"""Prices, and what they cost in words."""

from decimal import Decimal

from django.db import models

from billing import money
from billing.models.mirrored_row import LooseLink, MirroredRow, stripe_id, words_for
from billing.models.product import Product


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
