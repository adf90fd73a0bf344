"""The check of pages: the truth passes, and each lie is found."""

import json
from typing import Any

import pytest

from tests.chaos import pages
from tests.chaos.columns import Object
from tests.chaos.row_checks import Broken
from tests.chaos.truth import AtStripe

END = 1_800_500_000
DAY = "2027-01-21T02:53:20Z"
NEXT_DAY = "2027-01-22T02:53:20Z"
PRICE: Object = {
    "id": "price_1",
    "product": "prod_1",
    "active": True,
    "currency": "usd",
    "unit_amount": 1900,
    "billing_scheme": "per_unit",
    "transform_quantity": None,
    "custom_unit_amount": None,
    "recurring": {"interval": "month", "interval_count": 1, "usage_type": "licensed"},
}
SUBSCRIPTION: Object = {
    "id": "sub_1",
    "customer": "cus_1",
    "status": "active",
    "currency": "usd",
    "cancel_at": None,
    "cancel_at_period_end": False,
    "trial_end": None,
    "ended_at": None,
    "pause_collection": None,
    "items": {"data": [{"price": PRICE, "metadata": {}, "current_period_end": END}]},
}
INTENT: Object = {"id": "pi_1", "amount": 2500, "currency": "usd", "status": "succeeded"}
TOLD = {
    "subscription_id": "sub_1",
    "status": "active",
    "gives_access": True,
    "price_id": "price_1",
    "product_id": "prod_1",
    "amount": 1900,
    "currency": "usd",
    "cancel_at": None,
    "trial_end": None,
    "ended_at": None,
    "current_period_end": DAY,
    "next_charge_at": DAY,
}
PAYMENT = {"payment_id": "pi_1", "amount": 2500, "currency": "usd", "status": "succeeded", "gives_access": True}
PLAN = {"price_id": "price_1", "unit_amount": 1900, "currency": "usd", "interval": "month", "interval_count": 1}
CARD = f'sub_1 $19.00 Renews on <time datetime="{DAY}">'
CANCELLED = f'sub_1 $19.00 until <time datetime="{DAY}">'

Changes = dict[str, Any]


def check(
    at_stripe: Changes,
    told: list[Changes],
    *,
    payment: Changes | None = None,
    plan: Changes | None = None,
    offer: str = "Pro $19.00",
    card: str = CARD,
    cancel_day: str = DAY,
    failing: str = "",
    linked: tuple[str, ...] = (),
    refunds: list[Object] | None = None,
) -> int:
    """Have one person's pages checked, with these changes to the truth and to what is told."""
    subscriptions = [{**TOLD, **changes} for changes in told]
    me = {"user_name": "ada", "customer_id": "cus_1", "subscriptions": subscriptions}
    me["payments"] = [{**PAYMENT, **(payment or {})}]
    shown = {
        "/api/me": json.dumps(me),
        "/api/getsubs": json.dumps(me),
        "/api/plans": json.dumps({"plans": [{"prices": [{**PLAN, **(plan or {})}]}]}),
        "/": f"<article>{offer}</article>",
        "/account/": f"<article>{card}</article>",
        "/subscriptions/sub_1/cancel/": f'<div class="card choice"><time datetime="{cancel_day}"></div>',
    }

    def read(_person: int, path: str, _method: str = "GET") -> dict[str, Any]:
        return {"status": 500 if path == failing else 200, "text": shown.get(path, "")}

    product = {"id": "prod_1", "name": "Pro", "active": True}
    subscription = {**SUBSCRIPTION, **at_stripe}
    truth = AtStripe(
        [subscription],
        prices=[PRICE],
        products=[product],
        intents=[INTENT],
        refunds=refunds or [],
        regular={"sub_1": 1900},
    )
    return pages.check(read, [0], truth, {0: linked})


class TestCheck:
    def test_lets_the_truth_pass(self) -> None:
        assert check({}, [{}]) == 1
        assert check({"cancel_at": END}, [{"cancel_at": DAY, "next_charge_at": None}], card=CANCELLED) == 1

    @pytest.mark.parametrize(
        ("at_stripe", "told"),
        [
            ({"status": "unpaid"}, {"status": "unpaid", "next_charge_at": None}),
            ({}, {"gives_access": False}),
            ({}, {"currency": "eur"}),
            ({}, {"price_id": "price_2"}),
            ({}, {"amount": 1901}),
            ({}, {"current_period_end": NEXT_DAY}),
            ({}, {"next_charge_at": NEXT_DAY}),
            ({}, {"next_charge_at": None}),
            ({"cancel_at": END}, {}),
            ({"cancel_at": END}, {"cancel_at": DAY, "next_charge_at": None}),
            ({"cancel_at_period_end": True}, {}),
            ({"pause_collection": {"behavior": "void", "resumes_at": None}}, {}),
        ],
        ids=str,
    )
    def test_finds_a_lie_about_a_subscription(self, at_stripe: Changes, told: Changes) -> None:
        with pytest.raises(Broken) as broken:
            check(at_stripe, [told])
        assert broken.value.which == "pages say what Stripe says"

    @pytest.mark.parametrize(
        "lie",
        [
            {"payment": {"amount": 2400}},
            {"payment": {"gives_access": False}},
            {"payment": {"status": "processing"}},
            {"plan": {"unit_amount": 1800}},
            {"plan": {"interval": "year"}},
            {"plan": {"price_id": "price_2"}},
            {"offer": "Pro $18.00"},
            {"card": f'sub_1 $18.00 Renews on <time datetime="{DAY}">'},
            {"card": f'sub_1 $19.00 Renews on <time datetime="{NEXT_DAY}">'},
            {"card": "sub_2"},
            {"cancel_day": NEXT_DAY},
        ],
        ids=str,
    )
    def test_finds_a_lie_on_a_page(self, lie: Changes) -> None:
        with pytest.raises(Broken) as broken:
            check({}, [{}], **lie)
        assert broken.value.which == "pages say what Stripe says"

    @pytest.mark.parametrize(("amount", "gives_access"), [(100, True), (2500, False)])
    def test_a_refund_in_full_ends_a_purchase(self, amount: int, *, gives_access: bool) -> None:
        refund = {"payment_intent": "pi_1", "amount": amount, "status": "succeeded"}
        assert check({}, [{}], payment={"gives_access": gives_access}, refunds=[refund]) == 1
        with pytest.raises(Broken):
            check({}, [{}], payment={"gives_access": not gives_access}, refunds=[refund])

    @pytest.mark.parametrize(
        "path", ["/subscriptions/sub_1/cancel/", "/subscriptions/sub_1/change/", "/account/", "/api/me", "/"]
    )
    def test_finds_a_page_that_fails(self, path: str) -> None:
        with pytest.raises(Broken) as broken:
            check({}, [{}], failing=path)
        assert broken.value.which == "no page fails"

    @pytest.mark.parametrize(("customer", "linked"), [("cus_1", ()), ("cus_2", ("cus_2",))])
    def test_finds_one_that_is_not_told_of(self, customer: str, linked: tuple[str, ...]) -> None:
        with pytest.raises(Broken) as broken:
            check({"customer": customer}, [], linked=linked)
        assert broken.value.which == "pages say what Stripe says"
