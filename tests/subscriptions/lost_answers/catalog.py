"""Every form and action of the admin for products, prices and codes, one line each."""

from django.contrib.admin.utils import quote

from tests.subscriptions.lost_answers.case import Case
from tests.subscriptions.lost_answers.pressing import Site

MONTH = {"currency": "usd", "interval": "month", "interval_count": "1", "trial_days": ""}
PRODUCTS, PRICES, CODES = (f"/admin/billing/{noun}/" for noun in ("product", "price", "promotioncode"))
NEW_PRODUCT = {"name": "Team", "amount": "29", "active": "on", **MONTH}


def _price_page(site: Site) -> str:
    return f"{PRICES}{quote(site.world.pk)}/change/"


def _product_page(site: Site) -> str:
    return f"{PRODUCTS}{quote(site.world.product_id)}/change/"


CASES = [
    Case(
        "add a product",
        "price",
        lambda site: site.save(f"{PRODUCTS}add/", **NEW_PRODUCT),
        1,
        {"products": ["Team active"], "prices": ["Team 2900 active default"]},
        "was added successfully",
    ),
    Case(
        "add a product off sale",
        "price",
        lambda site: site.save(f"{PRODUCTS}add/", **{**NEW_PRODUCT, "active": None}),
        1,
        {"products": ["Team archived"], "prices": ["Team 2900 active default"]},
        "was added successfully",
    ),
    Case(
        "change a product",
        "price",
        lambda site: site.save(_product_page(site), description="Better"),
        1,
        {"products": ["Pro active Better"]},
        "was changed successfully",
    ),
    Case(
        "add a price",
        "price",
        lambda site: site.save(_product_page(site), description="Better", amount="29", **MONTH),
        2,
        {"products": ["Pro active Better"], "prices": ["Pro 2900 active"]},
        "was changed successfully",
    ),
    Case(
        "change an amount",
        "price",
        lambda site: site.save(_price_page(site), amount="29"),
        4,
        {"prices": ["Pro 1900 archived", "Pro 2900 active default"]},
        "is the new price, and the one before is archived",
        "is not on sale any more",
    ),
    Case(
        "archive a product",
        "price",
        lambda site: site.choose(PRODUCTS, "archive", site.world.product),
        1,
        {"products": ["Pro archived"]},
        "Archived: Pro.",
    ),
    Case(
        "restore a product",
        "archived",
        lambda site: site.choose(PRODUCTS, "restore", site.world),
        1,
        {"products": ["Pro active"]},
        "Restored: Pro.",
    ),
    Case(
        "archive a price",
        "yearly",
        lambda site: site.choose(PRICES, "archive", site.world),
        1,
        {"prices": ["Pro 19000 archived"]},
        "Archived:",
    ),
    Case(
        "make a price the default",
        "yearly",
        lambda site: site.choose(PRICES, "make_default", site.world),
        1,
        {"prices": ["Pro 1900 active", "Pro 19000 active default"]},
        "Now the default",
    ),
    Case(
        "add a code",
        "price",
        lambda site: site.save(f"{CODES}add/", code="SPRING", percent_off="20", duration="once"),
        2,
        {"coupons": ["SPRING 20.0"], "codes": ["SPRING active"]},
        "was added successfully",
    ),
    Case(
        "archive a code",
        "spring",
        lambda site: site.choose(CODES, "archive", site.world),
        1,
        {"codes": ["SPRING archived"]},
        "Archived: SPRING.",
    ),
]
