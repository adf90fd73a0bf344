"""Single calls that change an object of the catalog at Stripe; the answer to each is written to its row here."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from billing import gateway
from billing.gateway.snapshots import Snapshot
from billing.mirror.engine import apply_answer, apply_snapshot, find
from billing.mirror.kinds import PRICE, PRODUCT
from billing.mirror.registry import Kind, Row
from billing.models import Price, Product

if TYPE_CHECKING:
    from stripe import params as p


def send_product_change(product: Product, params: "p.ProductUpdateParams") -> Product:
    return save_answer(PRODUCT, product.pk, lambda: gateway.update_product(product.pk, params))


def send_price_change(price: Price, params: "p.PriceUpdateParams") -> Price:
    return save_answer(PRICE, price.pk, lambda: gateway.update_price(price.pk, params))


def current_product(price: Price) -> Product:
    """The price's product as it is now; `price.product` may have been read an hour ago.

    Fetched from Stripe if it is not here: a price can be mirrored before its product.
    """
    product_id = str(price.product_id)
    return find(PRODUCT, product_id) or fetch_product(product_id)


def fetch_product(product_id: str) -> Product:
    return save_answer(PRODUCT, product_id, lambda: PRODUCT.fetch(product_id))


def save_new(kind: Kind[Row], answer: Snapshot) -> Row:
    """Write an object that was just created, or found, to its row."""
    row = apply_snapshot(kind, answer).row
    assert row is not None, "every object of the catalog gets a row"  # noqa: S101
    return row


def save_answer(kind: Kind[Row], key: str, ask: Callable[[], Snapshot]) -> Row:
    """Call Stripe by `ask`, which changes or fetches this object, and write the answer to its row."""
    row = apply_answer(kind, key, ask).row
    assert row is not None, "an answer is always written"  # noqa: S101
    return row
