"""Sorted runs of rows on disk, and their merge: how the rows of parts become one dataset in order."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Any

import msgspec

from interchange.engine.forward import sort_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from interchange.engine.ops import Row

BATCH = 500
_ENCODE = msgspec.msgpack.Encoder().encode


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """A row with its place among rows alike: the order that was kept, its row source, its record, itself.

    ``stored`` are those of the order variables with a ``?`` that the row has from its source.
    """

    order: int | None
    source: int
    position: int
    number: int
    row: dict[str, str]
    stored: tuple[str, ...] = ()

    def key(self, variables: Sequence[str]) -> tuple[Any, ...]:
        """What entries are sorted by: a kept order, then the mapping's order variables, then document order."""
        own = sort_key(self.row, variables, self.stored)
        return (self.order is None, self.order or 0, own, self.source, self.position, self.number)


_DECODE = msgspec.msgpack.Decoder(list[Entry]).decode


def write_run(path: Path, entries: Sequence[Entry]) -> Path:
    """Write entries, which are in order, and return the file."""
    with path.open("wb") as file:
        for start in range(0, len(entries), BATCH):
            data = _ENCODE(list(entries[start : start + BATCH]))
            file.write(len(data).to_bytes(4) + data)
    return path


def read_run(path: Path) -> Iterator[Entry]:
    """Yield the entries of a file."""
    with path.open("rb") as file:
        while size := file.read(4):
            yield from _DECODE(file.read(int.from_bytes(size)))


def merge_runs(paths: Iterable[Path], variables: Sequence[str]) -> Iterator[Row]:
    """Yield the rows of sorted files in one order."""
    runs = [read_run(path) for path in paths]
    if len(runs) == 1:
        yield from (entry.row for entry in runs[0])
        return
    for entry in heapq.merge(*runs, key=lambda entry: entry.key(variables)):
        yield entry.row
