"""Calls over real connections, to a server with the test's answers."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import stripe
from pytest_django.fixtures import Settings

from billing import gateway
from billing.errors import StripeFailure, StripeMisconfigured, StripeRefused, StripeUnavailable
from billing.gateway import client, rate_limit
from billing.gateway.rate_limit import Pace
from tests.billing.gateway.wire import DATE, PRODUCT, Answer, Wire
from tests.fixtures import LocalStripe

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Asked(stripe.HTTPClient):
    """Sends nothing: it keeps the addresses that it is asked for, and answers with an empty object."""

    name = "asked"

    def __init__(self) -> None:
        super().__init__()
        self.urls: list[str] = []

    def request(self, method: str, url: str, headers: Any, post_data: Any = None, **_usage: Any) -> Any:
        self.urls.append(url)
        return "{}", 200, {}


class TestRequest:
    def test_names_key_and_pinned_version(self, wire: Wire) -> None:
        wire.will(Answer())
        gateway.retrieve_product("prod_1")
        headers = wire.received[0].headers
        assert headers["Authorization"] == "Bearer sk_test_suite"
        assert headers["Stripe-Version"] == "2026-10-28.endive"

    def test_the_pinned_version_is_the_sdks_own(self) -> None:
        assert stripe.api_version == gateway.API_VERSION

    def test_a_list_names_the_pinned_version_too(self, wire: Wire) -> None:
        wire.will(Answer({"object": "list", "data": [], "has_more": False, "url": "/v1/products"}))
        list(gateway.product_pages(active=True))
        assert wire.received[0].headers["Stripe-Version"] == "2026-10-28.endive"

    def test_carries_our_idempotency_key(self, wire: Wire) -> None:
        wire.will(Answer())
        gateway.create_product({"name": "Pro"}, key="once-only")
        [request] = wire.received
        assert (request.method, request.path, request.body) == ("POST", "/v1/products", "name=Pro")
        assert request.headers["Idempotency-Key"] == "once-only"

    def test_tells_stripe_nothing_about_this_machine(self, wire: Wire) -> None:
        wire.will(Answer(), Answer())
        gateway.retrieve_product("prod_1")
        gateway.retrieve_product("prod_1")
        assert not [request for request in wire.received if "X-Stripe-Client-Telemetry" in request.headers]
        assert stripe.enable_telemetry is False

    def test_connections_are_kept(self, wire: Wire) -> None:
        wire.will(Answer(), Answer(), Answer())
        for _ in range(3):
            gateway.retrieve_product("prod_1")
        assert len(wire.connections) == 1

    def test_one_client_serves_all_calls(self) -> None:
        gateway.use_transport(None)
        assert client.connected() is client.connected()

    def test_goes_to_stripe_itself_unless_told_otherwise(self, settings: Settings) -> None:
        settings.STRIPE_API_BASE = ""
        asked = Asked()
        gateway.use_transport(asked)
        client.connected().v1.products.retrieve("prod_1")
        gateway.use_transport(None)
        assert asked.urls == ["https://api.stripe.com/v1/products/prod_1"]

    def test_without_a_key_nothing_is_sent(self, wire: Wire, settings: Settings) -> None:
        settings.STRIPE_KEY = ""
        with pytest.raises(StripeMisconfigured) as failure:
            gateway.retrieve_product("prod_1")
        assert (failure.value.setting, failure.value.message) == ("STRIPE_KEY", "No Stripe key is set.")
        assert wire.received == []


class TestAnswer:
    def test_is_plain_json(self, wire: Wire) -> None:
        wire.will(Answer())
        assert gateway.retrieve_product("prod_1").object == PRODUCT

    def test_is_placed_in_stripes_time(self, wire: Wire) -> None:
        wire.will(Answer(delay=0.2))
        snapshot = gateway.retrieve_product("prod_1")
        assert snapshot.known_until == NOON
        assert timedelta(seconds=1.2) <= NOON - snapshot.known_from < timedelta(seconds=3)

    def test_counts_the_time_that_retries_took(self, wire: Wire) -> None:
        wire.will(Answer.error(500), Answer.error(500), Answer(delay=0.2))
        snapshot = gateway.retrieve_product("prod_1")
        assert NOON - snapshot.known_from >= timedelta(seconds=1.2)

    def test_without_a_date_our_clock_stands_in(self, wire: Wire) -> None:
        wire.will(Answer(headers={}))
        before = datetime.now(UTC)
        assert before <= gateway.retrieve_product("prod_1").known_until <= datetime.now(UTC)

    def test_that_was_kept_for_its_key_may_be_as_old_as_its_object(self, wire: Wire) -> None:
        wire.will(Answer(headers={"Date": DATE, "Idempotent-Replayed": "true"}))
        snapshot = gateway.create_product({"name": "Pro"}, key="twice")
        assert snapshot.known_from == datetime.fromtimestamp(1_795_000_000, UTC)
        assert snapshot.known_until == NOON


class TestRetries:
    @pytest.mark.parametrize(
        "failure", [Answer.error(500), Answer.error(503), Answer.error(409), Answer("<html>", 502)]
    )
    def test_tries_again_with_the_same_key(self, wire: Wire, failure: Answer) -> None:
        wire.will(failure, failure, Answer())
        assert gateway.create_product({"name": "Pro"}, key="once-only").id == "prod_1"
        assert [request.headers["Idempotency-Key"] for request in wire.received] == ["once-only"] * 3

    def test_tries_again_when_the_connection_breaks(self, wire: Wire) -> None:
        wire.will(Answer(is_reset=True), Answer())
        assert gateway.create_product({"name": "Pro"}, key="once-only").id == "prod_1"
        assert [request.headers["Idempotency-Key"] for request in wire.received] == ["once-only"] * 2

    def test_tries_again_when_an_answer_breaks_off(self, wire: Wire) -> None:
        wire.will(Answer(is_cut_off=True), Answer())
        assert gateway.create_product({"name": "Pro"}, key="once-only").id == "prod_1"
        assert [request.headers["Idempotency-Key"] for request in wire.received] == ["once-only"] * 2

    def test_a_page_that_breaks_off_is_read_again(self, wire: Wire) -> None:
        page = {"object": "list", "data": [PRODUCT], "has_more": False, "url": "/x"}
        wire.will(Answer(page, is_cut_off=True), Answer(page))
        assert next(gateway.product_pages(active=True)).objects == [PRODUCT]

    def test_gives_up_after_the_third(self, wire: Wire) -> None:
        wire.will(*[Answer(is_reset=True)] * 3)
        with pytest.raises(StripeUnavailable) as failure:
            gateway.retrieve_product("prod_1")
        assert failure.value.message == "Network error: ConnectionError."
        assert len(wire.received) == 3

    @pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 429])
    def test_does_not_insist_on_a_definite_answer(self, wire: Wire, status: int) -> None:
        wire.will(Answer.error(status))
        with pytest.raises(StripeFailure):
            gateway.retrieve_product("prod_1")
        assert len(wire.received) == 1


class TestQuickly:
    def test_gives_up_after_two_seconds_and_never_retries(self, wire: Wire) -> None:
        wire.will(Answer(delay=2.5))
        started = time.monotonic()
        with gateway.quickly(), pytest.raises(StripeUnavailable) as failure:
            gateway.retrieve_product("prod_1")
        assert 1.9 < time.monotonic() - started < 2.4
        assert failure.value.message == "Network error: ReadTimeout."
        assert len(wire.received) == 1

    def test_never_retries_a_500_either(self, wire: Wire) -> None:
        wire.will(Answer.error(500))
        with gateway.quickly(), pytest.raises(StripeUnavailable):
            gateway.retrieve_product("prod_1")
        assert len(wire.received) == 1

    def test_ends_with_its_block_even_when_that_fails(self, wire: Wire) -> None:
        wire.will(Answer.error(500), Answer.error(500), Answer.error(500), Answer())
        with gateway.quickly(), pytest.raises(StripeUnavailable):
            gateway.retrieve_product("prod_1")
        assert gateway.retrieve_product("prod_1").id == "prod_1"

    def test_is_for_this_thread_alone(self, wire: Wire) -> None:
        wire.will(Answer.error(500), Answer())
        with gateway.quickly(), ThreadPoolExecutor(1) as other_thread:
            assert other_thread.submit(gateway.retrieve_product, "prod_1").result().id == "prod_1"
        assert len(wire.received) == 2  # It tried again, which a quick call does not.


class TestPatience:
    def test_waits_longer_and_three_times(self, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
        assert client.PATIENT == ((3.05, 10), 2)
        monkeypatch.setattr(client, "PATIENT", ((0.2, 0.2), 2))
        wire.will(*[Answer(delay=0.4)] * 3)
        with pytest.raises(StripeUnavailable, match="ReadTimeout"):
            gateway.create_product({"name": "Pro"}, key="once-only")
        assert [request.headers["Idempotency-Key"] for request in wire.received] == ["once-only"] * 3


class TestPace:
    def test_gives_each_call_its_place(self) -> None:
        rate_limit = Pace(per_second=10)
        waits = [rate_limit.delay(100.0) for _ in range(3)]
        assert waits == pytest.approx([0, 0.1, 0.2])

    def test_does_not_save_up(self) -> None:
        rate_limit = Pace(per_second=10)
        rate_limit.delay(100.0)
        assert [rate_limit.delay(200.0), rate_limit.delay(200.0)] == pytest.approx([0, 0.1])

    def test_a_429_takes_a_quarter_and_leaves_a_gap_that_doubles(self) -> None:
        rate_limit = Pace(per_second=16)
        rate_limit.slow_down(128.0, repeat=0)
        assert (rate_limit.per_second, rate_limit.delay(128.0)) == (12, 1 / 16)
        rate_limit.slow_down(256.0, repeat=3)
        assert (rate_limit.per_second, rate_limit.delay(256.0)) == (9, pytest.approx(8 / 12))

    def test_one_burst_of_429_counts_once(self) -> None:
        rate_limit = Pace(per_second=16)
        for _ in range(12):
            rate_limit.slow_down(100.0, repeat=0)
        assert rate_limit.per_second == 12

    def test_never_stops(self) -> None:
        rate_limit = Pace(per_second=24)
        for second in range(100):
            rate_limit.slow_down(1000.0 * second, repeat=0)
        assert rate_limit.per_second == 1

    def test_gains_an_eighth_of_the_ceiling_each_second(self) -> None:
        rate_limit = Pace(per_second=24)
        for second in range(10):
            rate_limit.slow_down(100.0 * second, repeat=0)
        slow = rate_limit.per_second
        rate_limit.speed_up()
        assert rate_limit.per_second == pytest.approx(slow + 3 / slow)
        for _ in range(1000):
            rate_limit.speed_up()
        assert rate_limit.per_second == 24

    def test_holds_inside_the_block_alone(self, local_stripe: LocalStripe) -> None:
        with gateway.paced(1000):
            held = rate_limit.current()
            assert held is not None
            assert held.per_second == 1000
            assert next(iter(gateway.product_pages(active=True))).objects == []
        assert rate_limit.current() is None


class TestCounting:
    def test_counts_calls_inside_the_block(self, wire: Wire) -> None:
        wire.will(*[Answer()] * 3)
        with gateway.counting() as count:
            gateway.retrieve_product("prod_1")
            gateway.retrieve_price("price_1")
        gateway.retrieve_product("prod_1")
        assert count.total == 2

    def test_counts_each_page(self, local_stripe: LocalStripe) -> None:
        for number in range(101):
            local_stripe.api.products.create({"name": str(number)})
        with gateway.counting() as count:
            list(gateway.product_pages(active=True))
        assert count.total == 2

    def test_counts_a_call_that_fails(self, wire: Wire) -> None:
        wire.will(Answer.error(404))
        with gateway.counting() as count, pytest.raises(StripeRefused):
            gateway.retrieve_product("prod_1")
        assert count.total == 1

    def test_an_inner_block_counts_for_itself(self, wire: Wire) -> None:
        wire.will(Answer(), Answer())
        with gateway.counting() as outer:
            gateway.retrieve_product("prod_1")
            with gateway.counting() as inner:
                gateway.retrieve_product("prod_1")
        assert (outer.total, inner.total) == (1, 1)


NO_OBJECTS: list[Any] = [
    7,
    None,
    {},
    [],
    {"id": "prod_1"},
    {"id": 1, "created": 1},
    {"id": "prod_1", "created": 2**70},
]


class TestPages:
    def test_walks_to_the_end(self, local_stripe: LocalStripe) -> None:
        made = [local_stripe.api.products.create({"name": str(number)}).id for number in range(205)]
        pages = list(gateway.product_pages(active=True))
        assert [len(page.objects) for page in pages] == [100, 100, 5]
        assert [page.has_more for page in pages] == [True, True, False]
        assert [obj["id"] for page in pages for obj in page.objects] == made[::-1]
        assert local_stripe.calls == ["GET /v1/products"] * 3

    def test_an_empty_list_is_one_page(self, local_stripe: LocalStripe) -> None:
        [page] = gateway.price_pages(active=True)
        assert (page.objects, page.has_more) == ([], False)

    def test_each_page_asks_for_what_follows_the_last(self, wire: Wire) -> None:
        def page(*ids: str, more: bool) -> Answer:
            listed = [{"id": name, "created": 1_795_000_000} for name in ids]
            return Answer({"object": "list", "data": listed, "has_more": more, "url": "/x"})

        wire.will(page("prod_3", "prod_2", more=True), page("prod_1", more=False))
        list(gateway.product_pages(active=False))
        queries = [parse_qs(urlsplit(request.path).query) for request in wire.received]
        assert queries == [
            {"limit": ["100"], "active": ["false"]},
            {"limit": ["100"], "active": ["false"], "starting_after": ["prod_2"]},
        ]

    @pytest.mark.parametrize("other", NO_OBJECTS, ids=str)
    def test_what_is_no_object_is_not_where_the_next_page_begins(self, wire: Wire, other: Any) -> None:
        listed = [{"id": "prod_2", "created": 1_795_000_000}, other]
        wire.will(
            Answer({"object": "list", "data": listed, "has_more": True, "url": "/x"}),
            Answer({"object": "list", "data": [], "has_more": False, "url": "/x"}),
        )
        list(gateway.product_pages(active=True))
        assert parse_qs(urlsplit(wire.received[1].path).query)["starting_after"] == ["prod_2"]

    def test_a_page_without_any_object_is_not_taken_for_the_last(self, wire: Wire) -> None:
        wire.will(Answer({"object": "list", "data": NO_OBJECTS, "has_more": True, "url": "/x"}))
        with pytest.raises(StripeUnavailable, match="no object on this page has an id and a time"):
            list(gateway.product_pages(active=True))

    def test_an_empty_page_ends_the_walk_whatever_it_says(self, wire: Wire) -> None:
        wire.will(Answer({"object": "list", "data": [], "has_more": True, "url": "/x"}))
        assert len(list(gateway.product_pages(active=True))) == 1

    def test_nothing_is_asked_before_it_is_wanted(self, local_stripe: LocalStripe) -> None:
        for number in range(101):
            local_stripe.api.products.create({"name": str(number)})
        next(gateway.product_pages(active=True))
        assert local_stripe.calls == ["GET /v1/products"]

    def test_objects_of_a_page_were_read_at_one_moment(self, wire: Wire) -> None:
        wire.will(Answer({"object": "list", "data": [PRODUCT], "has_more": False, "url": "/x"}))
        [page] = gateway.product_pages(active=True)
        [snapshot] = page.snapshots()
        assert snapshot.object == PRODUCT
        assert (snapshot.known_from, snapshot.known_until) == (page.known_from, NOON)
        assert NOON - page.known_from >= timedelta(seconds=1)

    def test_a_failing_page_stops_the_walk(self, wire: Wire) -> None:
        more = {"object": "list", "data": [PRODUCT], "has_more": True, "url": "/x"}
        wire.will(Answer(more), Answer.error(429, code="rate_limit"))
        pages = gateway.product_pages(active=True)
        assert next(pages).objects == [PRODUCT]
        with pytest.raises(StripeUnavailable):
            next(pages)


class TestEventPages:
    def test_filters_by_type_and_time(self, wire: Wire) -> None:
        wire.will(Answer({"object": "list", "data": [], "has_more": False, "url": "/x"}))
        list(gateway.event_pages(types=["product.created", "price.created"], since=NOON))
        assert parse_qs(urlsplit(wire.received[0].path).query) == {
            "limit": ["100"],
            "types[0]": ["product.created"],
            "types[1]": ["price.created"],
            "created[gte]": [str(int(NOON.timestamp()))],
        }


class TestCustomersByEmail:
    def test_finds_the_exact_address(self, local_stripe: LocalStripe) -> None:
        ada = local_stripe.api.customers.create({"email": "ada@example.com"})
        local_stripe.api.customers.create({"email": "Ada@example.com"})
        page = gateway.customers_by_email("ada@example.com")
        assert [customer["id"] for customer in page.objects] == [ada.id]
        assert local_stripe.calls == ["GET /v1/customers"]


def test_what_is_stored_of_an_answer_is_json(local_stripe: LocalStripe) -> None:
    made = gateway.create_product({"name": "Pro", "metadata": {"a": "1"}}, key="k")
    assert json.loads(json.dumps(made.object)) == made.object
