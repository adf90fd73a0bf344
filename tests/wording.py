"""Texts known in part, to compare with `==`: a failure then shows the whole text and what was expected of it."""

import re


class Part:
    """Equals every text of this pattern; a failure shows it as `words`."""

    def __init__(self, words: str, pattern: str) -> None:
        self.words = words
        self.pattern = re.compile(pattern)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and self.pattern.fullmatch(other) is not None

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<a text {self.words}>"


def starting(text: str) -> Part:
    return Part(f"starting with {text!r}", f"{re.escape(text)}(?s:.*)")


def ending(text: str) -> Part:
    return Part(f"ending with {text!r}", f"(?s:.*){re.escape(text)}")


def matching(pattern: str) -> Part:
    """The whole text has this pattern."""
    return Part(f"of the pattern {pattern!r}", pattern)
