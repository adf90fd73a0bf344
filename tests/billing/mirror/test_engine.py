"""Which state wins. Times are Stripe's; what Stripe has now is in the sandbox, and is fetched where in doubt."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from billing import gateway
from billing.errors import StripeMissing, StripeUnavailable
from billing.gateway.snapshots import JSON, Event
from billing.mirror.engine import Mirrored, apply_events, apply_snapshot
from billing.mirror.kinds import PRICE, PRODUCT
from billing.models import Price, Product
from tests.billing.states import NOON, SECOND, TICK, event, name_and_version, state, written
from tests.fixtures import LocalStripe

pytestmark = pytest.mark.django_db


class TestUnknownObject:
    def test_is_written_as_it_came(self, product: JSON, local_stripe: LocalStripe) -> None:
        result = apply_snapshot(PRODUCT, state(product, "as told", NOON, NOON + SECOND))
        row = Product.objects.get()
        assert result == Mirrored(row, was_written=True)
        assert (row.pk, row.name, row.version) == (product["id"], "as told", 1)
        assert (row.known_from, row.known_until) == (NOON, NOON + SECOND)
        assert row.stripe_created_at == datetime.fromtimestamp(product["created"], UTC)
        assert local_stripe.calls == []

    def test_is_fetched_when_the_state_is_not_reliable(self, product: JSON, local_stripe: LocalStripe) -> None:
        result = apply_snapshot(PRODUCT, state(product, "as told", NOON), is_reliable=False)
        assert result.was_written
        assert name_and_version() == ("as at Stripe", 1)
        assert local_stripe.calls == [f"GET /v1/products/{product['id']}"]

    def test_that_is_not_at_stripe_either_is_not_made_up(self, product: JSON, local_stripe: LocalStripe) -> None:
        local_stripe.api.products.delete(product["id"])
        with pytest.raises(StripeMissing):
            apply_snapshot(PRODUCT, state(product, "as told", NOON), is_reliable=False)
        assert not Product.objects.exists()

    def test_that_the_kind_does_not_admit_is_left_alone(self, product: JSON, local_stripe: LocalStripe) -> None:
        choosy = replace(PRODUCT, may_create=lambda obj: obj["name"] != "not ours")
        for is_reliable in (True, False):
            result = apply_snapshot(choosy, state(product, "not ours", NOON), is_reliable=is_reliable)
            assert result == Mirrored(None, was_written=False)
        assert not Product.objects.exists()
        assert local_stripe.calls == []


class TestWhichStateWins:
    """The row was read between 12:00:00 and 12:00:02."""

    @pytest.mark.parametrize("after", [2 * SECOND + TICK, 3 * SECOND, timedelta(days=400)])
    def test_newer_is_written_without_asking(
        self, product: JSON, row: Product, local_stripe: LocalStripe, after: timedelta
    ) -> None:
        result = apply_snapshot(PRODUCT, state(product, "newer", NOON + after))
        assert result.was_written
        assert name_and_version() == ("newer", 2)
        assert written(result).known_from == written(result).known_until == NOON + after
        assert local_stripe.calls == []

    @pytest.mark.parametrize("before", [TICK, SECOND, timedelta(days=400)])
    @pytest.mark.parametrize("is_reliable", [True, False])
    def test_older_is_dropped_without_asking(
        self, product: JSON, row: Product, local_stripe: LocalStripe, before: timedelta, *, is_reliable: bool
    ) -> None:
        result = apply_snapshot(PRODUCT, state(product, "older", NOON - before), is_reliable=is_reliable)
        assert result == Mirrored(row, was_written=False)
        assert name_and_version() == ("as read", 1)
        assert local_stripe.calls == []

    @pytest.mark.parametrize(
        ("since", "until"),
        [
            (timedelta(0), timedelta(0)),
            (SECOND, SECOND),
            (2 * SECOND, 2 * SECOND),
            (-SECOND, timedelta(0)),
            (2 * SECOND, 5 * SECOND),
            (-SECOND, 5 * SECOND),
        ],
    )
    def test_of_the_same_time_but_different_is_fetched(
        self, product: JSON, row: Product, local_stripe: LocalStripe, since: timedelta, until: timedelta
    ) -> None:
        result = apply_snapshot(PRODUCT, state(product, "another", NOON + since, NOON + until))
        assert result.was_written
        assert name_and_version() == ("as at Stripe", 2)
        assert local_stripe.calls == [f"GET /v1/products/{product['id']}"]
        assert written(result).known_until > NOON + 2 * SECOND

    @pytest.mark.parametrize("since", [timedelta(0), SECOND, 2 * SECOND])
    def test_of_the_same_time_and_equal_is_no_news(
        self, product: JSON, row: Product, local_stripe: LocalStripe, since: timedelta
    ) -> None:
        result = apply_snapshot(PRODUCT, state(product, "as read", NOON + since))
        assert result == Mirrored(row, was_written=False)
        assert name_and_version() == ("as read", 1)
        assert local_stripe.calls == []

    @pytest.mark.parametrize("since", [timedelta(0), 2 * SECOND, timedelta(days=1)])
    def test_that_is_not_reliable_is_fetched_unless_older(
        self, product: JSON, row: Product, local_stripe: LocalStripe, since: timedelta
    ) -> None:
        apply_snapshot(PRODUCT, state(product, "unreliable", NOON + since), is_reliable=False)
        assert name_and_version() == ("as at Stripe", 2)
        assert local_stripe.calls == [f"GET /v1/products/{product['id']}"]

    def test_a_row_that_nobody_placed_in_time_takes_any(self, product: JSON, local_stripe: LocalStripe) -> None:
        Product.objects.create(pk=product["id"], name="by hand")
        apply_snapshot(PRODUCT, state(product, "told", NOON))
        assert name_and_version() == ("told", 1)

    def test_when_the_fetch_fails_nothing_is_written(
        self, product: JSON, row: Product, local_stripe: LocalStripe
    ) -> None:
        local_stripe.control("faults", status=429, count=1)
        with pytest.raises(StripeUnavailable):
            apply_snapshot(PRODUCT, state(product, "another", NOON + SECOND))
        assert name_and_version() == ("as read", 1)

    def test_a_fetch_is_true_until_the_next_event(
        self, product: JSON, row: Product, local_stripe: LocalStripe
    ) -> None:
        fetched = written(apply_snapshot(PRODUCT, state(product, "another", NOON)))
        local_stripe.forget_calls()
        assert fetched.known_until is not None
        apply_snapshot(PRODUCT, state(product, "next", fetched.known_until + SECOND))
        assert name_and_version() == ("next", 3)
        assert local_stripe.calls == []


class TestDeletion:
    @pytest.mark.parametrize("at", [NOON - timedelta(days=1), NOON + SECOND, NOON + timedelta(days=1)])
    def test_always_wins(self, product: JSON, row: Product, local_stripe: LocalStripe, at: datetime) -> None:
        gone = event(product, "as deleted", at, type="product.deleted")
        assert apply_events(PRODUCT, [gone]).was_written
        row = Product.objects.get()
        assert (row.is_deleted, row.name, row.version) == (True, "as read", 2)
        assert local_stripe.calls == []

    @pytest.mark.parametrize("is_reliable", [True, False])
    def test_is_the_last_word(
        self, product: JSON, row: Product, local_stripe: LocalStripe, *, is_reliable: bool
    ) -> None:
        apply_events(PRODUCT, [event(product, "", NOON, type="product.deleted")])
        later = apply_snapshot(PRODUCT, state(product, "back", NOON + timedelta(days=1)), is_reliable=is_reliable)
        assert not later.was_written
        assert Product.objects.get().is_deleted
        assert name_and_version() == ("as read", 2)
        assert local_stripe.calls == []

    def test_a_second_one_changes_nothing(self, product: JSON, row: Product) -> None:
        gone = event(product, "", NOON, type="product.deleted")
        assert apply_events(PRODUCT, [gone]).was_written
        assert not apply_events(PRODUCT, [gone]).was_written

    def test_of_an_unknown_object_leaves_a_row_marked_as_deleted(
        self, product: JSON, local_stripe: LocalStripe
    ) -> None:
        apply_events(PRODUCT, [event(product, "late", NOON, type="product.deleted")])
        apply_snapshot(PRODUCT, state(product, "later still", NOON + SECOND))
        row = Product.objects.get()
        assert (row.pk, row.is_deleted, row.version) == (product["id"], True, 1)
        assert not Product.objects.on_sale().exists()

    def test_of_an_unknown_price_leaves_a_row_marked_as_deleted(self, db: None) -> None:
        gone = Event("evt_1", "price.deleted", NOON, gateway.API_VERSION, {"id": "price_1", "object": "price"})
        apply_events(PRICE, [gone])
        price = Price.objects.get()
        assert (price.pk, price.is_deleted, price.product, price.is_on_sale) == ("price_1", True, None, False)

    def test_wins_among_several_events(self, product: JSON, row: Product, local_stripe: LocalStripe) -> None:
        events = [
            event(product, "later", NOON + 9 * SECOND),
            event(product, "gone", NOON + 5 * SECOND, type="product.deleted"),
        ]
        apply_events(PRODUCT, events)
        assert Product.objects.get().is_deleted
        assert local_stripe.calls == []


class TestApplyEvents:
    def test_one_event_is_one_write(self, product: JSON, row: Product, local_stripe: LocalStripe) -> None:
        assert apply_events(PRODUCT, [event(product, "told", NOON + 3 * SECOND)]).was_written
        assert name_and_version() == ("told", 2)
        assert local_stripe.calls == []

    def test_several_are_one_write_of_the_newest(self, product: JSON, row: Product, local_stripe: LocalStripe) -> None:
        events = [event(product, f"told {after}", NOON + after * SECOND) for after in (4, 6, 3, 5)]
        apply_events(PRODUCT, events)
        assert name_and_version() == ("told 6", 2)
        assert local_stripe.calls == []

    def test_different_states_of_one_second_are_one_fetch(
        self, product: JSON, row: Product, local_stripe: LocalStripe
    ) -> None:
        events = [event(product, name, NOON + 3 * SECOND) for name in ("first", "second", "third")]
        apply_events(PRODUCT, events)
        assert name_and_version() == ("as at Stripe", 2)
        assert local_stripe.calls == [f"GET /v1/products/{product['id']}"]

    def test_equal_states_of_one_second_need_no_fetch(
        self, product: JSON, row: Product, local_stripe: LocalStripe
    ) -> None:
        apply_events(PRODUCT, [event(product, "told", NOON + 3 * SECOND)] * 2)
        assert name_and_version() == ("told", 2)
        assert local_stripe.calls == []

    def test_different_states_of_an_old_second_are_old_news(
        self, product: JSON, row: Product, local_stripe: LocalStripe
    ) -> None:
        apply_events(PRODUCT, [event(product, name, NOON - SECOND) for name in ("first", "second")])
        assert name_and_version() == ("as read", 1)
        assert local_stripe.calls == []

    @pytest.mark.parametrize("version", ["", "2020-08-27", "2099-01-01.future"])
    def test_another_api_version_is_fetched(
        self, product: JSON, row: Product, local_stripe: LocalStripe, version: str
    ) -> None:
        apply_events(PRODUCT, [event(product, "told", NOON + 3 * SECOND, api_version=version)])
        assert name_and_version() == ("as at Stripe", 2)
        assert local_stripe.calls == [f"GET /v1/products/{product['id']}"]

    def test_another_api_version_is_fetched_for_a_new_row(self, product: JSON, local_stripe: LocalStripe) -> None:
        apply_events(PRODUCT, [event(product, "told", NOON, api_version="2020-08-27")])
        assert name_and_version() == ("as at Stripe", 1)

    def test_another_api_version_may_have_another_shape(self, product: JSON, local_stripe: LocalStripe) -> None:
        strange = [
            event(product, "told", NOON, api_version="2020-08-27", object={"id": product["id"], "label": label})
            for label in ("a", "b")
        ]
        apply_events(PRODUCT, strange)
        assert name_and_version() == ("as at Stripe", 1)

    def test_another_api_version_of_older_news_is_dropped(
        self, product: JSON, row: Product, local_stripe: LocalStripe
    ) -> None:
        apply_events(PRODUCT, [event(product, "told", NOON - SECOND, api_version="2020-08-27")])
        assert name_and_version() == ("as read", 1)
        assert local_stripe.calls == []

    def test_any_order_ends_in_the_same_state(self, product: JSON, local_stripe: LocalStripe) -> None:
        for name in ("one", "two", "three"):
            local_stripe.control("clock", advance=10)
            local_stripe.api.products.update(product["id"], {"name": name})
        happened = [Event.from_payload(payload) for payload in local_stripe.events()]
        for one in [happened[2], happened[0], happened[3], happened[1], happened[3]]:
            apply_events(PRODUCT, [one])
        assert name_and_version() == ("three", 2)
        assert local_stripe.calls == []
