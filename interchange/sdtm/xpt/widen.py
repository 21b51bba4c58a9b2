"""The records of an XPORT file, written before their widths are known, then made all of one width."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from interchange.sdtm import chunks
from interchange.sdtm.blocks import Coded
from interchange.sdtm.xpt.layout import LINE

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from interchange.sdtm.blocks import Block
    from interchange.sdtm.xpt.columns import Column


class Records:
    """Rows as fixed-length records in a file, from a place on.

    The widths of columns only grow. So records that were written before one grew can be moved and widened
    within the file, from the last to the first, and none is written over before it is read.
    """

    def __init__(self, file: BinaryIO, start: int, columns: Sequence[Column]) -> None:
        self.file = file
        self.start = start
        self.columns = columns
        self.runs: list[tuple[tuple[int, ...], int]] = []  # widths, and how many records have them
        self.ends_blank = False
        file.seek(start)

    @property
    def width(self) -> int:
        """The bytes of a record, by the widths known now."""
        return sum(column.width for column in self.columns)

    def add(self, block: Block, first: int) -> None:
        """Write some rows, the first of which has the number ``first``."""
        import numpy as np

        blank = Coded([None], np.zeros(block.size, np.uint16))
        octets = [column.octets(block.columns.get(column.name, blank), first) for column in self.columns]
        records = np.empty((block.size, self.width), np.uint8)
        place = 0
        for column, own in zip(self.columns, octets, strict=True):
            np.ndarray(block.size, own.dtype, records.data, place, self.width)[...] = own
            place += column.width
        self.file.write(records.data)
        self.ends_blank = bool((records[-1] == 0x20).all())
        widths, count = tuple(column.width for column in self.columns), block.size
        if self.runs and self.runs[-1][0] == widths:
            count += self.runs.pop()[1]
        self.runs.append((widths, count))

    def widen(self) -> None:
        """Give all records the widths known now, and fill the last line with blanks."""
        size = sum(sum(widths) * count for widths, count in self.runs)
        old = self.start + size
        new = end = self.start + self.width * sum(count for _, count in self.runs)
        if old != new:
            for widths, count in reversed(self.runs):
                for piece in _pieces(count):
                    old -= piece * sum(widths)
                    new -= piece * self.width
                    self.file.seek(old)
                    records = self.widened(self.file.read(piece * sum(widths)), widths)
                    self.file.seek(new)
                    self.file.write(records.tobytes())
        self.file.seek(end)
        self.file.write(b" " * (-end % LINE))

    def widened(self, data: bytes, widths: Sequence[int]) -> NDArray[np.uint8]:
        """Return records of given widths with those known now."""
        import numpy as np

        narrow = np.frombuffer(data, np.uint8).reshape(-1, sum(widths))
        filled = b"".join(column.fill * column.width for column in self.columns)
        wide = np.tile(np.frombuffer(filled, np.uint8), (len(narrow), 1))
        taken = placed = 0
        for column, width in zip(self.columns, widths, strict=True):
            wide[:, placed : placed + width] = narrow[:, taken : taken + width]
            taken += width
            placed += column.width
        return wide


def _pieces(count: int) -> list[int]:
    """Return how many records are moved at once."""
    whole, rest = divmod(count, chunks.CHUNK)
    return [chunks.CHUNK] * whole + ([rest] if rest else [])
