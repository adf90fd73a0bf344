"""What counts as bought twice: two of ours, and nothing that the dashboard made."""

from typing import Any

import pytest

from tests.chaos.final_state import Purchases
from tests.chaos.row_checks import Broken


def subscription(name: str, status: str = "active", *, is_ours: bool = True) -> dict[str, Any]:
    return {
        "id": name,
        "object": "subscription",
        "customer": "cus_1",
        "status": status,
        "metadata": {"standing_order_claim": "c"} if is_ours else {},
        "items": {"data": [{"price": {"product": "prod_1"}}]},
    }


class TestPurchases:
    def test_two_of_ours_are_one_too_many(self) -> None:
        with pytest.raises(Broken, match="nothing is bought twice"):
            Purchases().learn([subscription("sub_1"), subscription("sub_2")])

    @pytest.mark.parametrize("status", ["active", "incomplete"])
    def test_one_of_the_dashboards_does_not_count(self, status: str) -> None:
        Purchases().learn([subscription("sub_1", status, is_ours=False), subscription("sub_2")])

    def test_one_that_ended_does_not_count(self) -> None:
        Purchases().learn([subscription("sub_1"), subscription("sub_1", "canceled"), subscription("sub_2")])
