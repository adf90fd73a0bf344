"""Watches, at Stripe, who has what: a purchase of ours must not come on top of another, nor a second free trial."""

from collections import defaultdict
from collections.abc import Callable, Hashable

from tests.chaos import columns
from tests.chaos.columns import Object
from tests.chaos.row_checks import Broken
from tests.chaos.truth import ENDED

UNDER_WAY = {"processing", "requires_action", "requires_capture"}
CLAIM = columns.at("metadata.standing_order_claim")
PRODUCT = columns.at("metadata.standing_order_product")


class Purchases:
    """`owner` returns the person whose customer this is."""

    def __init__(self, owner: Callable[[str], Hashable] = str) -> None:
        self._owner = owner
        self._running: dict[str, Object] = {}
        self._from_dashboard: set[str] = set()
        self._seen: set[str] = set()
        self._tried: dict[tuple[Hashable, str], str] = {}
        self._intents: dict[str, Object] = {}
        self._given_back: set[str] = set()
        self._bought: dict[tuple[Hashable, str], list[Object]] = defaultdict(list)
        self._deleted: set[str] = set()
        self._linked: list[tuple[Hashable, str, str]] = []

    def touched(self, subscription_id: str) -> None:
        """The dashboard made this one what it is."""
        self._from_dashboard.add(subscription_id)

    def linked(self, person: Hashable, customer: str) -> None:
        """What this customer has is the person's from now on."""
        for one in self._running.values():
            if one["customer"] == customer and one["status"] != "incomplete":
                self._linked += [(person, one["id"], product) for product in _products(one)]

    def learn(self, past: list[Object]) -> None:
        for obj in past:
            match obj["object"]:
                case "subscription":
                    self._learn(obj)
                case "payment_intent":
                    self._intents[obj["id"]] = obj
                case "customer" if obj.get("deleted"):
                    self._deleted.add(obj["id"])
                case "refund" | "dispute":
                    self._given_back.add(obj["payment_intent"])
                case "checkout.session" if CLAIM(obj) is not None and obj["id"] not in self._seen:
                    self._learn_session(obj)

    def _learn(self, subscription: Object) -> None:
        subscription_id = subscription["id"]
        if subscription["status"] in ENDED:
            self._running.pop(subscription_id, None)
            return
        self._running[subscription_id] = subscription
        # Before its first payment too: a purchase of ours that is paid meanwhile comes on top of the dashboard's.
        if CLAIM(subscription) is None:
            self.touched(subscription_id)
        if subscription_id in self._seen or subscription["status"] == "incomplete":
            return
        self._seen.add(subscription_id)
        self._check_trial(subscription)
        held: dict[str, list[str]] = defaultdict(list)
        for other in self._running.values():
            if other["customer"] == subscription["customer"] and other["id"] not in self._from_dashboard:
                held[other["items"]["data"][0]["price"]["product"]].append(other["id"])
        for product, ids in held.items():
            if subscription_id in ids and len(ids) > 1:
                raise Broken("nothing is bought twice", f"{subscription['customer']} has {product} in {ids}")

    def _check_trial(self, subscription: Object) -> None:
        """Each person tries a product once for nothing, if they buy it here."""
        if CLAIM(subscription) is None or subscription["trial_end"] is None:
            return
        key = (self._owner(subscription["customer"]), next(iter(_products(subscription))))
        if key in self._tried:
            raise Broken("a trial is given once", f"{key} in {self._tried[key]} and {subscription['id']}")
        self._tried[key] = subscription["id"]

    def _learn_session(self, session: Object) -> None:
        person, product = self._owner(session["customer"]), PRODUCT(session)
        if session["status"] == "open":
            for linked_person, subscription_id, held in self._linked:
                one = self._running.get(subscription_id)
                if linked_person == person and held == product and one and held in _products(one):
                    raise Broken(
                        "a linked customer counts", f"{session['id']} sells {product}, held: {subscription_id}"
                    )
        if session["status"] != "complete":
            return
        self._seen.add(session["id"])
        theirs = self._bought[person, product]
        for other in theirs:
            status = self._intents.get(other["payment_intent"], {}).get("status")
            is_kept = other["payment_intent"] not in self._given_back and other["customer"] not in self._deleted
            if status in UNDER_WAY or (status == "succeeded" and is_kept):
                both = " and ".join(f"{one['id']} of {one['customer']}" for one in (other, session))
                raise Broken("nothing is bought twice", f"{both} sold {product}; the first is {status}")
        if session["mode"] == "payment" and session["payment_intent"]:
            theirs.append(session)


def _products(subscription: Object) -> list[str]:
    return [item["price"]["product"] for item in subscription["items"]["data"]]
