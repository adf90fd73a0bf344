"""The runs of a scenario: some scenarios were recorded several times, and the earlier runs lack calls.

The last run of a scenario has all of its calls. An earlier run has only some, with other ids; what it lacks is sent as
in the last run, and its answer is not compared.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from tests.sandbox.recorded.recording import AN_ID, RecordedCall

Request = tuple[str, str, tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]


@dataclass(frozen=True)
class Step:
    """A call to send, `sent`, and the call whose recorded answer is expected; None for a call that a run lacks."""

    sent: RecordedCall
    expected: RecordedCall | None


def runs(calls: list[RecordedCall]) -> Iterator[list[Step]]:
    """Yield the steps of each run, the oldest run first."""
    *earlier, last = _split(calls)
    for run in earlier:
        yield list(_completed(run, last))
    yield [Step(call, call) for call in last]


def other_ids(step: Step) -> Iterator[tuple[str, str]]:
    """Yield (id in the sent call, id in its place in the expected call)."""
    if step.expected is None:
        return
    pairs = zip(_texts(step.sent), _texts(step.expected), strict=True)
    yield from ((ours, theirs) for ours, theirs in pairs if ours != theirs)


def _split(calls: list[RecordedCall]) -> list[list[RecordedCall]]:
    """Split the calls where another customer's begin."""
    found: list[list[RecordedCall]] = []
    current: str | None = None
    for call in calls:
        customer = _customer(call)
        if not found or (customer and current and customer != current):
            found.append([])
        current = customer or current
        found[-1].append(call)
    return found


def _customer(call: RecordedCall) -> str | None:
    member = "id" if call.answer.get("object") == "customer" else "customer"
    customer: str | None = call.answer.get(member)
    return customer


def _completed(run: list[RecordedCall], whole: list[RecordedCall]) -> Iterator[Step]:
    wanted = list(run)
    for call in whole:
        if not wanted:
            return
        is_next = _shape(call) == _shape(wanted[0])
        yield Step(call, wanted.pop(0) if is_next else None)
    assert not wanted, "An earlier run has calls that the last one lacks."


def _shape(call: RecordedCall) -> Request:
    """Return the request without its ids."""
    values = iter(_texts(call))
    path = "/".join(_kind(next(values)) for _segment in call.path.split("/"))
    query, form = (tuple((name, _kind(next(values))) for name, _ in pairs) for pairs in (call.query, call.form))
    return (call.method, path, query, form)


def _texts(call: RecordedCall) -> list[str]:
    return [*call.path.split("/"), *(value for _name, value in [*call.query, *call.form])]


def _kind(text: str) -> str:
    is_id = AN_ID.fullmatch(text) and not text.startswith("pm_card_")
    return text.rpartition("_")[0] if is_id else text
