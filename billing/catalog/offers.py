"""Offers: a product with the price it is sold at, created and changed together, as the JSON API does.

Both functions raise StripeUnavailable, StripeRefused or StripeMisconfigured with nothing changed here. Both can be
called again after an answer was lost: nothing is created twice.
"""

import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar, cast

from billing import money
from billing.catalog import services as catalog
from billing.catalog.errors import AlreadyCreated, ChangedMeanwhile, NotOnSale
from billing.catalog.lookup import AmbiguousName, NoPrice, Offer, offer_of, prices_of
from billing.catalog.prices import replacements
from billing.catalog.services import PriceTerms
from billing.models import Price, Product

Created = TypeVar("Created")


class NameTaken(Exception):
    """Another product has this name."""

    def __init__(self, offer: "Offer") -> None:
        super().__init__(f"There is a product “{offer.product.name}” already.")
        self.offer = offer


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """The fields to change; None leaves a field as it is. `unit_amount` in the currency's minor unit."""

    name: str | None = None
    description: str | None = None
    unit_amount: int | None = None
    active: bool | None = None


def create(*, name: str, terms: PriceTerms, description: str = "") -> Offer:
    """Create a product of this name with its price; a repeat after a lost answer returns the product already created.

    Raises NameTaken if a product has this name, on sale or not; money.NotMoney for an amount that can't be charged.
    """
    _check_name(name)
    money.check_charge(terms.unit_amount, terms.currency)

    def make(request_id: str) -> Offer:
        try:
            made = catalog.create_product(name=name, description=description, price=terms, request_id=request_id)
        except AlreadyCreated:
            _check_name(name)
            raise
        return Offer(made.product, made.price)

    # If this key was used long ago, its product has another name by now, or is deleted.
    return _create_once(name, make, lambda offer: offer.product.name == name and not offer.product.is_deleted)


def update(*, product: Product, changes: Changes) -> Offer:
    """Change a product, and replace its price if `unit_amount` differs. Only differences are sent.

    A repeat after an interruption finishes the change.

    Raises NameTaken, NoPrice, AmbiguousName, ChangedMeanwhile, or money.NotMoney for an amount that is not valid in
    its currency.
    """
    if changes.name not in (None, product.name):
        _check_name(str(changes.name))
    price = offer_of(product).price
    # The price first: Stripe refuses a price more often, and then nothing has changed.
    if changes.unit_amount is not None:
        price = _with_amount(product, price, changes.unit_amount)
    return Offer(_with_fields(product, changes), price)


def _with_amount(product: Product, price: Price | None, unit_amount: int) -> Price:
    old = price or _interrupted_price(product)
    _check_amount(unit_amount, old.currency, product)
    replacements.finish_replacement(replacement=old)
    if old.unit_amount == unit_amount:
        return old
    try:
        return _create_once(
            f"{old.pk} {unit_amount}",
            lambda request_id: replacements.change_price(price=old, unit_amount=unit_amount, request_id=request_id),
            lambda new: new.active and not new.is_deleted,
        )
    except NotOnSale as error:
        # It was on sale a moment ago.
        raise ChangedMeanwhile.before_this(product) from error


def _check_amount(unit_amount: int, currency: str, product: Product) -> None:
    # A seat can cost less than the least charge: several are bought together.
    (money.check if product.has_quantity else money.check_charge)(unit_amount, currency)


def _interrupted_price(product: Product) -> Price:
    """Of a product's several prices without a default: the price whose replacement was interrupted."""
    prices = prices_of(product)
    if not prices:
        raise NoPrice.at_all(product)
    replaced = {price.metadata.get(replacements.REPLACES) for price in prices}
    unfinished = (price for price in prices if price.pk in replaced and replacements.REPLACED_BY not in price.metadata)
    old = next(unfinished, None)
    if old is None:
        raise AmbiguousName.without_default(product, prices)
    return old


def _with_fields(product: Product, changes: Changes) -> Product:
    asked = {"name": changes.name, "description": changes.description, "active": changes.active}
    differing = {name: value for name, value in asked.items() if value not in {None, getattr(product, name)}}
    return catalog.update_product(product=product, **cast("catalog.ProductChanges", differing))


def _check_name(name: str) -> None:
    namesake = Product.objects.filter(name=name, is_deleted=False).order_by("-active").first()
    if namesake is not None:
        raise NameTaken(offer_of(namesake))


def _create_once(request: str, create: Callable[[str], Created], is_usable: Callable[[Created], bool]) -> Created:
    """Create an object with a key derived from the request, or with a random one if that one is used up."""
    digest = hashlib.sha256(request.encode()).hexdigest()[:32]
    created = create(f"offer-{digest}-0")
    return created if is_usable(created) else create(uuid.uuid4().hex)
