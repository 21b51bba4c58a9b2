"""IDVARVAL as SAS writes numbers into text: right-aligned, ``"       2"`` (SDTMIG 8.2, 8.4).

The blanks in front say nothing of a record, so that rows go on without them, and the width is kept beside.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from interchange.sdtm.dataset import Row, Rows

VALUE, NAME = "IDVARVAL", "IDVAR"


def widths_of(rows: Iterable[Row]) -> dict[str, int]:
    """Return the width of right-aligned values by IDVAR, of those of which every value is aligned to one width.

    >>> widths_of([{"IDVAR": "AESEQ", "IDVARVAL": "   2"}, {"IDVAR": "CMSEQ", "IDVARVAL": "2"}])
    {'AESEQ': 4}
    """
    found: dict[str, list[str]] = {}
    for row in rows:
        if VALUE in row:
            found.setdefault(row.get(NAME, ""), []).append(row[VALUE])
    widths = {name: max(map(len, texts)) for name, texts in found.items() if any(t.startswith(" ") for t in texts)}
    return {name: width for name, width in widths.items() if all(_is_aligned(text, width) for text in found[name])}


def _is_aligned(text: str, width: int) -> bool:
    plain = text.strip(" ")
    return bool(plain) and plain.rjust(width) == text


def unpadded(rows: Iterable[Row], widths: Mapping[str, int]) -> list[Row]:
    """Return rows without the blanks in front of values that have a width."""
    return [
        row | {VALUE: row[VALUE].lstrip(" ")} if VALUE in row and row.get(NAME, "") in widths else row for row in rows
    ]


def padded(rows: Rows, widths: Mapping[str, int]) -> Rows:
    """Return rows with the blanks again; rows that are a list give a list, any others are not held in memory.

    >>> padded([{"IDVAR": "AESEQ", "IDVARVAL": "2"}, {}], {"AESEQ": 4})
    [{'IDVAR': 'AESEQ', 'IDVARVAL': '   2'}, {}]
    """
    if not widths:
        return rows
    found = _Padded(rows, widths)
    return list(found) if isinstance(rows, list) else found


class _Padded:
    """Rows that get their blanks as they are gone through."""

    def __init__(self, rows: Rows, widths: Mapping[str, int]) -> None:
        self.rows = rows
        self.widths = widths

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Row]:
        for row in self.rows:
            width = self.widths.get(row.get(NAME, ""), 0)
            yield row | {VALUE: row[VALUE].rjust(width)} if width and VALUE in row else row
