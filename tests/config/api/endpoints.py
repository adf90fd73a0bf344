"""The nine endpoints, and what each is asked where its answer does not matter."""

from typing import Any

POSTS: dict[str, dict[str, Any]] = {
    "product": {"prod_name": "New", "unit_amount": 900},
    "updateprod": {"prod_name": "Pro", "description": "For one"},
    "createcustomer": {"user_name": "ada"},
    "session": {"user_name": "ada", "price_id": "price_1"},
    "getsubs": {"user_name": "ada"},
    "cancel": {"user_name": "ada", "subscription_id": "sub_1"},
    "updatesub": {"user_name": "ada", "price_id": "price_1"},
}
GETS = ("plans", "me")
FOR_STAFF = ("product", "updateprod")
FOR_THE_SIGNED_IN = [*POSTS, "me"]
FOR_ONESELF = [path for path in POSTS if path not in FOR_STAFF]
