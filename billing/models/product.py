"""Products, and which of them are sold here."""

from django.conf import settings
from django.db import models

from billing.models.mirrored_row import MirroredRow, stripe_id


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
