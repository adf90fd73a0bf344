"""The guarded write under real threads: whoever was faster, the row ends as Stripe has it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from billing import gateway
from billing.gateway.snapshots import Snapshot
from billing.mirror.engine import Mirrored, apply_answer, apply_snapshot
from billing.mirror.kinds import PRODUCT
from billing.models import Product
from tests.fixtures import LocalStripe

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.needs_server("threads write at once")]

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def side_by_side(*works: Callable[[], Mirrored[Product]]) -> list[Mirrored[Product]]:
    def run(work: Callable[[], Mirrored[Product]]) -> Mirrored[Product]:
        try:
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def renaming(product_id: str, name: str) -> Callable[[], Mirrored[Product]]:
    return lambda: apply_answer(PRODUCT, product_id, lambda: gateway.update_product(product_id, {"name": name}))


def telling(obj: dict[str, object], second: int) -> Callable[[], Mirrored[Product]]:
    at = NOON + timedelta(seconds=second)
    return lambda: apply_snapshot(PRODUCT, Snapshot({**obj, "name": f"told {second}"}, at, at))


class TestSideBySide:
    def test_changes_end_as_stripe_has_it(self, local_stripe: LocalStripe) -> None:
        made = gateway.create_product({"name": "Pro"}, key="k")
        apply_snapshot(PRODUCT, made)
        side_by_side(*(renaming(made.id, f"name {number}") for number in range(6)))
        row = Product.objects.get()
        assert row.name == local_stripe.api.products.retrieve(made.id).name
        assert row.version >= 7

    def test_of_many_states_the_newest_stays(self, local_stripe: LocalStripe) -> None:
        obj = local_stripe.api.products.create({"name": "Pro"}).to_dict(for_json=True)
        results = side_by_side(*(telling(obj, second) for second in (3, 7, 1, 8, 2, 5, 4, 6)))
        row = Product.objects.get()
        assert row.name == "told 8"
        assert row.version == sum(result.was_written for result in results)
        assert local_stripe.calls == []

    def test_of_many_first_writers_one_creates(self, local_stripe: LocalStripe) -> None:
        obj = local_stripe.api.products.create({"name": "Pro"}).to_dict(for_json=True)
        results = side_by_side(*[telling(obj, 1)] * 6)
        assert sorted(result.was_written for result in results) == [False] * 5 + [True]
        assert Product.objects.get().version == 1
