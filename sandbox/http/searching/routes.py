"""The search routes, `/v1/customers/search` and the like: pages of what matches a query, newest first."""

import base64
import binascii
from functools import partial
from itertools import islice

from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.kinds import KINDS
from sandbox.core.store import Object
from sandbox.http import listing
from sandbox.http.listing import Params
from sandbox.http.routes import Routes
from sandbox.http.searching import query
from sandbox.http.searching.fields import FIELDS


def search(account: Account, params: Params, *, kind: str) -> Object:
    """Return one page of the objects that match; `_total_count` counts them all, if `expand` asks for it."""
    limit, matches = listing.page_size(params), query.parse(kind, params["query"])
    after = _id_of(account, kind, params["page"]) if "page" in params else None
    found = list(islice(filter(matches, account.store.scan(kind, after=after)), limit + 1))
    has_more = len(found) > limit
    return {
        "object": "search_result",
        "data": found[:limit],
        "has_more": has_more,
        "next_page": _page_after(found[limit - 1]) if has_more else None,
        "url": f"{KINDS[kind].list_url}/search",
        "_total_count": lambda: sum(map(matches, account.store.scan(kind))),
    }


def _page_after(obj: Object) -> str:
    return base64.urlsafe_b64encode(str(obj["id"]).encode()).decode()


def _id_of(account: Account, kind: str, page: str) -> str:
    try:
        last = base64.urlsafe_b64decode(page.encode()).decode()
    except (binascii.Error, ValueError):
        last = ""
    if account.store.get(kind, last) is None:
        raise ApiError.invalid(f"Invalid page: {page}", param="page")
    return last


ROUTES: Routes = [("GET", f"{KINDS[kind].list_url}/search", partial(search, kind=kind)) for kind in FIELDS]
