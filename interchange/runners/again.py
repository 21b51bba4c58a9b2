"""A conversion to SDTM run again, for traces of its cells: in memory, or in parts for a source that is too large."""

from __future__ import annotations

import heapq
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from interchange.engine.declared import read_declared
from interchange.engine.shelf import ResourceShelf
from interchange.engine.trace import SUPP, Tracer, is_parent
from interchange.fhir.read import Repeats
from interchange.runners.assemble import to_datasets
from interchange.runners.partition import read_part
from interchange.runners.runfile import keyed_rows
from interchange.runners.stream import Job, Stream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from interchange.engine.declared import Declared
    from interchange.engine.forward import Found
    from interchange.engine.ops import Row
    from interchange.engine.traced import CellTrace, Trace
    from interchange.fhir.elements import Release
    from interchange.fhir.read import Record
    from interchange.mapping.model import Project
    from interchange.runners.engines import Engines
    from interchange.sdtm.dataset import Dataset, Rows

    PathOf = Callable[[str], str]


def tracer_of(engines: Engines, records: Sequence[Record], path_of: PathOf = str) -> Tracer:
    """Return what traces the cells of the datasets of resources; ``path_of`` gives the path of a record's file."""
    shelf = ResourceShelf(engines.plan, engines.forward.read)
    for record in records:
        shelf.add(record.resource, record.full_url)
    return _tracer(engines, shelf, engines.forward.every(shelf), records, path_of)


def _tracer(
    engines: Engines,
    shelf: ResourceShelf,
    found: Mapping[str, list[Found]],
    records: Iterable[Record],
    path_of: PathOf,
) -> Tracer:
    rows = {domain: [f.row for f in own] for domain, own in found.items()}
    datasets = _datasets(engines, rows, read_declared(list(shelf.of("Library"))))
    return Tracer(engines.forward, shelf, found, datasets, records, path_of)


def _datasets(engines: Engines, rows: Mapping[str, Rows], declared: Declared) -> list[Dataset]:
    mappings = engines.plan.mappings
    made = (to_datasets(engines.plan, mappings[domain].mapping, own, declared) for domain, own in rows.items())
    return [dataset for each in made for dataset in each]


class PartedTracer:
    """Traces of the cells of a source in parts: one conversion finds each row's part, and that one is converted again.

    ``datasets`` are those of the whole source, their rows on disk.
    """

    def __init__(self, stream: Stream, project: Project, release: Release, path_of: PathOf = str) -> None:
        from interchange.sdtm.spill import SpilledRows

        self.work = stream.work  # the files go with it
        self.path_of = path_of
        self.paths = stream.partition.close()
        self.shared = [placed.record for placed in stream.partition.shared]
        job = Job(stream.adapted(project), release, "compiled", stream.work.path, stream.partition.shared, ledger=False)
        self.own = job.converter()
        self.engines = self.own.engines
        self.parts = [self.own.first, *map(self.own.convert, self.paths)]
        rows: dict[str, Rows] = {}
        for domain in self.engines.plan.mappings:
            spilled = SpilledRows(stream.work.path)
            spilled.extend(row for _, _, row in self._rows(domain))
            rows[domain] = spilled
        self.datasets: Mapping[str, Dataset] = {d.name: d for d in _datasets(self.engines, rows, self.own.declared)}
        self._tracers: dict[int, Tracer] = {}

    def trace(self, dataset: str, row: int, variable: str = "") -> Trace:
        """Return the trace of a row, counted from 1, or of one cell of it; SourceError where there is none such."""
        name = dataset.upper()
        known = name in self.datasets and 1 <= row <= len(self.datasets[name].rows)
        if not known:  # the tracer has the words for that
            return Tracer(self.engines.forward, self.own.shelf, {}, self.datasets.values(), ()).trace(dataset, row)
        wanted = next(islice(self.datasets[name].rows, row - 1, None))
        domain = name if name in self.engines.plan.mappings else name.removeprefix(SUPP)
        part, local = self._place(domain, row) if domain == name else self._parent(domain, wanted)
        tracer = self._tracer(part)
        if domain != name:
            local = next((i for i, own in enumerate(tracer.datasets[name].rows) if own == wanted), 0)
        traced = tracer.trace(name, local + 1, variable)
        named = {each.dataset for cell in traced.cells for each in _all(cell)}
        numbers = {own: self._numbers(own, part) for own in named if own in tracer.found}
        cells = tuple(replace(_numbered(cell, numbers), row=row) for cell in traced.cells)
        return replace(traced, row=row, cells=cells)

    def _rows(self, domain: str) -> Iterator[tuple[int, int, Row]]:
        """The rows of a domain in order, each with its part and its place there."""

        def entries(part: int) -> Iterator[tuple[bytes, int, int, Row]]:
            for number, (key, row) in enumerate(keyed_rows(self.parts[part].runs[domain])):
                yield key, part, number, row

        runs = [entries(part) for part, made in enumerate(self.parts) if domain in made.runs]
        merged = runs[0] if len(runs) == 1 else heapq.merge(*runs, key=lambda entry: entry[0])
        yield from ((part, number, row) for _, part, number, row in merged)

    def _place(self, domain: str, row: int) -> tuple[int, int]:
        part, number, _ = next(islice(self._rows(domain), row - 1, None))
        return part, self._offset(domain, part) + number

    def _parent(self, domain: str, wanted: Row) -> tuple[int, int]:
        """The part of the row that a qualifier is of; the shared one, where it is of none."""
        return next(((part, 0) for part, _, row in self._rows(domain) if is_parent(row, wanted)), (0, 0))

    def _offset(self, domain: str, part: int) -> int:
        """How many shared rows stand before those of a part."""
        return len(self.own.found.get(domain, ())) if part else 0

    def _numbers(self, domain: str, part: int) -> dict[int, int]:
        """The numbers in the whole dataset of the rows of a part, and of the shared ones before them; from 1."""
        places = enumerate(self._rows(domain), start=1)
        return {self._offset(domain, own) + at + 1: number for number, (own, at, _) in places if own in (0, part)}

    def _tracer(self, part: int) -> Tracer:
        if part not in self._tracers:
            self._tracers = {part: self._made(part)}
        return self._tracers[part]

    def _made(self, part: int) -> Tracer:
        """The tracer of one part, converted once more, with what all parts share."""
        forward = self.engines.forward
        if not part:
            return _tracer(self.engines, self.own.shelf, self.own.found, self.shared, self.path_of)
        shelf = ResourceShelf(self.engines.plan, forward.read, behind=self.own.shelf)
        repeats = Repeats()
        placed = sorted(read_part(self.paths[part - 1]), key=lambda one: one.position)
        records = [one.record for one in placed if repeats.judge(one.record.resource) == "new"]
        for record in records:
            shelf.add(record.resource, record.full_url)
        found = forward.every(shelf, self.own.rows)
        both = {domain: [*self.own.found.get(domain, ()), *own] for domain, own in found.items()}
        return _tracer(self.engines, shelf, both, [*self.shared, *records], self.path_of)


def _all(cell: CellTrace) -> Iterator[CellTrace]:
    yield cell
    for used in cell.uses:
        yield from _all(used)


def _numbered(cell: CellTrace, numbers: Mapping[str, Mapping[int, int]]) -> CellTrace:
    """A trace with the row numbers of whole datasets."""
    row = numbers.get(cell.dataset, {}).get(cell.row, cell.row)
    return replace(cell, row=row, uses=tuple(_numbered(used, numbers) for used in cell.uses))
