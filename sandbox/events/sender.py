"""Sends webhooks over HTTP in the background, and lets time do its work while nobody calls."""

import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

import requests

from sandbox.events.deliveries import Deliveries, Delivery

log = logging.getLogger("sandbox")

POST_TIMEOUT_SECONDS = 10
WORKERS = 4
LONGEST_SLEEP_SECONDS = 0.2


class Sender:
    """One thread that looks for what is due, and a few that post it; as at Stripe, order is not kept."""

    def __init__(self, deliveries: Deliveries, *, catch_up: Callable[[], None]) -> None:
        """Send from `deliveries`, after `catch_up` has let happen what fell due meanwhile."""
        self.deliveries = deliveries
        self._catch_up = catch_up
        self._stopped = threading.Event()
        self._workers = ThreadPoolExecutor(WORKERS, thread_name_prefix="webhook")
        self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End once the posts under way are answered; what is still queued is sent by the next start."""
        self._stopped.set()
        self._thread.join()
        self._workers.shutdown(cancel_futures=True)

    def _run(self) -> None:
        while not self._stopped.wait(LONGEST_SLEEP_SECONDS):
            try:
                self._catch_up()
                for delivery in self.deliveries.claim():
                    self._workers.submit(self._send, delivery)
            except Exception:
                log.exception("looking for webhooks to send failed")

    def _send(self, delivery: Delivery) -> None:
        try:
            self.deliveries.send(delivery, post)
        except Exception:
            log.exception("sending %s failed", delivery.delivery_id)


def post(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    """Post one webhook and return the status, 0 when there was no answer; a redirect is an answer, not a way."""
    try:
        answer = requests.post(
            url, data=body, headers=dict(headers), timeout=POST_TIMEOUT_SECONDS, allow_redirects=False
        )
    except requests.RequestException:
        return 0
    return answer.status_code
