"""What a page promised before somebody confirmed, against what Stripe then did. Nothing else happened in between."""

import json
import re
from collections.abc import Callable

from tests.chaos.columns import Object
from tests.chaos.orders import Orders
from tests.chaos.processes import Answer
from tests.chaos.row_checks import Broken
from tests.chaos.truth import ENDED, days_in, end_of, main_item, money, text_of

Ask = Callable[[str], Object | None]  # The object at this path of Stripe's API; None if a fault swallowed the answer.
CHECKED = {"change", "cancel", "leave", "ask"}


def check(order: Answer, answer: Answer, before: Object | None, orders: Orders, now: int) -> None:
    """Raise Broken if what was done is not what the page said. `before` is the subscription as it was."""
    match order["do"]:
        case "ask":
            _check_answer_after_payment(order, answer, orders)
        case "leave":
            _check_nobody_pays_unseen(order, orders)
        case _ if before is not None and answer.get("location") == "/account/":
            after = orders.objects["subscription"][before["id"]]
            if order["do"] == "change":
                _Change(order, answer, before, orders, now=now).check()
            else:
                _check_cancel(order, answer["promised"], before, after, orders)


class _Change:
    """A change of plan that somebody confirmed."""

    def __init__(self, order: Answer, answer: Answer, before: Object, orders: Orders, *, now: int) -> None:
        self._order, self._now = order, now
        self._page, self._when = answer["promised"], answer["when"]
        self._before, self._orders = before, orders
        self._after = orders.objects["subscription"][before["id"]]
        self._price = orders.objects["price"][order["path"].rstrip("/").rpartition("/")[2]]

    def check(self) -> None:
        old, new = main_item(self._before), main_item(self._after)
        quantity = int(self._order["quantity"])
        if (old["price"]["id"], old.get("quantity")) == (self._price["id"], quantity):
            return
        self._check_end()
        is_billed = self._after["latest_invoice"] != self._before["latest_invoice"]
        if self._when == "period_end":
            day = next(iter(days_in(self._page)), None)
            phases = self._orders.objects["subscription_schedule"].get(self._after["schedule"] or "", {}).get("phases")
            if is_billed or day not in [phase["start_date"] for phase in phases or []]:
                raise self._broken(f"it changes on {day} and costs nothing before", f"{phases}")
            return
        if (new["price"]["id"], new.get("quantity")) != (self._price["id"], quantity):
            raise self._broken("the plan is changed", f"{new}")
        self._check_bill(is_billed=is_billed)

    def _check_bill(self, *, is_billed: bool) -> None:
        said = re.search(r"<strong>([^<]+)</strong> is charged today", self._page)
        invoice = self._orders.objects["invoice"].get(self._after["latest_invoice"] or "", {})
        due = invoice.get("amount_due", 0) if is_billed else 0
        shown = money(due, self._after["currency"]) if due else "Nothing"
        if said is None or said[1] != shown:
            raise self._broken(f"{said and said[1]} is charged today", f"{shown} was")
        old, new = main_item(self._before)["price"], main_item(self._after)
        intervals = [(one["recurring"]["interval"], one["recurring"]["interval_count"]) for one in (old, self._price)]
        begins = self._before["status"] == "active" and intervals[0] != intervals[1]
        if begins and new["current_period_start"] != self._now:
            raise Broken(
                "another interval begins at once", f"{self._after['id']} begins {new['current_period_start']}"
            )
        renews = "renews on" in self._page and days_in(self._page.partition("renews on")[2])[0]
        if renews and renews != new["current_period_end"]:
            raise self._broken(f"it renews on {renews}", f"{new['current_period_end']}")

    def _check_end(self) -> None:
        """An agreed end stays, and so does one that the page says stays."""
        schedule = self._orders.objects["subscription_schedule"].get(self._before["schedule"] or "", {})
        end, after = end_of(self._before), end_of(self._after)
        if schedule.get("end_behavior") == "cancel" and end is not None and after != end:
            raise Broken("an agreed end is kept", f"{self._after['id']} ended at {end}, and now at {after}")
        for sentence in ("stays set to end on", "still ends on"):
            day = next(iter(days_in(self._page.partition(sentence)[2])), None)
            if sentence in self._page and day != after:
                raise self._broken(f"it {sentence} {day}", str(after))

    def _broken(self, promised: str, happened: str) -> Broken:
        return Broken("what a page promises happens", f"{self._after['id']}: {promised}, but: {happened}")


def _check_cancel(order: Answer, page: str, before: Object, after: Object, orders: Orders) -> None:
    choices = re.findall(r'<div class="card choice">.*?</div>', page, re.DOTALL)
    if len(choices) < 2 or before["status"] in ENDED:
        return
    is_over = after["status"] in ENDED
    at_end, now = (text_of(choice) for choice in choices)
    if order["when"] == "period_end" and not is_over and end_of(after) not in days_in(choices[0]):
        raise Broken(
            "what a page promises happens", f"{after['id']} ends {end_of(after)}, and the page said: {at_end}"
        )
    if order["when"] == "period_end" and is_over and "ends at once" not in at_end:
        raise Broken("what a page promises happens", f"{after['id']} has ended, and the page said: {at_end}")
    if order["when"] == "now":
        is_billed = after["latest_invoice"] != before["latest_invoice"]
        due = orders.objects["invoice"][after["latest_invoice"]]["amount_due"] if is_billed else 0
        is_unforetold = "nothing more is charged" in now and due > 0
        is_other = "charged now" in now and money(due, after["currency"]) not in now
        if not is_over or is_unforetold or is_other:
            raise Broken(
                "what a page promises happens", f"{after['id']} has a bill of {due}, and the page said: {now}"
            )


def _check_answer_after_payment(order: Answer, answer: Answer, orders: Orders) -> None:
    """The latest session of this person, if it is paid, is in the answer with what was bought."""
    if answer["status"] != 200 or order["has_faults"]:
        return
    theirs = [one for one in orders.of_kind("checkout.session") if orders.bought_by(one) == order["user"]]
    newest = sorted(theirs, key=lambda one: one["created"])[-2:]
    if (
        not newest
        or newest[-1]["status"] != "complete"
        or (len(newest) > 1 and newest[0]["created"] == newest[1]["created"])
    ):
        return
    told = json.loads(answer["text"])
    ids = {one["subscription_id"] for one in told["subscriptions"]} | {one["payment_id"] for one in told["payments"]}
    bought = newest[-1]["subscription"] or newest[-1]["payment_intent"]
    customer = orders.objects["customer"].get(newest[-1]["customer"], {})
    if bought and bought not in ids and not customer.get("deleted"):
        raise Broken("a paid purchase is told at once", f"person {order['user']} bought {bought}, and has {ids}")


def _check_nobody_pays_unseen(order: Answer, orders: Orders) -> None:
    if order["person"] not in orders.gone:
        return
    for obj in order["running"]:
        after = orders.objects["subscription"][obj["id"]]
        if after["status"] not in ENDED and end_of(after) is None:
            raise Broken("nobody is charged unseen", f"{obj['id']} goes on, and its person is deleted")
