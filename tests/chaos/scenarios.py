"""Short sequences that random steps seldom make: each is what one person does, one thing after the other.

They run among the other steps, so that any of it may fail, come late or come twice; the checks are the same.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.chaos.columns import Object
from tests.chaos.edits import DAY
from tests.chaos.orders import STAFF, Choice, post
from tests.chaos.processes import Answer

if TYPE_CHECKING:
    from tests.chaos.steps import Steps

GOOD_CARD = {"card": "4242424242424242"}
DEBIT = {"method": "us_bank_account"}


class Scenario:
    """One sequence for one person."""

    def __init__(self, machine: "Steps", choice: Choice) -> None:
        self._machine, self._choice = machine, choice
        self._orders, self._stripe = machine.orders, machine.processes.stripe
        self.person = choice.of(
            [person for person in range(len(machine.processes.people)) if person not in self._gone]
        )

    @property
    def _gone(self) -> set[int]:
        return self._orders.gone

    def play(self, name: str) -> None:
        SCENARIOS[name](self)

    # --- Scenarios -----------------------------------------------------------

    def purchase(self) -> None:
        self._buy(self._choice.of(("Pro", "Team", "Trial", "Book")))
        self._ask()

    def second_trial(self) -> None:
        subscription = self._buy("Trial")
        if subscription:
            self._hear()
            self._page(f"/subscriptions/{subscription['id']}/cancel/", when="now")
            self._buy("Trial")

    def second_purchase_while_one_is_awaited(self) -> None:
        self._buy("Book", DEBIT)
        self._hear()
        self._buy("Book", DEBIT)

    def chargeback(self) -> None:
        bought = self._buy(self._choice.of(("Book", "Pro")))
        self._hear()
        intents = self._orders.of_kind("payment_intent", status="succeeded")
        if bought and intents:
            self._at_stripe("disputes", payment_intent=intents[-1]["id"])
            self._hear()

    def other_interval(self) -> None:
        subscription = self._buy("Pro")
        self._pass_time(3 * DAY)
        if subscription:
            self._hear()
            self._change(subscription, self._price("Pro", "year"))

    def change_with_an_agreed_end(self) -> None:
        subscription = self._buy("Team")
        if subscription is None:
            return
        with self._machine.step("a schedule in the dashboard ends it"):
            made = self._stripe.post("subscription_schedules", from_subscription=subscription["id"])
            if "id" in made:
                phase = made["phases"][0]
                items = [{"price": item["price"], "quantity": item["quantity"]} for item in phase["items"]]
                year = {"interval": "year", "interval_count": 1}
                phases = [{"items": items, "start_date": phase["start_date"], "duration": year}]
                self._stripe.post(f"subscription_schedules/{made['id']}", end_behavior="cancel", phases=phases)
        self._hear()
        when = self._choice.of(("period_end", "now"))
        self._change(subscription, self._price("Pro", "month"), when=when)
        self._page(f"/subscriptions/{subscription['id']}/resume/")

    def linked_customer(self) -> None:
        price = self._price("Pro", "month")
        if price is None:
            return
        self._buy("Book")
        with self._machine.step("staff make a customer and a subscription in the dashboard"):
            customer = self._stripe.post("customers", email=f"person{self.person}@example.com")
            method = self._stripe.post("payment_methods/pm_card_visa/attach", customer=customer.get("id", ""))
            items, card = [{"price": price["id"]}], method.get("id", "")
            self._stripe.post(
                "subscriptions", customer=customer.get("id", ""), items=items, default_payment_method=card
            )
        self._hear()
        if "id" in customer:
            path = f"/admin/subscriptions/customer/{customer['id']}/link/"
            form = {"user_name": f"person{self.person}", "override": customer["id"]}
            order = post(STAFF, path, **form)
            self._do({**order, "do": "link", "person": self.person, "customer": customer["id"]})
            self._buy("Pro")

    def deleted_person(self) -> None:
        last = len(self._machine.processes.people) - 1
        if last in self._gone:
            return
        self.person = last
        self._buy("Pro")
        self._hear()
        if order := self._orders.make("leave", self._choice):
            self._do(order)

    def many_items(self) -> None:
        self._buy("Pro")
        self._edit("many_items")
        self._hear()

    def mixed_intervals(self) -> None:
        self._buy("Book")
        self._edit("mixed")
        self._hear()

    def foreign_news(self) -> None:
        self._buy("Pro")
        self._hear()
        self._pass_time(5)
        self._edit("foreign_event")
        for letter in self._orders.mail[-1:]:
            self._do(self._orders.delivery(letter))

    def old_losses(self) -> None:
        """What happened while nobody listened, longer ago than Stripe keeps events."""
        self._buy("Book")
        self._buy("Pro")
        self._hear()
        intents = self._orders.of_kind("payment_intent", status="succeeded")
        bills = self._orders.of_kind("invoice", status="paid")
        with self._machine.step("nobody listens"):
            self._stripe.control("webhooks", mode="drop")
            if len(intents) > 1 and bills:
                self._stripe.post("refunds", payment_intent=intents[0]["id"], amount=100)
                self._stripe.post("credit_notes", invoice=bills[-1]["id"], amount=100, credit_amount=100)
                dispute = self._stripe.control("disputes", payment_intent=intents[-1]["id"])[1]
                self._stripe.control(f"disputes/{dispute.get('id')}", outcome="lost")
        self._pass_time(40 * DAY)

    # --- What they are made of -----------------------------------------------

    def _buy(self, product: str, card: Answer = GOOD_CARD) -> Object | None:
        """Buy and pay; return the subscription, or None if it did not come to that."""
        price = self._price(product)
        if price is None:
            return None
        before = set(self._orders.shown)
        self._page(f"/buy/{price['id']}/", quantity="1")
        for session_id in self._orders.shown - before:
            with self._machine.step(f"pay {session_id}"):
                self._stripe.control(f"checkout/{session_id}/pay", **card)
            session = self._orders.objects["checkout.session"].get(session_id, {})
            return self._orders.objects["subscription"].get(session.get("subscription") or "")
        return None

    def _price(self, product: str, interval: str = "") -> Object | None:
        """Return the first price of the product that the shop opened with."""
        ids = [obj["id"] for obj in self._orders.objects["product"].values()][: len(CATALOG_NAMES)]
        index = CATALOG_NAMES.index(product)
        prices = [
            obj
            for obj in self._orders.of_kind("price", active=True)
            if index < len(ids) and obj["product"] == ids[index]
        ]
        return next(
            (obj for obj in prices if not interval or (obj["recurring"] or {}).get("interval") == interval), None
        )

    def _change(self, subscription: Object, price: Object | None, *, when: str = "now") -> None:
        if price is not None:
            order = post(self.person, f"/subscriptions/{subscription['id']}/change/{price['id']}/")
            self._do({**order, "do": "change", "quantity": "1", "when": when})

    def _page(self, path: str, **form: str) -> None:
        self._do(post(self.person, path, **form))

    def _ask(self) -> None:
        self._do({"do": "ask", "method": "POST", "user": self.person, "path": "/api/getsubs"})

    def _pass_time(self, span: int) -> None:
        with self._machine.step(f"{span} s pass"):
            self._machine.pass_time(span)

    def _hear(self) -> None:
        self._do({"do": "sync", "full": False})

    def _edit(self, what: str) -> None:
        with self._machine.step(f"dashboard: {what}"):
            self._machine.note(f"  {self._machine.dashboard.edit(what, self._choice)[:160]}")

    def _at_stripe(self, path: str, **body: object) -> None:
        with self._machine.step(path):
            self._stripe.control(path, **body)

    def _do(self, order: Answer) -> None:
        with self._machine.step(f"scenario: {order['do']}"):
            self._machine.do(order)


CATALOG_NAMES = ("Pro", "Team", "Trial", "Book", "Poster")
SCENARIOS: dict[str, Callable[[Scenario], None]] = {
    "purchase": Scenario.purchase,
    "second_trial": Scenario.second_trial,
    "second_purchase_while_one_is_awaited": Scenario.second_purchase_while_one_is_awaited,
    "chargeback": Scenario.chargeback,
    "other_interval": Scenario.other_interval,
    "change_with_an_agreed_end": Scenario.change_with_an_agreed_end,
    "linked_customer": Scenario.linked_customer,
    "deleted_person": Scenario.deleted_person,
    "many_items": Scenario.many_items,
    "mixed_intervals": Scenario.mixed_intervals,
    "foreign_news": Scenario.foreign_news,
    "old_losses": Scenario.old_losses,
}
