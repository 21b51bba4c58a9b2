"""Readers of what looks alike: a row source is read by a function for any keys, or by one for those that are there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from interchange.engine.ops import Json, Row

    Reader = Callable[..., Row]

OFTEN = 100  # rows with the same keys that a reader of their own is worth
MOST = 100  # readers of one row source
COUNTED = 10_000  # sets of keys that are counted at a time


class ShapedReader:
    """Reads a row source: by a reader for the keys that the levels of a row have, where those came ``often``.

    ``any_keys`` reads any row; ``made`` makes the reader for the keys of each level.
    """

    def __init__(self, any_keys: Reader, made: Callable[[tuple[tuple[str, ...], ...]], Reader], often: int) -> None:
        self.any_keys = any_keys
        self.made = made
        self.often = often
        self._readers: dict[tuple[tuple[str, ...], ...], Reader] = {}
        self._counts: dict[tuple[tuple[str, ...], ...], int] = {}

    def __call__(self, levels: Sequence[Json], shelf: Any) -> Row:
        """Return the cells that are read from the levels of one row."""
        shape = tuple([tuple(node) if isinstance(node, dict) else () for node in levels])
        reader = self._readers.get(shape) or self._met(shape)
        return reader(levels, shelf)

    def _met(self, shape: tuple[tuple[str, ...], ...]) -> Reader:
        """The reader for keys that none was made for so far."""
        count = self._counts[shape] = self._counts.get(shape, 0) + 1
        if count < self.often or len(self._readers) >= MOST:
            if len(self._counts) > COUNTED:
                self._counts.clear()
            return self.any_keys
        reader = self._readers[shape] = self.made(shape)
        return reader
