"""What buyers and banks do at Stripe, past our site: the billing portal, payment links, money that takes days."""

from tests.chaos.columns import Object
from tests.chaos.edits import Edits
from tests.chaos.orders import Choice
from tests.chaos.processes import Answer

PORTAL_FEATURES = {
    "customer_update": {"enabled": True, "allowed_updates": ["email", "name"]},
    "invoice_history": {"enabled": True},
    "payment_method_update": {"enabled": True},
    "subscription_cancel": {"enabled": True, "mode": "at_period_end"},
}
WAITING = {"processing", "requires_action"}


class BuyerEdits(Edits):
    """What buyers do on Stripe's pages, and how their banks answer."""

    def _arrival(self, choice: Choice) -> Answer | None:
        """The money of a debit or voucher arrives, or does not."""
        waiting = [obj for obj in self._orders.of_kind("payment_intent") if obj["status"] in WAITING]
        if not waiting:
            return None
        outcome = choice.of(("succeed", "succeed", "fail"))
        return self._stripe.control(f"payments/{choice.of(waiting)['id']}", outcome=outcome)[1]

    def _link(self, choice: Choice) -> Answer | None:
        """Somebody buys by a payment link: a stranger, or one of our people, with their address."""
        price = choice.of([price for price in self._orders.of_kind("price", active=True) if price["unit_amount"]])
        link = self._stripe.post("payment_links", line_items=[{"price": price["id"], "quantity": 1}])
        if "id" not in link:
            return link
        number = choice.of((0, 1, 2, 3))
        named = choice.of(({}, {"client_reference_id": f"reader-{number}"}))
        address = f"person{number}@example.com"
        session = self._stripe.control(f"links/{link['id']}/open", customer_email=address, **named)[1]
        if "id" not in session:
            return session
        card = choice.of(({"card": "4242424242424242"}, {"card": "4242424242424242"}, {"method": "us_bank_account"}))
        return self._stripe.control(f"checkout/{session['id']}/pay", email=address, **card)[1]

    def _portal(self, choice: Choice) -> Answer | None:
        """A customer cancels, resumes or changes a plan in the billing portal."""
        subscription = self._running(choice)
        if subscription is None:
            return None
        session = self._stripe.post(
            "billing_portal/sessions", customer=subscription["customer"], **self._configuration(choice)
        )
        if "id" not in session:
            return session
        action = choice.of(("cancel", "resume", "update", "update", "customer"))
        body: Answer = {"action": action}
        if action == "customer":
            body["name"] = choice.of(("Ada", "Bo"))
        else:
            body["subscription"] = subscription["id"]
        if action == "update":
            body["price"] = choice.of(self._plans())["id"]
            body["quantity"] = 1
        return self._stripe.control(f"portal/{session['id']}", **body)[1]

    def _configuration(self, choice: Choice) -> Answer:
        """Let customers change plans, at once or at the period's end, as the account is set up."""
        behavior = choice.of(("none", "create_prorations", "always_invoice"))
        by_product: dict[str, list[str]] = {}
        for price in self._plans():
            by_product.setdefault(price["product"], []).append(price["id"])
        update = {
            "enabled": True,
            "default_allowed_updates": ["price", "quantity"],
            "proration_behavior": behavior,
            "products": [{"product": key, "prices": prices[:5]} for key, prices in by_product.items()][:5],
        }
        features = {**PORTAL_FEATURES, "subscription_update": update}
        made = self._stripe.post("billing_portal/configurations", features=features)
        return {"configuration": made["id"]} if "id" in made else {}

    def _plans(self) -> list[Object]:
        """Return one price of each interval of a product: the portal takes no two alike."""
        found: dict[tuple[str, str], Object] = {}
        for price in self._orders.of_kind("price", active=True, currency="usd", billing_scheme="per_unit"):
            recurring = price["recurring"]
            if recurring and recurring["usage_type"] == "licensed" and price["transform_quantity"] is None:
                found.setdefault((price["product"], f"{recurring['interval_count']}{recurring['interval']}"), price)
        return list(found.values())

    def _thin_event(self, choice: Choice) -> Answer | None:
        """A thin notification: it names an object, which has to be fetched."""
        kind, event = choice.of(
            (
                ("subscription", "customer.subscription.updated"),
                ("invoice", "invoice.updated"),
                ("customer", "customer.updated"),
            )
        )
        known = self._orders.of_kind(kind)
        if not known:
            return None
        return self._stripe.control("events", type=event, object=choice.of(known)["id"], thin=True)[1]


BUYER_EDITS = ("arrival", "arrival", "link", "portal", "portal", "thin_event")
