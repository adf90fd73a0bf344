"""The forms of objects: as JSON in memory, and compressed against objects of the same kind in the state file.

Objects of one kind differ in little but ids and amounts. So the first ones are kept in the state file as samples, and
later ones are stored as their difference from these.
"""

import json
import sqlite3
import zlib
from functools import lru_cache
from typing import Any

import orjson

Object = dict[str, Any]

MAX_SAMPLES = 255
LONGEST_DICTIONARY = 8_000
LONGEST_OF_LISTS = 32_000
PLAIN = 0  # The number of the empty dictionary.
POOR_RATIO = 6  # A body that shrinks less becomes one more sample.
SAMPLES_PER_KIND = 8
LEVEL = 3
MEMORY = 5  # Compressors are copied for each body, so they are kept small.
LIST = b"["
RAW = -zlib.MAX_WBITS

SCHEMA = """
CREATE TABLE IF NOT EXISTS dictionaries (number INTEGER PRIMARY KEY, kind TEXT NOT NULL, body BLOB NOT NULL);
"""

SLOW = b" "  # The first byte of JSON that only Python's own parser reads as it was written.


class Bodies:
    """Compresses and expands bodies; the first byte of each is the number of its dictionary."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self.reload()

    def reload(self) -> None:
        """Read the dictionaries again, after a rollback."""
        rows = self._db.execute("SELECT number, kind, body FROM dictionaries ORDER BY number").fetchall()
        self._dictionaries = {number: body for number, _, body in rows} | {PLAIN: b""}
        self._current = {kind: number for number, kind, _ in rows}
        self._samples: dict[str, int] = {}
        for _, kind, _ in rows:
            self._samples[kind] = self._samples.get(kind, 0) + 1

    def pack(self, kind: str, text: bytes) -> bytes:
        """Return the stored form of an object, or of a list of them, whose JSON is `text`."""
        number = self._current.get(kind, PLAIN)
        packed = self._deflate(number, text)
        is_poor = number == PLAIN or len(packed) * POOR_RATIO > len(text)
        if is_poor and self._samples.get(kind, 0) < SAMPLES_PER_KIND:
            self._add_sample(kind, text)
        return packed

    def unpack(self, stored: bytes) -> bytes:
        """Return the JSON of a stored form."""
        dictionary = self._dictionaries[stored[0]]
        expander = zlib.decompressobj(RAW, dictionary) if dictionary else zlib.decompressobj(RAW)
        return expander.decompress(stored[1:])

    def _deflate(self, number: int, text: bytes) -> bytes:
        compressor = _primed(self._dictionaries[number]).copy()
        return b"".join((bytes([number]), compressor.compress(text), compressor.flush()))

    def _add_sample(self, kind: str, text: bytes) -> None:
        number = len(self._dictionaries)
        if number > MAX_SAMPLES:
            return
        earlier = self._dictionaries[self._current.get(kind, PLAIN)]
        dictionary = (earlier + text)[-(LONGEST_OF_LISTS if text.lstrip().startswith(LIST) else LONGEST_DICTIONARY) :]
        self._db.execute("INSERT INTO dictionaries VALUES (?, ?, ?)", (number, kind, dictionary))
        self._dictionaries[number] = dictionary
        self._current[kind] = number
        self._samples[kind] = self._samples.get(kind, 0) + 1


@lru_cache(maxsize=64)
def _primed(dictionary: bytes) -> "zlib._Compress":
    """Return a compressor that has read the dictionary; copy it, because each can be used once."""
    window = -max(9, min(zlib.MAX_WBITS, len(dictionary).bit_length()))
    if not dictionary:
        return zlib.compressobj(LEVEL, zlib.DEFLATED, RAW)
    return zlib.compressobj(LEVEL, zlib.DEFLATED, window, MEMORY, zlib.Z_DEFAULT_STRATEGY, dictionary)


def copied(content: Any) -> bytes:
    """Return a copy of an object, or of a list of them: its JSON."""
    try:
        return orjson.dumps(content)
    except TypeError:  # It refuses half a surrogate pair, and integers of more than 64 bits.
        return SLOW + json.dumps(content, separators=(",", ":")).encode()


def joined(texts: list[bytes]) -> bytes:
    """Return the JSON of a list, whose members are given as JSON."""
    text = b"".join((b"[", b",".join(texts), b"]"))
    return SLOW + text if any(each.startswith(SLOW) for each in texts) else text


def loaded(text: bytes) -> Any:
    """Return the object, or the list, of which `copied` has returned the JSON."""
    return json.loads(text) if text.startswith(SLOW) else orjson.loads(text)
