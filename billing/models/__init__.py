"""The catalog's models, and `MirroredRow`, the base of every copy of a Stripe object."""

from billing.models.installation import Installation
from billing.models.kept_request import KeptRequest
from billing.models.mirrored_row import LooseLink, MirroredRow, own_id, stripe_id, words_for
from billing.models.price import Price
from billing.models.product import Product, Visibility
from billing.models.promotion_code import Coupon, PromotionCode

__all__ = [
    "Coupon",
    "Installation",
    "KeptRequest",
    "LooseLink",
    "MirroredRow",
    "Price",
    "Product",
    "PromotionCode",
    "Visibility",
    "own_id",
    "stripe_id",
    "words_for",
]
