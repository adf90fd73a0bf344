"""How one answer of the JSON API leads to the next request, as links in its OpenAPI description.

Programs that read the description follow the life of a subscription by them, a test of ours among them.
"""

from typing import Any

ASKED_FOR = "$request.body#/user_name"

# Operation -> the operations that take something of its answer, and what.
LINKS: dict[str, dict[str, dict[str, str]]] = {
    "product": {
        "updateprod": {"product_id": "$response.body#/product_id"},
        "session": {"price_id": "$response.body#/price_id"},
        "updatesub": {"price_id": "$response.body#/price_id"},
    },
    "updateprod": {
        "session": {"price_id": "$response.body#/price_id"},
    },
    "createcustomer": {
        "session": {"user_name": "$response.body#/user_name"},
        "getsubs": {"user_name": "$response.body#/user_name"},
    },
    "session": {
        "getsubs": {"user_name": ASKED_FOR, "session_id": "$response.body#/session_id"},
    },
    "getsubs": {
        "updatesub": {
            "user_name": "$response.body#/user_name",
            "subscription_id": "$response.body#/subscriptions/0/subscription_id",
        },
        "cancel": {
            "user_name": "$response.body#/user_name",
            "subscription_id": "$response.body#/subscriptions/0/subscription_id",
        },
    },
    "updatesub": {
        "cancel": {"user_name": ASKED_FOR, "subscription_id": "$response.body#/subscription_id"},
    },
}
SUCCESSES = ("200", "201")


def link(operation: dict[str, Any]) -> None:
    """Add its links to an operation of the description."""
    links = {
        f"{target}-after-{operation['operationId']}": {"operationId": target, "requestBody": taken}
        for target, taken in LINKS.get(operation["operationId"], {}).items()
    }
    for status in SUCCESSES:
        if links and status in operation["responses"]:
            operation["responses"][status]["links"] = links
