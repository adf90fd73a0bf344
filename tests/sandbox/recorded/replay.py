"""Replay a recorded scenario against a sandbox of its own, with the sandbox's ids in place of the recorded ones."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from werkzeug.test import Client

from sandbox.app import Sandbox
from tests.sandbox.recorded.comparison import Comparison, Difference
from tests.sandbox.recorded.recording import RecordedCall, assumed, first_moment
from tests.sandbox.recorded.runs import Step, other_ids, runs

KEY = {"Authorization": "Bearer sk_test_recorded"}
PRODUCT = {"name": "Test Subscription", "unit_label": "user"}  # Of all recorded prices; lines and pages show it.


@dataclass(frozen=True)
class Finding:
    """What differs in the answer to one call."""

    call: RecordedCall
    difference: Difference

    def __str__(self) -> str:
        return f"{self.call.method} {self.call.path}: {self.difference}"


def findings(calls: list[RecordedCall]) -> Iterator[Finding]:
    """Replay each run of a scenario and yield what differs, and then what the sandbox says of its own answers."""
    for steps in runs(calls):
        replay = Replay(steps)
        yield from replay.findings()
        assert replay.sandbox.violations == []


class Replay:
    """One run and the sandbox that answers it. The sandbox's clock stands at the recorded times."""

    def __init__(self, steps: list[Step]) -> None:
        self.steps = steps
        self.now = assumed()[0]["created"]
        self.sandbox = Sandbox(real_time=lambda: self.now)
        self.client = Client(self.sandbox)
        self.comparison = Comparison()
        for obj in assumed():
            self.now = obj["created"]
            self._make(obj)
        self.now = first_moment([step.expected for step in steps if step.expected])

    def findings(self) -> Iterator[Finding]:
        """Send every call of the run and yield what differs."""
        ids = self.comparison.ids
        for step in self.steps:
            ids.update({theirs: ids[ours] for ours, theirs in other_ids(step) if ours in ids})
            expected = step.expected or step.sent
            if step.expected and step.expected.method == "POST":
                self.now = max(self.now, step.expected.answer.get("created", 0))
            status, answer = self._send(step.sent, version=expected.version)
            if step.expected:
                yield from self._compare(step.expected, status, answer)
            if step.expected is not step.sent:
                list(self.comparison.differences(step.sent.answer, answer))  # Learns its ids.

    def _compare(self, call: RecordedCall, status: int, answer: dict[str, Any]) -> Iterator[Finding]:
        if status != call.status:
            message = answer.get("error", {}).get("message")
            yield Finding(call, Difference("status", call.status, (status, message)))
            return
        for difference in self.comparison.differences(call.answer, answer):
            yield Finding(call, difference)

    def _send(self, call: RecordedCall, *, version: str) -> tuple[int, dict[str, Any]]:
        replaced = self.comparison.with_our_ids
        query = urlencode([(name, replaced(value)) for name, value in call.query])
        body = urlencode([(name, replaced(value)) for name, value in call.form])
        path = "/".join(replaced(segment) for segment in call.path.split("/"))
        response = self.client.open(
            f"{path}?{query}" if query else path,
            method=call.method,
            data=body or None,
            headers=KEY | {"Stripe-Version": version},
            content_type="application/x-www-form-urlencoded" if body else None,
        )
        return response.status_code, response.get_json()

    def _make(self, obj: dict[str, Any]) -> None:
        """Make a plan or coupon with its recorded id; a price is made with its plan."""
        if obj["object"] == "coupon":
            self._post("coupons", obj, "id", "percent_off", "amount_off", "currency", "duration", "name")
        elif obj["object"] == "plan":
            if obj["product"] not in self.comparison.ids:
                self._post("products", {"id": obj["product"], **PRODUCT}, "id", *PRODUCT)
                self.comparison.ids[obj["product"]] = obj["product"]
            terms = ("amount", "currency", "interval", "interval_count", "nickname", "trial_period_days")
            self._post("plans", obj, "id", "product", *terms)
        elif obj["tax_behavior"] != "unspecified":
            self._post(f"prices/{obj['id']}", obj, "tax_behavior")
        self.comparison.ids[obj["id"]] = obj["id"]

    def _post(self, path: str, obj: dict[str, Any], *names: str) -> None:
        given = {name: obj[name] for name in names if obj[name] is not None}
        response = self.client.post(f"/v1/{path}", data=given, headers=KEY)
        assert response.status_code == 200, response.get_json()
