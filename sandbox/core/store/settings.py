"""Settings of the sandbox, by name: any JSON."""

import sqlite3
from typing import Any

from sandbox.core.store.bodies import copied, loaded


class Settings:
    """Keeps the settings; those that were asked for or saved are in memory until `forget`."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._texts: dict[str, bytes | None] = {}
        self._unwritten: set[str] = set()

    def get(self, name: str, default: Any) -> Any:
        if name not in self._texts:
            row = self._db.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
            self._texts[name] = row[0].encode() if row else None
        text = self._texts[name]
        return default if text is None else loaded(text)

    def save(self, name: str, value: Any) -> None:
        """Save a setting, which `write` will store."""
        self._texts[name] = copied(value)
        self._unwritten.add(name)

    def write(self) -> None:
        rows = [(name, text.decode()) for name in self._unwritten if (text := self._texts[name])]
        self._db.executemany("REPLACE INTO settings VALUES (?, ?)", rows)
        self._unwritten.clear()

    def forget(self) -> None:
        """Drop what is in memory."""
        self._texts.clear()
        self._unwritten.clear()
