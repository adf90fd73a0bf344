"""The pages that list the sandbox's objects of a kind, and show one object as JSON."""

import json
import re
from itertools import islice

from markupsafe import Markup, escape
from werkzeug.wrappers import Request, Response

from sandbox.core.kinds import KINDS
from sandbox.core.visibility import public
from sandbox.local_stripe import LocalStripe
from sandbox.pages import rendering
from sandbox.pages.control import overview

MAX_ROWS = 100
KIND_BY_PREFIX = {kind.prefix: kind.name for kind in KINDS.values() if kind.prefix and kind.is_stored}
PREFIXES = "|".join(sorted(KIND_BY_PREFIX, key=len, reverse=True))  # `sub_sched` is tried before `sub`.
ID_PATTERN = re.compile(rf"&#34;(({PREFIXES})_[A-Za-z0-9_]+)&#34;")


def show_all(sandbox: LocalStripe, _request: Request, kind: str) -> Response:
    """List the latest objects of a kind."""
    account = sandbox.account
    with sandbox.transaction():
        found = list(islice(account.store.scan(kind), MAX_ROWS + 1))
    if not found or kind.startswith("_"):
        return rendering.not_found(f"There are no objects of the kind {kind}.")
    rows = [overview.row(obj) for obj in found[:MAX_ROWS]]
    return rendering.page("objects.html", kind=kind, rows=rows, has_more=len(found) > MAX_ROWS)


def show(sandbox: LocalStripe, _request: Request, kind: str, object_id: str) -> Response:
    """Show one object as JSON; each id in it links to its object."""
    account = sandbox.account
    with sandbox.transaction():
        obj = account.store.get(kind, object_id)
    if obj is None or kind.startswith("_"):
        return rendering.not_found(f"There is no {kind} {object_id}.")
    text = escape(json.dumps(public(obj), indent=2, ensure_ascii=False))
    return rendering.page("object.html", kind=kind, id=object_id, json=Markup(ID_PATTERN.sub(_link, text)))  # noqa: S704 - escaped above.


def _link(found: re.Match[str]) -> str:
    object_id, kind = found[1], KIND_BY_PREFIX[found[2]]
    return f'&#34;<a href="/objects/{kind}/{object_id}">{object_id}</a>&#34;'
