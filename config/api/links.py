"""Links in the OpenAPI description: which values of an answer the next request can take.

Clients that read the description can follow a subscription from purchase to cancellation; a test does.
"""

from typing import Any

REQUESTED_NAME = "$request.body#/user_name"

# Operation -> following operation -> parameter -> where its value is in the first one's request or answer.
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
        "getsubs": {"user_name": REQUESTED_NAME, "session_id": "$response.body#/session_id"},
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
        "cancel": {"user_name": REQUESTED_NAME, "subscription_id": "$response.body#/subscription_id"},
    },
}
SUCCESSES = ("200", "201")


def add_links(operation: dict[str, Any]) -> None:
    """Add an operation's links to its successful answers."""
    links = {
        f"{target}-after-{operation['operationId']}": {"operationId": target, "requestBody": taken}
        for target, taken in LINKS.get(operation["operationId"], {}).items()
    }
    for status in SUCCESSES:
        if links and status in operation["responses"]:
            operation["responses"][status]["links"] = links
