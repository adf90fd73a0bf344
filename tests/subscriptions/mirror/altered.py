"""A Stripe whose answers are altered on their way: objects that Stripe does not send, among those it does."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from sandbox.transport import InProcessClient
from tests.fixtures import LocalStripe

Objects = list[Any]


class AlteringClient(InProcessClient):
    """Changes the objects that our gateway reads."""

    def __init__(self, local_stripe: LocalStripe) -> None:
        super().__init__(local_stripe.sandbox)
        self.requests = local_stripe.transport.requests
        self._changes: dict[str, Callable[[Objects], None]] = {}

    def alter(self, path: str, change: Callable[[Objects], None]) -> None:
        """Call `change` with the objects of each page of this list, such as "/v1/products".

        Of the path of one object, they are that object alone.
        """
        self._changes[path] = change

    def stop(self) -> None:
        self._changes.clear()

    def request(self, method: str, url: str, headers: Any, post_data: Any = None, **usage: Any) -> Any:
        body, status, answered = super().request(method, url, headers, post_data, **usage)
        change = self._changes.get(urlsplit(url).path)
        if change is None or method.lower() != "get":
            return body, status, answered
        answer = json.loads(body)
        change(answer.get("data", [answer]))
        return json.dumps(answer), status, answered


def nested(levels: int) -> Any:
    content: Any = {}
    for _ in range(levels):
        content = {"a": content}
    return content
