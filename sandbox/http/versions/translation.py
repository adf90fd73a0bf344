"""Put a call in an older version into the parameters of the installed one."""

from collections.abc import Iterator
from copy import deepcopy

from sandbox.core.account import Account
from sandbox.http.call import Call
from sandbox.http.contract import Operation
from sandbox.http.forms import Form
from sandbox.http.versions import former_calls, former_expansions, released
from sandbox.http.versions.former_parameters import FORMER, Former


def translated(account: Account, operation: Operation, call: Call) -> Form:
    """Return the call's form with each parameter that a later version removed replaced by what took its place.

    Raises ApiError for a former parameter that can't be replaced, and for one given beside its replacement.
    """
    former = _former(operation, call.version)
    form = deepcopy(call.form)
    former_calls.translate(call, form)
    for each in former:
        *parents, name = each.segments
        for holder, prefix in list(_holders(form, parents)):
            if name in holder:
                each.translate(account, holder, name, f"{prefix}[{name}]" if prefix else name)
    former_expansions.translate(operation, form, call.version)
    return form


def _former(operation: Operation, version: str) -> list[Former]:
    called = f"{operation.method} {operation.template}"
    return [each for each in FORMER if called in each.calls and released.is_before(version, each.removed)]


def _holders(form: Form, parents: list[str], prefix: str = "") -> Iterator[tuple[Form, str]]:
    """Yield each form at the path, with its name in bracket notation."""
    if not parents:
        yield form, prefix
        return
    name, *rest = parents
    for key in list(form) if name == "*" else [name]:
        child = form.get(key)
        if isinstance(child, dict):
            yield from _holders(child, rest, f"{prefix}[{key}]" if prefix else key)
