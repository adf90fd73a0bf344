"""No circle of imports, those for types included: neither between modules nor between the packages of an app."""

from collections.abc import Iterator
from functools import cache

import grimp
import pytest

ROOTS = ("billing", "subscriptions", "config", "sandbox")


@cache
def imports() -> dict[str, set[str]]:
    """Every module of ours, and which of ours it imports."""
    graph = grimp.build_graph(*ROOTS, exclude_type_checking_imports=False, cache_dir=None)
    return {module: set(graph.find_modules_directly_imported_by(module)) for module in sorted(graph.modules)}


def between_packages(root: str) -> dict[str, set[str]]:
    """Every module and package right below a root, and which of them it imports."""
    below: dict[str, set[str]] = {}
    for module, imported in imports().items():
        if module.startswith(f"{root}."):
            inside = {package(other) for other in imported if other.startswith(f"{root}.")}
            below.setdefault(package(module), set()).update(inside - {package(module)})
    return below


def package(module: str) -> str:
    return ".".join(module.split(".")[:2])


def circles(graph: dict[str, set[str]]) -> Iterator[str]:
    """One circle, written "a -> b -> a", for every node that can be reached from itself."""
    for start in graph:
        before: dict[str, str] = {}
        waiting = [start]
        while waiting and start not in before:
            node = waiting.pop(0)
            for target in sorted(graph.get(node, ())):
                if target not in before:
                    before[target] = node
                    waiting.append(target)
        if start in before:
            path = [start, before[start]]
            while path[-1] != start:
                path.append(before[path[-1]])
            yield " -> ".join(reversed(path))


def test_a_circle_is_found() -> None:
    graph = {"a": {"b"}, "b": {"c"}, "c": {"b", "d"}, "d": set()}
    assert list(circles(graph)) == ["b -> c -> b", "c -> b -> c"]


def test_modules_import_in_no_circle() -> None:
    assert {module.split(".")[0] for module in imports()} == set(ROOTS)
    assert list(circles(imports())) == []


@pytest.mark.parametrize("root", ROOTS)
def test_packages_import_in_no_circle(root: str) -> None:
    assert list(circles(between_packages(root))) == []
