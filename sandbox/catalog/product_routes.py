"""Routes of products. Those of prices are in price_routes.py."""

from sandbox.catalog import rules
from sandbox.core.account import Account
from sandbox.core.errors import ApiError, within
from sandbox.core.store import Object
from sandbox.http import listing, metadata
from sandbox.http.listing import Params
from sandbox.http.routes import Routes


def create(account: Account, params: Params) -> Object:
    """Create a product, and its default price if `default_price_data` is given."""
    product = rules.add_product(account, params)
    if "default_price_data" in params:
        with within("default_price_data"):
            price = rules.add_price(account, params["default_price_data"], product=product)
        rules.change_product(account, product, {"default_price": price["id"]})
    return product


def retrieve(account: Account, _params: Params, product_id: str) -> Object:
    return account.find("product", product_id)


def update(account: Account, params: Params, product_id: str) -> Object:
    """Change the given members; an empty text unsets a member, metadata is merged."""
    product = account.find("product", product_id)
    changes = rules.product_members(params) | listing.given(params, "active", "shippable")
    if "default_price" in params:
        changes["default_price"] = _own_price(account, product, params["default_price"])
    if "metadata" in params:
        changes["metadata"] = metadata.merged(product["metadata"], params)
    return rules.change_product(account, product, changes)


def list_all(account: Account, params: Params) -> Object:
    wanted = listing.given(params, "active", "shippable", "type", "url")
    chosen = params.get("ids")
    return listing.page(
        account,
        "product",
        params,
        where=lambda product: listing.matches(product, wanted) and (not chosen or product["id"] in chosen),
    )


def delete(account: Account, _params: Params, product_id: str) -> Object:
    """Delete a product that has no prices; others can only be archived."""
    product = account.find("product", product_id)
    if next(account.store.scan("price", index=("product", product_id)), None):
        raise ApiError.invalid("This product cannot be deleted because it has one or more user-created prices.")
    return account.remove(product, event="product.deleted")


def _own_price(account: Account, product: Object, price_id: str) -> str:
    price = account.find("price", price_id, param="default_price")
    if price["product"] != product["id"]:
        raise ApiError.invalid(
            f"The price specified ({price_id}) does not belong to this product.", param="default_price"
        )
    return price_id


ROUTES: Routes = [
    ("POST", "/v1/products", create),
    ("GET", "/v1/products", list_all),
    ("GET", "/v1/products/<product_id>", retrieve),
    ("POST", "/v1/products/<product_id>", update),
    ("DELETE", "/v1/products/<product_id>", delete),
]
