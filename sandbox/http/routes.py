"""How to write a routes module: the API calls about one kind of object.

It has functions and a table, `ROUTES`, of (HTTP method, path rule, function). A function takes the account, the
checked parameters and the ids in the path, by their names in the rule:

    def retrieve(account: Account, _params: Params, product_id: str) -> Object:
        return account.find("product", product_id)

It returns the object or `listing.page(...)` as stored; api.py then expands it, hides private members (`_name`) and
checks it against the SDK's types. It reads the time from `account.now`, raises `ApiError` to refuse, and writes with
`account.add`, `account.change` and `account.remove`, each naming the event that Stripe records. An error undoes the
call's writes, except a card error (402), because Stripe keeps failed payments.

To add an operation, add it to the `ROUTES` of its noun. List a new routes module in sandbox/api.py and a new kind of
object in sandbox/core/kinds.py. For an action at a later time call `account.store.set_due` and add the action to
sandbox/due.py.
"""

from collections.abc import Callable

from sandbox.core.store import Object

Resource = Callable[..., Object]
Routes = list[tuple[str, str, Resource]]
