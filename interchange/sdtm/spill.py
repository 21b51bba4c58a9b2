"""Rows in a temporary file: never all in memory, and read from the start any number of times."""

from __future__ import annotations

import os
import tempfile
import zlib
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from interchange.issues import TargetError
from interchange.sdtm.dataset import Row, same_rows
from interchange.sdtm.files import unwritable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

# Rows that are encoded and compressed together.
BATCH = 500

# The quickest: it makes rows a tenth of their size, for a quarter of the time that reading them takes.
_LEVEL = 1


class SpilledRows:
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
        self._encode = msgspec.msgpack.Encoder().encode
        self._pending: list[Row] = []
        self._batches: list[tuple[int, int]] = []  # place and size of each in the file
        self._end = 0
        self._count = 0
        try:
            # Each batch is written and read as one: a buffer would only be in the way.
            self._file: BinaryIO = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115
        except OSError as error:
            raise TargetError(unwritable(folder, error)) from error

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

    def close(self) -> None:
        """Delete the file; the rows are gone."""
        self._file.close()

    def __iter__(self) -> Iterator[Row]:
        self._flush()
        decode = msgspec.msgpack.Decoder(list[Row]).decode
        for place, size in self._batches:
            yield from decode(zlib.decompress(self._read(place, size)))

    def __len__(self) -> int:
        return self._count

    def __eq__(self, other: object) -> bool:
        return same_rows(self, other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{self._count} rows in a temporary file>"

    def _flush(self) -> None:
        if not self._pending:
            return
        data = zlib.compress(self._encode(self._pending), _LEVEL)
        try:
            self._file.seek(self._end)
            left = memoryview(data)
            while left:
                left = left[self._file.write(left) :]
        except OSError as error:
            raise TargetError(unwritable(self.folder, error)) from error
        self._batches.append((self._end, len(data)))
        self._end += len(data)
        self._pending = []

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
