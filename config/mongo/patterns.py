"""Makes `iexact`, `contains` and the other look-ups of a text find that text on MongoDB, whatever characters it has.

The backend turns them into regular expressions. It escapes no text for `iexact`, so that `john+a@x.com` is not found
and `a**@x.com` is an error; its `$` also matches before a newline at the end.
"""

import re
from typing import Any

from django_mongodb_backend.base import DatabaseWrapper
from django_mongodb_backend.operations import DatabaseOperations

# The end of the text and nothing else, in MongoDB's and in Python's regular expressions.
END = r"(?![\s\S])"


def install() -> None:
    """Replace the backend's own way for every connection of this process."""
    DatabaseOperations.prep_for_like_query = DatabaseOperations.prep_for_iexact_query = _escape
    DatabaseWrapper.mongo_operators |= {
        "iexact": lambda field, text: _matches(field, f"^{text}{END}", options="i"),
        "endswith": lambda field, text: _matches(field, f"{text}{END}"),
        "iendswith": lambda field, text: _matches(field, f"{text}{END}", options="i"),
    }
    DatabaseWrapper.mongo_expr_operators |= {
        "iexact": lambda value, text: _is_match(value, ["^", text, END], options="i"),
        "endswith": lambda value, text: _is_match(value, [text, END]),
        "iendswith": lambda value, text: _is_match(value, [text, END], options="i"),
    }


def _escape(_operations: DatabaseOperations, text: Any) -> str:
    # MongoDB refuses an expression that contains the character of code 0.
    return re.escape(str(text)).replace("\0", r"\x00")


def _matches(field: str, pattern: str, *, options: str = "") -> dict[str, Any]:
    return {field: {"$regex": pattern, "$options": options}}


def _is_match(value: Any, parts: list[Any], *, options: str = "") -> dict[str, Any]:
    return {"$regexMatch": {"input": value, "regex": {"$concat": parts}, "options": options}}
