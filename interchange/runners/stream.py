"""Sources of any size: parted by subject, converted part by part on all cores, merged on disk.

Memory holds what is shared (studies, organizations, plans) and one part a process, whatever the size of the source.
The datasets come out as from one conversion in memory, and do not depend on the number of processes.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from interchange.drafts import WorkFolder, allow_open
from interchange.engine.ledger import Ledger
from interchange.issues import Issues
from interchange.runners.adapted import adapt_to_resources
from interchange.runners.assemble import to_datasets
from interchange.runners.engines import ready_engines
from interchange.runners.local import Datasets
from interchange.runners.lossfile import LossesOnDisk
from interchange.runners.partition import Partition
from interchange.runners.parts import Part, PartConverter, SharedLosses
from interchange.runners.remainder_parts import keep_in_parts
from interchange.runners.remarks import Remarks
from interchange.runners.runfile import merge_runs
from interchange.sdtm.spill import SpilledRows

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence
    from pathlib import Path

    from interchange.engine.declared import Declared
    from interchange.engine.plan import Plan
    from interchange.fhir.elements import Release
    from interchange.fhir.read import Record, Rejected
    from interchange.mapping.model import Project
    from interchange.runners.engines import Engine
    from interchange.runners.lossfile import LossFile
    from interchange.runners.partition import Placed
    from interchange.runners.remainder_parts import Back

    Elsewhere = Callable[["Job", Sequence[Path]], Iterator[Part]]

# A resource in memory, its rows, and its copy for the ledger take so many times the bytes of its JSON.
SPREAD = 64
MEMORY = 2**30
MOST_PARTS = 1000
EACH = 4  # parts for each process, at least


def parts_for(size: int, memory: int) -> int:
    """Return how many parts a source of some bytes needs within a budget of memory in bytes.

    >>> parts_for(10_000_000, 2**30), parts_for(345_000_000, 2**30)
    (1, 21)
    """
    return min(max(1, -(-size // max(memory // SPREAD, 1))), MOST_PARTS)


def shared_out(parts: int, jobs: int) -> int:
    """Return how many parts to make for some processes, so that these end at about the same time.

    >>> shared_out(3, 2), shared_out(21, 2), shared_out(3, 1)
    (8, 21, 3)
    """
    return min(max(parts, EACH * jobs), MOST_PARTS) if jobs > 1 else parts


@dataclass(slots=True)
class Job:
    """What every process needs to convert parts."""

    project: Project
    release: Release
    engine: Engine
    folder: Path
    shared: Sequence[Placed] = ()
    ledger: bool = True

    def converter(self) -> PartConverter:
        """The converter of parts, with the shared records converted."""
        engines = ready_engines(self.project, self.release, self.engine)
        return PartConverter(engines, self.shared, self.folder, ledger=self.ledger)


@dataclass(slots=True)
class Stream:
    """A source on its way through parts: records go in by `add`, datasets come out of `finish`.

    ``elsewhere`` converts the parts where they are not to be converted by processes of this machine.
    """

    parts: int
    jobs: int = 1
    elsewhere: Elsewhere | None = None
    work: WorkFolder = field(default_factory=WorkFolder)
    partition: Partition = field(init=False)

    def __post_init__(self) -> None:
        self.parts = allow_open(self.parts)
        self.partition = Partition(self.work.path, self.parts)

    def add(self, record: Record) -> None:
        """Put a record into its part."""
        self.partition.add(record)

    def finish(
        self,
        project: Project,
        release: Release,
        engine: Engine,
        issues: Issues,
        rejected: list[Rejected],
        *,
        ledger: bool = True,
        back: Back | None = None,
    ) -> Datasets:
        """Return the datasets of the records; their rows lie in files that go with the datasets.

        With ``back``, which gives the engines that take datasets back, what SDTM cannot hold is kept as a remainder.
        """
        paths = self.partition.close()
        project = self.adapted(project)
        job = Job(project, release, engine, self.work.path, self.partition.shared, ledger)
        own = job.converter()
        total = _Total(own.engines.plan, self.work.path)
        total.add(own.first)
        with closing(self._parts(job, own, paths)) as parts:
            for path, part in zip(paths, parts, strict=True):
                total.add(part)
                if back is None:
                    path.unlink()
        issues.merge(total.issues)
        rejected += total.rejected
        total.remarks.report(own.engines.plan, issues)
        made = total.datasets(own.declared, ledger=ledger)
        made.work = self.work
        if back is not None:
            made.remainder = keep_in_parts(own, self.partition.shared, paths, made.datasets, back, issues)
            made.remainder.work = self.work
            for path in paths:
                path.unlink()
        return made

    def adapted(self, project: Project) -> Project:
        """A project for the datasets that the records declare."""
        return adapt_to_resources(project, (placed.record.resource for placed in self.partition.shared))

    def _parts(self, job: Job, own: PartConverter, paths: Sequence[Path]) -> Generator[Part]:
        """What comes of each part, in their order."""
        if self.elsewhere is not None:
            yield from self.elsewhere(job, paths)
            return
        if self.jobs == 1 or len(paths) < 2:
            yield from map(own.convert, paths)
            return
        from interchange.runners.processes import convert_all

        yield from convert_all(job, paths, self.jobs)


class _Total:
    """What came of the parts, added up."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self.plan = plan
        self.folder = folder
        self.runs: dict[str, list[Path]] = {}
        self.remarks = Remarks()
        self.issues = Issues()
        self.rejected: list[Rejected] = []
        self.losses: list[LossFile] = []
        self.shared: SharedLosses = {}
        self.unmet: SharedLosses = {}
        self.leaves = 0

    def add(self, part: Part) -> None:
        for domain, path in part.runs.items():
            self.runs.setdefault(domain, []).append(path)
        self.remarks.add(part.remarks)
        self.issues.merge(part.issues)
        self.rejected += part.rejected
        self.leaves += part.leaves
        if part.losses is not None:
            self.losses.append(part.losses)
        self.unmet |= part.unmet
        for name, lost in part.shared.items():  # what one part brings back is not lost
            known = self.shared.get(name)
            self.shared[name] = lost if known is None else {at: why for at, why in known.items() if at in lost}

    def datasets(self, declared: Declared, *, ledger: bool) -> Datasets:
        """The datasets, their rows merged; the files go with them."""
        made = Datasets(unmapped=self.remarks.misses)
        for domain, planned in self.plan.mappings.items():
            rows = SpilledRows(self.folder)
            runs = self.runs.get(domain, [])
            for block in merge_runs(runs):
                rows.add(block)
            for path in runs:
                path.unlink()
            made.datasets += to_datasets(self.plan, planned.mapping, rows, declared)
        if ledger:
            shared = self.unmet | self.shared
            own = [(name, sorted(lost.items())) for name, lost in shared.items() if lost]
            made.ledger = Ledger(self.leaves, LossesOnDisk(self.losses, own))
        return made
