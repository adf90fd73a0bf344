"""Subscriptions as staff make them: by use, in tiers, of many items, of several intervals, in phases."""

from tests.chaos.columns import Object
from tests.chaos.edits import Edits
from tests.chaos.orders import Choice, Orders
from tests.chaos.processes import Answer, Stripe

MOST_RUNNING = 8
MANY_ITEMS = 12  # More than Stripe shows of a list inside an object.
TIERS = [{"up_to": 2, "unit_amount": 900}, {"up_to": "inf", "unit_amount": 700}]
METER = {
    "display_name": "Calls",
    "event_name": "calls",
    "default_aggregation": {"formula": "sum"},
    "customer_mapping": {"type": "by_id", "event_payload_key": "stripe_customer_id"},
    "value_settings": {"event_payload_key": "value"},
}


class PlanEdits(Edits):
    """Each makes a subscription that our site does not sell, for one of the customers."""

    def __init__(self, stripe: Stripe, orders: Orders) -> None:
        super().__init__(stripe, orders)
        self._meter = ""

    def make(self, what: str, choice: Choice) -> Answer | None:
        # Each subscription is billed: with too many, the run would do little else.
        return super().make(what, choice) if what == "usage" or len(self._orders.running()) < MOST_RUNNING else None

    def _metered(self, choice: Choice) -> Answer | None:
        """A price by use, beside a plan or alone."""
        customer = self._customer(choice)
        if customer is None:
            return None
        self._meter = self._meter or self._stripe.post("billing/meters", **METER).get("id", "")
        recurring = {"interval": "month", "usage_type": "metered", "meter": self._meter}
        by_use = self._new_price(choice, currency="usd", unit_amount=5, recurring=recurring)
        beside = self._priced(choice.of(("month", "none")), choice)
        return self._subscribe(customer, [by_use, *beside]) if by_use else None

    def _tiered(self, choice: Choice) -> Answer | None:
        mode = choice.of(("graduated", "volume"))
        tiers = {"billing_scheme": "tiered", "tiers_mode": mode, "tiers": TIERS}
        price = self._new_price(choice, currency="usd", recurring={"interval": "month"}, **tiers)
        customer = self._customer(choice)
        return self._subscribe(customer, [price], quantity=choice.of((1, 3))) if price and customer else None

    def _mixed(self, choice: Choice) -> Answer | None:
        """Items of several intervals on one subscription: each is billed at its own time."""
        customer = self._customer(choice)
        first, second = choice.of((("year", "month"), ("month", "year"), ("month", "week"), ("week", "year")))
        prices = [*self._priced(first, choice), *self._priced(second, choice)]
        if customer is None or len({price["id"] for price in prices}) != 2:
            return None
        return self._subscribe(customer, prices, billing_mode={"type": "flexible"})

    def _many_items(self, choice: Choice) -> Answer | None:
        customer = self._customer(choice)
        is_there = any(len(one["items"]["data"]) >= MANY_ITEMS for one in self._orders.running())
        if customer is None or is_there:
            return None
        terms = {"currency": "usd", "recurring": {"interval": "month"}}
        prices = [self._new_price(choice, unit_amount=100 + number, **terms) for number in range(MANY_ITEMS)]
        return self._subscribe(customer, [price for price in prices if price])

    def _phases(self, choice: Choice) -> Answer | None:
        """A schedule of two phases: another plan from next month on, and then an end or none."""
        customer = self._customer(choice)
        prices = self._priced("month", choice, count=2)
        if customer is None or len(prices) != 2:
            return None
        month = {"interval": "month", "interval_count": 1}
        phases = [{"items": [{"price": price["id"], "quantity": 1}], "duration": month} for price in prices]
        end_behavior = choice.of(("cancel", "release"))
        return self._stripe.post(
            "subscription_schedules", customer=customer, start_date="now", end_behavior=end_behavior, phases=phases
        )

    def _usage(self, choice: Choice) -> Answer | None:
        customer = self._customer(choice)
        if customer is None:
            return None
        payload = {"stripe_customer_id": customer, "value": choice.of((1, 70))}
        return self._stripe.post("billing/meter_events", event_name=METER["event_name"], payload=payload)

    def _subscribe(self, customer: str, prices: list[Object], *, quantity: int = 1, **terms: object) -> Answer:
        items = [
            {"price": price["id"], **({} if price["recurring"]["usage_type"] == "metered" else {"quantity": quantity})}
            for price in prices
        ]
        card = self._stripe.post("payment_methods/pm_card_visa/attach", customer=customer).get("id", "")
        terms |= {"payment_behavior": "allow_incomplete", **({"default_payment_method": card} if card else {})}
        return self._stripe.post("subscriptions", customer=customer, items=items, **terms)

    def _priced(self, interval: str, choice: Choice, *, count: int = 1) -> list[Object]:
        """Return prices in dollars of this interval; without one, a new one."""
        if interval == "none":
            return []
        known = [
            price
            for price in self._orders.of_kind("price", active=True, currency="usd")
            if (price["recurring"] or {}).get("interval") == interval
            and price["recurring"]["usage_type"] == "licensed"
            and price["recurring"]["interval_count"] == 1
        ]
        found = [choice.of(known)] if known else []
        while len(found) < count:
            amount = 300 + choice.of((0, 11, 25, 40))
            price = self._new_price(choice, currency="usd", unit_amount=amount, recurring={"interval": interval})
            if price is None:
                break
            found.append(price)
        return found

    def _new_price(self, choice: Choice, **terms: object) -> Object | None:
        products = self._orders.of_kind("product", active=True)
        if not products:
            return None
        made = self._stripe.post("prices", product=choice.of(products)["id"], **terms)
        return made if "id" in made else None

    def _customer(self, choice: Choice) -> str | None:
        customers = self._orders.of_kind("customer")
        return str(choice.of(customers)["id"]) if customers else None


PLAN_EDITS = ("many_items", "metered", "mixed", "phases", "tiered", "usage")
