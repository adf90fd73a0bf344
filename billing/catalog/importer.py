"""The catalog as Stripe has it, copied whole: what was made before us, or changed without a word to us."""

from collections.abc import Callable, Iterable
from itertools import chain
from typing import Any, NamedTuple

from billing import gateway
from billing.mirror import missing as unlisted
from billing.mirror.engine import Compared, Kind, apply_page, differing_keys
from billing.mirror.kinds import PRICE, PRODUCT, PROMOTION_CODE

OnPage = Callable[[list[Compared[Any]]], None]


class ImportCount(NamedTuple):
    """How many objects were read, how many of them were news, and which rows Stripe does not know."""

    products: int
    prices: int
    codes: int
    written: int
    unknown: tuple[str, ...] = ()


class _Imported(NamedTuple):
    keys: set[str]
    written: int
    unknown: list[str]


def import_catalog(*, on_page: OnPage = lambda _: None) -> ImportCount:
    """Copy every product, price and promotion code from Stripe, archived ones too; `on_page` is told of each page."""
    # Stripe lists archived ones only when asked for them.
    products = _import(PRODUCT, _both(gateway.product_pages), on_page)
    prices = _import(PRICE, _both(gateway.price_pages), on_page)
    codes = _import(PROMOTION_CODE, gateway.promotion_code_pages(), on_page)
    return ImportCount(
        products=len(products.keys),
        prices=len(prices.keys),
        codes=len(codes.keys),
        written=products.written + prices.written + codes.written,
        unknown=(*products.unknown, *prices.unknown, *codes.unknown),
    )


def compare_catalog() -> list[str]:
    """The ids of products and prices that are otherwise at Stripe than here, or missing here; nothing is written."""
    products = [differing_keys(PRODUCT, page.snapshots()) for page in _both(gateway.product_pages)]
    prices = [differing_keys(PRICE, page.snapshots()) for page in _both(gateway.price_pages)]
    return list(chain(*products, *prices))


def _both(pages: Callable[..., Iterable[gateway.Page]]) -> Iterable[gateway.Page]:
    return chain(pages(active=True), pages(active=False))


def _import(kind: Kind[Any], pages: Iterable[gateway.Page], on_page: OnPage) -> _Imported:
    keys: set[str] = set()
    written, began = 0, None
    for page in pages:
        began = began or page.known_from
        compared = apply_page(kind, page.snapshots())
        on_page(compared)
        keys |= {one.object["id"] for one in compared}
        written += sum(one.was_written for one in compared)
    # What we have heard of only since the list was begun need not be on it.
    rows = kind.model._default_manager.filter(is_deleted=False, known_until__lt=began)
    missing = sorted(set(rows.values_list("pk", flat=True)) - keys)
    return _Imported(keys, written, unlisted.fetch_missing(kind, missing).unknown)
