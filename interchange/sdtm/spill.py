"""Rows in a temporary file: never all in memory, and read from the start any number of times."""

from __future__ import annotations

import os
import tempfile
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO

from interchange.issues import TargetError
from interchange.sdtm.blocks import BlockRows, block_of
from interchange.sdtm.files import unwritable
from interchange.sdtm.packed import pack, unpack

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from interchange.sdtm.blocks import Block
    from interchange.sdtm.dataset import Row

# Rows that become a block.
BATCH = 2_000


class SpilledRows(BlockRows):
    """Rows in a temporary file of a folder; each iteration begins at the first, and several may go on at once.

    >>> from pathlib import Path
    >>> rows = SpilledRows(Path(tempfile.gettempdir()))
    >>> rows.extend([{"AGE": "63"}, {}])
    >>> len(rows), list(rows)
    (2, [{'AGE': '63'}, {}])

    The file has no name and is gone with this object, or on `close`. Raises TargetError where the folder cannot
    be written to or is full.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._names: dict[str, None] = {}
        self._pending: list[Row] = []
        self._blocks: list[tuple[int, int]] = []  # place and size of each in the file
        self._end = 0
        self._count = 0
        try:
            # Each block is written and read as one: a buffer would only be in the way.
            self._file: BinaryIO = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115
        except OSError as error:
            raise TargetError(unwritable(folder, error)) from error

    @property
    def names(self) -> tuple[str, ...]:
        """The variables that the rows have, in the order in which they come up."""
        self._flush()
        return tuple(self._names)

    def append(self, row: Row) -> None:
        """Add a row at the end."""
        self._pending.append(row)
        self._count += 1
        if len(self._pending) >= BATCH:
            self._flush()

    def extend(self, rows: Iterable[Row]) -> None:
        """Add rows at the end, in their order."""
        more = iter(rows)
        while batch := list(islice(more, BATCH - len(self._pending))):
            self._pending += batch
            self._count += len(batch)
            if len(self._pending) >= BATCH:
                self._flush()

    def add(self, block: Block) -> None:
        """Add the rows of a block at the end."""
        self._flush()
        self._names |= dict.fromkeys(block.columns)
        self._count += block.size
        self._write(block)

    def close(self) -> None:
        """Delete the file; the rows are gone."""
        self._file.close()

    def blocks(self) -> Iterator[Block]:
        """Yield the rows in blocks."""
        self._flush()
        for place, size in self._blocks:
            yield unpack(self._read(place, size))

    def __len__(self) -> int:
        return self._count

    def __repr__(self) -> str:
        return f"<{self._count} rows in a temporary file>"

    def _flush(self) -> None:
        if self._pending:
            self._write(block_of(self._pending, self._names))
            self._pending = []

    def _write(self, block: Block) -> None:
        data = pack(block)
        try:
            self._file.seek(self._end)
            left = memoryview(data)
            while left:
                left = left[self._file.write(left) :]
        except OSError as error:
            raise TargetError(unwritable(self.folder, error)) from error
        self._blocks.append((self._end, len(data)))
        self._end += len(data)

    def _read(self, place: int, size: int) -> bytes:
        # Threads and forked processes share the place of an open file; pread leaves it alone.
        if hasattr(os, "pread"):
            return os.pread(self._file.fileno(), size, place)
        self._file.seek(place)
        return self._file.read(size)


def spill(rows: Iterable[Row], folder: Path) -> SpilledRows:
    """Return rows in a temporary file of a folder; raises TargetError as `SpilledRows` does."""
    spilled = SpilledRows(folder)
    spilled.extend(rows)
    return spilled
