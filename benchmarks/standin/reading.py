"""Read lists of the stand-in without the product's or the SDK's code."""

import json
from collections.abc import Collection, Iterator
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen


def pages(address: str, path: str, **params: str) -> Iterator[list[dict[str, Any]]]:
    """Read a list to its end, a page of 100 at a time."""
    after = ""
    while True:
        query = {"limit": "100", **params, **({"starting_after": after} if after else {})}
        with urlopen(f"{address}{path}?{urlencode(query)}") as answer:  # noqa: S310  (our own)
            page = json.load(answer)
        yield page["data"]
        if not page["has_more"]:
            return
        after = page["data"][-1]["id"]


def events_about(address: str, ids: Collection[str]) -> list[dict[str, Any]]:
    """The newest event of each of these objects."""
    found: dict[str, dict[str, Any]] = {}
    for page in pages(address, "/v1/events"):
        for event in page:
            object_id = event["data"]["object"]["id"]
            if object_id in ids:
                found.setdefault(object_id, event)
        if len(found) == len(ids):
            break
    return list(found.values())
