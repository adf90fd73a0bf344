"""The sandbox in a process of its own: its clock stands still until it is moved, and its webhooks go to a mailbox.

`GET /_chaos/news?since=N` gives what was sent since the last time (the sandbox's switches hold, drop, repeat and
shuffle it), and each state that an object of Stripe's has had, in the order in which they were.
Run as `python -m tests.chaos.stripe_host`; it prints its port, and ends when its
standard input is closed.
"""

import json
import os
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from werkzeug.wrappers import Request, Response

from sandbox.app import Sandbox
from sandbox.core.store import Object, Savepoint
from sandbox.core.visibility import public
from sandbox.server import Server
from tests.chaos.columns import MIRRORS

START = 1_800_000_000
WATCHED = {mirror.kind for mirror in MIRRORS}


class Host(Sandbox):
    """A sandbox that keeps what it sends, and all that ever was."""

    def __init__(self) -> None:
        self.mail: list[str] = []
        self.past: list[Object] = []
        super().__init__(webhooks={"http://mailbox/": "whsec_unused"}, deliver=self._keep, real_time=lambda: START)
        self._put, self._delete = self.account.store.put, self.account.store.delete
        self.account.store.put = self._remember  # type: ignore[method-assign]
        self.account.store.delete = self._remember_end  # type: ignore[method-assign]
        self._savepoint = self.account.store.savepoint
        self.account.store.savepoint = self._forgetting  # type: ignore[method-assign]

    def reset(self) -> None:
        super().reset()
        self.mail, self.past = [], []

    def _respond(self, request: Request) -> Response:
        if request.path != "/_chaos/news":
            return super()._respond(request)
        since = int(request.args["since"])
        mail, self.mail = self.mail, []
        # Between calls: what one of them has written so far may yet be taken back.
        with self.account.transaction():
            news = {"now": self.account.clock.now(), "mail": mail, "past": self.past[since:]}
        return Response(json.dumps(news), mimetype="application/json")

    def _keep(self, _url: str, body: bytes, _headers: Mapping[str, str]) -> int:
        self.mail.append(body.decode())
        return 200

    @contextmanager
    def _forgetting(self) -> Iterator[Savepoint]:
        """A preview plays a change and takes it back, and so does a refusal: that never was."""
        was = len(self.past)
        with self._savepoint() as savepoint:
            try:
                yield savepoint
            except BaseException:
                if not savepoint.keep:
                    del self.past[was:]
                raise

    def _remember(self, obj: Object, **where: Any) -> None:
        self._put(obj, **where)
        if obj["object"] in WATCHED:
            self.past.append(_whole(obj))

    def _remember_end(self, kind: str, object_id: str) -> Object:
        stub = self._delete(kind, object_id)
        if kind in WATCHED:
            self.past.append(stub)
        return stub


def _whole(obj: Object) -> Object:
    """Return an object's public form with all items of a subscription: Stripe shows ten."""
    shown = public(obj)
    if obj["object"] == "subscription":
        items = [public(item) for item in obj["items"]["data"]]
        shown["items"] = {**shown["items"], "data": items, "has_more": False}
    return shown


class QuietServer(Server):
    """Says nothing of callers who were killed before their answer."""

    def handle_error(self, *_: Any) -> None:
        """They are what this is about."""


def end_with_the_caller() -> None:
    sys.stdin.read()
    os._exit(0)


def main() -> None:
    threading.Thread(target=end_with_the_caller, daemon=True).start()
    server = QuietServer(("127.0.0.1", 0))
    server.sandbox = Host()
    sys.stdout.write(f"{server.server_address[1]}\n")
    sys.stdout.flush()
    server.serve_forever(poll_interval=1)


if __name__ == "__main__":
    main()
