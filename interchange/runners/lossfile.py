"""Losses of parts in files, and all of them as one sorted collection: a line a resource."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

import msgspec

from interchange.engine.losses import NAME, ByResource, Group, counted, in_order

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_ENCODE = msgspec.json.Encoder().encode
_DECODE = msgspec.json.Decoder(Group).decode


class LossFile(msgspec.Struct, frozen=True):
    """The losses of a part in a file, and how many there are by resource type and reason."""

    path: Path
    counts: dict[tuple[str, str], int]


def write_losses(path: Path, groups: Sequence[Group]) -> LossFile:
    """Write losses, which are in order, and return the file."""
    path.write_bytes(b"".join(_ENCODE(group) + b"\n" for group in groups))
    return LossFile(path, dict(counted(groups)))


class LossesOnDisk(ByResource):
    """Losses in sorted files and some in memory, as one sorted collection."""

    def __init__(self, files: Sequence[LossFile], own: Sequence[Group]) -> None:
        self.files = files
        self.own = sorted(own)
        self._counts = counted(own)
        for file in files:
            self._counts.update(file.counts)

    def groups(self) -> Iterator[Group]:
        """Yield the losses of each resource, in order."""
        every = heapq.merge(self.own, *(_read(file.path) for file in self.files), key=NAME)
        return in_order(every)

    def __len__(self) -> int:
        return self._counts.total()

    def counts(self) -> Counter[tuple[str, str]]:
        """How many leaves are lost by resource type and reason."""
        return self._counts


def _read(path: Path) -> Iterator[Group]:
    with path.open("rb") as file:
        for line in file:
            yield _DECODE(line)
