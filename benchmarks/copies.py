"""Fill a sandbox with copies of what a few calls made: the same objects with other ids, at other times."""

import json
import re
from collections.abc import Iterator
from typing import Any

from sandbox.core import ids
from sandbox.core.account import Account
from sandbox.core.kinds import KINDS

ID = re.compile(r'"([a-z_]+)_([A-Za-z0-9]{14,58})"')
NUMBER = re.compile(r"(?<![\w.])1[89]\d{8}(?![\w.])")  # Times: amounts are far smaller.
DAY = 86_400


class Template:
    """The objects that one sale made, and the times at which they are due."""

    def __init__(self, account: Account, known: set[str]) -> None:
        """Take the objects whose ids are not among the `known`."""
        made = [obj for obj in objects(account) if obj["id"] not in known]
        names = {obj["id"] for obj in made}
        self.at = min(obj["created"] for obj in made if "created" in obj)
        due = account.store._db.execute("SELECT kind, id, at FROM due").fetchall()  # noqa: SLF001 - it has no method.
        self._text = json.dumps([made, [list(each) for each in due if each[1] in names]])
        others = {f'"{each}"' for each in known}
        self._own = {found.group(0) for found in ID.finditer(self._text)} - others

    def copy(self, account: Account, *, at: int, name: str) -> None:
        """Store the objects once more, with new ids, as if they were made at this time."""
        new = {old: f'"{ids.with_prefix(*_shape(old))}"' for old in self._own}
        later = at - self.at
        text = ID.sub(lambda found: new.get(found.group(0), found.group(0)), self._text)
        text = NUMBER.sub(lambda found: str(int(found.group(0)) + later), text)
        made, due = json.loads(re.sub(r"c\d+@example.com", f"{name}@example.com", text))
        with account.store.savepoint():
            for obj in made:
                account.store.put(obj)
            for each in due:
                account.store.set_due(*each)


def known(account: Account) -> set[str]:
    """Return the ids of all objects so far."""
    return {obj["id"] for obj in objects(account)}


def objects(account: Account) -> Iterator[dict[str, Any]]:
    for kind in KINDS:
        yield from account.store.scan(kind, oldest_first=True)


def _shape(quoted: str) -> tuple[str, int]:
    prefix, _, text = quoted.strip('"').rpartition("_")
    return prefix, len(text)
