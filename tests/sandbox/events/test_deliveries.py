import json
import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import stripe

from sandbox.app import Sandbox
from sandbox.core.account import API_VERSION
from sandbox.events.sender import Sender
from sandbox.transport import InProcessClient
from tests.sandbox.conftest import NOW

URL = "http://shop.example/hook"
SECRET = "whsec_suite"
DAY = 86_400


class Receiver:
    """Receives deliveries; answers with the given statuses, then 200."""

    def __init__(self, *statuses):
        self.statuses = list(statuses)
        self.events = []
        self.react = None

    def __call__(self, url, body, headers):
        stripe.WebhookSignature.verify_header(body.decode(), headers["Stripe-Signature"], SECRET, tolerance=60)
        self.events.append(json.loads(body))
        if self.react is not None:
            self.react(self.events[-1])
        return self.statuses.pop(0) if self.statuses else 200

    @property
    def names(self):
        return [event["data"]["object"]["name"] for event in self.events]


@pytest.fixture
def receiver():
    return Receiver()


@pytest.fixture
def sandbox(receiver):
    sandbox = Sandbox(webhooks={URL: SECRET}, deliver=receiver, real_time=lambda: NOW)
    yield sandbox
    assert sandbox.violations == []


def pending(api):
    return [event.pending_webhooks for event in api.events.list().data]


class TestDelivery:
    def test_is_made_as_soon_as_the_call_is_over(self, api, receiver):
        customer = api.customers.create({"name": "Ada"})

        assert [event["type"] for event in receiver.events] == ["customer.created"]
        assert receiver.events[0]["data"]["object"] == customer.to_dict()
        assert receiver.events[0]["pending_webhooks"] == 1
        assert pending(api) == [0]

    def test_is_made_of_every_event_of_a_year_that_the_clock_passes_in_one_move(self, api, price, receiver, control):
        customer = api.customers.create().id
        card = api.payment_methods.attach("pm_card_visa", {"customer": customer}).id
        subscribed = {"customer": customer, "items": [{"price": price.id}], "default_payment_method": card}
        api.subscriptions.create(subscribed)
        receiver.events.clear()
        control("clock", advance=365 * DAY)

        paid = [event["created"] for event in receiver.events if event["type"] == "invoice.paid"]
        assert len(paid) == 12
        assert paid == sorted(paid)

        control("clock", advance=31 * DAY)
        kept = {event.id for event in api.events.list({"limit": 100}).data}
        assert not kept & {event["id"] for event in receiver.events if event["created"] < NOW + 365 * DAY}

    def test_reaches_a_receiver_that_calls_back(self, api, receiver):
        def call_back(event):
            if event["type"] == "customer.created":
                api.customers.update(event["data"]["object"]["id"], {"name": "Grace"})
                assert receiver.names == ["Ada"]  # The event of this update waits until we are done.

        receiver.react = call_back
        api.customers.create({"name": "Ada"})

        assert receiver.names == ["Ada", "Grace"]

    def test_goes_to_those_who_asked_for_the_type(self, api, receiver):
        api.webhook_endpoints.update(api.webhook_endpoints.list().data[0].id, {"enabled_events": ["product.created"]})

        api.customers.create({"name": "Ada"})
        api.products.create({"name": "Pro"})

        assert receiver.names == ["Pro"]

    def test_does_not_go_to_a_disabled_endpoint(self, api, receiver):
        api.webhook_endpoints.update(api.webhook_endpoints.list().data[0].id, {"disabled": True})

        api.customers.create()

        assert receiver.events == []

    def test_is_not_recorded_for_a_refused_call(self, api, receiver):
        with pytest.raises(stripe.InvalidRequestError):
            api.customers.create({"name": "Ada", "expand": ["colour"]})

        assert receiver.events == []

    def test_is_made_even_when_the_answer_is_lost(self, api, control, receiver):
        control("faults", status="reset", after=True)

        with pytest.raises(stripe.APIConnectionError):
            api.customers.create({"name": "Ada"})

        assert receiver.names == ["Ada"]

    @pytest.mark.parametrize(("asked", "sent"), [(None, "2024-06-20"), (API_VERSION, API_VERSION)])
    def test_comes_in_the_endpoints_version_or_the_accounts(self, receiver, asked, sent):
        sandbox = Sandbox(api_version="2024-06-20")
        api = stripe.StripeClient("sk_test_suite", http_client=InProcessClient(sandbox)).v1
        params = {"url": URL, "enabled_events": ["*"]} | ({"api_version": asked} if asked else {})
        receiver_secret = api.webhook_endpoints.create(params).secret
        received = []

        def receive(url, body, headers):
            stripe.WebhookSignature.verify_header(body.decode(), headers["Stripe-Signature"], receiver_secret)
            received.append(json.loads(body)["api_version"])
            return 200

        api.customers.create()
        sandbox.deliveries.send_all(receive)

        assert received == [sent]


