"""Answer lists and single objects from memory, with each object's JSON as the sandbox wrote it.

The sandbox itself answers every other call.
"""

import json
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from itertools import islice
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote, urlencode

from benchmarks.standin.extras import EXTRAS, without_sources
from benchmarks.standin.world import World
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.events.recording import KEPT_SECONDS
from sandbox.http import contract, forms, listing
from sandbox.transport import exchange

LISTS = {
    "/v1/subscriptions": "subscription",
    "/v1/customers": "customer",
    "/v1/invoices": "invoice",
    "/v1/events": "event",
}
PATHS = {kind: path for path, kind in LISTS.items()}
ASKED_PLAINLY = {"limit", "starting_after", "created", "expand", "status", "types"}
HEADERS = [("Authorization", "Bearer sk_test_standin")]

Expand = tuple[str, ...]


class Answer(NamedTuple):
    status: int
    body: bytes


class Entry(NamedTuple):
    """The fields that lists filter by."""

    id: str
    created: int
    type: str
    status: str


class Recording:
    """The sandbox's answers, object by object; `forget` those that have changed."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.account = world.account
        self._entries: dict[str, list[Entry]] = {}
        self._places: dict[str, dict[str, int]] = {}
        self._pieces: dict[tuple[str, Expand], dict[str, str]] = {}

    def answer(self, method: str, target: str, body: bytes = b"") -> Answer:
        path, _, query = target.partition("?")
        if path in EXTRAS:
            return Answer(HTTPStatus.OK, EXTRAS[path])
        try:
            if method == "GET" and path in LISTS and (page := self._page(LISTS[path], path, query)):
                return page
            parent, _, object_id = path.rpartition("/")
            if method == "GET" and parent in LISTS and (one := self._one(LISTS[parent], object_id, query)):
                return one
        except ApiError:
            return self.ask(method, target, body)
        if method != "GET":
            self.forget_everything()
        return self.ask(method, target, body)

    def ask(self, method: str, target: str, body: bytes = b"") -> Answer:
        """The sandbox's own answer, for any API version."""
        headers = [*HEADERS, ("Content-Type", "application/x-www-form-urlencoded")] if body else HEADERS
        response = exchange(self.world.sandbox, method, target, headers, body or None)
        return Answer(response.status_code, response.get_data())

    def forget(self, kind: str, ids: Iterable[str]) -> None:
        """Drop these objects' JSON, and every list of events."""
        gone = set(ids)
        for (kept_kind, expand), pieces in self._pieces.items():
            if kept_kind == kind or expand:
                for object_id in gone:
                    pieces.pop(object_id, None)
        for cache in (self._entries, self._places):
            cache.pop("event", None)

    def forget_everything(self) -> None:
        for cache in (self._entries, self._places, self._pieces):
            cache.clear()

    def _page(self, kind: str, path: str, query: str) -> Answer | None:
        params = self._params(path, query)
        if not params.keys() <= ASKED_PLAINLY or (kind == "subscription" and params.get("status") != "all"):
            return None
        expand = params.get("expand", [])
        if any(not name.startswith("data.") for name in expand):
            return None
        inside = tuple(sorted(name.removeprefix("data.") for name in expand))
        limit = listing.page_size(params)
        chosen = list(islice(self._chosen(kind, params), limit + 1))
        shown = [entry.id for entry in chosen[:limit]]
        pieces = self._pieces.setdefault((kind, inside), {})
        if any(object_id not in pieces for object_id in shown):
            self._record(kind, inside, shown, path, query)
        rows = ", ".join([pieces[object_id] for object_id in shown])
        more = json.dumps(len(chosen) > limit)
        return Answer(
            HTTPStatus.OK,
            f'{{"object": "list", "data": [{rows}], "has_more": {more}, "url": "{path}"}}\n'.encode(),
        )

    def _one(self, kind: str, object_id: str, query: str) -> Answer | None:
        params = self._params(f"{PATHS[kind]}/{object_id}", query)
        if not params.keys() <= {"expand"}:
            return None
        pieces = self._pieces.setdefault((kind, tuple(sorted(params.get("expand", [])))), {})
        if object_id not in pieces:
            names = [name for name in params.get("expand", []) if (kind, name) != ("customer", "sources")]
            asked = urlencode([("expand[]", name) for name in names])
            answer = self.ask("GET", f"{PATHS[kind]}/{quote(object_id)}?{asked}")
            if answer.status != HTTPStatus.OK:
                return answer
            text = answer.body.decode().rstrip("\n")
            is_less = len(names) < len(params.get("expand", []))
            pieces[object_id] = json.dumps(without_sources(json.loads(text))) if is_less else text
        return Answer(HTTPStatus.OK, pieces[object_id].encode() + b"\n")

    def _record(self, kind: str, inside: Expand, shown: list[str], path: str, query: str) -> None:
        """Request this page from the sandbox, and store its objects."""
        page = json.loads(self.ask("GET", f"{path}?{query}").body)
        if [obj["id"] for obj in page["data"]] != shown:
            raise RuntimeError(f"not the sandbox's page: {path}?{query}")
        pieces = self._pieces[kind, inside]
        pieces |= {obj["id"]: json.dumps(obj) for obj in page["data"]}

    def _params(self, path: str, query: str) -> dict[str, Any]:
        operation = contract.operation("GET", path)
        if operation is None:
            raise ApiError.unrecognized_url("GET", path)
        return contract.coerce(operation, forms.decode(parse_qsl(query, keep_blank_values=True)))

    def _chosen(self, kind: str, params: dict[str, Any]) -> Iterator[Entry]:
        """The entries that match the parameters, newest first."""
        entries = self._listed(kind)
        first, last = listing.created_range(params.get("created"))
        start = 0 if last is None else bisect_left(entries, -last, key=lambda entry: -entry.created)
        if after := params.get("starting_after"):
            if after not in self._places[kind]:
                raise ApiError.missing(kind, after, param="starting_after", status=400)
            start = max(start, self._places[kind][after] + 1)
        if kind == "event":
            first = max(first or 0, self.account.clock.now() - KEPT_SECONDS)
        is_wanted = _filter(params)
        for place in range(start, len(entries)):
            if first is not None and entries[place].created < first:
                return
            if is_wanted(entries[place]):
                yield entries[place]

    def _listed(self, kind: str) -> list[Entry]:
        if kind not in self._entries:
            entries = [_entry(obj) for obj in self.account.store.scan(kind)]
            self._places[kind] = {entry.id: place for place, entry in enumerate(entries)}
            self._entries[kind] = entries
        return self._entries[kind]


def _entry(obj: Object) -> Entry:
    return Entry(obj["id"], obj["created"], obj.get("type") or "", obj.get("status") or "")


def _filter(params: dict[str, Any]) -> Callable[[Entry], bool]:
    types, status = set(params.get("types", [])), params.get("status", "all")
    if types:
        return lambda entry: entry.type in types
    return (lambda _entry: True) if status == "all" else (lambda entry: entry.status == status)
