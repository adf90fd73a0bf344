"""The judge of pages: the truth passes, and each lie is found."""

import json
from typing import Any

import pytest

from tests.chaos import pages
from tests.chaos.columns import Object
from tests.chaos.row_checks import Broken

END = 1_800_500_000
SUBSCRIPTION: Object = {
    "id": "sub_1",
    "customer": "cus_1",
    "status": "active",
    "currency": "usd",
    "cancel_at": None,
    "cancel_at_period_end": False,
    "trial_end": None,
    "ended_at": None,
    "schedule": None,
    "pause_collection": None,
    "items": {"data": [{"price": {"id": "price_1"}, "current_period_end": END}]},
}
TOLD = {
    "subscription_id": "sub_1",
    "status": "active",
    "gives_access": True,
    "price_id": "price_1",
    "currency": "usd",
    "cancel_at": None,
    "trial_end": None,
    "ended_at": None,
    "current_period_end": "2027-01-21T02:53:20Z",
}


Changes = dict[str, Any]


def judge(at_stripe: Changes, told: list[Changes], *, card: str = "Renews on", failing: str = "") -> int:
    """Have one person's pages judged, with these changes to the truth and to what is told."""
    me = {"customer_id": "cus_1", "subscriptions": [{**TOLD, **changes} for changes in told]}
    shown = {"/api/me": json.dumps(me), "/account/": f"<article>{card} sub_1</article>"}

    def read(_person: int, path: str) -> dict[str, Any]:
        return {"status": 500 if path == failing else 200, "text": shown.get(path, "")}

    return pages.check(read, 1, [{**SUBSCRIPTION, **at_stripe}], [])


class TestJudge:
    def test_lets_the_truth_pass(self) -> None:
        assert judge({}, [{}]) == 1
        assert judge({"cancel_at": END}, [{"cancel_at": "2027-01-21T02:53:20Z"}], card="Cancelled.") == 1

    @pytest.mark.parametrize(
        ("at_stripe", "told"),
        [
            ({"status": "unpaid"}, {"status": "unpaid"}),
            ({}, {"gives_access": False}),
            ({}, {"currency": "eur"}),
            ({}, {"price_id": "price_2"}),
            ({}, {"current_period_end": "2027-01-22T02:53:20Z"}),
            ({"cancel_at": END}, {}),
            ({"cancel_at_period_end": True}, {}),
            ({"pause_collection": {"behavior": "void"}}, {}),
        ],
        ids=str,
    )
    def test_finds_a_lie(self, at_stripe: Changes, told: Changes) -> None:
        with pytest.raises(Broken) as broken:
            judge(at_stripe, [told])
        assert broken.value.which == "pages say what Stripe says"

    @pytest.mark.parametrize("path", ["/subscriptions/sub_1/cancel/", "/subscriptions/sub_1/change/", "/account/"])
    def test_finds_a_page_that_fails(self, path: str) -> None:
        with pytest.raises(Broken) as broken:
            judge({}, [{}], failing=path)
        assert broken.value.which == "no page fails"

    def test_finds_one_that_is_not_told_of(self) -> None:
        with pytest.raises(Broken) as broken:
            judge({}, [])
        assert broken.value.which == "pages say what Stripe says"
