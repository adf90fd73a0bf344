"""The orders for our processes: what people can do with the objects that Stripe has now."""

import json
import re
from collections import defaultdict, deque
from typing import Any, TypeVar
from urllib.parse import quote

from tests.chaos.columns import Object
from tests.chaos.processes import Answer, signed
from tests.chaos.truth import ENDED

Item = TypeVar("Item")
STAFF = "staff"


class Choice:
    """One drawn number, taken apart into choices."""

    def __init__(self, number: int) -> None:
        self._left = number

    def of(self, options: "list[Item] | tuple[Item, ...]") -> Item:
        self._left, index = divmod(self._left, len(options))
        return options[index]


class Orders:
    """Stripe's objects as they are, the mail that is on its way, and who is who."""

    def __init__(self, people: list[str]) -> None:
        self._people = people
        self.objects: dict[str, dict[str, Object]] = defaultdict(dict)
        self.mail: list[Object] = []
        self.shown: set[str] = set()  # Sessions whose page somebody was sent to.
        self.delivered: deque[Object] = deque(maxlen=12)
        self.gone: set[int] = set()  # People whom staff deleted.
        self.linked: dict[int, set[str]] = defaultdict(set)  # Further customers of people, which staff linked.

    def learn(self, past: list[Object], mail: list[str]) -> None:
        for obj in past:
            self.objects[obj["object"]][obj["id"]] = obj
        for body in mail:
            event = {"id": body.partition('"id": "')[2].partition('"')[0], "body": body}
            self.mail.append(event)

    def sent_to(self, location: str) -> None:
        if "/checkout/cs_" in location:
            self.shown.add(location.rpartition("/")[2])

    def arrived(self, event_id: str) -> None:
        """One copy of a letter has come; some come again all the same."""
        letter = next((letter for letter in self.mail if letter["id"] == event_id), None)
        if letter:
            self.mail.remove(letter)
            self.delivered.append(letter)

    def of_kind(self, kind: str, **members: Any) -> list[Object]:
        found = [obj for obj in self.objects[kind].values() if not obj.get("deleted")]
        return [obj for obj in found if all(obj[name] == value for name, value in members.items())]

    def running(self) -> list[Object]:
        return [obj for obj in self.of_kind("subscription") if obj["status"] not in ENDED]

    def person_of(self, customer_id: str | None) -> int | None:
        """Which of the people a customer is."""
        for person, linked in self.linked.items():
            if customer_id in linked and person not in self.gone:
                return person
        customer = self.objects["customer"].get(customer_id or "", {})
        user = (customer.get("metadata") or {}).get("standing_order_user")
        person = self._people.index(user) if user in self._people else None
        return None if person in self.gone else person

    def customers_of(self, person: int) -> set[str]:
        """Return the customers with whom a person went to checkout, and those linked to them."""
        shown = [
            self.objects["checkout.session"][key] for key in self.shown if key in self.objects["checkout.session"]
        ]
        return {one["customer"] for one in shown if self.bought_by(one) == person} | self.linked[person]

    def bought_by(self, session: Object) -> int | None:
        """Return the person who went to this checkout from our site."""
        is_ours = "standing_order_claim" in (session["metadata"] or {})
        return self.person_of(session["customer"]) if is_ours else None

    def subscription_of(self, order: Answer) -> Object | None:
        """Return the subscription that an order is about, as it is now."""
        named = [part for part in order.get("path", "").split("/") if part.startswith("sub_")]
        return self.objects["subscription"].get(named[0]) if named else None

    def done(self, order: Answer, answer: Answer) -> None:
        """Take in what staff have done to people."""
        if answer.get("status") != 302:
            return
        if order["do"] == "leave":
            self.gone.add(order["person"])
        elif order["do"] == "link":
            self.linked[order["person"]].add(order["customer"])

    # --- Orders --------------------------------------------------------------

    def make(self, act: str, choice: Choice) -> Answer | None:
        """Return an order for this act; None if there is nothing that it could be about."""
        match act:
            case "deliver":
                return self._delivery(choice)
            case "sync":
                return {"do": "sync", "full": choice.of((False, False, False, True))}
            case "buy":
                return self._purchase(choice)
            case "return":
                return self._return(choice)
            case "ask":
                return self._question(choice)
            case "link":
                return self._link(choice)
            case "leave":
                return self._leave(choice)
            case _:
                return self._about_a_subscription(act, choice)

    def subject_of(self, order: Answer, choice: Choice) -> str:
        """The id of what an order is about; of something that it may be about, where it is about everything."""
        if order["do"] == "webhook":
            return str(json.loads(order["body"])["data"]["object"].get("id", ""))
        named = [part for part in order.get("path", "").split("/") if part.startswith("sub_")]
        everything = [obj["id"] for kind in ("subscription", "customer", "product") for obj in self.of_kind(kind)]
        return named[0] if named else choice.of(everything)

    def _delivery(self, choice: Choice) -> Answer | None:
        again = choice.of((False, False, False, False, True)) and self.delivered
        letters = list(self.delivered) if again else self.mail
        return self.delivery(choice.of(letters)) if letters else None

    def delivery(self, letter: Object) -> Answer:
        return {"do": "webhook", "body": letter["body"], "event": letter["id"]}

    def _purchase(self, choice: Choice) -> Answer | None:
        prices = self._prices(choice)
        if not prices:
            return None
        form = {"quantity": str(choice.of((1, 1, 1, 1, 2)))}
        return post(self._person(choice), f"/buy/{quote(choice.of(prices)['id'])}/", **form)

    def _question(self, choice: Choice) -> Answer | None:
        """Somebody who has just paid asks what they have, before anybody has told us."""
        return {"do": "ask", "method": "POST", "user": self._person(choice), "path": "/api/getsubs"}

    def _link(self, choice: Choice) -> Answer | None:
        """Staff link a customer who was made in the dashboard to the person with that address."""
        strangers = [obj for obj in self.of_kind("customer") if self.person_of(obj["id"]) is None]
        if not strangers:
            return None
        customer = choice.of(strangers)
        number = re.match(r"person(\d)@", customer["email"] or "")
        person = int(number[1]) if number else self._person(choice)
        if person in self.gone:
            return None
        path = f"/admin/subscriptions/customer/{customer['id']}/link/"
        form = {"user_name": f"person{person}", "override": customer["id"]}
        return {**post(STAFF, path, **form), "do": "link", "person": person, "customer": customer["id"]}

    def _leave(self, choice: Choice) -> Answer | None:
        """Staff delete the last of the people, whatever runs."""
        person = len(self._people) - 1
        if person in self.gone:
            return None
        form = {"post": "yes", "fate": choice.of(("cancel_now", "at_period_end", "nothing"))}
        path = f"/admin/auth/user/{self._people[person]}/delete/"
        running = [obj for obj in self.running() if obj["customer"] in self.customers_of(person)]
        return {**post(STAFF, path, **form), "do": "leave", "person": person, "running": running}

    def _prices(self, choice: Choice) -> list[Object]:
        """Return the prices to choose from: those that pages offer, or now and then any."""
        prices = self.of_kind("price", active=True)
        if choice.of((False, False, False, True)):
            return prices
        plain = [one for one in prices if one["unit_amount"] is not None and one["transform_quantity"] is None]
        return [one for one in plain if not one["recurring"] or one["recurring"]["usage_type"] == "licensed"]

    def _person(self, choice: Choice) -> int:
        return choice.of([person for person in range(len(self._people)) if person not in self.gone])

    def _return(self, choice: Choice) -> Answer | None:
        sessions = [obj for obj in self.of_kind("checkout.session") if self.person_of(obj["customer"]) is not None]
        if not sessions:
            return None
        session = choice.of(sessions[-4:])
        person = self.person_of(session["customer"])
        return {**post(person, "/checkout/success/", session_id=session["id"]), "method": "GET"}

    def _about_a_subscription(self, act: str, choice: Choice) -> Answer | None:
        theirs = [obj for obj in self.running() if self.person_of(obj["customer"]) is not None]
        if not theirs:
            return None
        subscription = choice.of(theirs)
        person, path = self.person_of(subscription["customer"]), f"/subscriptions/{subscription['id']}"
        match act:
            case "change":
                prices = [price for price in self._prices(choice) if price["recurring"]]
                if not prices:
                    return None
                order = post(person, f"{path}/change/{choice.of(prices)['id']}/")
                when = choice.of(("now", "now", "period_end"))
                return {**order, "do": "change", "quantity": str(choice.of((1, 1, 1, 2))), "when": when}
            case "cancel":
                when = choice.of(("period_end", "period_end", "now"))
                return {**post(person, f"{path}/cancel/"), "do": "cancel", "when": when}
            case "resume":
                return post(person, f"{path}/resume/")
            case "undo":
                return post(person, f"{path}/undo-change/")
        raise ValueError(act)


def post(person: int | str | None, path: str, **form: str) -> Answer:
    return {"do": "page", "method": "POST", "user": person, "path": path, "form": form}


def sealed(order: Answer) -> Answer:
    """A delivery is signed when it is sent, as at Stripe."""
    return {**order, "signature": signed(order["body"])} if order["do"] == "webhook" else order
