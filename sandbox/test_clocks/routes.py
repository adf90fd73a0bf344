"""Routes of test clocks, `/v1/test_helpers/test_clocks`."""

from sandbox.core.account import Account
from sandbox.core.clocked import CLOCK
from sandbox.core.store import Object
from sandbox.http import limits, listing
from sandbox.http.listing import Params
from sandbox.http.routes import Routes
from sandbox.test_clocks import rules, shapes

MAX_NAME = 300


def create(account: Account, params: Params) -> Object:
    """Create a clock that stands at `frozen_time`, in the past or the future; it is deleted after a week."""
    limits.refuse_unsupported(params, "customer")
    name = limits.text(params["name"], param="name", longest=MAX_NAME) if "name" in params else None
    clock = shapes.test_clock(created=account.now, frozen_time=params["frozen_time"], name=name)
    account.add(clock, event="test_helpers.test_clock.created")
    account.store.set_due(CLOCK, clock["id"], clock["deletes_after"])
    return clock


def retrieve(account: Account, _params: Params, clock_id: str) -> Object:
    return account.find(CLOCK, clock_id)


def list_all(account: Account, params: Params) -> Object:
    return listing.page(account, CLOCK, params)


def advance(account: Account, params: Params, clock_id: str) -> Object:
    """Advance the clock. The answer says `advancing`; the clock is ready when it is retrieved."""
    return rules.advance(account, account.find(CLOCK, clock_id), params["frozen_time"])


def delete(account: Account, _params: Params, clock_id: str) -> Object:
    return rules.delete(account, account.find(CLOCK, clock_id))


ROUTES: Routes = [
    ("POST", "/v1/test_helpers/test_clocks", create),
    ("GET", "/v1/test_helpers/test_clocks", list_all),
    ("GET", "/v1/test_helpers/test_clocks/<clock_id>", retrieve),
    ("POST", "/v1/test_helpers/test_clocks/<clock_id>/advance", advance),
    ("DELETE", "/v1/test_helpers/test_clocks/<clock_id>", delete),
]
