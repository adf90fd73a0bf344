"""Changes of products and prices: each is made at Stripe first, and copied here when Stripe has accepted it.

Every function raises StripeUnavailable, StripeRefused or StripeMisconfigured with nothing changed here. `request_id`
is the random id of one form: sending the form again creates nothing twice, nor does a form that is opened anew after
an answer was lost and asks for the same.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict, Unpack

from billing import gateway
from billing.catalog import visibility
from billing.catalog.errors import AlreadyCreated, NotAllowed
from billing.catalog.stripe_changes import (
    current_product,
    fetch_product,
    save_new,
    send_price_change,
    send_product_change,
)
from billing.errors import StripeRefused
from billing.gateway.snapshots import Snapshot
from billing.idempotency import form_key
from billing.kept_requests import MAX_ABOUT, Creation, OpenRequest, open_request
from billing.mirror import own_metadata
from billing.mirror.kinds import PRICE, PRODUCT
from billing.models import Price, Product

if TYPE_CHECKING:
    from stripe import params as p

# `about` of an open request begins with one of these; a name or id follows.
PRODUCT_NAMED = "product named "
PRICE_OF = "further price of "


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceTerms:
    """The amount, interval and trial of a new price.

    `unit_amount` is in the currency's minor unit, `labels` is further metadata, and `more` are further parameters,
    those of `recurring` included. The names of the fields are in the digest of a request that is open (`add_price`):
    renamed, they make another request of it.
    """

    unit_amount: int
    currency: str
    interval: str = Price.Interval.MONTH
    interval_count: int = 1
    trial_days: int | None = None
    trial_needs_card: bool = True
    nickname: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def metadata(self) -> dict[str, str]:
        days = str(self.trial_days) if self.trial_days else ""
        card = "" if self.trial_needs_card else "false"
        return {**self.labels, **own_metadata.written({"trial_days": days, "trial_needs_card": card})}

    @property
    def is_recurring(self) -> bool:
        return self.interval != Price.Interval.ONE_TIME


# Our own settings of a product that are on or off.
SWITCHES = ("can_be_bought_again", "can_be_tried_again", "has_quantity")


class ProductChanges(TypedDict, total=False):
    """The fields of a product to change; those that are left out stay as they are at Stripe."""

    name: str
    description: str
    features: Iterable[str]
    active: bool
    can_be_bought_again: bool
    can_be_tried_again: bool
    has_quantity: bool
    grace_days: int | None


class NewProduct(NamedTuple):
    product: Product
    price: Price


def create_product(
    *,
    name: str,
    price: PriceTerms,
    request_id: str,
    description: str = "",
    features: Iterable[str] = (),
    can_be_bought_again: bool = False,
    can_be_tried_again: bool = False,
    has_quantity: bool = False,
    grace_days: int | None = None,
    active: bool = True,
) -> NewProduct:
    """Create a product with its first price, which becomes its default, in one call.

    Raises AlreadyCreated if this request has created it with other terms, and the answer to that was lost.
    """
    switches = {
        "can_be_bought_again": can_be_bought_again,
        "can_be_tried_again": can_be_tried_again,
        "has_quantity": has_quantity,
    }
    settings = _switched(switches) | _grace(grace_days)
    params: p.ProductCreateParams = {
        "name": name,
        "active": active,
        "marketing_features": [{"name": feature} for feature in features],
        "metadata": own_metadata.written(settings) | visibility.mark_for_new(),
        "default_price_data": _default_price(price),
        "expand": ["default_price"],
    }
    if description:
        params["description"] = description
    asked = {"name": name, "active": active}
    about = f"{PRODUCT_NAMED}{name}"[:MAX_ABOUT]
    with open_request("product", params, request_id=request_id, about=about, params=asked) as opened:
        creation = Creation(
            send=lambda marked, key: gateway.create_product(marked, key=key),
            key=lambda request: form_key("product", request, params),
            listed=lambda: gateway.active_and_archived(gateway.product_pages),
            is_usable=lambda found: found["active"] == active,
        )
        for other, found in opened.asked_otherwise(creation):
            if _is_as_asked(found.object, **(other.params or {})):
                raise AlreadyCreated.as_first_asked(_new_product(found).product)
            other.close()
        made = _new_product(opened.create(creation, params))
    return made._replace(product=visibility.show(product=made.product))


def _default_price(terms: PriceTerms) -> "p.ProductCreateParamsDefaultPriceData":
    params: p.ProductCreateParamsDefaultPriceData = {
        "currency": terms.currency,
        "unit_amount": terms.unit_amount,
        "metadata": terms.metadata,
    }
    if terms.is_recurring:
        params["recurring"] = {"interval": terms.interval, "interval_count": terms.interval_count}
    return params


def _is_as_asked(found: Mapping[str, Any], *, name: str | None = None, active: bool = True) -> bool:
    """Whether a product that was found was neither renamed nor archived since it was asked for."""
    return name in {None, found["name"]} and bool(found["active"] or not active)


def update_product(*, product: Product, **changes: Unpack[ProductChanges]) -> Product:
    """Change these fields of a product and leave the others as they are; `change_price` changes its prices."""
    asked: dict[str, Any] = dict(changes)
    params: Any = {name: asked[name] for name in ("name", "description", "active") if name in asked}
    if "features" in asked:
        params["marketing_features"] = [{"name": feature} for feature in asked["features"]] or ""
    settings = _switched({name: asked[name] for name in SWITCHES if name in asked})
    if "grace_days" in asked:
        settings |= _grace(asked["grace_days"])
    if settings:
        params["metadata"] = own_metadata.changed(product.metadata, settings)
    return send_product_change(product, params) if params else product


def add_price(*, product: Product, terms: PriceTerms, request_id: str, changes: ProductChanges | None = None) -> Price:
    """Add a price to a product, and make these changes of it; a product's first price becomes its default.

    Raises AlreadyCreated if one with other terms was asked for, and added although the answer to that was lost.
    """
    about = f"{PRICE_OF}{product.pk}"[:MAX_ABOUT]
    # The price first: Stripe refuses a price more often, and then nothing has changed.
    with open_request("add_price", [product.pk, asdict(terms)], request_id=request_id, about=about) as opened:
        _check_not_added(product, opened)
        price = create_price(product, terms, opened)
        if not product.default_price_id:
            send_product_change(product, {"default_price": price.pk})
        if changes:
            update_product(product=product, **changes)
    return price


def _check_not_added(product: Product, opened: OpenRequest) -> None:
    """Raise AlreadyCreated for a price on sale that this form, or one before it, has added with other terms."""
    for other, found in opened.asked_otherwise(price_creation(product, {})):
        price = save_new(PRICE, found)
        if price.active:
            other.note_told(opened.own_id)
            raise AlreadyCreated.price_as_first_asked(price)
        other.close()


def make_default(*, price: Price) -> Product:
    """Make a price its product's default. Raises NotAllowed for an archived one."""
    if not price.active:
        raise NotAllowed.archived_default()
    return send_product_change(current_product(price), {"default_price": price.pk})


