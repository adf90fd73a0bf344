"""The rest of a list inside an object: Stripe shows ten members there, and the others at the list's URL.

Nothing is asked for a list that is whole. https://docs.stripe.com/api/pagination
"""

from dataclasses import replace
from datetime import datetime

from billing.gateway.client import read_page
from billing.gateway.snapshots import JSON, Snapshot


def is_cut(obj: JSON, *names: str) -> bool:
    """Whether one of the object's lists with these names has more members than are shown."""
    return any(_rest_of(obj, name) is not None for name in names)


def completed(snapshot: Snapshot, *names: str) -> Snapshot:
    """Return the snapshot with these lists whole; its time ends when the last page was read.

    Raises StripeUnavailable, StripeMisconfigured, or StripeMissing if the object is gone by now.
    """
    if not is_cut(snapshot.object, *names):
        return snapshot
    obj, read_at = dict(snapshot.object), snapshot.known_until
    for name in names:
        rest = _rest_of(obj, name)
        if rest is not None:
            obj[name], read_at = _whole(rest, read_at)
    return replace(snapshot, object=obj, known_until=read_at)


def _rest_of(obj: JSON, name: str) -> JSON | None:
    """Return the list with this name if members of it are missing."""
    nested = obj.get(name)
    return nested if isinstance(nested, dict) and nested.get("has_more") is True else None


def _whole(nested: JSON, read_at: datetime) -> tuple[JSON, datetime]:
    members, has_more = list(nested["data"]), True
    while has_more:
        after = {"starting_after": members[-1]["id"]} if members else {}
        page = read_page(nested["url"], {"limit": 100, **after})
        members += page.objects
        read_at = max(read_at, page.known_until)
        has_more = page.has_more and bool(page.objects)
    return {**nested, "data": members, "has_more": False}, read_at
