"""Replay a recorded scenario against a sandbox of its own, with the sandbox's ids in place of the recorded ones."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from werkzeug.test import Client

from sandbox.app import Sandbox
from tests.sandbox.recorded.comparison import Comparison, Difference
from tests.sandbox.recorded.recording import RecordedCall, assumed, first_moment

KEY = {"Authorization": "Bearer sk_test_recorded"}


@dataclass(frozen=True)
class Finding:
    """What differs in the answer to one call."""

    call: RecordedCall
    difference: Difference

    def __str__(self) -> str:
        return f"{self.call.method} {self.call.path}: {self.difference}"


class Replay:
    """One scenario and the sandbox that answers it. The sandbox's clock stands at the recorded times."""

    def __init__(self, calls: list[RecordedCall]) -> None:
        self.calls = calls
        self.now = first_moment(calls)
        self.sandbox = Sandbox(real_time=lambda: self.now)
        self.client = Client(self.sandbox)
        self.comparison = Comparison()
        for obj in assumed(calls):
            self._make(obj)

    def findings(self) -> Iterator[Finding]:
        """Send every call of the scenario and yield what differs."""
        for call in self.calls:
            if call.method == "POST":
                self.now = max(self.now, call.answer.get("created", 0))
            status, answer = self.send(call)
            if status != call.status:
                yield Finding(
                    call, Difference("status", call.status, (status, answer.get("error", {}).get("message")))
                )
                continue
            for difference in self.comparison.differences(call.answer, answer):
                yield Finding(call, difference)

    def send(self, call: RecordedCall) -> tuple[int, dict[str, Any]]:
        replaced = self.comparison.with_our_ids
        query = urlencode([(name, replaced(value)) for name, value in call.query])
        body = urlencode([(name, replaced(value)) for name, value in call.form])
        path = "/".join(replaced(segment) for segment in call.path.split("/"))
        response = self.client.open(
            f"{path}?{query}" if query else path,
            method=call.method,
            data=body or None,
            headers=KEY | {"Stripe-Version": call.version},
            content_type="application/x-www-form-urlencoded" if body else None,
        )
        return response.status_code, response.get_json()

    def _make(self, obj: dict[str, Any]) -> None:
        """Create a price, plan or coupon as recorded."""
        if obj["object"] == "coupon":
            terms = {name: obj[name] for name in ("percent_off", "amount_off", "currency", "duration", "name")}
            answer = self._post("coupons", {"id": obj["id"], **terms})
        else:
            product = obj["product"] if isinstance(obj["product"], str) else obj["product"]["id"]
            amount = obj.get("unit_amount", obj.get("amount"))
            recurring = obj.get("recurring") or obj
            terms = {"currency": obj["currency"], "unit_amount": amount, "nickname": obj["nickname"]}
            if obj.get("type") != "one_time":
                terms |= {
                    "recurring[interval]": recurring["interval"],
                    "recurring[interval_count]": recurring["interval_count"],
                }
            if product not in self.comparison.ids:
                self.comparison.ids[product] = self._post(
                    "products", {"id": product, "name": obj["nickname"] or "Plan"}
                )["id"]
            answer = self._post("prices", {"product": product, **terms})
        self.comparison.ids[obj["id"]] = answer["id"]

    def _post(self, path: str, form: dict[str, Any]) -> dict[str, Any]:
        given = {name: value for name, value in form.items() if value is not None}
        response = self.client.post(f"/v1/{path}", data=given, headers=KEY)
        answer: dict[str, Any] = response.get_json()
        assert response.status_code == 200, answer
        return answer
