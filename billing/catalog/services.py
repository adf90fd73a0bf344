"""The catalog's changes: each reaches Stripe first, and is copied here once Stripe has agreed.

All raise StripeUnavailable, StripeRefused or StripeMisconfigured with nothing changed here. `request_id` is a random
text that a form keeps while it is sent again, so that sending twice creates once; after `answered_500` it is spent.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple, Self

from billing import gateway
from billing.gateway.snapshots import Snapshot
from billing.idempotency import form_key
from billing.mirror.engine import Kind, Row, apply_answer, apply_snapshot, find
from billing.mirror.kinds import PRICE, PRODUCT
from billing.models import Price, Product

if TYPE_CHECKING:
    from stripe import params as p

# Metadata of a price that was made to replace another: that one's id.
REPLACES = "standing_order_replaces"
# Metadata of a price that was replaced: the new one's id. Without it, the change was cut off.
REPLACED_BY = "standing_order_replaced_by"


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceTerms:
    """What a new price is to be; `unit_amount` in the currency's minor unit, `labels` more metadata."""

    unit_amount: int
    currency: str
    interval: str = Price.Interval.MONTH
    interval_count: int = 1
    trial_days: int | None = None
    trial_needs_card: bool = True
    nickname: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def metadata(self) -> dict[str, str]:
        trial = {"trial_days": str(self.trial_days)} if self.trial_days else {}
        cardless = {} if self.trial_needs_card else {"trial_needs_card": "false"}
        return {**self.labels, **trial, **cardless}

    @property
    def is_recurring(self) -> bool:
        return self.interval != Price.Interval.ONE_TIME


class NotOnSale(Exception):
    @classmethod
    def any_more(cls, price: Price) -> Self:
        return cls(f"{price} is not on sale any more: it was replaced or archived. Nothing was changed.")


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
    has_quantity: bool = False,
    grace_days: int | None = None,
    active: bool = True,
) -> NewProduct:
    """Create a product with its first price, which becomes its default, in one call."""
    own = _own_settings(can_be_bought_again, has_quantity, grace_days)
    params: p.ProductCreateParams = {
        "name": name,
        "active": active,
        "marketing_features": [{"name": feature} for feature in features],
        "metadata": {name: value for name, value in own.items() if value},
        "default_price_data": {
            "currency": price.currency,
            "unit_amount": price.unit_amount,
            "metadata": price.metadata,
        },
        "expand": ["default_price"],
    }
    if description:
        params["description"] = description
    if price.is_recurring:
        params["default_price_data"]["recurring"] = {
            "interval": price.interval,
            "interval_count": price.interval_count,
        }
    answer = gateway.create_product(params, key=form_key("product", request_id, params))
    first_price = answer.part(answer.object["default_price"])
    return NewProduct(_new(PRODUCT, answer), _new(PRICE, first_price))


def update_product(
    *,
    product: Product,
    name: str,
    description: str,
    features: Iterable[str],
    can_be_bought_again: bool,
    active: bool,
    has_quantity: bool = False,
    grace_days: int | None = None,
) -> Product:
    """Change what a product says of itself; its prices are changed by `change_price`."""
    return _change_product(
        product,
        {
            "name": name,
            "description": description,
            "marketing_features": [{"name": feature} for feature in features] or "",
            "metadata": _own_settings(can_be_bought_again, has_quantity, grace_days),
            "active": active,
        },
    )


def add_price(*, product: Product, terms: PriceTerms, request_id: str) -> Price:
    """Add one more price to a product; the first becomes its default."""
    price = _create_price(product, terms, request_id)
    if not product.default_price_id:
        _change_product(product, {"default_price": price.pk})
    return price


def change_price(*, price: Price, unit_amount: int, request_id: str) -> Price:
    """Replace a price by one of another amount: make the new, point the product at it, archive the old.

    A price's amount can't be edited at Stripe (https://docs.stripe.com/products-prices/manage-prices#edit-price).
    In this order a stop half-way leaves something on sale, and the next try with the same `request_id` finishes it.
    Running subscriptions stay on the old price. Raises NotOnSale when the price was replaced or archived before,
    save by this very change. What comes back is off sale itself where the `request_id` was spent on something else.
    """
    if not Price.objects.filter(pk=price.pk, active=True).exists():
        return _replacement_of(price, unit_amount)
    product = _product_of(price)
    terms = terms_of(price, unit_amount=unit_amount)
    replacement = _create_price(product, replace(terms, labels={**terms.labels, REPLACES: price.pk}), request_id)
    if not replacement.active or replacement.is_deleted:
        # Stripe gave what this `request_id` made once, and that has gone off sale since: nothing may depend on it.
        return replacement
    if product.default_price_id in {price.pk, ""}:
        _change_product(product, {"default_price": replacement.pk})
    _retire(price, replacement)
    return replacement


