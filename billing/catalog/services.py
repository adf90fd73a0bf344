"""Changes of products and prices: each is made at Stripe first, and copied here when Stripe has accepted it.

Every function raises StripeUnavailable, StripeRefused or StripeMisconfigured with nothing changed here. `request_id`
is the random id of one form: sending the form again creates nothing twice, nor does a form that is opened anew after
an answer was lost and asks for the same.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict, Unpack

from billing import gateway, kept_requests
from billing.catalog import carried_terms, offering
from billing.catalog.errors import AlreadyCreated, ChangedMeanwhile, NotAllowed, NotOnSale
from billing.errors import StripeRefused
from billing.gateway import Page
from billing.gateway.snapshots import Snapshot
from billing.idempotency import form_key
from billing.kept_requests import MAX_ABOUT, REQUEST, Creation, OpenRequest, open_request
from billing.mirror import own_metadata
from billing.mirror.engine import apply_answer, apply_snapshot, find
from billing.mirror.kinds import PRICE, PRODUCT
from billing.mirror.registry import Kind, Row
from billing.models import Price, Product

if TYPE_CHECKING:
    from stripe import params as p

# Metadata keys at Stripe. Never change them: prices that were replaced before have them.
# On a new price: the id of the price that it replaces.
REPLACES = "standing_order_replaces"
# On a replaced price: the id of the new price. If it is missing, the replacement was interrupted.
REPLACED_BY = "standing_order_replaced_by"

# What open requests are about, in our rows.
PRODUCT_NAMED = "product named "
PRICE_OF = "further price of "


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceTerms:
    """The amount, interval and trial of a new price.

    `unit_amount` is in the currency's minor unit, `labels` is further metadata, and `more` are further parameters,
    those of `recurring` included.
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
    switches = (can_be_bought_again, can_be_tried_again, has_quantity)
    settings = _switched(dict(zip(SWITCHES, switches, strict=True))) | _grace(grace_days)
    params: p.ProductCreateParams = {
        "name": name,
        "active": active,
        "marketing_features": [{"name": feature} for feature in features],
        "metadata": own_metadata.written(settings) | offering.mark(),
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
    asked = {"name": name, "active": active}
    about = f"{PRODUCT_NAMED}{name}"[:MAX_ABOUT]
    with open_request("product", params, request_id=request_id, about=about, params=asked) as opened:
        creation = Creation(
            send=lambda marked, key: gateway.create_product(marked, key=key),
            key=lambda request: form_key("product", request, params),
            listed=lambda: _in_any_state(gateway.product_pages),
            is_usable=lambda found: found["active"] == active,
        )
        for other, found in opened.asked_otherwise(creation):
            if _is_as_asked(found.object, **(other.params or {})):
                raise AlreadyCreated.as_first_asked(_new_product(found).product)
            other.close()
        made = _new_product(opened.create(creation, params))
    return made._replace(product=offering.show(product=made.product))


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
    return _change_product(product, params) if params else product


def add_price(*, product: Product, terms: PriceTerms, request_id: str, changes: ProductChanges | None = None) -> Price:
    """Add a price to a product, and make these changes of it; a product's first price becomes its default.

    Raises AlreadyCreated if one with other terms was asked for, and added although the answer to that was lost.
    """
    about = f"{PRICE_OF}{product.pk}"[:MAX_ABOUT]
    # The price first: Stripe refuses a price more often, and then nothing has changed.
    with open_request("add_price", [product.pk, asdict(terms)], request_id=request_id, about=about) as opened:
        _check_not_added(product, opened)
        price = _create_price(product, terms, opened)
        if not product.default_price_id:
            _change_product(product, {"default_price": price.pk})
        if changes:
            update_product(product=product, **changes)
    return price


def _check_not_added(product: Product, opened: OpenRequest) -> None:
    """Raise AlreadyCreated for a price on sale that this form, or one before it, has added with other terms."""
    for other, found in opened.asked_otherwise(_price_creation(product, {})):
        price = _new(PRICE, found)
        if price.active:
            other.note_told(opened.own_id)
            raise AlreadyCreated.price_as_first_asked(price)
        other.close()


def change_price(*, price: Price, unit_amount: int, request_id: str) -> Price:
    """Replace a price by one with another amount: create the new price, make it the default, archive the old one.

    A price's amount can't be edited at Stripe (https://docs.stripe.com/products-prices/manage-prices#edit-price).
    In this order an interruption leaves one of them on sale, and a repeat with the same `request_id` finishes the
    change. Running subscriptions stay on the old price.

    Raises ChangedMeanwhile while a price of the product is being changed by somebody else: two at once would leave two
    prices on sale. Raises NotOnSale if the price is archived already, unless this same change replaced it;
    HasOtherCurrencies or HasOtherTerms if the new price would lose a term of the old one.
    The price returned is itself off sale if `request_id` had created it earlier and it was archived since.
    """
    try:
        with kept_requests.alone(f"change a price of {price.product_id}"):
            return _change_amount(price, unit_amount, request_id)
    except kept_requests.HeldByAnother as held:
        raise ChangedMeanwhile.right_now(_product_of(price)) from held


def _change_amount(price: Price, unit_amount: int, request_id: str) -> Price:
    if not Price.objects.filter(pk=price.pk, active=True).exists():
        return _replacement_of(price, unit_amount)
    product = _product_of(price)
    # Not all of it is copied here.
    whole = gateway.retrieve_price(price.pk).object
    carried_terms.check(price, whole)
    labels = {**_labels(whole["metadata"]), REPLACES: price.pk}
    terms = replace(_terms_of(price, unit_amount=unit_amount), labels=labels, more=carried_terms.of(whole))
    with open_request("change_price", [price.pk, unit_amount], request_id=request_id, about=price.pk) as opened:
        others = [made for _, made in opened.asked_otherwise(_price_creation(product, {}))]
        replacement = _create_price(product, terms, opened)
        if not replacement.active or replacement.is_deleted:
            # This `request_id` created it earlier, and it was archived since: it must not become the default.
            return replacement
        if product.default_price_id in {price.pk, "", *(other.id for other in others)}:
            _change_product(product, {"default_price": replacement.pk})
        for other in (each for each in others if each.id != replacement.pk):
            # Another amount was asked for before and the answer was lost: it must not stay on sale beside this one.
            _change_price(_new(PRICE, other), {"active": False, "metadata": {REPLACES: ""}})
        opened.close_others_about()
        _hand_over(price, replacement, whole.get("lookup_key"))
    return replacement


def finish_replacement(*, replacement: Price) -> None:
    """Archive the price that this one replaces, if `change_price` was interrupted before that.

    A replaced price that staff have restored since stays on sale.
    """
    if REPLACES not in replacement.metadata:
        return
    replaced = Price.objects.filter(pk=replacement.metadata[REPLACES], product=replacement.product_id)
    old = replaced.filter(active=True, is_deleted=False).first()
    if old is not None and old.metadata.get(REPLACED_BY) != replacement.pk:
        _hand_over(old, replacement, gateway.retrieve_price(old.pk).object.get("lookup_key"))


def _hand_over(old: Price, replacement: Price, lookup_key: str | None) -> None:
    """Give the new price the old one's lookup key, with which other programs find it, and archive the old one."""
    if lookup_key:
        _change_price(replacement, {"lookup_key": lookup_key, "transfer_lookup_key": True})
    _archive_replaced(old, replacement)


def _archive_replaced(old: Price, replacement: Price) -> None:
    # Setting one key unsets the other: Stripe takes at most fifty.
    _change_price(old, {"active": False, "metadata": {REPLACES: "", REPLACED_BY: replacement.pk}})


def _replacement_of(price: Price, unit_amount: int) -> Price:
    """A price on sale with an archived price's terms and this amount. Raises NotOnSale if there is none."""
    terms = _terms_of(price, unit_amount=unit_amount)
    others = Price.objects.plain().filter(product=price.product_id, active=True, is_deleted=False)
    for other in others.filter(unit_amount=unit_amount):
        if _terms_of(other, unit_amount=unit_amount) == terms:
            return other
    raise NotOnSale.replaced_or_archived(price)


def _terms_of(price: Price, *, unit_amount: int) -> PriceTerms:
    """The price's terms with another amount."""
    return PriceTerms(
        unit_amount=unit_amount,
        currency=price.currency,
        interval=price.interval,
        interval_count=price.interval_count,
        trial_days=price.trial_days,
        trial_needs_card=price.trial_needs_card,
        nickname=price.nickname,
        labels=_labels(price.metadata),
    )


def _labels(metadata: Mapping[str, str]) -> dict[str, str]:
    """Return what others have written into a price's metadata."""
    of_ours = {REPLACES, REPLACED_BY, REQUEST}
    return {name: text for name, text in own_metadata.of_others(metadata).items() if name not in of_ours}


def make_default(*, price: Price) -> Product:
    """Make a price its product's default. Raises NotAllowed for an archived one."""
    if not price.active:
        raise NotAllowed.archived_default()
    return _change_product(_product_of(price), {"default_price": price.pk})


def archive_product(*, product: Product) -> Product:
    """Take a product off sale; customers who have it keep it."""
    return _change_product(product, {"active": False})


def restore_product(*, product: Product) -> Product:
    return _change_product(product, {"active": True})


def archive_price(*, price: Price) -> Price:
    """Take a price off sale. Raises NotAllowed for a product's default price, which Stripe keeps active."""
    try:
        return _change_price(price, {"active": False})
    except StripeRefused as error:
        product_id = str(price.product_id)
        product = _changed(PRODUCT, product_id, lambda: PRODUCT.fetch(product_id))
        if product.default_price_id != price.pk:
            raise
        raise NotAllowed.archiving_the_default(product) from error


def restore_price(*, price: Price) -> Price:
    return _change_price(price, {"active": True})


def _switched(switches: dict[str, bool]) -> dict[str, str]:
    """Our own settings of a product, as texts for its metadata; empty if off."""
    return {name: "true" if is_on else "" for name, is_on in switches.items()}


def _grace(days: int | None) -> dict[str, str]:
    return {"grace_days": "" if days is None else str(days)}


def _create_price(product: Product, terms: PriceTerms, opened: OpenRequest) -> Price:
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
    return _new(PRICE, opened.create(_price_creation(product, params), params))


def _price_creation(product: Product, params: Any) -> Creation:
    return Creation(
        send=lambda marked, key: gateway.create_price(marked, key=key),
        key=lambda request: form_key("price", request, params),
        listed=lambda: _in_any_state(partial(gateway.prices_of_product, product.pk)),
        # Another price of the same form may have been made with another amount.
        is_usable=lambda found: bool(found["active"]) and found["unit_amount"] == params.get("unit_amount"),
    )


def _change_product(product: Product, params: "p.ProductUpdateParams") -> Product:
    return _changed(PRODUCT, product.pk, lambda: gateway.update_product(product.pk, params))


def _change_price(price: Price, params: "p.PriceUpdateParams") -> Price:
    return _changed(PRICE, price.pk, lambda: gateway.update_price(price.pk, params))


def _product_of(price: Price) -> Product:
    """The price's product as it is now; `price.product` may have been read an hour ago.

    Fetched from Stripe if it is not here: a price can be mirrored before its product.
    """
    product_id = str(price.product_id)
    return find(PRODUCT, product_id) or _changed(PRODUCT, product_id, lambda: PRODUCT.fetch(product_id))


def _in_any_state(pages: Callable[..., Iterable[Page]]) -> Iterable[Page]:
    return chain(pages(active=True), pages(active=False))


def _new_product(answer: Snapshot) -> NewProduct:
    """Mirror a product with its first price, which is inside the answer to its creation, but not in a list."""
    default = answer.object["default_price"]
    price = answer.part(default) if isinstance(default, dict) else gateway.retrieve_price(default)
    return NewProduct(_new(PRODUCT, answer), _new(PRICE, price))


def _new(kind: Kind[Row], answer: Snapshot) -> Row:
    row = apply_snapshot(kind, answer).row
    assert row is not None, "every object of the catalog gets a row"  # noqa: S101
    return row


def _changed(kind: Kind[Row], key: str, ask: Callable[[], Snapshot]) -> Row:
    row = apply_answer(kind, key, ask).row
    assert row is not None, "an answer is always written"  # noqa: S101
    return row
