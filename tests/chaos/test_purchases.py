"""What counts as bought twice: two of ours, and nothing that the dashboard made."""

from typing import Any

import pytest

from tests.chaos.purchases import Purchases
from tests.chaos.row_checks import Broken


def subscription(name: str, status: str = "active", *, is_ours: bool = True) -> dict[str, Any]:
    return {
        "id": name,
        "object": "subscription",
        "customer": "cus_1",
        "status": status,
        "metadata": {"standing_order_claim": "c"} if is_ours else {},
        "trial_end": None,
        "items": {"data": [{"price": {"product": "prod_1"}}]},
    }


def session(name: str, intent: str | None) -> dict[str, Any]:
    return {
        "id": name,
        "object": "checkout.session",
        "customer": "cus_1",
        "mode": "payment",
        "status": "complete",
        "payment_intent": intent,
        "metadata": {"standing_order_claim": name, "standing_order_product": "prod_1"},
    }


class TestPurchases:
    def test_two_of_ours_are_one_too_many(self) -> None:
        with pytest.raises(Broken, match="nothing is bought twice"):
            Purchases().learn([subscription("sub_1"), subscription("sub_2")])

    @pytest.mark.parametrize("status", ["active", "incomplete"])
    def test_one_of_the_dashboards_does_not_count(self, status: str) -> None:
        Purchases().learn([subscription("sub_1", status, is_ours=False), subscription("sub_2")])

    def test_a_second_trial_is_one_too_many(self) -> None:
        first, second = ({**subscription(name), "trial_end": 1} for name in ("sub_1", "sub_2"))
        purchases = Purchases()
        purchases.learn([first, {**first, "status": "canceled"}])
        with pytest.raises(Broken, match="a trial is given once"):
            purchases.learn([second])

    @pytest.mark.parametrize(("status", "is_twice"), [("succeeded", True), ("processing", True), ("canceled", False)])
    def test_a_second_payment_is_one_too_many(self, status: str, *, is_twice: bool) -> None:
        purchases = Purchases()
        purchases.learn([{"id": "pi_1", "object": "payment_intent", "status": status}, session("cs_1", "pi_1")])
        if is_twice:
            with pytest.raises(Broken, match="nothing is bought twice"):
                purchases.learn([session("cs_2", "pi_2")])
        else:
            purchases.learn([session("cs_2", "pi_2")])

    def test_a_linked_customer_counts(self) -> None:
        purchases = Purchases()
        purchases.learn([subscription("sub_1", is_ours=False)])
        purchases.linked("cus_2", "cus_1")
        with pytest.raises(Broken, match="a linked customer counts"):
            purchases.learn([{**session("cs_1", None), "customer": "cus_2", "status": "open"}])

    def test_one_that_ended_does_not_count(self) -> None:
        Purchases().learn([subscription("sub_1"), subscription("sub_1", "canceled"), subscription("sub_2")])
