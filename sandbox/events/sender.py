"""The background sender: posts due webhooks over HTTP, and runs what falls due while no request comes."""

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
    """One thread that finds due deliveries, and a few that post them; as at Stripe, in no fixed order."""

    def __init__(self, deliveries: Deliveries, *, catch_up: Callable[[], None]) -> None:
        """Send from `deliveries`; call `catch_up` first, to run what fell due."""
        self.deliveries = deliveries
        self._catch_up = catch_up
        self._stopped = threading.Event()
        self._workers = ThreadPoolExecutor(WORKERS, thread_name_prefix="webhook")
        self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop after the running posts are answered; the next start sends what is still queued."""
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
                log.exception("finding webhooks to send failed")

    def _send(self, delivery: Delivery) -> None:
        try:
            self.deliveries.send(delivery, post)
        except Exception:
            log.exception("sending %s failed", delivery.delivery_id)


def post(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    """Post one webhook and return the HTTP status, 0 for no answer; redirects are not followed."""
    try:
        answer = requests.post(
            url, data=body, headers=dict(headers), timeout=POST_TIMEOUT_SECONDS, allow_redirects=False
        )
    except requests.RequestException:
        return 0
    return answer.status_code
