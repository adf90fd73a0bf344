"""What staff and time do at Stripe, past our site: edits in the dashboard, and cards on the hosted page."""

from tests.chaos.billing_edits import BILLING_EDITS, BillingEdits
from tests.chaos.buyer_edits import BUYER_EDITS, BuyerEdits
from tests.chaos.edits import Edits
from tests.chaos.orders import Choice, Orders
from tests.chaos.plan_edits import PLAN_EDITS, PlanEdits
from tests.chaos.processes import Answer, Stripe
from tests.chaos.purchases import Purchases

CARDS = (
    {"card": "4242424242424242"},
    {"card": "4242424242424242"},
    {"card": "4242424242424242"},
    {"card": "4000000000000002"},  # declined
    {"card": "4000002500003155", "authenticate": "complete"},
    {"card": "4000002500003155", "authenticate": "fail"},
    {"card": "4242424242424242", "async": True},
    {"method": "in its currency"},
    {"method": "in its currency"},
)
METHODS = {"usd": "us_bank_account", "eur": "sepa_debit", "mxn": "oxxo"}
CATALOG = (
    ("Pro", {}, ({"unit_amount": 1900, "interval": "month"}, {"unit_amount": 19000, "interval": "year"})),
    ("Team", {"has_quantity": "true"}, ({"unit_amount": 4900, "interval": "month"},)),
    ("Trial", {}, ({"unit_amount": 900, "interval": "month", "trial_days": "7"},)),
    ("Book", {}, ({"unit_amount": 2500},)),
    ("Poster", {}, ({"unit_amount": 50_000, "currency": "mxn"},)),
)


