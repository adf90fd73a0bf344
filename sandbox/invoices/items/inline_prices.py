"""Prices that Stripe makes for amounts without a price: inactive, one-time, of a product named by the description."""

from sandbox.catalog import shapes as catalog
from sandbox.core import ids
from sandbox.core.account import Account
from sandbox.core.store import Object

UNNAMED = "Invoice item"


def price_for(account: Account, *, unit_amount: str, currency: str, description: str | None) -> Object:
    """Return the price for such an amount: the same one for the same amount, currency and description."""
    product_id = _product_id(account, description or UNNAMED)
    for price in account.store.scan("price", index=("product", product_id)):
        if price["unit_amount_decimal"] == unit_amount and price["currency"] == currency:
            return price
    price = catalog.price(
        price_id=ids.new("price"),
        product=product_id,
        created=account.now,
        currency=currency,
        recurring=None,
        active=False,
        nickname=None,
        tax_behavior="unspecified",
        metadata={},
    )
    whole = int(unit_amount) if "." not in unit_amount else None
    amounts = {"custom_unit_amount": None, "unit_amount": whole, "unit_amount_decimal": unit_amount}
    options = {currency: amounts | {"tax_behavior": "unspecified"}}
    return account.add(price | amounts | {"currency_options": options})


def _product_id(account: Account, name: str) -> str:
    setting = f"invoice_item_product:{name}"
    known: str | None = account.store.setting(setting)
    if known and account.get("product", known):
        return known
    product = catalog.product(
        product_id=ids.new("product"), created=account.now, active=False, kind="service", shippable=None, metadata={}
    )
    account.add(product | {"name": name})
    account.store.save_setting(setting, product["id"])
    return str(product["id"])
