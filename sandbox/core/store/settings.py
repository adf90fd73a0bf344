"""Settings of the sandbox, by name: any JSON."""

import sqlite3
from typing import Any

from sandbox.core.store.bodies import copied, loaded


class Settings:
    """Keeps the settings, those that were asked for also in memory."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._texts: dict[str, bytes | None] = {}

    def get(self, name: str, default: Any) -> Any:
        if name not in self._texts:
            row = self._db.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
            self._texts[name] = row[0].encode() if row else None
        text = self._texts[name]
        return default if text is None else loaded(text)

    def save(self, name: str, value: Any) -> None:
        text = copied(value)
        self._db.execute("REPLACE INTO settings VALUES (?, ?)", (name, text.decode()))
        self._texts[name] = text

    def forget(self) -> None:
        """Drop what is in memory."""
        self._texts.clear()
