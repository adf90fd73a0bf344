"""Find products and prices in the catalog: those on sale, and those that the JSON API names."""

from dataclasses import dataclass
from typing import Self

from billing.models import Price, Product


class NoSuchProduct(Exception):
    @classmethod
    def called(cls, name: str) -> Self:
        return cls(f"There is no product “{name}”.")

    @classmethod
    def with_id(cls, product_id: str) -> Self:
        return cls(f"There is no product {product_id}.")


class NoPrice(Exception):
    @classmethod
    def at_all(cls, product: Product) -> Self:
        return cls(f"“{product.name}” has no price yet.")


class WrongMode(Exception):
    """The product is sold as a subscription and not once, or the other way round."""

    @classmethod
    def of(cls, name: str, *, is_recurring: bool) -> Self:
        return cls(f"“{name}” is not sold as a subscription." if is_recurring else f"“{name}” is a subscription.")


class AmbiguousName(Exception):
    """Several products or prices match this name; `ids` has their ids."""

    def __init__(self, message: str, ids: list[str]) -> None:
        super().__init__(message)
        self.ids = ids

    @classmethod
    def of_products(cls, name: str, products: list[Product]) -> Self:
        ids = [product.pk for product in products]
        return cls(
            f"Several products are called “{name}”: {', '.join(ids)}. Name the one that you mean by product_id.", ids
        )

    @classmethod
    def of_prices(cls, name: str, prices: list[Price]) -> Self:
        ids = [price.pk for price in prices]
        return cls(f"“{name}” has several prices: {', '.join(ids)}. Name the one that you mean by price_id.", ids)

    @classmethod
    def without_default(cls, product: Product, prices: list[Price]) -> Self:
        ids = [price.pk for price in prices]
        return cls(
            f"“{product.name}” has several prices and no default: {', '.join(ids)}. Make one the default first.", ids
        )


@dataclass(frozen=True, slots=True)
class Offer:
    """A product and the price it is sold at; `price` is None if it has no price, or several and no default."""

    product: Product
    price: Price | None


@dataclass(frozen=True, slots=True)
class ProductOnSale:
    """A product and the prices at which it can be bought, the lowest first."""

    product: Product
    prices: list[Price]


def products_on_sale() -> list[ProductOnSale]:
    """Every product that can be bought, the oldest first; of products created in one second, the cheapest first."""
    products = {product.pk: product for product in Product.objects.on_sale()}
    prices = list(Price.objects.filter(product__in=list(products), active=True, is_deleted=False).plain())
    for price in prices:
        price.product = products[str(price.product_id)]
    by_product: dict[str, ProductOnSale] = {}
    for price in sorted(prices, key=lambda one: (age_of(one.product), one.unit_amount or 0, one.product.pk)):
        by_product.setdefault(price.product.pk, ProductOnSale(price.product, [])).prices.append(price)
    return list(by_product.values())


def age_of(product: Product) -> tuple[bool, float]:
    """Return what to sort products by, the oldest first."""
    created_at = product.stripe_created_at
    return created_at is None, created_at.timestamp() if created_at else 0


def find_product(*, name: str = "", product_id: str = "") -> Product:
    """The product with this id, or without an id the product of this name. Raises NoSuchProduct or AmbiguousName."""
    if product_id:
        found = Product.objects.filter(pk=product_id, is_deleted=False).first()
        if found is None or name not in ("", found.name):
            raise NoSuchProduct.with_id(product_id)
        return found
    products = _products_called(name)
    if len(products) > 1:
        raise AmbiguousName.of_products(name, products)
    return products[0]


def price_called(*, name: str, is_recurring: bool | None = None) -> Price:
    """The price at which the product of this name is sold.

    Raises NoSuchProduct, NoPrice, WrongMode or AmbiguousName, whose ids are the prices'.
    """
    products = _products_called(name)
    every = [price for product in products for price in prices_of(product)]
    if not every:
        raise NoPrice.at_all(products[0])
    prices = [price for price in every if is_recurring in (None, price.is_recurring)]
    if not prices:
        raise WrongMode.of(name, is_recurring=bool(is_recurring))
    price = _main_price(products[0], prices) if len(products) == 1 or len(prices) == 1 else None
    if price is None:
        raise AmbiguousName.of_prices(name, prices)
    return price


def offer_of(product: Product) -> Offer:
    return Offer(product, _main_price(product, prices_of(product)))


def _products_called(name: str) -> list[Product]:
    """The products of this name that are on sale, else those that are active, else all. Raises NoSuchProduct."""
    products = list(Product.objects.filter(name=name, is_deleted=False))
    if not products:
        raise NoSuchProduct.called(name)
    on_sale = [product for product in products if product.is_on_sale]
    return on_sale or [product for product in products if product.active] or products


def prices_of(product: Product) -> list[Price]:
    return list(Price.objects.plain().filter(product=product, active=True, is_deleted=False))


def _main_price(product: Product, prices: list[Price]) -> Price | None:
    default = next((price for price in prices if price.pk == product.default_price_id), None)
    return default or (prices[0] if len(prices) == 1 else None)
