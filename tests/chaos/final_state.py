"""What must hold once all is quiet again: our tables say what Stripe says, and nobody has bought anything twice."""

from tests.chaos import columns
from tests.chaos.columns import CUSTOMER, KEPT, SCHEDULE, SUBSCRIPTION, Mirror, Object
from tests.chaos.databases import Database
from tests.chaos.processes import Stripe
from tests.chaos.row_checks import Broken
from tests.chaos.truth import complete


def check(stripe: Stripe, database: Database, *, beyond_reach: set[str]) -> None:
    """Compare everything, field by field, save the customers named; raises Broken."""
    for mirror in KEPT:
        objects = dict(columns.ours(mirror, _all(stripe, mirror)))
        if mirror is SCHEDULE:
            # One that is over, or has no subscription yet, is of no account until events tell of it.
            known = {row["_id"] for row in database.rows(SCHEDULE.table)}
            objects = {key: obj for key, obj in objects.items() if key in known or obj["status"] == "active"}
        if mirror is CUSTOMER:
            # One made by a process that was killed before it could note it comes with its first subscription.
            subscribed = {subscription["customer"] for subscription in _all(stripe, SUBSCRIPTION)}
            known = {row["_id"] for row in database.rows(CUSTOMER.table)}
            objects = {key: obj for key, obj in objects.items() if key in subscribed | known - beyond_reach}
            beyond_reach -= subscribed
        _compare(mirror, objects, database, beyond_reach)


def _all(stripe: Stripe, mirror: Mirror) -> list[Object]:
    found = [obj for params in mirror.lists for obj in stripe.every(mirror.path, **params)]
    return [complete(stripe, obj) for obj in found] if mirror is SUBSCRIPTION else found


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
