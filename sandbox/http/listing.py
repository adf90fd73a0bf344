"""Answers to list calls: one page of objects, newest first, by cursor, `limit`, `created` and filters."""

from collections.abc import Callable, Collection
from itertools import islice
from typing import Any

from sandbox.core import clocked
from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.kinds import KINDS
from sandbox.core.store import Index, Object

DEFAULT_LIMIT = 10
MAX_LIMIT = 100

Params = dict[str, Any]


def page(
    account: Account,
    kind: str,
    params: Params,
    *,
    index: Index | None = None,
    where: Callable[[Object], bool] | None = None,
    since: int | None = None,
) -> Object:
    """Return the list object that answers a list call; cursors, `limit` and `created` come from `params`.

    `index` has the filters by indexed members, as from `indexed`; `where` applies the others.
    Objects created before `since` are left out, and those of test clocks, unless the request names one of these.
    """
    limit = page_size(params)
    after, before = cursors(account, kind, params)
    chosen = _on_no_clock(where) if account.test_clock is None and clocked.is_bound(kind) else where
    first, last = created_range(params.get("created"))
    if since is not None:
        first = max(since, first or since)
    found = account.store.scan(
        kind, index=index, after=after, before=before, created=(first, last), oldest_first=before is not None
    )
    rows = list(islice(filter(chosen, found) if chosen else found, limit + 1))
    shown = rows[:limit]
    if before:
        shown.reverse()
    return {"object": "list", "data": shown, "has_more": len(rows) > limit, "url": KINDS[kind].list_url}


def _on_no_clock(where: Callable[[Object], bool] | None) -> Callable[[Object], bool]:
    if where is None:
        return lambda obj: clocked.clock_of(obj) is None
    return lambda obj: clocked.clock_of(obj) is None and where(obj)


def indexed(kind: str, params: Params) -> dict[str, str | Collection[str]]:
    """Return those filters among the parameters that core/kinds.py has an index for, for `page`."""
    found = {name: params[name] for name in KINDS[kind].indexed if name in params}
    return {name: str(value).lower() if isinstance(value, bool) else value for name, value in found.items()}


def embedded(objects: list[Object], *, url: str) -> Object:
    """Return the list object that is embedded in another object, with all its members."""
    return {"object": "list", "data": objects, "has_more": False, "url": url}


def counted(objects: list[Object], *, url: str) -> Object:
    """Return an embedded list with its `total_count`, which older kinds of embedded lists have."""
    return {**embedded(objects, url=url), "total_count": len(objects)}


def with_members(counted: Object, objects: list[Object]) -> Object:
    """Return a counted list with other members."""
    return {**counted, "data": objects, "total_count": len(objects)}


def page_size(params: Params) -> int:
    limit: int = params.get("limit", DEFAULT_LIMIT)
    if limit < 1:
        raise ApiError.invalid(
            "This value must be greater than or equal to 1.", param="limit", code="parameter_invalid_integer"
        )
    if limit > MAX_LIMIT:
        raise ApiError.invalid(
            f"This value must be less than or equal to {MAX_LIMIT}.", param="limit", code="parameter_invalid_integer"
        )
    return limit


def cursors(account: Account, kind: str, params: Params) -> tuple[str | None, str | None]:
    """Return (starting_after, ending_before). Raises ApiError for both at once, or if the object does not exist."""
    after, before = params.get("starting_after"), params.get("ending_before")
    if after and before:
        raise ApiError.invalid("You cannot specify both ending_before and starting_after.", param="ending_before")
    for name, cursor in (("starting_after", after), ("ending_before", before)):
        if cursor and account.store.get(kind, cursor) is None:
            raise ApiError.missing(kind, cursor, param=name, status=400)
    return after, before


def created_range(created: int | dict[str, int] | None) -> tuple[int | None, int | None]:
    """Return the first and last second of a `created` filter, None for no bound."""
    if created is None:
        return None, None
    if isinstance(created, int):
        return created, created
    firsts = [created["gte"]] if "gte" in created else []
    firsts += [created["gt"] + 1] if "gt" in created else []
    lasts = [created["lte"]] if "lte" in created else []
    lasts += [created["lt"] - 1] if "lt" in created else []
    return max(firsts, default=None), min(lasts, default=None)


def matches(obj: Object, wanted: Params) -> bool:
    """Return whether the object's members equal all the filters."""
    return all(obj.get(name) == value for name, value in wanted.items())


def given(params: Params, *names: str) -> Params:
    """Return the parameters with these names that the request has."""
    return {name: params[name] for name in names if name in params}
