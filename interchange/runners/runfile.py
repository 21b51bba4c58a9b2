"""Sorted runs of rows on disk, and their merge: how the rows of parts become one dataset in order.

A run lies in its file by column, and each row has its sort key beside it. The merge takes up some rows of every run,
and puts those in order that come before all that it has not seen.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict, deque
from itertools import accumulate, chain, count
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from interchange.sdtm.blocks import Block, Coded, block_of
from interchange.sdtm.packed import Stored, block_from, stored

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from interchange.engine.ops import Row

# Rows of a run that are read at once, of all runs that are merged at once, and of a block that comes out.
BATCH = 500
MERGED = 20_000
BLOCK = 2_000

_ENCODE = msgspec.msgpack.Encoder().encode


class First(NamedTuple):
    """Where a variable first comes in a run: the row of its piece, and its place among the cells there."""

    row: int
    place: int
    name: str


class Piece(NamedTuple):
    """Rows of a run with their keys, and the variables that come up in them."""

    keys: list[bytes]
    first: list[First]
    block: Block


_DECODE = msgspec.msgpack.Decoder(tuple[list[bytes], list[First], Stored]).decode


def write_run(path: Path, rows: Sequence[Row], keys: Iterable[bytes]) -> Path:
    """Write rows with their keys, and return the file; a row that is before an earlier one goes with that."""
    rising = list(accumulate(keys, max))
    names: dict[str, None] = {}
    with path.open("wb") as file:
        for start in range(0, len(rows), BATCH):
            own, known = rows[start : start + BATCH], len(names)
            block = block_of(own, names)
            first = [_first(own, block, name) for name in list(names)[known:]]
            data = _ENCODE((rising[start : start + BATCH], first, stored(block)))
            file.write(len(data).to_bytes(4) + data)
    return path


def _first(rows: Sequence[Row], block: Block, name: str) -> First:
    row = int(block.columns[name].codes.nonzero()[0][0])
    return First(row, list(rows[row]).index(name), name)


def read_run(path: Path) -> Iterator[Piece]:
    """Yield the pieces of a file."""
    with path.open("rb") as file:
        while size := file.read(4):
            keys, first, block = _DECODE(file.read(int.from_bytes(size)))
            yield Piece(keys, first, block_from(*block))


def keyed_rows(path: Path) -> Iterator[tuple[bytes, Row]]:
    """Yield the rows of a file, each with its key."""
    for piece in read_run(path):
        yield from zip(piece.keys, piece.block.rows(), strict=True)


def merge_runs(paths: Sequence[Path]) -> Iterator[Block]:
    """Yield the rows of sorted files in one order; variables stand in the order in which they come up."""
    if len(paths) == 1:
        yield from (piece.block for piece in read_run(paths[0]))
        return
    names: dict[str, None] = {}
    runs = [_Run(path) for path in paths]
    wanted = max(BATCH, MERGED // max(len(runs), 1))
    while runs := [run for run in runs if run.fill(wanted)]:
        bound = min((run.last for run in runs if not run.ended), default=None)
        yield from _ordered([cut for run in runs for cut in run.until(bound)], names)


class _Cut(NamedTuple):
    """Some rows of a piece."""

    piece: Piece
    start: int
    end: int


class _Run:
    """A run that is being merged: the pieces that were read and not yet taken."""

    def __init__(self, path: Path) -> None:
        self.more = read_run(path)
        self.pieces: deque[Piece] = deque()
        self.start = 0  # what of the first piece was taken
        self.count = 0
        self.ended = False

    @property
    def last(self) -> bytes:
        """The key of the last row that was read."""
        return self.pieces[-1].keys[-1]

    def fill(self, wanted: int) -> bool:
        """Read on until there are so many rows, and return whether there is any."""
        while self.count < wanted and not self.ended:
            piece = next(self.more, None)
            self.ended = piece is None
            if piece is not None:
                self.pieces.append(piece)
                self.count += piece.block.size
        return self.count > 0

    def until(self, bound: bytes | None) -> Iterator[_Cut]:
        """Take the rows up to a key, all of them without one."""
        while self.pieces:
            piece, start = self.pieces[0], self.start
            end = len(piece.keys) if bound is None else bisect_right(piece.keys, bound, start)
            if end > start:
                yield _Cut(piece, start, end)
                self.count -= end - start
            self.start = end
            if end < len(piece.keys):
                return
            self.pieces.popleft()
            self.start = 0


def _ordered(cuts: Sequence[_Cut], names: dict[str, None]) -> Iterator[Block]:
    """Yield the rows of cuts in the order of their keys; ``names`` are the variables that came up before."""
    import numpy as np

    keys = list(chain.from_iterable(piece.keys[start:end] for piece, start, end in cuts))
    order = np.array(sorted(range(len(keys)), key=keys.__getitem__), np.intp)
    _come_up(cuts, order, names)
    columns = {name: _together(cuts, name, len(keys)) for name in names}
    for start in range(0, len(keys), BLOCK):
        own = order[start : start + BLOCK]
        taken = {name: _used(texts, codes[own]) for name, (texts, codes) in columns.items()}
        yield Block(len(own), {name: column for name, column in taken.items() if len(column.texts) > 1})


def _come_up(cuts: Sequence[_Cut], order: NDArray[np.intp], names: dict[str, None]) -> None:
    """Add the variables that come up in cuts, in the order in which they do."""
    found: list[tuple[int, int, str]] = []
    at = 0
    for piece, start, end in cuts:
        found += [
            (at + row - start, place, name)
            for row, place, name in piece.first
            if start <= row < end and name not in names
        ]
        at += end - start
    if found:
        ranks = order.argsort()
        names.update(
            dict.fromkeys(name for _, _, name in sorted((ranks[row], place, name) for row, place, name in found))
        )


def _together(cuts: Sequence[_Cut], name: str, size: int) -> tuple[list[str | None], NDArray[np.uint32]]:
    """Return the cells of a variable in all cuts, one after the other."""
    import numpy as np

    codes = np.zeros(size, np.uint32)
    places: dict[str | None, int] = defaultdict(count(1).__next__, {None: 0})
    at = 0
    for piece, start, end in cuts:
        column = piece.block.columns.get(name)
        if column is not None:
            own = np.fromiter(map(places.__getitem__, column.texts), np.uint32, len(column.texts))
            codes[at : at + end - start] = own[column.codes[start:end]]
        at += end - start
    return list(places), codes


def _used(texts: Sequence[str | None], codes: NDArray[np.uint32]) -> Coded:
    """Return cells without the texts that none of them has."""
    import numpy as np

    used = np.zeros(len(texts), bool)
    used[codes] = True
    used[0] = True
    places = used.cumsum(dtype=np.uint16) - np.uint16(1)
    return Coded([texts[place] for place in used.nonzero()[0].tolist()], places[codes])
