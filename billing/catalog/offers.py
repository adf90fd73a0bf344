"""A product and the price it is sold at, created and changed as one thing by its name, as the JSON API does.

Every function raises StripeUnavailable, StripeRefused or StripeMisconfigured with nothing changed here, and can be
called again after an answer was lost.
"""

import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from billing import money
from billing.catalog import services as catalog
from billing.catalog.lookup import AmbiguousName, NoPrice, Offer, offer_of, prices_of
from billing.catalog.services import PriceTerms
from billing.errors import StripeUnavailable
from billing.models import Price, Product

# Stripe answers a key that met a 500 with that 500 again, and one that was used long ago with what was made then.
KEPT_KEYS = 2

Made = TypeVar("Made")


class NameTaken(Exception):
    """Another product has this name."""

    def __init__(self, offer: "Offer") -> None:
        super().__init__(f"There is a product “{offer.product.name}” already.")
        self.offer = offer


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What is to be different; None leaves it as it is. `unit_amount` in the currency's minor unit."""

    name: str | None = None
    description: str | None = None
    unit_amount: int | None = None
    active: bool | None = None


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
    several = prices_of(product)
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


def _check_name(name: str) -> None:
    namesake = Product.objects.filter(name=name, is_deleted=False).order_by("-active").first()
    if namesake is not None:
        raise NameTaken(offer_of(namesake))


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
