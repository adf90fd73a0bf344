"""Lets `prefetch_related` find linked rows by an index.

Django asks for them by a tuple of columns, even where it is one. The backend turns that into `$expr`, which reads the
whole collection; of one column it is a plain `$in`.
"""

from django.db.models.expressions import ColPairs


def install() -> None:
    """Have the backend take a tuple of one column for that column."""
    ColPairs.is_simple_column = property(_is_one_column)  # type: ignore[attr-defined]


def _is_one_column(columns: ColPairs) -> bool:
    return len(columns) == 1
