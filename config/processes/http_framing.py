"""Where an HTTP/1.1 request ends, of which only the beginning may have arrived."""

import re
from enum import Enum, auto

END_OF_LINE, END_OF_HEAD = b"\r\n", b"\r\n\r\n"

# A request that is longer is refused. Django's own limit, DATA_UPLOAD_MAX_MEMORY_SIZE, is half of this.
MAX_BODY = 2 * 1024 * 1024
MAX_HEAD = 64 * 1024

LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,18})[ \t]*\r\n", re.IGNORECASE)
CHUNKED = re.compile(rb"\r\ntransfer-encoding:[^\r]*chunked", re.IGNORECASE)
EXPECTS_CONTINUE = re.compile(rb"\r\nexpect:[ \t]*100-continue", re.IGNORECASE)


class Arrived(Enum):
    """How much of a request has arrived. A malformed one counts as whole: the parser says what is wrong with it."""

    PART = auto()
    PART_AND_WAITS = auto()  # The client sends the body once it is told to go on.
    WHOLE = auto()
    TOO_LONG = auto()


class Framing:
    """Follows one request as it arrives; nothing is read twice."""

    def __init__(self) -> None:
        self._searched = 0  # Up to here there is no end of the head.
        self._at = 0  # Where the body begins, or its next chunk; 0 until the head is complete.
        self._ends_at: int | None = None  # None if the body comes in chunks.

    def look(self, data: bytearray) -> Arrived:
        """Say how much of the request has arrived; `data` is all of it so far."""
        waits = False
        if not self._at:
            end = data.find(END_OF_HEAD, max(self._searched - len(END_OF_HEAD), 0))
            self._searched = len(data)
            if end < 0:
                return Arrived.TOO_LONG if len(data) > MAX_HEAD else Arrived.PART
            waits = self._read_head(bytes(data[: end + len(END_OF_LINE)]), end + len(END_OF_HEAD), len(data))
        found = self._look_at_chunks(data) if self._ends_at is None else self._look_at_length(len(data))
        return Arrived.PART_AND_WAITS if waits and found == Arrived.PART else found

    def _read_head(self, head: bytes, begin: int, size: int) -> bool:
        self._at = begin
        if not CHUNKED.search(head):
            length = LENGTH.search(head)
            self._ends_at = begin + (int(length[1]) if length else 0)
        return size == begin and EXPECTS_CONTINUE.search(head) is not None

    def _look_at_length(self, size: int) -> Arrived:
        assert self._ends_at is not None  # noqa: S101  (asked by the caller)
        if self._ends_at - self._at > MAX_BODY:
            return Arrived.TOO_LONG
        return Arrived.WHOLE if size >= self._ends_at else Arrived.PART

    def _look_at_chunks(self, data: bytearray) -> Arrived:
        while (end := data.find(END_OF_LINE, self._at)) >= 0:
            try:
                size = int(bytes(data[self._at : end]).partition(b";")[0], 16)
            except ValueError:
                return Arrived.WHOLE
            if size <= 0:
                # Trailers, usually none, and an empty line.
                if data.find(END_OF_HEAD, end) >= 0:
                    return Arrived.WHOLE
                break
            self._at = end + len(END_OF_LINE) + size + len(END_OF_LINE)
            if self._at > MAX_BODY:
                return Arrived.TOO_LONG
        return Arrived.TOO_LONG if len(data) - self._at > MAX_HEAD else Arrived.PART
