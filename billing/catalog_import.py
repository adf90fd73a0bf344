"""The catalogue as Stripe has it, copied whole: what was made before us, or changed without a word to us."""

from collections.abc import Callable, Iterable
from datetime import datetime
from itertools import chain
from typing import Any, NamedTuple

from billing import stripe_gateway, unlisted
from billing.mirror import PRICE, PRODUCT, PROMOTION_CODE, Cause, Compared, Kind, differing, offer_page

IMPORT = Cause("import")

OnPage = Callable[[list[Compared[Any]]], None]


class ImportCount(NamedTuple):
    """How many objects were read, how many of them were news, and which rows Stripe does not know."""

    products: int
    prices: int
    codes: int
    written: int
    unknown: tuple[str, ...] = ()


class Differences(NamedTuple):
    """The ids of what is otherwise here than at Stripe or missing here, and of rows that Stripe does not list."""

    differing: list[str]
    unlisted: list[str]


class _Imported(NamedTuple):
    keys: set[str]
    written: int
    unknown: list[str]


def import_catalog(*, on_page: OnPage = lambda _: None) -> ImportCount:
    """Copy every product, price and promotion code from Stripe, archived ones too; `on_page` is told of each page."""
    products, prices, codes = (_import(kind, pages, on_page) for kind, pages in _lists())
    return ImportCount(
        products=len(products.keys),
        prices=len(prices.keys),
        codes=len(codes.keys),
        written=products.written + prices.written + codes.written,
        unknown=(*products.unknown, *prices.unknown, *codes.unknown),
    )


def compare_catalog() -> Differences:
    """What an import would find different; nothing is written."""
    found = [_compare(kind, pages) for kind, pages in _lists()]
    return Differences([pk for one in found for pk in one.differing], [pk for one in found for pk in one.unlisted])


def _lists() -> list[tuple[Kind[Any], Iterable[stripe_gateway.Page]]]:
    """All there is, archived ones too: Stripe lists those only when asked for them."""
    return [
        (PRODUCT, _both(stripe_gateway.product_pages)),
        (PRICE, _both(stripe_gateway.price_pages)),
        (PROMOTION_CODE, stripe_gateway.promotion_code_pages()),
    ]


def _both(pages: Callable[..., Iterable[stripe_gateway.Page]]) -> Iterable[stripe_gateway.Page]:
    return chain(pages(active=True), pages(active=False))


def _import(kind: Kind[Any], pages: Iterable[stripe_gateway.Page], on_page: OnPage) -> _Imported:
    keys: set[str] = set()
    written, began = 0, None
    for page in pages:
        began = began or page.known_from
        compared = offer_page(kind, page.snapshots(), IMPORT)
        on_page(compared)
        keys |= {one.object["id"] for one in compared}
        written += sum(one.was_written for one in compared)
    return _Imported(keys, written, unlisted.ask(kind, _unlisted(kind, keys, began), IMPORT).unknown)


def _compare(kind: Kind[Any], pages: Iterable[stripe_gateway.Page]) -> Differences:
    found: list[str] = []
    keys: set[str] = set()
    began = None
    for page in pages:
        began = began or page.known_from
        found += differing(kind, page.snapshots())
        keys |= {snapshot.id for snapshot in page.snapshots()}
    return Differences(found, _unlisted(kind, keys, began))


def _unlisted(kind: Kind[Any], keys: set[str], began: datetime | None) -> list[str]:
    """Our rows that are not on the list; what we have heard of only since it was begun need not be."""
    rows = kind.model._default_manager.filter(is_deleted=False, known_until__lt=began)
    return sorted(set(rows.values_list("pk", flat=True)) - keys)
