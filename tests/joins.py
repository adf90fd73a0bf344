"""No query that a customer, a webhook or the sync's quiet pass waits for filters or sorts by another table's columns.

On SQL that reads what the other table has to say about every row; MongoDB joins each row of a whole collection first.
`billing.linked` reads the rows that found rows link to, which is no such join. Every test of the suite is watched.
"""

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import django

from tests import engines

ROOT = Path(__file__).parents[1]
REQUEST = str(Path(django.__file__).parent / "core/handlers/base.py")
# Staff wait for a page of rows, and a full look takes its time.
MAY_JOIN = tuple(
    str(ROOT / place)
    for place in (
        "subscriptions/sync/reconcile.py",
        "subscriptions/sync/scan.py",
        "subscriptions/sync/inactive_customers.py",
        "subscriptions/monitoring",
        "subscriptions/admin",
    )
)
HURRIED = tuple(str(ROOT / place) for place in ("subscriptions/webhooks", "subscriptions/sync/incremental.py"))
# Django's own: what staff may do is asked of their groups.
PERMISSIONS = re.compile(r'FROM "auth_permission"')

_TABLE = re.compile(r' FROM "(\w+)"')
_CLAUSES = re.compile(r" (?:WHERE|GROUP BY|ORDER BY) ")
_COLUMN = re.compile(r'(?:"(\w+)"|\b([TU]\d+))\."')


def found_in(sql: str) -> str:
    """Return why a statement joins to find or to sort its rows; nothing if it does not."""
    if PERMISSIONS.search(sql):
        return ""
    table, clauses = _TABLE.search(sql), _CLAUSES.search(sql)
    if table is None or clauses is None:
        return ""
    asked = sql[clauses.start() :]
    if "(SELECT " in asked:
        return "filters by a subquery"
    others = {quoted or alias for quoted, alias in _COLUMN.findall(asked)} - {table[1]}
    return f"filters or sorts by columns of {', '.join(sorted(others))}" if others else ""


def queries(number: int, *, links: int) -> int:
    """Return how many queries to expect with so many kinds of linked rows, which MongoDB reads by their ids."""
    return number + links if engines.ENGINE == "mongodb" else number


def watch(execute: Callable[..., Any], sql: str, params: Any, many: Any, context: Any) -> Any:
    """Fail a query that joins while somebody waits; used as a wrapper of the connection's execution."""
    reason = found_in(sql) if ("JOIN" in sql or "(SELECT " in sql) else ""
    assert not (reason and is_waited_for()), f"{reason}, while somebody waits:\n{sql}"
    return execute(sql, params, many, context)


def is_waited_for() -> bool:
    """Whether a customer's page, the JSON API, a webhook or a quiet pass asks, going by the functions that run."""
    frame, is_hurried = sys._getframe(2), False
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith(MAY_JOIN):
            return False
        if name == REQUEST and frame.f_code.co_name == "get_response":
            return not frame.f_locals["request"].path_info.startswith(("/admin/", "/healthz"))
        is_hurried = is_hurried or name.startswith(HURRIED)
        frame = frame.f_back  # type: ignore[assignment]
    return is_hurried
