"""The remainder of a source in parts: each part goes back by itself, and the lines of all lie on disk in one order.

It is what one conversion in memory gives, byte for byte. Where subjects of several parts have a say in one resource, so
that no part alone can tell what the rows of all make of it, the remainder is kept in memory instead.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec

from interchange.engine.remainder.build import keep_remainder
from interchange.engine.remainder.model import Extra, Original, Remainder
from interchange.engine.shelf import ResourceShelf
from interchange.fhir.read import Repeats
from interchange.issues import Issues
from interchange.runners.assemble import to_datasets
from interchange.runners.partition import Placed, read_part
from interchange.runners.remainder import beyond_memory, settled_datasets
from interchange.sdtm.dataset import Dataset

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from interchange.engine.forward import Found
    from interchange.engine.remainder.build import Kept
    from interchange.runners.engines import Engines
    from interchange.runners.parts import PartConverter

Back = Callable[[Sequence[Dataset]], "Engines"]
Line = TypeVar("Line", bound=msgspec.Struct)
_ENCODE = msgspec.json.Encoder(decimal_format="number").encode
_DECODE = msgspec.json.Decoder(float_hook=Decimal).decode


class _Mixed(Exception):  # noqa: N818 - no error: the remainder is kept the other way
    """No part alone can tell what rows make of a resource."""


def keep_in_parts(
    own: PartConverter,
    shared: Sequence[Placed],
    paths: Sequence[Path],
    datasets: Sequence[Dataset],
    back: Back,
    issues: Issues,
) -> Remainder:
    """Return the remainder of parts, and of what they share.

    ``own`` has converted what is shared, ``datasets`` are those of all, ``back`` gives the engines that take them back.
    """
    try:
        return _Parts(own, _new(shared), datasets, back(datasets)).keep(paths)
    except _Mixed:
        issues.add(beyond_memory())
    from interchange.runners.local import resources_to_datasets

    placed = sorted((*_new(shared), *(one for path in paths for one in _new(read_part(path)))), key=_position)
    made = resources_to_datasets(own.engines, [one.record for one in placed], Issues(), ledger=False, back=back)
    assert made.remainder is not None  # noqa: S101 - it was asked for
    return made.remainder


def _position(one: Placed) -> int:
    return one.position


def _new(placed: Iterable[Placed]) -> list[Placed]:
    """Records in their order, repeats left out."""
    repeats = Repeats()
    return [one for one in sorted(placed, key=_position) if repeats.judge(one.record.resource) == "new"]


@dataclass(slots=True)
class _Parts:
    """Parts on their way back; ``lines`` are those of what all share, with their leaves and those held, by position."""

    own: PartConverter
    shared: list[Placed]
    datasets: Sequence[Dataset]
    engines: Engines
    lines: dict[int, tuple[Original, int, int]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    digests: dict[str, str | None] = field(default_factory=dict)
    originals: list[Path] = field(default_factory=list)
    extras: list[Path] = field(default_factory=list)

    def keep(self, paths: Sequence[Path]) -> Remainder:
        """Return the remainder of all; _Mixed where it cannot be told part by part."""
        remainder = Remainder(self.engines.plan.release, names=self.names)
        for path in paths:
            self._take(self._part(_new(read_part(path))), path, remainder)
        if not paths:
            self._take(self._kept([], self.own.shelf, self.own.found), self.own.folder / "shared", remainder)
        if any(line.made in self.digests for line, _, _ in self.lines.values()):
            raise _Mixed
        for original, leaves, held in self.lines.values():
            remainder.count(original, leaves, held)
        shared = self.own.folder / "shared.originals"
        self.originals.append(_write(shared, [(at, line) for at, (line, _, _) in sorted(self.lines.items())]))
        remainder.originals = LinesOnDisk(self.originals, Original)
        remainder.extras = LinesOnDisk(self.extras, Extra)
        return remainder

    def _part(self, placed: list[Placed]) -> Kept:
        """What is kept of the records of a part, after those that all share."""
        forward = self.own.engines.forward
        shelf = ResourceShelf(self.own.engines.plan, forward.read, behind=self.own.shelf)
        for one in placed:
            shelf.add(one.record.resource, one.record.full_url)
        found = forward.every(shelf, self.own.rows)
        both = {domain: [*self.own.found.get(domain, ()), *own] for domain, own in found.items()}
        return self._kept(placed, shelf, both)

    def _kept(self, placed: list[Placed], shelf: ResourceShelf, found: Mapping[str, Sequence[Found]]) -> Kept:
        from interchange.runners.local import datasets_to_resources

        plan = self.own.engines.plan
        rows = {
            dataset.name: dataset.rows
            for domain, own in found.items()
            for dataset in to_datasets(plan, plan.mappings[domain].mapping, [f.row for f in own], self.own.declared)
        }
        datasets = settled_datasets([replace(dataset, rows=rows.get(dataset.name, [])) for dataset in self.datasets])
        made = datasets_to_resources(self.engines, datasets, Issues())
        every = [*self.shared, *placed]
        records = [one.record for one in every]
        positions = [one.position for one in every]
        return keep_remainder(plan, shelf, records, found, made.written, made.resources, positions)

    def _take(self, kept: Kept, path: Path, remainder: Remainder) -> None:
        """Put the lines of a part on disk, and those of what is shared to those of other parts."""
        if not kept.natural:
            raise _Mixed
        count = len(self.shared)
        lines = list(zip(kept.originals, kept.sizes, strict=True))
        for one, (original, size) in zip(self.shared, lines, strict=False):
            known = self.lines.get(one.position)
            if known is None or known[0].made is None:
                self.lines[one.position] = (original, *size)
            elif original.made is not None and (original.made, original.digest) != (known[0].made, known[0].digest):
                raise _Mixed
        for original, size in lines[count:]:
            remainder.count(original, *size)
        for name, text in kept.names.items():
            if self.names.setdefault(name, text) != text:
                raise _Mixed
        for extra in kept.extras:
            if self.digests.setdefault(extra.made, extra.digest) != extra.digest:
                raise _Mixed
        own = [(at, original) for at, (original, _) in zip(self._positions(path), lines[count:], strict=True)]
        self.originals.append(_write(path.with_suffix(".originals"), own))
        self.extras.append(_write(path.with_suffix(".extras"), [(extra.made, extra) for extra in kept.extras]))

    def _positions(self, path: Path) -> Iterator[int]:
        """The places of a part's own records."""
        return (one.position for one in _new(read_part(path))) if path.suffix else iter(())


def _write(path: Path, lines: Iterable[tuple[object, Original | Extra]]) -> Path:
    path.write_bytes(b"".join(_ENCODE(line) + b"\n" for line in lines))
    return path


class LinesOnDisk(Generic[Line]):
    """Lines in sorted files, each with what it is sorted by, as one collection; of lines alike the first counts."""

    def __init__(self, paths: Sequence[Path], kind: type[Line]) -> None:
        self.paths = paths
        self.kind = kind
        self.count = sum(1 for _ in self)

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Line]:
        last: object = None
        for key, line in heapq.merge(*map(_read, self.paths), key=lambda each: each[0]):
            if key != last:
                yield msgspec.convert(line, self.kind)
            last = key


def _read(path: Path) -> Iterator[tuple[Any, dict[str, Any]]]:
    with path.open("rb") as file:
        for line in file:
            key, value = _DECODE(line)
            yield key, value