def archive_product(*, product: Product) -> Product:
    """Take a product off sale; customers who have it keep it."""
    return send_product_change(product, {"active": False})


def restore_product(*, product: Product) -> Product:
    return send_product_change(product, {"active": True})


def archive_price(*, price: Price) -> Price:
    """Take a price off sale. Raises NotAllowed for a product's default price, which Stripe keeps active."""
    try:
        return send_price_change(price, {"active": False})
    except StripeRefused as error:
        product = fetch_product(str(price.product_id))
        if product.default_price_id != price.pk:
            raise
        raise NotAllowed.archiving_the_default(product) from error


def restore_price(*, price: Price) -> Price:
    return send_price_change(price, {"active": True})


def _switched(switches: dict[str, bool]) -> dict[str, str]:
    """Our own settings of a product, as texts for its metadata; empty if off."""
    return {name: "true" if is_on else "" for name, is_on in switches.items()}


def _grace(days: int | None) -> dict[str, str]:
    return {"grace_days": "" if days is None else str(days)}


def create_price(product: Product, terms: PriceTerms, opened: OpenRequest) -> Price:
    """Create a price inside an open request, or return the one that an earlier try of it has created."""
    params: p.PriceCreateParams = {
        "product": product.pk,
        "currency": terms.currency,
        "unit_amount": terms.unit_amount,
        "metadata": terms.metadata,
    }
    if terms.nickname:
        params["nickname"] = terms.nickname
    more: Any = dict(terms.more)
    recurring: Any = more.pop("recurring", {})
    if terms.is_recurring:
        params["recurring"] = recurring | {"interval": terms.interval, "interval_count": terms.interval_count}
    params |= more
    return save_new(PRICE, opened.create(price_creation(product, params), params))


def price_creation(product: Product, params: Any) -> Creation:
    """Say how a price of these parameters is created, and found again among the product's prices."""
    return Creation(
        send=lambda marked, key: gateway.create_price(marked, key=key),
        key=lambda request: form_key("price", request, params),
        listed=lambda: gateway.active_and_archived(partial(gateway.prices_of_product, product.pk)),
        # Another price of the same form may have been made with another amount.
        is_usable=lambda found: bool(found["active"]) and found["unit_amount"] == params.get("unit_amount"),
    )


def _new_product(answer: Snapshot) -> NewProduct:
    """Mirror a product with its first price, which is inside the answer to its creation, but not in a list."""
    default = answer.object["default_price"]
    price = answer.part(default) if isinstance(default, dict) else gateway.retrieve_price(default)
    return NewProduct(save_new(PRODUCT, answer), save_new(PRICE, price))
