"""How tables look: a title, plain columns, numbers to the right with thousands apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """Return a table; a column of numbers in the first row is set to the right."""
    cells = list(rows)
    made = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for i, column in enumerate(columns):
        numeric = bool(cells) and isinstance(cells[0][i], (int, float))
        made.add_column(column, justify="right" if numeric else "left", overflow="fold", no_wrap=numeric)
    for row in cells:
        made.add_row(*(cell(item) for item in row))
    return made


def cell(item: object) -> str:
    """Return what stands in a cell.

    >>> cell(12345), cell(0.98765), cell("DM")
    ('12,345', '98.8 %', 'DM')
    """
    if isinstance(item, int):
        return f"{item:,}"
    return f"{item:.1%}".replace("%", " %") if isinstance(item, float) else str(item)


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun.

    >>> counted(1, "dataset"), counted(2000, "dataset"), counted(2, "leaf", "leaves")
    ('1 dataset', '2,000 datasets', '2 leaves')
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
