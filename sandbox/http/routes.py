"""The type of a routes module's table `ROUTES`: (HTTP method, path rule, function).

A function takes the account, the checked parameters and the ids in the path, and returns the object or
`listing.page(...)` as stored; api.py expands it, hides private members and checks its types. It raises ApiError to
refuse. docs/sandbox.md says how to add an operation.
"""

from collections.abc import Callable

from sandbox.core.store import Object

Resource = Callable[..., Object]
Routes = list[tuple[str, str, Resource]]
