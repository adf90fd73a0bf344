"""Sending webhooks: signed, and retried until the endpoint answers 2xx or the retries are used up.

The queue is in the store (queue.py), so a restarted sandbox sends what was left. Nothing is sent during a transaction,
because receivers call the API.
"""

import json
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from http import HTTPStatus

import stripe

from sandbox.core.account import API_VERSION, Account
from sandbox.core.store import Object
from sandbox.core.visibility import public
from sandbox.events import thin, versions
from sandbox.events.queue import KIND

RETRY_AFTER_SECONDS = (1, 2, 4, 8, 16, 30, 60)

Post = Callable[[str, bytes, Mapping[str, str]], int]  # (url, body, headers) -> HTTP status, 0 for no answer


@dataclass(frozen=True)
class Delivery:
    """One attempt to deliver an event, ready to be posted."""

    delivery_id: str
    url: str
    body: bytes
    headers: Mapping[str, str]


class Deliveries:
    """Sends the queued deliveries of one account."""

    def __init__(self, account: Account, post_inline: Post | None = None) -> None:
        """Send the queue of `account`; with `post_inline`, after each request and in its thread."""
        self.account = account
        self.retry_after: tuple[float, ...] = RETRY_AFTER_SECONDS
        self._post_inline = post_inline
        self._in_flight: set[str] = set()
        self._lock = threading.Lock()
        self._nesting = threading.local()

    def counts(self) -> dict[str, int]:
        """Return how many deliveries are waiting for an attempt, and how many are held."""
        with self.account.transaction():
            return {state: self.account.store.count(KIND, ("state", state)) for state in ("waiting", "held")}

    def release(self) -> int:
        """Queue all held deliveries for sending, and return their number."""
        with self.account.transaction():
            held = self._queued("held")
            for delivery in held:
                self.account.store.put({**delivery, "state": "waiting"})
        return len(held)

    def send_now(self) -> None:
        """Send what is due after a request, if the sandbox sends inline.

        Events of calls that a receiver makes meanwhile are sent after its own delivery, not nested in it.
        """
        if self._post_inline is None or getattr(self._nesting, "is_sending", False):
            return
        self._nesting.is_sending = True
        try:
            self.send_all(self._post_inline)
        finally:
            self._nesting.is_sending = False

    def send_all(self, post: Post, *, ignore_retry_times: bool = False) -> None:
        """Try each due delivery once, including those that this causes.

        `ignore_retry_times` sends retries before their time.
        """
        tried: set[str] = set()
        while due := self.claim(ignore_retry_times=ignore_retry_times, excluding=tried):
            for delivery in due:
                tried.add(delivery.delivery_id)
                self.send(delivery, post)

    def claim(self, *, ignore_retry_times: bool = False, excluding: Collection[str] = ()) -> list[Delivery]:
        """Reserve and return the due deliveries, except those with ids in `excluding`; pass each to `send`."""
        now = time.time()
        with self._lock, self.account.transaction():
            due = [
                delivery
                for delivery in self._queued("waiting")
                if delivery["id"] not in self._in_flight
                and delivery["id"] not in excluding
                and (ignore_retry_times or delivery["not_before"] <= now)
            ]
            ready = [attempt for delivery in due if (attempt := self._attempt(delivery))]
            self._in_flight.update(attempt.delivery_id for attempt in ready)
        return ready

    def send(self, delivery: Delivery, post: Post) -> None:
        """Post one reserved delivery and save its result."""
        status = 0
        try:
            status = post(delivery.url, delivery.body, delivery.headers)
        finally:
            with self.account.transaction():
                self._save_result(
                    delivery.delivery_id, succeeded=HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES
                )
            with self._lock:
                self._in_flight.discard(delivery.delivery_id)

    def _queued(self, state: str) -> list[Object]:
        return list(self.account.store.scan(KIND, index=("state", state), oldest_first=True))

    def _attempt(self, delivery: Object) -> Delivery | None:
        """Return the signed delivery; if the endpoint or event is deleted, drop it from the queue and return None."""
        store = self.account.store
        endpoint = self.account.get("webhook_endpoint", delivery["endpoint"])
        payload = self._payload(delivery["event"], endpoint) if endpoint else None
        if endpoint is None or payload is None:
            store.purge(KIND, delivery["id"])
            return None
        body = json.dumps(payload, indent=2)
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Stripe-Signature": stripe.WebhookSignature.generate_signature_header(
                body, endpoint["_secret"], int(time.time())
            ),
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        }
        return Delivery(delivery["id"], endpoint["url"], body.encode(), headers)

    def _payload(self, event_id: str, endpoint: Object) -> Object | None:
        """Return what is posted: a thin event's notification, or the event in the endpoint's API version."""
        store = self.account.store
        if notification := store.get(thin.KIND, event_id):
            whole: Object = notification["notification"]
            return whole
        event = store.get("event", event_id)
        if event is None:
            return None
        shown: Object = public(event)
        version = endpoint["api_version"]
        if version is None or version == shown["api_version"]:
            return shown
        if shown["api_version"] != API_VERSION:  # Only the present shape can be turned into others.
            return shown | {"api_version": version}
        return shown | {"api_version": version, "data": versions.rendered(self.account, shown["data"], version)}

    def _save_result(self, delivery_id: str, *, succeeded: bool) -> None:
        store = self.account.store
        delivery = store.get(KIND, delivery_id)
        if delivery is None:
            return
        attempts = delivery["attempts"] + 1
        if not succeeded and attempts <= len(self.retry_after):
            not_before = time.time() + self.retry_after[attempts - 1]
            store.put({**delivery, "attempts": attempts, "not_before": not_before})
            return
        store.purge(KIND, delivery_id)
        event = store.get("event", delivery["event"])
        if succeeded and event and not delivery["is_copy"]:
            store.put({**event, "pending_webhooks": max(0, event["pending_webhooks"] - 1)})
