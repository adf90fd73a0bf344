"""A slow Stripe: one request waits ten seconds in all, and half of the threads stay free."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from billing import gateway
from billing.errors import StripeBusy, StripeUnavailable
from billing.gateway import request_budget
from billing.models import Price
from subscriptions.models import CheckoutSession
from tests.billing.gateway.wire import Answer, Wire
from tests.fixtures import LocalStripe


@pytest.fixture
def wire(settings: Settings) -> Iterator[Wire]:
    server = Wire()
    settings.STRIPE_API_BASE = server.url
    gateway.use_transport(None)
    yield server
    server.stop()
    gateway.use_transport(None)


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenth of the time that a request has."""
    monkeypatch.setattr(request_budget, "SECONDS", 1.0)


class TestTheTime:
    @pytest.mark.usefixtures("short")
    def test_a_call_waits_no_longer_than_what_is_left_and_is_not_retried(self, wire: Wire) -> None:
        wire.will(*[Answer(delay=1.5)] * 3)
        with gateway.bounded(at_once=1), pytest.raises(StripeUnavailable, match="ReadTimeout"):
            gateway.retrieve_product("prod_1")
        assert len(wire.received) == 1

    @pytest.mark.usefixtures("short")
    @pytest.mark.parametrize("answer", [Answer.error(500), Answer.error(409), Answer(is_reset=True)])
    def test_late_failures_are_not_retried(self, wire: Wire, answer: Answer) -> None:
        wire.will(answer, Answer(), Answer())
        with gateway.bounded(at_once=1), pytest.raises(StripeUnavailable):
            gateway.retrieve_product("prod_1")
        assert len(wire.received) == 1

    @pytest.mark.usefixtures("short")
    @pytest.mark.parametrize("pause", [0.01, 0.05])
    def test_an_answer_that_comes_byte_by_byte_is_cut_off(self, wire: Wire, pause: float) -> None:
        wire.will(Answer(pause=pause), Answer())
        began = time.monotonic()
        with gateway.bounded(at_once=1), pytest.raises(StripeUnavailable):
            gateway.retrieve_product("prod_1")
        assert 0.9 < time.monotonic() - began < 3
        assert len(wire.received) == 1
        # What follows has a connection of its own.
        assert gateway.retrieve_product("prod_1").id == "prod_1"

    def test_early_failures_are_retried(self, wire: Wire) -> None:
        wire.will(Answer.error(500), Answer())
        with gateway.bounded(at_once=1):
            assert gateway.retrieve_product("prod_1").id == "prod_1"

    @pytest.mark.usefixtures("short")
    def test_all_calls_of_a_request_share_it(self, wire: Wire) -> None:
        wire.will(Answer(delay=0.7), Answer(delay=0.7), Answer())
        with gateway.bounded(at_once=1):
            gateway.retrieve_product("prod_1")
            for _ in range(2):
                with pytest.raises(StripeUnavailable):
                    gateway.retrieve_product("prod_1")
        assert len(wire.received) == 2

    def test_a_sync_is_not_bounded(self, wire: Wire) -> None:
        wire.will(Answer())
        gateway.retrieve_product("prod_1")
        assert request_budget.seconds_left() is None
        assert request_budget.waiting.count == 0


class TestTheThreads:
    def test_one_more_than_may_wait_is_refused_without_a_call(self, local_stripe: LocalStripe, price: Price) -> None:
        with gateway.bounded(at_once=1):
            gateway.retrieve_product(price.product_id)
            local_stripe.forget_calls()
            refused: list[BaseException] = []

            def call() -> None:
                try:
                    with gateway.bounded(at_once=1):
                        gateway.retrieve_product(price.product_id)
                except StripeBusy as error:
                    refused.append(error)

            thread = threading.Thread(target=call)
            thread.start()
            thread.join()
        assert [str(error) for error in refused] == ["Too many requests are waiting for Stripe."]
        assert local_stripe.calls == []
        assert request_budget.waiting.count == 0

    @pytest.mark.django_db
    def test_a_buyer_beyond_half_of_the_threads_gets_the_page_at_once(
        self, customer_client: Client, price: Price, local_stripe: LocalStripe, settings: Any
    ) -> None:
        settings.THREADS_PER_WORKER = 4
        taken = [request_budget.waiting.take_turn(2) for _ in range(2)]
        try:
            response = customer_client.post(f"/buy/{price.pk}/", {"quantity": "1"})
        finally:
            for _ in taken:
                request_budget.waiting.give_back()
        assert taken == [True, True]
        assert (response.status_code, response["Retry-After"]) == (503, "5")
        page = response.content.decode()
        assert "Stripe is slow right now" in page
        assert '<input type="hidden" name="quantity" value="1">' in page
        assert (local_stripe.calls, CheckoutSession.objects.exclude(stripe_id=None).exists()) == ([], False)
        assert customer_client.post(f"/buy/{price.pk}/", {"quantity": "1"}).status_code == 303

    @pytest.mark.django_db
    def test_pages_that_ask_stripe_nothing_are_answered(self, client: Client, settings: Any) -> None:
        settings.THREADS_PER_WORKER = 2
        assert request_budget.waiting.take_turn(1)
        try:
            assert client.get("/").status_code == 200
        finally:
            request_budget.waiting.give_back()
