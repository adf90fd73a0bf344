"""What a routes module holds: the calls to the API about one kind of object.

A module holds functions and one table, `ROUTES`, of (HTTP method, path rule, function). A function takes the account,
the request's checked parameters and the ids in the path, by the names that the rule gives them:

    def retrieve(account: Account, _params: Params, product_id: str) -> Object:
        return account.find("product", product_id)

It returns the object, or `listing.page(...)`, as stored: expansion, the hiding of private members (`_name`) and the
check against the SDK's types come after it. It reads the time from `account.now`, refuses with `ApiError`, and writes
with `account.add`, `account.change` and `account.remove`, each naming the event that Stripe records. A refusal undoes
all that the call has written, except a card error (402), whose failed payment Stripe keeps on record.

To add an operation: put it into the `ROUTES` of its noun's routes module. A new routes module is listed in
sandbox/api.py, a new kind of object in sandbox/core/kinds.py. What falls due later is noted
with `account.store.plan`, and done by sandbox/due.py.
"""

from collections.abc import Callable

from sandbox.core.store import Object

Resource = Callable[..., Object]
Routes = list[tuple[str, str, Resource]]