class TestRetries:
    def test_come_until_one_is_taken(self, api, sandbox, receiver):
        receiver.statuses = [500, 404, 302]
        api.customers.create({"name": "Ada"})
        assert pending(api) == [1]
        assert api.events.list({"delivery_success": False}).data != []

        for _ in range(3):
            sandbox.deliveries.send_all(receiver, ignore_retry_times=True)

        assert receiver.names == ["Ada"] * 4
        assert len({event["id"] for event in receiver.events}) == 1
        assert pending(api) == [0]

    def test_are_not_made_before_their_time(self, api, sandbox, receiver):
        receiver.statuses = [500]
        api.customers.create({"name": "Ada"})

        sandbox.deliveries.send_all(receiver)
        assert receiver.names == ["Ada"]

    def test_end_when_the_tries_run_out(self, api, sandbox, control, receiver):
        sandbox.deliveries.retry_after = (0.0, 0.0)
        receiver.statuses = [500] * 10
        api.customers.create({"name": "Ada"})

        for _ in range(5):
            sandbox.deliveries.send_all(receiver, ignore_retry_times=True)

        assert receiver.names == ["Ada"] * 3
        assert pending(api) == [1]
        assert sandbox.deliveries.counts() == {"waiting": 0, "held": 0}

    def test_follow_a_receiver_that_fails_in_flight(self, api, sandbox, receiver):
        def crash(_event):
            raise ZeroDivisionError

        receiver.react = crash
        with pytest.raises(ZeroDivisionError):
            api.customers.create({"name": "Ada"})

        receiver.react = None
        sandbox.deliveries.send_all(receiver, ignore_retry_times=True)
        assert receiver.names == ["Ada", "Ada"]  # The attempt that crashed, and this one.

    def test_end_with_the_endpoint(self, api, sandbox, receiver):
        receiver.statuses = [500]
        api.customers.create({"name": "Ada"})
        api.webhook_endpoints.delete(api.webhook_endpoints.list().data[0].id)

        sandbox.deliveries.send_all(receiver, ignore_retry_times=True)

        assert receiver.names == ["Ada"]
        assert sandbox.deliveries.counts() == {"waiting": 0, "held": 0}


class TestSwitches:
    def test_hold_keeps_until_released(self, api, control, receiver):
        control("webhooks", mode="hold")
        api.customers.create({"name": "Ada"})
        assert receiver.events == []
        assert pending(api) == [1]

        assert control("webhooks/release") == {"released": 1}

        assert receiver.names == ["Ada"]
        assert pending(api) == [0]

    def test_held_deliveries_stay_when_the_mode_is_deliver_again(self, api, control, receiver):
        control("webhooks", mode="hold")
        api.customers.create({"name": "Ada"})

        control("webhooks", mode="deliver")
        api.customers.create({"name": "Grace"})
        assert receiver.names == ["Grace"]

        control("webhooks/release")
        assert receiver.names == ["Grace", "Ada"]

    def test_drop_loses_them_for_good(self, api, control, receiver):
        control("webhooks", mode="drop")
        api.customers.create({"name": "Ada"})
        control("webhooks", mode="deliver")

        assert control("webhooks/release") == {"released": 0}
        assert receiver.events == []
        assert pending(api) == [1]

    def test_duplicate_sends_copies(self, api, control, receiver):
        control("webhooks", duplicate=2)
        api.customers.create({"name": "Ada"})

        assert receiver.names == ["Ada"] * 3
        assert len({event["id"] for event in receiver.events}) == 1
        assert pending(api) == [0]

    def test_shuffle_mixes_held_deliveries(self, api, control, receiver):
        control("webhooks", mode="hold", shuffle=True, seed=3)
        for name in "abcdefghij":
            api.customers.create({"name": name})

        control("webhooks/release")

        assert sorted(receiver.names) == list("abcdefghij")
        assert receiver.names != list("abcdefghij")

    def test_without_it_order_is_kept(self, api, control, receiver):
        control("webhooks", mode="hold")
        for name in "abcdefghij":
            api.customers.create({"name": name})

        control("webhooks/release")

        assert receiver.names == list("abcdefghij")


