"""What the sandbox does not play: Stripe's operations, by the installed SDK, that no route answers."""

import re
from pathlib import Path

import stripe

from sandbox import api
from sandbox.http import contract
from sandbox.http.contract.operations import operations

A_PATH = re.compile(r'"(/v1/[a-z_]+)')


def declared() -> set[tuple[str, str]]:
    """Return (method, path) of every operation that the SDK has."""
    modules = Path(stripe.__file__).parent.rglob("*_service.py")
    resources = {found for module in modules for found in A_PATH.findall(module.read_text())}
    return {(each.method, each.template) for resource in resources for each in operations(resource)}


def played() -> set[tuple[str, str]]:
    found = {(method, contract.operation(method, re.sub(r"<[\w:]+>", "x", rule))) for method, rule, _ in api.routes()}
    return {(method, operation.template) for method, operation in found if operation}


def unplayed() -> set[str]:
    """Return the paths under which nothing is played, as short as possible, and the other operations one by one."""
    there = played()
    starts = {start for _method, path in there for start in _starts(path)}
    return {_shortest(method, path, starts) for method, path in declared() - there}


def _shortest(method: str, path: str, starts: set[str]) -> str:
    return next((f"{start}/…" for start in _starts(path) if start not in starts), f"{method} {path}")


def _starts(path: str) -> list[str]:
    """Return the path's beginnings without ids, shortest first: /v1/billing, /v1/billing/alerts."""
    segments = path.partition("{")[0].strip("/").split("/")
    return ["/" + "/".join(segments[:length]) for length in range(2, len(segments) + 1)]
