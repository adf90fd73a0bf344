"""Endpoints that dj-stripe calls and the sandbox does not have: the account, connected accounts, old cards."""

import json

from sandbox.core.store import Object

ACCOUNT = {
    "id": "acct_benchmarks000000",
    "object": "account",
    "business_profile": {"name": "Benchmarks"},
    "business_type": "company",
    "capabilities": {},
    "charges_enabled": True,
    "country": "US",
    "created": 1_600_000_000,
    "default_currency": "usd",
    "details_submitted": True,
    "email": "shop@example.com",
    "external_accounts": {"object": "list", "data": [], "has_more": False, "url": "/v1/accounts/external_accounts"},
    "metadata": {},
    "payouts_enabled": True,
    "settings": {"branding": {"icon": None, "logo": None}, "dashboard": {"display_name": "Benchmarks"}},
    "type": "standard",
}
NO_ACCOUNTS = {"object": "list", "data": [], "has_more": False, "url": "/v1/accounts"}

EXTRAS = {
    "/v1/account": json.dumps(ACCOUNT).encode(),
    f"/v1/accounts/{ACCOUNT['id']}": json.dumps(ACCOUNT).encode(),
    "/v1/accounts": json.dumps(NO_ACCOUNTS).encode(),
}


def without_sources(customer: Object) -> Object:
    """A customer with an empty list of `sources`, which are cards of an older API."""
    url = f"/v1/customers/{customer['id']}/sources"
    return {**customer, "sources": {"object": "list", "data": [], "has_more": False, "url": url}}
