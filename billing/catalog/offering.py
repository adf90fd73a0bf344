"""Which of the account's active products are sold here; nothing is sent to Stripe for it.

Other programs may use the same account, and their products are none of this site's.
"""

from django.conf import settings

from billing.mirror import own_metadata
from billing.models import Offer, Product


def show(*, product: Product) -> Product:
    """Sell a product here, as far as it is active at Stripe, whatever PRODUCTS_ON_SALE says."""
    return _set(product, Offer.SHOWN)


def hide(*, product: Product) -> Product:
    """Sell a product no longer here. It stays active at Stripe, and who has it keeps it."""
    return _set(product, Offer.HIDDEN)


def follow_setting(*, product: Product) -> Product:
    """Sell a product here if PRODUCTS_ON_SALE says so."""
    return _set(product, Offer.BY_SETTING)


def mark() -> dict[str, str]:
    """Return the metadata of a new product that is to be sold here, also by a database that is made anew."""
    return {own_metadata.ON_SALE: "true"} if settings.PRODUCTS_ON_SALE == "marked" else {}


def _set(product: Product, offer: Offer) -> Product:
    Product.objects.filter(pk=product.pk).update(offer=offer)
    product.offer = offer
    return product
