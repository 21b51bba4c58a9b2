"""Sorting rows that are too many for memory: sorted runs in temporary files, merged."""

from __future__ import annotations

from heapq import merge
from itertools import groupby
from typing import TYPE_CHECKING, Any

from interchange.sdtm.chunks import chunks
from interchange.sdtm.spill import SpilledRows, spill

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from interchange.sdtm.dataset import Row

RUN = 10_000

# How many runs are merged at once: each has a batch of its rows in memory.
_MERGED = 32


def sort_unique(rows: Iterable[Row], key: Callable[[Row], Any], folder: Path) -> SpilledRows:
    """Return rows sorted by a key in a temporary file; of those with one key, only the first to come."""
    runs: list[SpilledRows] = []
    for chunk in chunks(rows, RUN):
        runs.append(spill(_first_of_each(sorted(chunk, key=key), key), folder))
        if len(runs) == _MERGED:
            runs = [_merged(runs, key, folder)]
    return runs[0] if len(runs) == 1 else _merged(runs, key, folder)


def _merged(runs: list[SpilledRows], key: Callable[[Row], Any], folder: Path) -> SpilledRows:
    return spill(_first_of_each(merge(*runs, key=key), key), folder)


def _first_of_each(rows: Iterable[Row], key: Callable[[Row], Any]) -> Iterator[Row]:
    return (next(same) for _, same in groupby(rows, key))
