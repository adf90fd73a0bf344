"""Routes of plans, the older form of recurring prices: each plan is a price with the same id, and the reverse."""

from sandbox.catalog import rules, shapes
from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.http import listing, metadata
from sandbox.http.expansion import provides
from sandbox.http.listing import Params
from sandbox.http.routes import Routes

RECURRING = ("interval", "interval_count", "meter", "trial_period_days", "usage_type")
SAME_NAMES = ("active", "billing_scheme", "currency", "id", "metadata", "nickname", "tiers", "tiers_mode")
OTHER_NAMES = {
    "amount": "unit_amount",
    "amount_decimal": "unit_amount_decimal",
    "transform_usage": "transform_quantity",
}


def create(account: Account, params: Params) -> Object:
    """Create a price from the parameters of a plan; `product` is an id, or the content of a new product."""
    if "product" not in params:
        raise ApiError.missing_parameter("product")
    if "id" in params:
        rules.check_id(account, params["id"], kind="Plan")
    product = params["product"]
    if isinstance(product, str):
        owner = account.find("product", product, param="product")
    else:
        owner = rules.add_product(account, product)
    return shapes.plan(rules.add_price(account, _as_price(params), product=owner))


def retrieve(account: Account, _params: Params, plan_id: str) -> Object:
    return shapes.plan(_price_of(account, plan_id))


def update(account: Account, params: Params, plan_id: str) -> Object:
    """Change what Stripe lets change: not the amount, the currency or the interval."""
    price = _price_of(account, plan_id)
    changes = listing.given(params, "active", "nickname")
    if changes.get("active") is False:
        rules.check_archivable(account, price)
    if "product" in params:
        changes["product"] = account.find("product", params["product"], param="product")["id"]
    if "metadata" in params:
        changes["metadata"] = metadata.merged(price["metadata"], params)
    if "trial_period_days" in params:
        changes["recurring"] = price["recurring"] | listing.given(params, "trial_period_days")
    return shapes.plan(rules.change_price(account, price, changes))


def list_all(account: Account, params: Params) -> Object:
    """List plans, active and archived ones."""
    wanted = listing.given(params, "active", "product")
    page = listing.page(
        account,
        "price",
        params,
        index=("product", params["product"]) if "product" in params else None,
        where=lambda price: price["recurring"] is not None and listing.matches(price, wanted),
    )
    return page | {"data": [shapes.plan(price) for price in page["data"]], "url": "/v1/plans"}


def delete(account: Account, _params: Params, plan_id: str) -> Object:
    """Delete the plan and its price; subscriptions keep it."""
    price = _price_of(account, plan_id)
    rules.check_archivable(account, price)
    account.emit("plan.deleted", shapes.plan(price))
    account.remove(price, event="price.deleted")
    return {"id": plan_id, "object": "plan", "deleted": True}


@provides("plan", "tiers")
def tiers(account: Account, plan: Object) -> list[Object] | None:
    """Return the tiers of a plan's price, for `expand`; None if it has none."""
    price = account.get("price", plan["id"])
    return price.get("tiers") if price else None


def _price_of(account: Account, plan_id: str) -> Object:
    price = account.get("price", plan_id)
    if price is None or price["recurring"] is None:
        raise ApiError.missing("plan", plan_id)
    return price


def _as_price(params: Params) -> Params:
    """Return the parameters of `prices.create` for those of a plan."""
    price = listing.given(params, *SAME_NAMES)
    price |= {name: params[old] for old, name in OTHER_NAMES.items() if old in params}
    return price | {"recurring": listing.given(params, *RECURRING)}


ROUTES: Routes = [
    ("POST", "/v1/plans", create),
    ("GET", "/v1/plans", list_all),
    ("GET", "/v1/plans/<plan_id>", retrieve),
    ("POST", "/v1/plans/<plan_id>", update),
    ("DELETE", "/v1/plans/<plan_id>", delete),
]
