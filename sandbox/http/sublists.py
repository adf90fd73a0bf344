"""Pages of a list embedded in an object: line items, an invoice's lines, a subscription's items."""

from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.http.listing import Params, page_size


def page(whole: Object, params: Params) -> Object:
    """Return one page of the embedded list `whole`, in its order."""
    members, limit = whole["data"], page_size(params)
    after, before = params.get("starting_after"), params.get("ending_before")
    if before:
        left = members[: _index(members, before, "ending_before")]
        return {**whole, "data": left[-limit:], "has_more": len(left) > limit}
    left = members[_index(members, after, "starting_after") + 1 :] if after else members
    return {**whole, "data": left[:limit], "has_more": len(left) > limit}


def _index(members: list[Object], cursor: str, param: str) -> int:
    for index, member in enumerate(members):
        if member["id"] == cursor:
            return index
    raise ApiError.invalid(f"No such object: '{cursor}'", param=param, code="resource_missing")
