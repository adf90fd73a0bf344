"""The local Stripe that controls and pages work on: account, deliveries, faults, and the passing of time."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sandbox import due
from sandbox.core.account import API_VERSION, DEFAULT_BASE_URL, Account, Cause
from sandbox.core.clock import Clock
from sandbox.core.store import Store
from sandbox.events import endpoint_routes, recording
from sandbox.events.deliveries import Deliveries, Post
from sandbox.http.faults import Delays, Faults
from sandbox.http.idempotency import KeysInUse


class LocalStripe:
    """One account and all that belongs to running it.

    `path` keeps its state in that file; without one it lives in memory. `webhooks` maps URLs to signing secrets: these
    endpoints get every event and survive a reset. `deliver` posts a webhook in place of HTTP: it is called with (url,
    body, headers), returns the status, and is called right after each request, in the same thread. Without it webhooks
    wait for `deliveries.send_all` or a Sender. `api_version` is what the account's events are made in.
    """

    def __init__(
        self,
        path: Path | None = None,
        *,
        webhooks: Mapping[str, str] | None = None,
        deliver: Post | None = None,
        base_url: str = DEFAULT_BASE_URL,
        api_version: str = API_VERSION,
        real_time: Callable[[], float] = time.time,
    ) -> None:
        self.account = Account(
            Store(path), Clock(real=real_time), record=recording.record, api_version=api_version, base_url=base_url
        )
        self.deliveries = Deliveries(self.account, deliver)
        self.faults = Faults()
        self.delays = Delays()
        self.keys_in_use = KeysInUse()
        self.calls: Counter[str] = Counter()
        self.webhooks = dict(webhooks or {})
        with self.account.transaction():
            self._register_webhooks()

    @property
    def violations(self) -> list[str]:
        """What was wrong with our own answers and events so far; a test asserts that nothing was."""
        return self.account.violations

    @contextmanager
    def transaction(self, cause: Cause | None = None) -> Iterator[None]:
        """Hold the account for one request, after everything that fell due in the meantime has happened."""
        with self.account.transaction(cause):
            due.catch_up(self.account, until=self.account.now)
            yield

    def catch_up(self) -> None:
        """Let happen what fell due although nobody called."""
        with self.transaction():
            pass

    def move_time(self, moment: int) -> int:
        """Let time pass until `moment`, within a transaction; return how many things fell due on the way."""
        happened = due.catch_up(self.account, until=moment)
        self.account.move_to(moment)
        return happened

    def close(self) -> None:
        """Let go of the state file."""
        self.account.close()

    def reset(self) -> None:
        """Forget everything but the webhook endpoints given at start: a running demo keeps hearing from us."""
        with self.account.transaction():
            self.account.clear()
            self._register_webhooks()
        self.faults.clear()
        self.delays = Delays()
        self.calls.clear()

    def _register_webhooks(self) -> None:
        """Have the endpoints given this time, not those of last time; what is queued for one that stays is kept."""
        endpoints = list(self.account.store.scan("webhook_endpoint"))
        given = {endpoint["url"]: endpoint for endpoint in endpoints if endpoint.get("_is_given")}
        for url in given.keys() - self.webhooks.keys():
            self.account.remove(given[url])
        for url, secret in self.webhooks.items():
            params = {"url": url, "enabled_events": ["*"]}
            endpoint = given.get(url) or endpoint_routes.register(self.account, params, secret=secret)
            self.account.change(endpoint, {"_secret": secret, "_is_given": True})