def finish_change(*, replacement: Price) -> None:
    """Archive the price that this one was made to replace, where its change was cut off before that.

    For a caller that finds the new price as the product's own. An old one that was restored since stays on sale.
    """
    if REPLACES not in replacement.metadata:
        return
    replaced = Price.objects.filter(pk=replacement.metadata[REPLACES], product=replacement.product_id)
    old = replaced.filter(active=True, is_deleted=False).first()
    if old is not None and old.metadata.get(REPLACED_BY) != replacement.pk:
        _retire(old, replacement)


def _retire(old: Price, replacement: Price) -> None:
    # One mark for the other: Stripe takes no more than fifty.
    _change_price(old, {"active": False, "metadata": {REPLACES: "", REPLACED_BY: replacement.pk}})


def _replacement_of(price: Price, unit_amount: int) -> Price:
    """What an archived price was changed to, if to this amount."""
    terms = terms_of(price, unit_amount=unit_amount)
    others = Price.objects.filter(product=price.product_id, active=True, is_deleted=False, unit_amount=unit_amount)
    for other in others:
        if terms_of(other, unit_amount=unit_amount) == terms:
            return other
    raise NotOnSale.any_more(price)


def terms_of(price: Price, *, unit_amount: int) -> PriceTerms:
    """The price's own terms with another amount."""
    return PriceTerms(
        unit_amount=unit_amount,
        currency=price.currency,
        interval=price.interval,
        interval_count=price.interval_count,
        trial_days=price.trial_days,
        trial_needs_card=price.trial_needs_card,
        nickname=price.nickname,
        labels={name: text for name, text in price.metadata.items() if name not in {REPLACES, REPLACED_BY}},
    )


def make_default(*, price: Price) -> Product:
    return _change_product(_product_of(price), {"default_price": price.pk})


def archive_product(*, product: Product) -> Product:
    """Take a product off sale; who has it keeps it."""
    return _change_product(product, {"active": False})


def restore_product(*, product: Product) -> Product:
    return _change_product(product, {"active": True})


def archive_price(*, price: Price) -> Price:
    """Take a price off sale. Stripe refuses this for a product's default price."""
    return _change_price(price, {"active": False})


def restore_price(*, price: Price) -> Price:
    return _change_price(price, {"active": True})


def _own_settings(can_be_bought_again: bool, has_quantity: bool, grace_days: int | None) -> dict[str, str]:  # noqa: FBT001
    """What Stripe has no field for, as metadata; an empty text unsets."""
    return {
        "can_be_bought_again": "true" if can_be_bought_again else "",
        "has_quantity": "true" if has_quantity else "",
        "grace_days": "" if grace_days is None else str(grace_days),
    }


def _create_price(product: Product, terms: PriceTerms, request_id: str) -> Price:
    params: p.PriceCreateParams = {
        "product": product.pk,
        "currency": terms.currency,
        "unit_amount": terms.unit_amount,
        "metadata": terms.metadata,
    }
    if terms.nickname:
        params["nickname"] = terms.nickname
    if terms.is_recurring:
        params["recurring"] = {"interval": terms.interval, "interval_count": terms.interval_count}
    return _new(PRICE, gateway.create_price(params, key=form_key("price", request_id, params)))


def _change_product(product: Product, params: "p.ProductUpdateParams") -> Product:
    return _captured(PRODUCT, product.pk, lambda: gateway.update_product(product.pk, params))


def _change_price(price: Price, params: "p.PriceUpdateParams") -> Price:
    return _captured(PRICE, price.pk, lambda: gateway.update_price(price.pk, params))


def _product_of(price: Price) -> Product:
    """The price's product as it is now, read anew: a form may have been open for an hour.

    A price can come here before its product, which is then fetched.
    """
    product_id = str(price.product_id)
    return find(PRODUCT, product_id) or _captured(PRODUCT, product_id, lambda: PRODUCT.fetch(product_id))


def _new(kind: Kind[Row], answer: Snapshot) -> Row:
    row = apply_snapshot(kind, answer).row
    assert row is not None, "the catalog admits every row"  # noqa: S101
    return row


def _captured(kind: Kind[Row], key: str, ask: Callable[[], Snapshot]) -> Row:
    row = apply_answer(kind, key, ask).row
    assert row is not None, "a captured answer is always written"  # noqa: S101
    return row
