"""Rows by column: the distinct texts of each variable, and which of them each row has.

A variable has few texts that come again and again. So what a writer makes of a text it makes once a block, and what is
done row by row is done with small numbers, by numpy.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import chain, count
from typing import TYPE_CHECKING, NamedTuple, cast, overload

from interchange.sdtm.chunks import cells, chunks
from interchange.sdtm.dataset import same_rows

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from interchange.sdtm.dataset import Row, Rows

# A block has at most so many rows: the number of a text takes two bytes.
MOST = 65_000


class Coded(NamedTuple):
    """The cells of a variable: its distinct texts, the first of them None for blank, and the place of each row's."""

    texts: list[str | None]
    codes: NDArray[np.uint16]

    def cells(self) -> list[str | None]:
        """Return the text of each row, None for blank."""
        return list(map(self.texts.__getitem__, self.codes.tolist()))


class Block(NamedTuple):
    """Some rows, by variable; a variable that is blank in all of them is not there."""

    size: int
    columns: dict[str, Coded]

    def rows(self) -> list[Row]:
        """Return the rows.

        >>> block_of([{"AGE": "63"}, {}, {"AGE": "63", "SEX": "F"}], {}).rows()
        [{'AGE': '63'}, {}, {'AGE': '63', 'SEX': 'F'}]
        """
        if not self.columns:
            return [{} for _ in range(self.size)]
        names = tuple(self.columns)
        every = zip(*(column.cells() for column in self.columns.values()), strict=True)
        rows = [cast("Row", dict(zip(names, own, strict=True))) for own in every]
        for name, column in self.columns.items():
            for blank in (column.codes == 0).nonzero()[0].tolist():
                del rows[blank][name]
        return rows

    def first(self, name: str) -> str:
        """Return the text of a variable in the first row, "" for blank."""
        column = self.columns.get(name)
        return "" if column is None else column.texts[column.codes[0]] or ""

    def without(self, names: Collection[str]) -> Block:
        """Return the rows without some variables."""
        return Block(self.size, {name: column for name, column in self.columns.items() if name not in names})


class BlockRows:
    """Rows that are kept in blocks, and become rows anew each time they are gone through."""

    def blocks(self) -> Iterator[Block]:
        """Yield the rows in blocks."""
        raise NotImplementedError

    def __iter__(self) -> Iterator[Row]:
        for block in self.blocks():
            yield from block.rows()

    def __len__(self) -> int:
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        return same_rows(self, other)

    __hash__ = None  # type: ignore[assignment]


class HeldRows(BlockRows):
    """Rows in memory that stay in blocks until one is asked for; from then on they are a list, and may be changed.

    >>> rows = HeldRows([block_of([{"AGE": "63"}, {}], {})])
    >>> len(rows), rows[0], rows[1:]
    (2, {'AGE': '63'}, [{}])
    """

    def __init__(self, held: Sequence[Block]) -> None:
        self._held = held
        self._rows: list[Row] | None = None
        self._count = sum(block.size for block in held)

    def listed(self) -> list[Row]:
        """Return the rows as the list that they are from now on."""
        if self._rows is None:
            self._rows = [row for block in self._held for row in block.rows()]
            self._held = ()
        return self._rows

    def blocks(self) -> Iterator[Block]:
        """Yield the rows in blocks."""
        return iter(self._held) if self._rows is None else blocks(self._rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.listed())

    @overload
    def __getitem__(self, at: int) -> Row: ...

    @overload
    def __getitem__(self, at: slice) -> list[Row]: ...

    def __getitem__(self, at: int | slice) -> Row | list[Row]:
        return self.listed()[at]

    def __len__(self) -> int:
        return self._count

    def __repr__(self) -> str:
        return f"<{self._count} rows in memory>"


def blocks(rows: Rows, names: Iterable[str] = ()) -> Iterator[Block]:
    """Yield any rows in blocks; to know beforehand which variables they have makes it quicker."""
    if isinstance(rows, BlockRows):
        yield from rows.blocks()
        return
    known = dict.fromkeys(names)
    for chunk in chunks(rows):
        yield block_of(chunk, known)


def block_of(rows: Sequence[Row], names: dict[str, None]) -> Block:
    """Return rows as a block; ``names`` are variables that they may have, and takes up those that they have beside.

    There are at most `MOST` rows.
    """
    columns = {name: coded(cells(rows, name), len(rows)) for name in names}
    met = sum(int((column.codes != 0).sum()) for column in columns.values())
    if met < sum(map(len, rows)):
        names.update(dict.fromkeys(chain.from_iterable(rows)))
        columns |= {name: coded(cells(rows, name), len(rows)) for name in names if name not in columns}
    return Block(len(rows), {name: column for name, column in columns.items() if len(column.texts) > 1})


def coded(texts: Iterable[str | None], size: int) -> Coded:
    """Return so many cells of a variable, each its text or None."""
    import numpy as np

    places: dict[str | None, int] = defaultdict(count(1).__next__, {None: 0})
    codes = np.fromiter(map(places.__getitem__, texts), np.uint16, size)
    return Coded(list(places), codes)


def with_any(rows: Rows, names: Collection[str]) -> Iterator[Row]:
    """Yield the rows that have one of some variables; rows in blocks that have none are not made at all.

    >>> list(with_any([{"AGE": "63"}, {"SEX": "F"}], {"SEX"}))
    [{'SEX': 'F'}]
    """
    if not isinstance(rows, BlockRows):
        yield from (row for row in rows if not row.keys().isdisjoint(names))
        return
    for block in rows.blocks():
        if not block.columns.keys().isdisjoint(names):
            yield from (row for row in block.rows() if not row.keys().isdisjoint(names))


def counted(rows: Rows, names: Iterable[str]) -> dict[str, Counter[str]]:
    """Return how often each text of some variables comes.

    >>> counted([{"SEX": "F"}, {}, {"SEX": "F"}], ["SEX"])
    {'SEX': Counter({'F': 2})}
    """
    found: dict[str, Counter[str | None]] = {name: Counter() for name in names}
    if isinstance(rows, BlockRows):
        for block in rows.blocks():
            for name in found.keys() & block.columns.keys():
                found[name].update(_counts(block.columns[name]))
    else:
        for chunk in chunks(rows):
            for name, counts in found.items():
                counts.update(cells(chunk, name))
    return {name: Counter({t: n for t, n in counts.items() if t is not None}) for name, counts in found.items()}


def _counts(column: Coded) -> dict[str | None, int]:
    import numpy as np

    return dict(zip(column.texts, np.bincount(column.codes, minlength=len(column.texts)).tolist(), strict=True))
