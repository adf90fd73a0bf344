"""Copy the whole catalog from Stripe, or compare it with our rows."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from billing import gateway
from billing.mirror.isolation import FailedObject
from billing.mirror.kinds import PRICE, PRODUCT, PROMOTION_CODE, has_nameless_feature
from billing.mirror.missing import fetch_missing
from billing.mirror.pages import ComparedObject, PageResult, apply_page, differing_keys
from billing.mirror.registry import Kind

OnPage = Callable[[PageResult[Any]], None]


class ImportCount(NamedTuple):
    """The number of objects read and of rows written, the ids of rows that Stripe does not know, and what failed."""

    products: int
    prices: int
    codes: int
    written: int
    unknown: tuple[str, ...] = ()
    failed: tuple[FailedObject, ...] = ()


class _Imported(NamedTuple):
    keys: set[str]
    written: int
    unknown: list[str]
    failed: list[FailedObject]


def import_catalog(*, on_page: OnPage = lambda _: None) -> ImportCount:
    """Copy every product, price and promotion code from Stripe, archived ones too; `on_page` gets each result."""
    products, prices, codes = (_import(kind, pages, on_page) for kind, pages in _lists())
    return ImportCount(
        products=len(products.keys),
        prices=len(prices.keys),
        codes=len(codes.keys),
        written=products.written + prices.written + codes.written,
        unknown=(*products.unknown, *prices.unknown, *codes.unknown),
        failed=(*products.failed, *prices.failed, *codes.failed),
    )


class Differences(NamedTuple):
    """The ids of objects at Stripe that differ here or are missing, those that can't be read and why, and products
    with a feature that has no name."""

    differing: list[str]
    unreadable: list[FailedObject]
    with_nameless_features: list[str]


def compare_catalog() -> Differences:
    """Compare products, prices and codes with those at Stripe; nothing is written."""
    found = Differences([], [], [])
    for kind, pages in _lists():
        for page in pages:
            snapshots = list(page.snapshots())
            differing, unreadable = differing_keys(kind, snapshots)
            found.differing.extend(differing)
            found.unreadable.extend(unreadable)
            if kind is PRODUCT:
                read = {one.id for one in snapshots} - {one.id for one in unreadable}
                with_nameless = (one for one in snapshots if one.id in read and has_nameless_feature(one.object))
                found.with_nameless_features.extend(one.id for one in with_nameless)
    return found


def _lists() -> tuple[tuple[Kind[Any], Iterator[gateway.Page]], ...]:
    """Return the lists that make up the catalog; each is read when its pages are."""
    return (
        (PRODUCT, gateway.active_and_archived(gateway.product_pages)),
        (PRICE, gateway.active_and_archived(gateway.price_pages)),
        (PROMOTION_CODE, gateway.promotion_code_pages()),
    )


def _import(kind: Kind[Any], pages: Iterable[gateway.Page], on_page: OnPage) -> _Imported:
    keys: set[str] = set()
    failed: list[FailedObject] = []
    written, began = 0, None
    for page in pages:
        began = began or page.known_from
        result = apply_page(kind, page.snapshots())
        on_page(result)
        keys |= {one.object["id"] for one in result.compared}
        failed += result.failed
        written += sum(one.was_written for one in result.compared)
    # Rows written since the first page was read may be missing from the list.
    rows = kind.model._default_manager.filter(is_deleted=False, known_until__lt=began)
    missing = sorted(set(rows.values_list("pk", flat=True)) - keys - {one.id for one in failed})
    fetched = fetch_missing(kind, missing)
    differing = [ComparedObject[Any]({"id": key}, None, was_written=True) for key in fetched.written]
    on_page(PageResult(differing, fetched.failed, []))
    return _Imported(keys, written + len(differing), fetched.unknown, [*failed, *fetched.failed])
