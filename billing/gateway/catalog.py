"""Products, prices, coupons and promotion codes."""

from collections.abc import Callable, Iterator
from itertools import chain
from typing import TYPE_CHECKING

from billing.gateway.client import read_pages, send
from billing.gateway.snapshots import Page, Snapshot

if TYPE_CHECKING:
    from stripe import params as p


def create_product(params: "p.ProductCreateParams", *, key: str) -> Snapshot:
    return send(lambda stripe_: stripe_.v1.products.create(params, {"idempotency_key": key}), is_keyed=True)


def retrieve_product(product_id: str) -> Snapshot:
    return send(lambda stripe_: stripe_.v1.products.retrieve(product_id))


def update_product(product_id: str, params: "p.ProductUpdateParams") -> Snapshot:
    return send(lambda stripe_: stripe_.v1.products.update(product_id, params))


def create_price(params: "p.PriceCreateParams", *, key: str) -> Snapshot:
    return send(lambda stripe_: stripe_.v1.prices.create(params, {"idempotency_key": key}), is_keyed=True)


def retrieve_price(price_id: str) -> Snapshot:
    """The price with its amounts in other currencies."""
    expand = ["currency_options"]
    return send(lambda stripe_: stripe_.v1.prices.retrieve(price_id, {"expand": expand}))


def update_price(price_id: str, params: "p.PriceUpdateParams") -> Snapshot:
    return send(lambda stripe_: stripe_.v1.prices.update(price_id, params))


def active_and_archived(pages: Callable[..., Iterator[Page]]) -> Iterator[Page]:
    """The active objects of a list, then the archived ones: without `active` a list leaves the latter out."""
    return chain(pages(active=True), pages(active=False))


def product_pages(*, active: bool) -> Iterator[Page]:
    return read_pages("/v1/products", {"active": active})


def price_pages(*, active: bool) -> Iterator[Page]:
    """Every price, with its amounts in other currencies, newest first."""
    return read_pages("/v1/prices", {"active": active, "expand": ["data.currency_options"]})


def prices_of_product(product_id: str, *, active: bool) -> Iterator[Page]:
    """The prices of one product, newest first."""
    return read_pages("/v1/prices", {"product": product_id, "active": active})


def coupon_pages() -> Iterator[Page]:
    """Every coupon, newest first."""
    return read_pages("/v1/coupons", {})


def create_coupon(params: "p.CouponCreateParams", *, key: str) -> Snapshot:
    return send(lambda stripe_: stripe_.v1.coupons.create(params, {"idempotency_key": key}), is_keyed=True)


def retrieve_coupon(coupon_id: str) -> Snapshot:
    """The coupon with the products that it applies to, and its amounts in other currencies."""
    expand = ["applies_to", "currency_options"]
    return send(lambda stripe_: stripe_.v1.coupons.retrieve(coupon_id, {"expand": expand}))


def delete_coupon(coupon_id: str) -> Snapshot:
    return send(lambda stripe_: stripe_.v1.coupons.delete(coupon_id))


def create_promotion_code(params: "p.PromotionCodeCreateParams", *, key: str) -> Snapshot:
    return send(lambda stripe_: stripe_.v1.promotion_codes.create(params, {"idempotency_key": key}), is_keyed=True)


def retrieve_promotion_code(promotion_code_id: str) -> Snapshot:
    """The code with its coupon inside."""
    expand = ["promotion.coupon"]
    return send(lambda stripe_: stripe_.v1.promotion_codes.retrieve(promotion_code_id, {"expand": expand}))


def update_promotion_code(promotion_code_id: str, params: "p.PromotionCodeUpdateParams") -> Snapshot:
    return send(lambda stripe_: stripe_.v1.promotion_codes.update(promotion_code_id, params))


def promotion_code_pages() -> Iterator[Page]:
    """Every promotion code, with its coupon inside, newest first."""
    return read_pages("/v1/promotion_codes", {"expand": ["data.promotion.coupon"]})
