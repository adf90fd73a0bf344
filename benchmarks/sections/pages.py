"""Pages, with few subscribers and with many."""

from typing import Any

from benchmarks.table import OURS, Table, number

SECTION = "Pages"


def side_by_side(table: Table, few: int, small: dict[str, Any], many: int, large: dict[str, Any]) -> None:
    """Add the figures of both sizes to the table."""
    for page, one in small.items():
        other = large[page]
        is_met = other["queries"] <= one["queries"] and not other["calls"]
        what = f"{page}, {number(few)} / {number(many)} subscribers"
        cells = {OURS: f"{number(one['queries'])} / {number(other['queries'])}"}
        table.add(SECTION, f"{what}: queries", cells, must="no more", is_met=is_met)
        cells = {OURS: f"{one['milliseconds']:.1f} / {other['milliseconds']:.1f}"}
        table.add(SECTION, f"{what}: milliseconds", cells)