class Dashboard(Edits):
    """Edits that are made at Stripe. A call may be struck by a fault; then it was tried."""

    def __init__(self, stripe: Stripe, orders: Orders, purchases: Purchases) -> None:
        super().__init__(stripe, orders)
        self._purchases = purchases
        self._others: dict[tuple[str, ...], Edits] = {
            BILLING_EDITS: BillingEdits(stripe, orders),
            BUYER_EDITS: BuyerEdits(stripe, orders),
            PLAN_EDITS: PlanEdits(stripe, orders),
        }

    def open_shop(self) -> None:
        for name, metadata, prices in CATALOG:
            product = self._stripe.post("products", name=name, metadata=metadata)
            for terms in prices:
                recurring = {"recurring": {"interval": terms["interval"]}} if "interval" in terms else {}
                trial = {"metadata": {"trial_days": terms["trial_days"]}} if "trial_days" in terms else {}
                amount = {"unit_amount": terms["unit_amount"], "currency": terms.get("currency", "usd")}
                self._stripe.post("prices", product=product["id"], **amount, **recurring, **trial)
        coupon = self._stripe.post("coupons", percent_off=10, duration="once")
        promotion = {"type": "coupon", "coupon": coupon["id"]}
        self._stripe.post("promotion_codes", promotion=promotion, code="TENOFF")

    def pay(self, choice: Choice) -> str:
        """Pay a session that is open, or let the money of one that was paid from a bank arrive."""
        unpaid = self._orders.of_kind("checkout.session", payment_status="unpaid")
        waiting = [obj for obj in unpaid if obj["id"] in self._orders.shown and obj["status"] != "expired"]
        if not waiting:
            return "nothing to pay"
        session = choice.of(waiting)
        if session["status"] == "complete":
            outcome = choice.of(("succeed", "fail"))
            status, _ = self._stripe.control(f"checkout/{session['id']}/settle", outcome=outcome)
            return f"money of {session['id']}: {outcome} ({status})"
        card = choice.of(CARDS)
        if "method" in card:
            card = {"method": METHODS.get(session["currency"], "us_bank_account")}
        status, answer = self._stripe.control(f"checkout/{session['id']}/pay", **card)
        return f"pay {session['id']} with {card} ({status} {answer.get('error', {}).get('code', '')})"

    def edit(self, what: str, choice: Choice) -> str:
        edits = next((others for names, others in self._others.items() if what in names), self)
        return f"{what}: {edits.make(what, choice)}"

    def touch(self, object_id: str, choice: Choice) -> str:
        """Change something about one object, if the dashboard can."""
        word = choice.of(("Alpha", "Beta", "Gamma"))
        changes: dict[str, tuple[str, Answer]] = {
            "sub": ("subscriptions", choice.of(({"cancel_at_period_end": True}, {"cancel_at_period_end": False}))),
            "cus": ("customers", {"name": word}),
            "prod": ("products", {"name": word}),
            "price": ("prices", {"nickname": word}),
        }
        kind, change = changes.get(object_id.partition("_")[0], ("", {}))
        if object_id.startswith("sub"):
            change = {**change, "metadata": {"note": word}}
        return f"{object_id}: {self._stripe.post(f'{kind}/{object_id}', **change) if kind else None}"

    def _end(self, choice: Choice) -> Answer | None:
        subscription = self._running(choice)
        return self._stripe.delete(f"subscriptions/{subscription['id']}") if subscription else None

    def _update(self, choice: Choice) -> Answer | None:
        subscription = self._running(choice)
        if subscription is None:
            return None
        item = subscription["items"]["data"][0]["id"]
        prices = [price["id"] for price in self._orders.of_kind("price", active=True) if price["recurring"]]
        change = choice.of(
            (
                {"items": [{"id": item, "quantity": choice.of((1, 2, 5))}]},
                {"items": [{"id": item, "price": choice.of(prices)}]} if prices else {},
                {"cancel_at_period_end": True},
                {"cancel_at_period_end": False},
                {"metadata": {"note": choice.of(("a", "b"))}},
                {"trial_end": "now"},
            )
        )
        if "items" in change:
            self._purchases.touched(subscription["id"])
        return self._stripe.post(f"subscriptions/{subscription['id']}", **change)

    def _create(self, choice: Choice) -> Answer | None:
        customers = [obj["id"] for obj in self._orders.of_kind("customer")]
        prices = [price["id"] for price in self._orders.of_kind("price", active=True) if price["recurring"]]
        if not customers or not prices:
            return None
        terms = {"customer": choice.of(customers), "items": [{"price": choice.of(prices)}]}
        return self._stripe.post("subscriptions", **terms, payment_behavior="allow_incomplete")

    def _product(self, choice: Choice) -> Answer | None:
        product = choice.of(self._orders.of_kind("product"))
        change = choice.of(
            ({"name": choice.of(("Alpha", "Beta", "Gamma"))}, {"active": not product["active"]}, {"active": True})
        )
        return self._stripe.post(f"products/{product['id']}", **change)

    def _price(self, choice: Choice) -> Answer | None:
        price = choice.of(self._orders.of_kind("price"))
        change = choice.of(({"nickname": choice.of(("x", "y"))}, {"active": not price["active"]}, {"active": True}))
        return self._stripe.post(f"prices/{price['id']}", **change)

    def _code(self, choice: Choice) -> Answer | None:
        codes = self._orders.of_kind("promotion_code")
        if not codes:
            return None
        code = choice.of(codes)
        change = choice.of(({"active": not code["active"]}, {"metadata": {"note": choice.of(("a", "b"))}}))
        return self._stripe.post(f"promotion_codes/{code['id']}", **change)

    def _customer(self, choice: Choice) -> Answer | None:
        customers = self._orders.of_kind("customer")
        if not customers:
            return None
        change = choice.of(({"email": f"new{choice.of((1, 2, 3))}@example.com"}, {"name": choice.of(("Ada", "Bo"))}))
        return self._stripe.post(f"customers/{choice.of(customers)['id']}", **change)

    def _delete(self, choice: Choice) -> Answer | None:
        customers = self._orders.of_kind("customer")
        return self._stripe.delete(f"customers/{choice.of(customers)['id']}") if customers else None

    def _card(self, choice: Choice) -> Answer | None:
        """Another card for renewals: one that is declined, or one that works."""
        customers = self._orders.of_kind("customer")
        if not customers:
            return None
        customer, card = choice.of(customers)["id"], choice.of(("pm_card_chargeCustomerFail", "pm_card_visa"))
        method = self._stripe.post(f"payment_methods/{card}/attach", customer=customer)
        if "id" not in method:
            return method
        default = {"invoice_settings": {"default_payment_method": method["id"]}}
        return self._stripe.post(f"customers/{customer}", **default)

    def _refund(self, choice: Choice) -> Answer | None:
        paid = self._orders.of_kind("payment_intent", status="succeeded")
        if not paid:
            return None
        intent = choice.of(paid)
        amount = {"amount": intent["amount"] // 2} if choice.of((True, False)) and intent["amount"] > 1 else {}
        return self._stripe.post("refunds", payment_intent=intent["id"], **amount)

    def _bill(self, choice: Choice) -> Answer | None:
        """What is open on a bill is paid, given up or cancelled."""
        bills = self._orders.of_kind("invoice", status="open")
        act = choice.of(("pay", "void", "mark_uncollectible"))
        return self._stripe.post(f"invoices/{choice.of(bills)['id']}/{act}") if bills else None


EDITS = (
    "update",
    "update",
    "end",
    "create",
    "product",
    "price",
    "code",
    "customer",
    "card",
    "refund",
    "bill",
    "update",
    "customer",
    "card",
    "refund",
    "product",
    "delete",
)
