"""The compare-and-set: an answer is written once, over what was read before asking, and never over anything newer."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from billing import gateway
from billing.errors import StripeUnavailable
from billing.gateway.snapshots import JSON, Snapshot
from billing.mirror import engine
from billing.mirror.engine import apply_answer, apply_events, apply_snapshot
from billing.mirror.kinds import PRODUCT
from billing.mirror.pages import PageResult, apply_page
from billing.mirror.registry import Kind
from billing.models import Product
from tests.billing.states import NOON, SECOND, event, name_and_version, state, written
from tests.fixtures import LocalStripe

pytestmark = pytest.mark.django_db


class TestCapture:
    def test_writes_the_answer(self, product: JSON, row: Product, local_stripe: LocalStripe) -> None:
        result = apply_answer(PRODUCT, row.pk, lambda: gateway.update_product(row.pk, {"name": "asked"}))
        assert result.was_written
        assert name_and_version() == ("asked", 2)
        assert local_stripe.calls == [f"POST /v1/products/{row.pk}"]

    def test_of_what_is_known_is_no_news_but_places_the_row_in_time(self, product: JSON, row: Product) -> None:
        apply_answer(PRODUCT, row.pk, lambda: gateway.retrieve_product(row.pk))
        result = apply_answer(PRODUCT, row.pk, lambda: gateway.retrieve_product(row.pk))
        assert not result.was_written
        assert written(result).known_until > NOON + timedelta(days=1)  # type: ignore[operator]

    def test_when_asking_fails_nothing_is_written(
        self, product: JSON, row: Product, local_stripe: LocalStripe
    ) -> None:
        local_stripe.control("faults", status=429)
        with pytest.raises(StripeUnavailable):
            apply_answer(PRODUCT, row.pk, lambda: gateway.update_product(row.pk, {"name": "asked"}))
        assert name_and_version() == ("as read", 1)

    def test_a_faster_writer_is_not_overwritten(self, product: JSON, row: Product, local_stripe: LocalStripe) -> None:
        def ask() -> Snapshot:
            answer = gateway.update_product(row.pk, {"name": "asked"})
            local_stripe.api.products.update(row.pk, {"name": "changed at once"})
            apply_snapshot(PRODUCT, state(product, "by an event", NOON + 3 * SECOND))
            return answer

        result = apply_answer(PRODUCT, row.pk, ask)
        assert result.was_written
        assert name_and_version() == ("changed at once", 3)
        assert local_stripe.calls == [f"POST /v1/products/{row.pk}", f"GET /v1/products/{row.pk}"]

    def test_a_row_that_appears_meanwhile_is_not_overwritten(self, product: JSON, local_stripe: LocalStripe) -> None:
        def ask() -> Snapshot:
            apply_snapshot(PRODUCT, state(product, "by an event", NOON))
            return state(product, "as answered", NOON - SECOND)

        apply_answer(PRODUCT, product["id"], ask)
        assert name_and_version() == ("as at Stripe", 2)
        assert local_stripe.calls == [f"GET /v1/products/{product['id']}"]

    def test_who_always_loses_gives_up(self, product: JSON, row: Product, local_stripe: LocalStripe) -> None:
        later = iter(range(3, 100))

        def overtaken(_: str = "") -> Snapshot:
            apply_snapshot(PRODUCT, state(product, "by another", NOON + next(later) * SECOND))
            return state(product, "too late", NOON)

        with pytest.raises(StripeUnavailable) as failure:
            apply_answer(replace(PRODUCT, fetch=overtaken), row.pk, overtaken)
        assert failure.value.message == f"{row.pk} is being changed by too many at once."
        assert name_and_version() == ("by another", 1 + engine.MAX_TRIES)


class TestOfferOvertaken:
    def test_decides_anew(self, product: JSON, row: Product, local_stripe: LocalStripe) -> None:
        """Another state arrives after the row was read: the older of the two must not be written over it."""

        def columns(obj: JSON) -> JSON:
            if obj["name"] == "slow" and Product.objects.get().name != "quick":
                apply_snapshot(PRODUCT, state(product, "quick", NOON + 9 * SECOND))
            return PRODUCT.columns(obj)

        result = apply_snapshot(replace(PRODUCT, columns=columns), state(product, "slow", NOON + 5 * SECOND))
        assert not result.was_written
        assert name_and_version() == ("quick", 2)
        assert local_stripe.calls == []

    def test_by_the_rows_creation_decides_anew(self, product: JSON, local_stripe: LocalStripe) -> None:
        def columns(obj: JSON) -> JSON:
            if obj["name"] == "slow" and not Product.objects.exists():
                apply_snapshot(PRODUCT, state(product, "quick", NOON))
            return PRODUCT.columns(obj)

        result = apply_snapshot(replace(PRODUCT, columns=columns), state(product, "slow", NOON + 5 * SECOND))
        assert result.was_written
        assert name_and_version() == ("slow", 2)


class TestAfterWrite:
    @pytest.fixture
    def seen(self) -> list[tuple[str | None, str]]:
        return []

    @pytest.fixture
    def watched(self, seen: list[Any]) -> Kind[Product]:
        def note(before: Product | None, after: Product) -> JSON:
            seen.append((before and before.name, after.name))
            return {"description": "ours"}

        return replace(
            PRODUCT, extra_columns=note, after_write=lambda after: seen.append((after.name, after.description))
        )

    def test_is_told_before_and_after(self, watched: Kind[Product], seen: list[Any], product: JSON) -> None:
        apply_snapshot(watched, state(product, "first", NOON))
        apply_snapshot(watched, state(product, "second", NOON + SECOND))
        kept = [("first", "ours"), ("second", "ours")]
        assert seen == [(None, "first"), kept[0], ("first", "second"), kept[1]]
        assert Product.objects.get().description == "ours"

    def test_is_not_told_of_old_news(self, watched: Kind[Product], seen: list[Any], product: JSON) -> None:
        apply_snapshot(watched, state(product, "first", NOON))
        apply_snapshot(watched, state(product, "older", NOON - SECOND))
        assert len(seen) == 2

    @pytest.mark.only_on("sqlite", "postgresql")
    def test_that_fails_takes_the_write_with_it(self, product: JSON, row: Product) -> None:
        def fail(*_: Any) -> None:
            raise RuntimeError

        with pytest.raises(RuntimeError):
            apply_snapshot(replace(PRODUCT, after_write=fail), state(product, "new", NOON + timedelta(days=1)))
        assert name_and_version() == ("as read", 1)


class TestOfferPage:
    def test_rows_are_read_at_once_and_equal_ones_not_looked_at(
        self, local_stripe: LocalStripe, django_assert_num_queries: Callable[..., Any]
    ) -> None:
        made = [local_stripe.api.products.create({"name": f"{number}"}).to_dict(for_json=True) for number in range(20)]
        page = [Snapshot(obj, NOON, NOON + SECOND) for obj in made]
        assert all(result.was_written for result in apply_page(PRODUCT, page).compared)
        again = [Snapshot(obj, NOON + 8 * SECOND, NOON + 9 * SECOND) for obj in made]
        with django_assert_num_queries(1):
            results = apply_page(PRODUCT, again).compared
        assert [result.was_written for result in results] == [False] * 20
        assert set(Product.objects.values_list("version", flat=True)) == {1}

    def test_only_what_differs_is_written(self, product: JSON, row: Product, local_stripe: LocalStripe) -> None:
        other = local_stripe.api.products.create({"name": "other"}).to_dict(for_json=True)
        late = NOON + 5 * SECOND
        results = apply_page(PRODUCT, [state(product, "renamed", late), Snapshot(other, late, late)]).compared
        assert [result.was_written for result in results] == [True, True]
        assert dict(Product.objects.values_list("name", "version")) == {"renamed": 2, "other": 1}
        assert local_stripe.calls == []

    def test_where_times_overlap_the_object_is_fetched(
        self, product: JSON, row: Product, local_stripe: LocalStripe
    ) -> None:
        apply_page(PRODUCT, [state(product, "on the page", NOON - SECOND, NOON + SECOND)])
        assert name_and_version() == ("as at Stripe", 2)
        assert local_stripe.calls == [f"GET /v1/products/{product['id']}"]

    def test_an_older_page_changes_nothing(self, product: JSON, row: Product, local_stripe: LocalStripe) -> None:
        apply_page(PRODUCT, [state(product, "on the page", NOON - 2 * SECOND, NOON - SECOND)])
        assert name_and_version() == ("as read", 1)
        assert local_stripe.calls == []

    def test_a_deleted_row_stays_deleted(self, product: JSON, row: Product, local_stripe: LocalStripe) -> None:
        apply_events(PRODUCT, [event(product, "", NOON, type="product.deleted")])
        [result] = apply_page(PRODUCT, [state(product, "on the page", NOON + timedelta(days=1))]).compared
        assert not result.was_written
        assert Product.objects.get().is_deleted

    def test_an_empty_page_is_nothing(self, db: None, local_stripe: LocalStripe) -> None:
        assert apply_page(PRODUCT, []) == PageResult([], [], [])
