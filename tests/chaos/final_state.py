"""What must hold once all is quiet again: our tables say what Stripe says, and nobody has bought anything twice."""

from collections import defaultdict

from tests.chaos import columns
from tests.chaos.columns import CUSTOMER, KEPT, SUBSCRIPTION, Mirror, Object
from tests.chaos.databases import Database
from tests.chaos.processes import Stripe
from tests.chaos.row_checks import Broken

ENDED = {"canceled", "incomplete_expired"}


def check(stripe: Stripe, database: Database, *, beyond_reach: set[str]) -> None:
    """Compare everything, field by field, save the customers named; raises Broken."""
    for mirror in KEPT:
        objects = dict(columns.ours(mirror, _all(stripe, mirror)))
        if mirror is CUSTOMER:
            # One made by a process that was killed before it could note it comes with its first subscription.
            subscribed = {subscription["customer"] for subscription in _all(stripe, SUBSCRIPTION)}
            known = {row["_id"] for row in database.rows(CUSTOMER.table)}
            objects = {key: obj for key, obj in objects.items() if key in subscribed | known - beyond_reach}
            beyond_reach -= subscribed
        _compare(mirror, objects, database, beyond_reach)


def _all(stripe: Stripe, mirror: Mirror) -> list[Object]:
    return [obj for params in mirror.lists for obj in stripe.every(mirror.path, **params)]


def unheard_customers(objects: dict[str, Object], database: Database) -> set[str]:
    """Customers who are not as our rows say: of those without a subscription, events alone tell, for 30 days."""
    rows = columns.by_key(CUSTOMER, database.rows(CUSTOMER.table))
    deleted = {key for key, row in rows.items() if objects[key].get("deleted") and not row["is_deleted"]}
    alive = {key: row for key, row in rows.items() if not objects[key].get("deleted")}
    return deleted | {key for key, row in alive.items() if CUSTOMER.difference(row, objects[key])}


def _compare(mirror: Mirror, objects: dict[str, Object], database: Database, beyond_reach: set[str]) -> None:
    rows = columns.by_key(mirror, database.rows(mirror.table))
    if mirror is CUSTOMER:
        rows = {key: row for key, row in rows.items() if key not in beyond_reach}
    for key, obj in objects.items():
        if key not in rows:
            raise Broken("the mirror equals Stripe", f"{mirror.kind} {key} is missing")
        if rows[key]["is_deleted"]:
            raise Broken("the mirror equals Stripe", f"{mirror.kind} {key} is not deleted")
        if difference := mirror.difference(rows[key], obj):
            raise Broken("the mirror equals Stripe", f"{mirror.kind} {key} has {difference}")
    for key, row in rows.items():
        # A claim that never reached Stripe is ours alone.
        if key not in objects and not row["is_deleted"] and row["version"]:
            raise Broken("the mirror equals Stripe", f"{mirror.kind} {key} is not at Stripe")


class Purchases:
    """Watches, at Stripe, who runs what: a purchase of ours must not come on top of another that runs."""

    def __init__(self) -> None:
        self._running: dict[str, Object] = {}
        self._from_dashboard: set[str] = set()
        self._seen: set[str] = set()

    def touched(self, subscription_id: str) -> None:
        """The dashboard made this one what it is."""
        self._from_dashboard.add(subscription_id)

    def learn(self, past: list[Object]) -> None:
        for obj in past:
            if obj["object"] == "subscription":
                self._learn(obj)

    def _learn(self, subscription: Object) -> None:
        subscription_id = subscription["id"]
        if subscription["status"] in ENDED:
            self._running.pop(subscription_id, None)
            return
        self._running[subscription_id] = subscription
        # Before its first payment too: a purchase of ours that is paid meanwhile comes on top of the dashboard's.
        if columns.at("metadata.standing_order_claim")(subscription) is None:
            self.touched(subscription_id)
        if subscription_id in self._seen or subscription["status"] == "incomplete":
            return
        self._seen.add(subscription_id)
        held: dict[str, list[str]] = defaultdict(list)
        for other in self._running.values():
            if other["customer"] == subscription["customer"] and other["id"] not in self._from_dashboard:
                held[other["items"]["data"][0]["price"]["product"]].append(other["id"])
        for product, ids in held.items():
            if subscription_id in ids and len(ids) > 1:
                raise Broken("nothing is bought twice", f"{subscription['customer']} has {product} in {ids}")
