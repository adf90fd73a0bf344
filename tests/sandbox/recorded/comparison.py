"""Compare an answer of the sandbox with the one that Stripe gave to the same request.

Ids, secrets and URLs differ by nature: they must be present on both sides, and equal ids stay equal. Times may be a
minute apart. All else must be equal: the set of members, amounts, flags, texts.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from tests.sandbox.recorded.recording import AN_ID

A_MOMENT = range(1_300_000_000, 2_200_000_000)
TOLERANCE = 60  # Seconds.
ARBITRARY = re.compile(
    r"(^|_)(secret|url|fingerprint|number|invoice_prefix|receipt_number|network_transaction_id|invoice_pdf|mandate"
    r"|pdf|authorization_code|network_status_id|transaction_id|risk_score|reference|last4_of_account)$"
)
ABSENT = "(absent)"


@dataclass(frozen=True)
class Difference:
    """A member that differs. `path` begins at the innermost object that has the member, such as `invoice.status`."""

    path: str
    recorded: Any
    answered: Any

    def __str__(self) -> str:
        return f"{self.path}: Stripe {_short(self.recorded)}, sandbox {_short(self.answered)}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 90 else text[:87] + "…"


class Comparison:
    """Compares answers, and learns which id of the sandbox stands for which recorded one (`ids`)."""

    def __init__(self) -> None:
        self.ids: dict[str, str] = {}

    def differences(self, recorded: Any, answered: Any, path: str = "answer") -> Iterator[Difference]:
        if isinstance(recorded, dict) and isinstance(answered, dict):
            yield from self._in_objects(recorded, answered, path)
        elif _are_texts(recorded, answered):
            name = path.rpartition(".")[2]
            if len(recorded) != len(answered) or not all(map(partial(self._same, name=name), recorded, answered)):
                yield Difference(path, recorded, answered)
        elif isinstance(recorded, list) and isinstance(answered, list):
            if len(recorded) != len(answered):
                yield Difference(f"{path}.length", len(recorded), len(answered))
            for one, other in zip(recorded, answered, strict=False):
                yield from self.differences(one, other, f"{path}[]")
        elif not self._same(recorded, answered, path.rpartition(".")[2]):
            yield Difference(path, recorded, answered)

    def _in_objects(self, recorded: dict[str, Any], answered: dict[str, Any], path: str) -> Iterator[Difference]:
        kind = recorded.get("object")
        path = kind if isinstance(kind, str) and kind != "list" else path
        for name in recorded.keys() | answered.keys():
            inner = f"{path}.{'*' if path.endswith('metadata') else name}"
            if name not in recorded:
                yield Difference(inner, ABSENT, answered[name])
            elif name not in answered:
                yield Difference(inner, recorded[name], ABSENT)
            else:
                yield from self.differences(recorded[name], answered[name], inner)

    def _same(self, recorded: Any, answered: Any, name: str) -> bool:
        if isinstance(recorded, str) and isinstance(answered, str):
            if self.ids.get(recorded) == answered or ARBITRARY.search(name):
                return True
            if recorded not in self.ids and self._are_ids(recorded, answered, name):
                self.ids[recorded] = answered
                return True
            return self.with_our_ids(recorded) == answered
        if isinstance(recorded, int) and isinstance(answered, int) and ARBITRARY.search(name):
            return True
        if _is_moment(recorded) and _is_moment(answered):
            return bool(abs(recorded - answered) <= TOLERANCE)
        return bool(recorded == answered and isinstance(recorded, bool) == isinstance(answered, bool))

    @staticmethod
    def _are_ids(recorded: str, answered: str, name: str) -> bool:
        if name == "id":
            return True
        both = AN_ID.fullmatch(recorded) and AN_ID.fullmatch(answered)
        return bool(both) and recorded.rpartition("_")[0] == answered.rpartition("_")[0]

    def with_our_ids(self, text: str) -> str:
        """Return the text with each known recorded id replaced by the sandbox's."""
        if text in self.ids:
            return self.ids[text]
        return AN_ID.sub(lambda found: self.ids.get(found[0], found[0]), text)


def _are_texts(recorded: Any, answered: Any) -> bool:
    """Return whether both are lists of texts, which are compared as wholes."""
    lists = (recorded, answered)
    return all(isinstance(each, list) and all(isinstance(text, str) for text in each) for each in lists)


def _is_moment(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value in A_MOMENT
