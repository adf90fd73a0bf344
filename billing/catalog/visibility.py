"""Which of the account's active products this site sells; nothing is sent to Stripe for it.

Other programs may use the same account, and this site must not sell their products.
"""

from django.conf import settings

from billing.mirror import own_metadata
from billing.models import Product, Visibility


def show(*, product: Product) -> Product:
    """Sell a product here whenever it is active at Stripe, regardless of PRODUCTS_ON_SALE."""
    return _set(product, Visibility.SHOWN)


def hide(*, product: Product) -> Product:
    """Stop selling a product here. It stays active at Stripe, and customers who have it keep it."""
    return _set(product, Visibility.HIDDEN)


def follow_setting(*, product: Product) -> Product:
    """Sell a product here if PRODUCTS_ON_SALE says so."""
    return _set(product, Visibility.BY_SETTING)


def mark_for_new() -> dict[str, str]:
    """Return the metadata that marks a new product as sold here, so that a rebuilt database sells it too."""
    return {own_metadata.ON_SALE: "true"} if settings.PRODUCTS_ON_SALE == "marked" else {}


def _set(product: Product, choice: Visibility) -> Product:
    Product.objects.filter(pk=product.pk).update(offer=choice)
    product.offer = choice
    return product
