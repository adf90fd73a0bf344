"""What real accounts hold besides sales of ours: pauses, schedules, credit, disputes, bills by mail, other prices."""

from tests.chaos.columns import Object
from tests.chaos.edits import DAY, Edits
from tests.chaos.orders import Choice
from tests.chaos.processes import Answer

PRICES: tuple[Answer, ...] = (
    {"unit_amount": 700, "recurring": {"interval": "week", "interval_count": 2}},
    {"unit_amount": 1500, "currency": "eur", "recurring": {"interval": "month"}},
    {
        "billing_scheme": "tiered",
        "tiers_mode": "graduated",
        "tiers": [{"up_to": 2, "unit_amount": 900}, {"up_to": "inf", "unit_amount": 700}],
        "recurring": {"interval": "month"},
    },
    {
        "unit_amount": 500,
        "transform_quantity": {"divide_by": 5, "round": "up"},
        "recurring": {"interval": "month"},
    },
)


class BillingEdits(Edits):
    """Edits in the dashboard that our site offers nobody."""

    def _pause_collection(self, choice: Choice) -> Answer | None:
        """Bills are made and not collected, for some days or until somebody ends that."""
        behavior = choice.of(("void", "keep_as_draft", "mark_uncollectible"))
        until = choice.of(({}, {"resumes_at": self._now() + 20 * DAY}))
        pause = choice.of(({"behavior": behavior, **until}, ""))
        return self._change_subscription(choice, pause_collection=pause)

    def _pause(self, choice: Choice) -> Answer | None:
        subscription = self._running(choice)
        if subscription is None:
            return None
        if subscription["status"] == "paused":
            return self._stripe.post(
                f"subscriptions/{subscription['id']}/resume", billing_cycle_anchor={"type": "now"}
            )
        return self._stripe.post(f"subscriptions/{subscription['id']}/pause", type="subscription")

    def _cancel_at(self, choice: Choice) -> Answer | None:
        days = choice.of((3, 20, 45, 0))
        return self._change_subscription(choice, cancel_at=self._now() + days * DAY if days else "")

    def _schedule(self, choice: Choice) -> Answer | None:
        """A schedule that ends the subscription with its period; or an existing one is released or cancelled."""
        live = [
            obj for obj in self._orders.of_kind("subscription_schedule") if obj["status"] in {"active", "not_started"}
        ]
        is_over = choice.of((True, False))
        if live and is_over:
            return self._stripe.post(
                f"subscription_schedules/{choice.of(live)['id']}/{choice.of(('release', 'cancel'))}"
            )
        subscription = self._running(choice)
        if subscription is None:
            return None
        made = self._stripe.post("subscription_schedules", from_subscription=subscription["id"])
        if "id" not in made:
            return made
        return self._stripe.post(f"subscription_schedules/{made['id']}", end_behavior="cancel")

    def _coupon(self, choice: Choice) -> Answer | None:
        terms = choice.of(({"percent_off": 50, "duration": "once"}, {"percent_off": 100, "duration": "forever"}))
        coupon = self._stripe.post("coupons", **terms)
        return self._change_subscription(choice, discounts=[{"coupon": coupon["id"]}]) if "id" in coupon else coupon

    def _credit(self, choice: Choice) -> Answer | None:
        bills = [
            bill for bill in self._orders.of_kind("invoice") if bill["status"] in {"open", "paid"} and bill["total"]
        ]
        if not bills:
            return None
        bill = choice.of(bills)
        amount = max(1, bill["total"] // 3)
        kind = {"credit_amount": amount} if bill["status"] == "paid" else {}
        return self._stripe.post("credit_notes", invoice=bill["id"], amount=amount, **kind)

    def _balance(self, choice: Choice) -> Answer | None:
        customers = self._orders.of_kind("customer")
        if not customers:
            return None
        amount = choice.of((-500, -5000, 700))
        customer = choice.of(customers)["id"]
        return self._stripe.post(f"customers/{customer}/balance_transactions", amount=amount, currency="usd")

    def _send_invoice(self, choice: Choice) -> Answer | None:
        """A subscription whose bills are sent by mail."""
        customers, prices = self._orders.of_kind("customer"), self._recurring()
        if not customers or not prices:
            return None
        return self._stripe.post(
            "subscriptions",
            customer=choice.of(customers)["id"],
            items=[{"price": choice.of(prices)["id"]}],
            collection_method="send_invoice",
            days_until_due=choice.of((0, 10)),
        )

    def _dispute(self, choice: Choice) -> Answer | None:
        undecided = [
            obj for obj in self._orders.of_kind("dispute") if obj["status"] not in {"won", "lost", "warning_closed"}
        ]
        is_decided = choice.of((True, False))
        if undecided and is_decided:
            dispute, outcome = choice.of(undecided), choice.of(("won", "lost"))
            if dispute["status"].startswith("warning"):
                outcome = "warning_closed"
            return self._stripe.control(f"disputes/{dispute['id']}", outcome=outcome)[1]
        paid = self._orders.of_kind("payment_intent", status="succeeded")
        inquiry = choice.of(({}, {}, {"status": "warning_needs_response"}))
        return self._stripe.control("disputes", payment_intent=choice.of(paid)["id"], **inquiry)[1] if paid else None

    def _namesake(self, choice: Choice) -> Answer | None:
        """A customer whom staff made with the address of one of our people."""
        return self._stripe.post("customers", email=f"person{choice.of((0, 1, 2))}@example.com", name="By staff")

    def _odd_price(self, choice: Choice) -> Answer | None:
        products = self._orders.of_kind("product")
        terms = {"currency": "usd", **choice.of(PRICES)}
        return self._stripe.post("prices", product=choice.of(products)["id"], **terms) if products else None

    def _foreign_event(self, choice: Choice) -> Answer | None:
        """An event of another account, of live mode, in an older version, or thin."""
        subscription = self._running(choice)
        if subscription is None:
            return None
        # What is not ours says something untrue of ours: nobody may believe it.
        untrue = {**subscription, "status": choice.of(("canceled", "unpaid", "past_due"))}
        manners: tuple[Answer, ...] = (
            {"account": "acct_other", "object": untrue},
            {"livemode": True, "object": untrue},
            {"api_version": "2020-08-27", "object": subscription["id"]},
        )
        return self._stripe.control("events", type="customer.subscription.updated", **choice.of(manners))[1]

    def _change_subscription(self, choice: Choice, **change: object) -> Answer | None:
        subscription = self._running(choice)
        return self._stripe.post(f"subscriptions/{subscription['id']}", **change) if subscription else None

    def _recurring(self) -> list[Object]:
        return [price for price in self._orders.of_kind("price", active=True) if price["recurring"]]

    def _now(self) -> int:
        now: int = self._stripe.state()["clock"]["now"]
        return now


BILLING_EDITS = (
    "balance",
    "cancel_at",
    "coupon",
    "credit",
    "dispute",
    "foreign_event",
    "namesake",
    "odd_price",
    "pause",
    "pause_collection",
    "schedule",
    "send_invoice",
)