class TestGivenEndpoints:
    @pytest.fixture
    def restart(self, tmp_path):
        """Start a sandbox on the same state with other endpoints; returns it and its API."""
        started = []

        def run(**webhooks):
            for sandbox in started:
                sandbox.close()
            started.append(Sandbox(tmp_path / "state.sqlite3", webhooks=webhooks))
            return started[-1], stripe.StripeClient("sk_test_suite", http_client=InProcessClient(started[-1])).v1

        return run

    def test_get_the_deliveries_queued_before_a_restart(self, restart, receiver):
        _sandbox, api = restart(**{URL: "whsec_old"})
        api.customers.create({"name": "Ada"})

        sandbox, _api = restart(**{URL: SECRET})
        sandbox.deliveries.send_all(receiver)

        assert receiver.names == ["Ada"]

    def test_go_when_they_are_not_given_any_more(self, restart):
        _sandbox, api = restart(**{URL: SECRET})
        own = api.webhook_endpoints.create({"url": "http://own.example", "enabled_events": ["*"]}).id

        _sandbox, api = restart(**{"http://moved.example": SECRET})

        urls = {endpoint.id: endpoint.url for endpoint in api.webhook_endpoints.list().data}
        assert urls.pop(own) == "http://own.example"
        assert list(urls.values()) == ["http://moved.example"]


class Receiving(BaseHTTPRequestHandler):
    """A receiver over real HTTP: its first answer is an error, all others are 200."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append((self.path, body, dict(self.headers)))
        self.send_response(HTTPStatus.OK if len(self.server.received) > 1 else HTTPStatus.SERVICE_UNAVAILABLE)
        self.end_headers()

    def log_message(self, *_what):
        pass


@pytest.fixture
def receiving_server():
    server = HTTPServer(("127.0.0.1", 0), Receiving)
    server.received = []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def until(condition):
    """Wait until other threads have made the condition true."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.01)


class TestSender:
    @pytest.fixture
    def sending(self):
        """Start a Sender for a sandbox; stops it after the test."""
        senders = []

        def start(sandbox):
            sandbox.deliveries.retry_after = (0.05,)
            senders.append(Sender(sandbox.deliveries, catch_up=sandbox.catch_up))
            senders[-1].start()
            return stripe.StripeClient("sk_test_suite", http_client=InProcessClient(sandbox)).v1

        yield start
        for sender in senders:
            sender.stop()

    def test_posts_signed_events_and_tries_again(self, receiving_server, sending):
        sandbox = Sandbox(webhooks={f"http://127.0.0.1:{receiving_server.server_port}/hook": SECRET})
        api = sending(sandbox)

        customer = api.customers.create({"name": "Ada"})
        until(lambda: sandbox.deliveries.counts() == {"waiting": 0, "held": 0})

        assert [path for path, _body, _headers in receiving_server.received] == ["/hook", "/hook"]
        _path, body, headers = receiving_server.received[1]
        event = stripe.Webhook.construct_event(body, headers["Stripe-Signature"], SECRET)
        assert event.data.object.to_dict() == customer.to_dict()
        assert headers["Content-Type"] == "application/json; charset=utf-8"
        assert pending(api) == [0]

    def test_bears_a_receiver_that_is_not_there(self, sending):
        sandbox = Sandbox(webhooks={"http://127.0.0.1:9/hook": SECRET})
        api = sending(sandbox)

        api.customers.create()
        until(lambda: sandbox.deliveries.counts() == {"waiting": 0, "held": 0})

        assert pending(api) == [1]

    def test_runs_what_falls_due_without_a_call(self, sending, price_of):
        now = [NOW]
        sandbox = Sandbox(real_time=lambda: now[0])
        api = sending(sandbox)
        price = price_of(api)
        customer = api.customers.create().id
        api.subscriptions.create({"customer": customer, "items": [{"price": price}], "trial_period_days": 4})

        now[0] = NOW + 86400 + 1

        until(lambda: self.recorded(sandbox, "customer.subscription.trial_will_end"))

    @pytest.fixture
    def price_of(self):
        def make(api):
            product = api.products.create({"name": "Pro"}).id
            price = {"product": product, "currency": "usd", "unit_amount": 1900, "recurring": {"interval": "month"}}
            return api.prices.create(price).id

        return make

    def recorded(self, sandbox, kind):
        """Read the store without a call, because a call runs what is due."""
        with sandbox.account.transaction():
            return any(True for _ in sandbox.account.store.scan("event", index=("type", kind)))
