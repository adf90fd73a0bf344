"""Products as other programs know them: by a name, each with the price it is sold at, made and changed as one thing.

All that change something raise StripeUnavailable, StripeRefused or StripeMisconfigured, with nothing changed here.
"""

import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self, TypeVar

from billing import money
from billing.catalog import services as catalog
from billing.catalog.services import PriceTerms
from billing.errors import StripeUnavailable
from billing.models import Price, Product

# Stripe answers a key that met a 500 with that 500 again, and one that was used long ago with what was made then.
KEPT_KEYS = 2

Made = TypeVar("Made")


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


class OtherKind(Exception):
    """What is asked for is not sold that way."""

    @classmethod
    def of(cls, name: str, *, is_recurring: bool) -> Self:
        return cls(f"“{name}” is not sold as a subscription." if is_recurring else f"“{name}” is a subscription.")


class NameTaken(Exception):
    """Another product has this name."""

    def __init__(self, offer: "Offer") -> None:
        super().__init__(f"There is a product “{offer.product.name}” already.")
        self.offer = offer


class AmbiguousName(Exception):
    """Several products or prices go by this name; `ids` tells which."""

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
    """A product and the price it is sold at; none where it has none, or several and no default."""

    product: Product
    price: Price | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What is to be different; None leaves it as it is. `unit_amount` in the currency's minor unit."""

    name: str | None = None
    description: str | None = None
    unit_amount: int | None = None
    active: bool | None = None


def on_sale() -> list[Price]:
    """Every price that can be bought, with its product: product by product, the oldest first, then by amount."""
    prices = Price.objects.on_sale().select_related("product")
    # Stripe's seconds are coarse: of products made in one, the one that costs least comes first.
    return list(prices.order_by("product__stripe_created_at", "unit_amount", "product_id"))


def find(*, name: str = "", product_id: str = "") -> Product:
    """The product of this id, or else of this name. Raises NoSuchProduct or AmbiguousName."""
    if product_id:
        found = Product.objects.filter(pk=product_id, is_deleted=False).first()
        if found is None or name not in ("", found.name):
            raise NoSuchProduct.with_id(product_id)
        return found
    called = _called(name)
    if len(called) > 1:
        raise AmbiguousName.of_products(name, called)
    return called[0]


def price_called(*, name: str, is_recurring: bool | None = None) -> Price:
    """The price at which the product of this name is sold.

    Raises NoSuchProduct, NoPrice, OtherKind or AmbiguousName, whose ids are the prices'.
    """
    products = _called(name)
    every = [price for product in products for price in _prices_of(product)]
    if not every:
        raise NoPrice.at_all(products[0])
    prices = [price for price in every if is_recurring in (None, price.is_recurring)]
    if not prices:
        raise OtherKind.of(name, is_recurring=bool(is_recurring))
    price = _main(products[0], prices) if len(products) == 1 or len(prices) == 1 else None
    if price is None:
        raise AmbiguousName.of_prices(name, prices)
    return price


def offer_of(product: Product) -> Offer:
    return Offer(product, _main(product, _prices_of(product)))


def create(*, name: str, terms: PriceTerms, description: str = "") -> Offer:
    """Make a product of this name with its price. Asked again after an answer was lost, it takes up what was made.

    Raises NameTaken where there is one, on sale or not.
    """
    _check_name(name)

    def make(request_id: str) -> Offer:
        made = catalog.create_product(name=name, description=description, price=terms, request_id=request_id)
        return Offer(made.product, made.price)

    # A product that was made under this key long ago goes by another name by now, or is gone.
    return _with_key(name, make, lambda offer: offer.product.name == name and not offer.product.is_deleted)


def update(*, product: Product, changes: Changes) -> Offer:
    """Change a product, and its price where another amount is asked for. What is so already is not sent.

    Asked again after it was cut off, it does what was left.

    Raises NameTaken, NoPrice, AmbiguousName, or money.NotMoney for an amount that its currency does not have.
    """
    if changes.name not in (None, product.name):
        _check_name(str(changes.name))
    price = offer_of(product).price
    # The price first: it is the likelier to be refused, and then nothing at all has changed.
    if changes.unit_amount is not None:
        price = _repriced(product, price, changes.unit_amount)
    return Offer(_described(product, changes), price)


def _repriced(product: Product, price: Price | None, unit_amount: int) -> Price:
    old = price or _half_replaced(product)
    money.check(unit_amount, old.currency)
    catalog.finish_change(replacement=old)
    if old.unit_amount == unit_amount:
        return old
    return _with_key(
        f"{old.pk} {unit_amount}",
        lambda request_id: catalog.change_price(price=old, unit_amount=unit_amount, request_id=request_id),
        lambda new: new.active and not new.is_deleted,
    )


def _half_replaced(product: Product) -> Price:
    """Of several prices and no default, the one that another was made to replace, where that was cut off."""
    several = _prices_of(product)
    if not several:
        raise NoPrice.at_all(product)
    replaced = {price.metadata.get(catalog.REPLACES) for price in several}
    unfinished = (price for price in several if price.pk in replaced and catalog.REPLACED_BY not in price.metadata)
    old = next(unfinished, None)
    if old is None:
        raise AmbiguousName.without_default(product, several)
    return old


def _described(product: Product, changes: Changes) -> Product:
    name = product.name if changes.name is None else changes.name
    description = product.description if changes.description is None else changes.description
    active = product.active if changes.active is None else changes.active
    if (name, description, active) == (product.name, product.description, product.active):
        return product
    return catalog.update_product(
        product=product,
        name=name,
        description=description,
        features=product.features,
        can_be_bought_again=product.can_be_bought_again,
        active=active,
        has_quantity=product.has_quantity,
        grace_days=product.grace_days,
    )


def _called(name: str) -> list[Product]:
    """The products of this name, at least one; what is off sale does not stand in the way of what is sold."""
    called = list(Product.objects.filter(name=name, is_deleted=False))
    if not called:
        raise NoSuchProduct.called(name)
    return [product for product in called if product.active] or called


def _check_name(name: str) -> None:
    namesake = Product.objects.filter(name=name, is_deleted=False).order_by("-active").first()
    if namesake is not None:
        raise NameTaken(offer_of(namesake))


def _prices_of(product: Product) -> list[Price]:
    return list(Price.objects.filter(product=product, active=True, is_deleted=False, unit_amount__isnull=False))


def _main(product: Product, prices: list[Price]) -> Price | None:
    default = next((price for price in prices if price.pk == product.default_price_id), None)
    return default or (prices[0] if len(prices) == 1 else None)


def _with_key(what: str, make: Callable[[str], Made], is_it: Callable[[Made], bool]) -> Made:
    """Make something under a key that the same request has again, and under another where that one is spent."""
    digest = hashlib.sha256(what.encode()).hexdigest()[:32]
    for attempt in range(KEPT_KEYS):
        try:
            made = make(f"offer-{digest}-{attempt}")
        except StripeUnavailable as error:
            if not error.answered_500:
                raise
        else:
            if is_it(made):
                return made
    return make(uuid.uuid4().hex)
