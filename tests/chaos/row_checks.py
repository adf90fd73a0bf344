"""Watches our rows while the run goes on: none goes back to an older state, and nothing is done twice."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from tests.chaos import columns
from tests.chaos.columns import MIRRORS, SUBSCRIPTION, Mirror, Object, Row
from tests.chaos.databases import Database

FINAL = {"done", "ignored"}
# A second of Stripe's, another for what the call took, and one for good measure.
WATERMARK_MAY_DIFFER = 3

CLAIM_EXPIRES = 100
MARGIN = 20  # Seconds: the processes' clock runs on a little.


class Broken(AssertionError):
    """An invariant does not hold; `which` names it."""

    def __init__(self, which: str, what: str) -> None:
        super().__init__(f"{which}: {what}")
        self.which = which


@dataclass
class Past:
    """All that an object at Stripe has been, and how far along our row has come."""

    states: list[tuple[Any, ...]] = field(default_factory=list)
    reached: int = 0

    def add(self, state: tuple[Any, ...]) -> None:
        if not self.states or self.states[-1] != state:
            self.states.append(state)


class RowChecks:
    """What has been seen of Stripe's objects and of our rows."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._pasts: dict[tuple[str, str], Past] = defaultdict(Past)
        self._rows: dict[tuple[str, str], Row] = {}
        self._inbox: dict[str, Row] = {}
        self._watermark = 0

    def learn(self, past: list[Object]) -> None:
        """Take in states of Stripe's objects, in the order in which they were."""
        for obj in past:
            for mirror in MIRRORS:
                if mirror.kind == obj["object"] and not obj.get("deleted") and mirror.is_ours(obj):
                    key = mirror.key_reads(mirror.key(obj))
                    self._pasts[mirror.table, key].add(mirror.expected(obj))

    def look(self) -> None:
        """Compare all rows with what they were; raises Broken."""
        if not self._database.has_changed():
            return
        for mirror in MIRRORS:
            for key, row in columns.by_key(mirror, self._database.rows(mirror.table)).items():
                before = self._rows.get((mirror.table, key))
                if before is None or before["version"] != row["version"] or row != before:
                    self._look_at(mirror, key, before, row)
                    self._rows[mirror.table, key] = row
        self._look_at_inbox()
        self._look_at_watermark()

    def _look_at(self, mirror: Mirror, key: str, before: Row | None, row: Row) -> None:
        which = f"{mirror.table} {key}"
        if before is not None:
            if row["version"] < before["version"]:
                raise Broken("no row is older than what was written", f"{which} went back to version {row['version']}")
            is_same = mirror.actual(row) == mirror.actual(before) and row["is_deleted"] == before["is_deleted"]
            if row["version"] == before["version"] and not is_same:
                raise Broken(
                    "no row is older than what was written", f"{which} changed within version {row['version']}"
                )
            if row["version"] > before["version"] > 0 and row["known_until"] < before["known_until"]:
                raise Broken("no row is older than what was written", f"{which} is known until an earlier moment")
        if row["version"] and not row["is_deleted"]:
            self._follow(mirror, key, row)

    def _follow(self, mirror: Mirror, key: str, row: Row) -> None:
        """The row must be what the object was, and never what it was before something that the row has been."""
        past, state = self._pasts[mirror.table, key], mirror.actual(row)
        if past.states and past.states[past.reached :].count(state):
            past.reached += past.states[past.reached :].index(state)
        elif state in past.states:
            raise Broken("no row goes back to an older state", f"{mirror.table} {key} is {state}")
        else:
            raise Broken(
                "each row is a state that the object has had",
                f"{mirror.table} {key} is {state}, and last was {past.states[-1:]}",
            )

    def _look_at_inbox(self) -> None:
        # Old entries are forgotten, and one that is gone may come again.
        before_all, self._inbox = self._inbox, {}
        for entry in self._database.rows("subscriptions_webhookevent"):
            before = before_all.get(entry["_id"])
            was_done = before is not None and before["state"] in FINAL
            if was_done and (entry["state"] not in FINAL or entry["attempts"] != before["attempts"]):
                raise Broken("no event takes effect twice", f"{entry['_id']} was done, and is worked again")
            self._inbox[entry["_id"]] = entry

    def _look_at_watermark(self) -> None:
        for state in self._database.rows("subscriptions_syncstate"):
            reached = columns.unix(state["watermark"]) or 0
            if reached < self._watermark - WATERMARK_MAY_DIFFER:
                raise Broken("the watermark never goes back", f"from {self._watermark} to {reached}")
            self._watermark = max(self._watermark, reached)

    def before(self, order: Row, now: int) -> str:
        """Whether what an order is about is "in hand" elsewhere, or "done"; nothing where that can't be told."""
        if order["do"] == "webhook":
            entry = self._inbox.get(order["event"])
            return _hands(entry["state"], entry["claimed_at"], now) if entry else ""
        if order["do"] == "sync":
            for state in self._database.rows("subscriptions_syncstate"):
                is_held = state["lease_holder"] and (columns.unix(state["lease_until"]) or 0) > now + MARGIN
                return "in hand" if is_held else ""
        return ""


def _hands(state: str, claimed_at: Any, now: int) -> str:
    if state in FINAL:
        return "done"
    is_fresh = now - (columns.unix(claimed_at) or 0) < CLAIM_EXPIRES - MARGIN
    return "in hand" if state == "processing" and is_fresh else ""


def check_history(database: Database) -> None:
    """Each change of a subscription has one line of history: from each line's end the next one goes on."""
    lines: dict[str, list[Row]] = defaultdict(list)
    for line in database.rows("subscriptions_statuschange"):
        lines[str(line["subscription_id"])].append(line)
    for row in database.rows(SUBSCRIPTION.table):
        theirs = sorted(lines.pop(row["_id"], []), key=lambda line: str(line["recorded_at"]))
        stood: tuple[Any, ...] = ("", None, None)
        for line in theirs:
            if _from(line) != stood:
                raise Broken("each change has one line of history", f"{row['_id']}: {[*map(_line, theirs)]}")
            stood = _to(line)
        if stood != (row["status"], row["price_id"], row["quantity"]):
            raise Broken(
                "each change has one line of history", f"{row['_id']} is not what {[*map(_line, theirs)]} end with"
            )
    if lines:
        raise Broken("each change has one line of history", f"lines of unknown subscriptions: {[*lines]}")


def _from(line: Row) -> tuple[Any, ...]:
    return (line["from_status"], line["from_price_id"], line["from_quantity"])


def _to(line: Row) -> tuple[Any, ...]:
    return (line["to_status"], line["to_price_id"], line["to_quantity"])


def _line(line: Row) -> str:
    return f"{_from(line)} -> {_to(line)} by {line['cause_kind']} {line['cause_id']}"
