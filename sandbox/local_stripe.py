"""One local Stripe: its account, deliveries, faults and clock, on which the API, controls and pages work."""

import gc
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sandbox import clock_effects
from sandbox.core import clocked
from sandbox.core.account import API_VERSION, DEFAULT_BASE_URL, Account, Cause
from sandbox.core.clock import Clock
from sandbox.core.store import Store
from sandbox.events import endpoint_routes, recording
from sandbox.events.deliveries import Deliveries, Post
from sandbox.http.faults import Delays, Faults
from sandbox.http.idempotency import KeysInUse

TARGET = "clock_target"
SLICE_SECONDS = 0.5
PAUSE_SECONDS = 0.005  # For other threads to get the account's lock.


class LocalStripe:
    """One account and the state of its sandbox.

    `path` is the state file; without one the state is in memory. `webhooks` maps URLs to signing secrets: these
    endpoints get all events and survive a reset. `deliver(url, body, headers)` posts a webhook and returns the HTTP
    status; it is called after each request, in the same thread. Without it, webhooks wait for `deliveries.send_all` or
    a Sender. `api_version` is the version of events.
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
        self.other_versions: set[str] = set()  # API versions that calls named, other than the installed SDK's.
        self.webhooks = dict(webhooks or {})
        self._request = threading.local()  # The ids that it names.
        with self.account.transaction():
            self._register_webhooks()
            target = self.target
        if target is not None:
            self.move_in_slices(target)

    @property
    def violations(self) -> list[str]:
        """The violations of Stripe's types in answers and events so far, which tests assert to be none."""
        return self.account.violations

    @contextmanager
    def transaction(self, cause: Cause | None = None) -> Iterator[None]:
        """Lock the account for one request, after running what fell due before it.

        It works on the time of the test clock to which an object belongs that the request names.
        """
        account, names = self.account, getattr(self._request, "names", ())
        with account.transaction(cause):
            account.recorded.clear()
            clock_effects.catch_up(account, until=account.now)
            clock = clocked.find(account.store, names)
            if clock:
                clock_effects.catch_up_on_clock(account, clock, until=clock["frozen_time"])
            with account.on_clock(clock):
                yield

    @contextmanager
    def naming(self, names: Iterable[str]) -> Iterator[None]:
        """Let this thread's transactions work on the time of a clock to which one of these ids belongs."""
        outer = getattr(self._request, "names", ())
        self._request.names = tuple(names)
        try:
            yield
        finally:
            self._request.names = outer

    def catch_up(self) -> None:
        """Run what fell due without a request."""
        with self.transaction():
            pass

    def move_time(self, moment: int) -> int:
        """Move the clock to `moment`, within a transaction; return the number of actions that fell due."""
        progress = clock_effects.catch_up(self.account, until=moment)
        self.account.move_to(moment)
        return progress.done

    def move_in_slices(self, moment: int) -> int:
        """Move the clock to `moment` in several transactions, between which other requests are answered.

        The way that is left is in the store, so a sandbox that was stopped on the way goes on at its next start.
        """
        account, happened, is_complete = self.account, 0, False
        account.recorded.clear()
        while not is_complete:
            with _without_garbage_collection(), account.transaction():
                progress = clock_effects.catch_up(account, until=max(moment, account.now), seconds=SLICE_SECONDS)
                is_complete = progress.is_complete
                account.store.save_setting(TARGET, None if is_complete else moment)
                account.move_to(account.now)
            happened += progress.done
            time.sleep(0 if is_complete else PAUSE_SECONDS)
        return happened

    @property
    def target(self) -> int | None:
        """The time to which the clock is being moved, None if it stands there already. Read it in a transaction."""
        target: int | None = self.account.store.setting(TARGET)
        return target

    def close(self) -> None:
        """Close the state file."""
        self.account.close()

    def reset(self) -> None:
        """Delete everything except the webhook endpoints given at the start, so a running demo still gets events."""
        with self.account.transaction():
            self.account.clear()
            self._register_webhooks()
        self.faults.clear()
        self.delays = Delays()
        self.calls.clear()

    def _register_webhooks(self) -> None:
        """Replace the endpoints of an earlier start by the given ones; those with the same URL keep their queue."""
        endpoints = list(self.account.store.scan("webhook_endpoint"))
        given = {endpoint["url"]: endpoint for endpoint in endpoints if endpoint.get("_is_given")}
        for url in given.keys() - self.webhooks.keys():
            self.account.remove(given[url])
        for url, secret in self.webhooks.items():
            params = {"url": url, "enabled_events": ["*"]}
            endpoint = given.get(url) or endpoint_routes.register(self.account, params, secret=secret)
            self.account.change(endpoint, {"_secret": secret, "_is_given": True})


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Don't look for cycles in the block: there are hardly any, and it looks through all objects in memory."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
