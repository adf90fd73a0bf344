"""The table of results: ours beside the other ways, and whether each requirement is met."""

from collections.abc import Iterator
from dataclasses import dataclass, field

OURS = "Standing Order"
OBVIOUS = "One retrieve each"
SDK = "SDK paging"
DJSTRIPE = "dj-stripe 2.11"
COLUMNS = (OURS, OBVIOUS, SDK, DJSTRIPE)


@dataclass(frozen=True)
class Row:
    """One line of the table; `is_met` is None if the line has no requirement."""

    what: str
    cells: dict[str, str]
    must: str = ""
    is_met: bool | None = None


@dataclass
class Table:
    sections: dict[str, list[Row]] = field(default_factory=dict)

    def add(
        self, section: str, what: str, cells: dict[str, str], *, must: str = "", is_met: bool | None = None
    ) -> None:
        self.sections.setdefault(section, []).append(Row(what, cells, must, is_met))

    @property
    def unmet(self) -> list[str]:
        return [
            f"{section}: {row.what}" for section, rows in self.sections.items() for row in rows if row.is_met is False
        ]

    def markdown(self) -> str:
        """The table as Markdown, aligned so that it is readable on a terminal."""
        rows = [row for section in self.sections.values() for row in section]
        columns = [column for column in COLUMNS if any(column in row.cells for row in rows)]
        lines = [["", *columns, "must be", "met"]]
        for section, members in self.sections.items():
            lines.append([f"**{section}**", *[""] * (len(columns) + 2)])
            lines += [
                [row.what, *(row.cells.get(column, "") for column in columns), row.must, _met(row)] for row in members
            ]
        return "\n".join(_aligned(lines))


def _met(row: Row) -> str:
    return {True: "yes", False: "**NO**", None: ""}[row.is_met]


def _aligned(lines: list[list[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])])
    for line in lines:
        first, *others = zip(line, widths, strict=True)
        cells = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]
        yield f"| {' | '.join(cells)} |"


def number(value: float) -> str:
    """A number as 1, 12.3 or 1,234."""
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.1f}"  # noqa: PLR2004


def seconds(value: float) -> str:
    return f"{value:.0f} s" if value >= 100 else f"{value:.1f} s" if value >= 1 else f"{1000 * value:.1f} ms"  # noqa: PLR2004


def milliseconds(value: float) -> str:
    """A time given in seconds."""
    return f"{1000 * value:.2f} ms"


def mebibytes(kib: float) -> str:
    return f"{kib / 1024:.1f} MiB"


def about(text: str) -> str:
    """Mark a figure that was scaled up from a part."""
    return f"~{text}"
