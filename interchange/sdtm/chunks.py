"""Going through rows a chunk at a time: a writer never holds more of them than that."""

from __future__ import annotations

from itertools import islice, repeat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from interchange.sdtm.dataset import Row

# Small enough that a chunk's rows stay in the processor's cache, which makes them quicker to write.
CHUNK = 2_000

# How many texts of a variable are remembered, for those that come again.
REMEMBERED = 10_000


def chunks(rows: Iterable[Row], size: int = 0) -> Iterator[list[Row]]:
    """Yield rows in lists of ``size``, by default `CHUNK`, the last one shorter.

    >>> [len(chunk) for chunk in chunks([{}, {}, {}], 2)]
    [2, 1]
    """
    iterator = iter(rows)
    while chunk := list(islice(iterator, size or CHUNK)):
        yield chunk


def cells(rows: Iterable[Row], name: str) -> Iterator[str | None]:
    """Return the cells of a variable, None for blank.

    >>> list(cells([{"AGE": "63"}, {}], "AGE"))
    ['63', None]
    """
    return map(dict.get, rows, repeat(name))


class Fresh:
    """Tells which texts were not there before, as far as it remembers.

    >>> fresh = Fresh()
    >>> sorted(fresh.of(["a", None, "b", "a"])), sorted(fresh.of(["b", "c"]))
    (['a', 'b'], ['c'])
    """

    def __init__(self) -> None:
        self.seen: set[str | None] = {None}

    def of(self, texts: Iterable[str | None]) -> set[str]:
        """Return the texts that are new."""
        new = {text for text in set(texts) - self.seen if text is not None}
        if len(self.seen) > REMEMBERED:
            self.seen = {None}
        self.seen |= new
        return new
