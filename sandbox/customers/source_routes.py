"""The `/v1/customers/<id>/sources` route: cards and bank accounts of Stripe's former API, of which there are none."""

from sandbox.core.account import Account
from sandbox.core.store import Object
from sandbox.http import listing
from sandbox.http.expansion import provides
from sandbox.http.listing import Params
from sandbox.http.routes import Routes


def list_all(account: Account, _params: Params, customer_id: str) -> Object:
    found: Object = sources(account, account.find("customer", customer_id))
    return found


@provides("customer", "sources")
def sources(_account: Account, customer: Object) -> Object:
    """Return the sources of a customer, for `expand=["sources"]`."""
    return listing.counted([], url=f"/v1/customers/{customer['id']}/sources")


ROUTES: Routes = [("GET", "/v1/customers/<customer_id>/sources", list_all)]
