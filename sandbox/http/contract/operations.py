"""The table of Stripe's operations, read from the service modules of the installed SDK.

The SDK has each operation only in code: a `_request("post", "/v1/…")` in a method whose `params` annotation names a
TypedDict. The syntax tree of the modules gives the table. Only modules that mention the first segment of the path
are parsed: that takes milliseconds, and parsing all takes a second.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from threading import Lock

import stripe

SDK = Path(stripe.__file__).parent

# Python 3.11 fails with SystemError if two threads parse at once (https://github.com/python/cpython/issues/106905).
_parsing = Lock()


@dataclass(frozen=True)
class Operation:
    """An HTTP method and URL template of Stripe's API, with the TypedDict of its parameters."""

    method: str
    template: str
    module: str
    params_name: str

    @property
    def params(self) -> type:
        return getattr(import_module(self.module), self.params_name)  # type: ignore[no-any-return]

    def matches(self, path: str) -> bool:
        return _pattern(self.template).fullmatch(path) is not None


# Lists inside objects that Stripe answers at their URLs, and for which the SDK has no method.
UNDECLARED = (
    Operation("GET", "/v1/charges/{charge}/refunds", "stripe.params._refund_list_params", "RefundListParams"),
    Operation(
        "GET",
        "/v1/customers/{customer}/subscriptions",
        "stripe.params._subscription_list_params",
        "SubscriptionListParams",
    ),
)


def operation(method: str, path: str) -> Operation | None:
    """Return Stripe's operation with this method and path, None if there is none."""
    candidates = _operations(_first_segment(path))
    return next((found for found in candidates if found.method == method.upper() and found.matches(path)), None)


def operations(path: str) -> tuple[Operation, ...]:
    """Return the operations under the first segment of a path, templates without ids first."""
    return _operations(_first_segment(path))


def _first_segment(path: str) -> str:
    _, _, rest = path.partition("/v1/")
    return rest.partition("/")[0]


@cache
def _operations(segment: str) -> tuple[Operation, ...]:
    if not re.fullmatch(r"[a-z_]+", segment):
        return ()
    mentioned = re.compile(rf'"/v1/{segment}["/]')
    texts = (module.read_text() for module in sorted(SDK.rglob("*_service.py")))
    with _parsing:
        found = {
            (each.method, each.template): each
            for text in texts
            if mentioned.search(text)
            for each in _declared(ast.parse(text))
            if _first_segment(each.template) == segment
        }
    found |= {(each.method, each.template): each for each in UNDECLARED if _first_segment(each.template) == segment}
    return tuple(sorted(found.values(), key=lambda each: (each.template.count("{"), each.template, each.method)))


@cache
def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(template)))


def _declared(module: ast.Module) -> Iterator[Operation]:
    origins = {
        name.name: node.module or ""
        for node in ast.walk(module)
        if isinstance(node, ast.ImportFrom)
        for name in node.names
    }
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef) and (call := _request_call(node)):
            params_name = _params_name(node)
            yield Operation(_text(call.args[0]).upper(), _text(call.args[1]), origins[params_name], params_name)


def _request_call(function: ast.FunctionDef) -> ast.Call | None:
    return next(
        (
            node
            for node in ast.walk(function)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "_request"
        ),
        None,
    )


def _params_name(function: ast.FunctionDef) -> str:
    annotation = next(each.annotation for each in function.args.args if each.arg == "params")
    if annotation is None:
        raise LookupError(f"{function.name} has no type for its parameters")
    return next(
        str(node.value)
        for node in ast.walk(annotation)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def _text(node: ast.expr) -> str:
    """Return the value of a string literal, or of the literal that `.format` is called on."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        node = node.func.value
    return str(ast.literal_eval(node))
