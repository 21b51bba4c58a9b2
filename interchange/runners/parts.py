"""One part of a source converted: the rows of its subjects as sorted runs on disk, and what there is to say of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from interchange.engine.declared import read_declared
from interchange.engine.ledger import leaves
from interchange.engine.shelf import ResourceShelf
from interchange.fhir.members import MEMBERS
from interchange.fhir.read import HeldRepeats, Rejected, repeated
from interchange.issues import Issues
from interchange.runners.garbage import uncollected
from interchange.runners.local import lay_beside
from interchange.runners.lossfile import LossFile, write_losses
from interchange.runners.partition import Placed, read_part
from interchange.runners.remarks import Remarks, report_misfits
from interchange.runners.runfile import write_run
from interchange.runners.sortkey import SortKeys

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from interchange.engine.declared import Declared
    from interchange.engine.forward import Found
    from interchange.engine.ops import Resource, Row
    from interchange.runners.engines import Engines

SharedLosses = dict[str, dict[str, str]]  # by resource, by element: the reason


@dataclass(slots=True)
class Part:
    """What came of a part: a run of rows a domain, remarks, issues, and the losses of its own resources in a file.

    ``shared`` has, for each shared resource that was met, the elements that did not come back from this part; ``unmet``
    has those of shared resources that the shared ones alone do not lead to.
    """

    runs: dict[str, Path] = field(default_factory=dict)
    remarks: Remarks = field(default_factory=Remarks)
    issues: Issues = field(default_factory=Issues)
    rejected: list[Rejected] = field(default_factory=list)
    leaves: int = 0
    losses: LossFile | None = None
    shared: SharedLosses = field(default_factory=dict)
    unmet: SharedLosses = field(default_factory=dict)

    def files(self) -> list[Path]:
        """The files of the part."""
        return [*self.runs.values(), *([] if self.losses is None else [self.losses.path])]

    def moved(self, folder: Path) -> Part:
        """The part with its files, which keep their names, in another folder."""
        runs = {domain: folder / path.name for domain, path in self.runs.items()}
        losses = self.losses
        if losses is not None:
            losses = LossFile(folder / losses.path.name, losses.counts)
        return replace(self, runs=runs, losses=losses)


class PartConverter:
    """Converts parts one after the other; what all share is read once."""

    def __init__(self, engines: Engines, shared: Sequence[Placed], folder: Path, *, ledger: bool) -> None:
        self.engines = engines
        self.folder = folder
        self.ledger = ledger
        self.shelf = ResourceShelf(engines.plan, engines.forward.read)
        self.names = {id(one.record.resource) for one in shared}
        self.first, self.found = self._convert("shared", shared, self.shelf)
        self.rows: dict[str, list[Row]] = {domain: [f.row for f in rows] for domain, rows in self.found.items()}

    @property
    def declared(self) -> Declared:
        """What the source's Library says of its datasets."""
        return read_declared(list(self.shelf.of("Library")))

    @uncollected()
    def convert(self, path: Path) -> Part:
        """Return what comes of a part; its records take their place among the shared ones."""
        MEMBERS.rest()
        placed = sorted(read_part(path), key=lambda one: one.position)
        shelf = ResourceShelf(self.engines.plan, self.engines.forward.read, behind=self.shelf)
        part, _ = self._convert(path.stem, placed, shelf, self.rows)
        return part

    def _convert(
        self,
        name: str,
        placed: Iterable[Placed],
        shelf: ResourceShelf,
        beside: Mapping[str, Sequence[Row]] | None = None,
    ) -> tuple[Part, dict[str, list[Found]]]:
        plan, forward = self.engines.plan, self.engines.forward
        forward.disagreements.clear()
        plan.tools.misses.clear()
        part = Part()
        positions = self._shelve(placed, shelf, part)
        found = forward.every(shelf, beside)
        part.remarks.disagreed.update(forward.disagreements)
        part.remarks.misses.update(plan.tools.misses)
        part.remarks.take(plan, shelf, found)
        for domain, rows in found.items():
            if rows:
                sources = {id(source): i for i, source in enumerate(plan.mappings[domain].sources)}
                keys = SortKeys(plan.mappings[domain].mapping.order)
                part.runs[domain] = write_run(
                    self.folder / f"{name}-{domain}.run",
                    [f.row for f in rows],
                    (keys.key(f, sources.get(id(f.source), len(sources)), positions[id(f.resource)]) for f in rows),
                )
        if self.ledger:
            self._lay_beside(name, shelf, found, part)
        return part, found

    def _shelve(self, placed: Iterable[Placed], shelf: ResourceShelf, part: Part) -> dict[int, int]:
        """Put records on a shelf, repeats left out; their positions by identity."""
        types = self.engines.plan.resource_types()
        repeats = HeldRepeats()
        positions: dict[int, int] = {}
        for one in placed:
            record = one.record
            judged = repeats.judge(record.resource)
            if judged == "other":
                part.rejected.append(repeated(record))
                part.issues.add(part.rejected[-1].issue)
            if judged != "new":
                continue
            shelf.add(record.resource, record.full_url)
            positions[id(record.resource)] = one.position
            if record.resource["resourceType"] in types:
                report_misfits(record, self.engines.plan.release, part.issues)
        return positions

    def _lay_beside(self, name: str, shelf: ResourceShelf, found: Mapping[str, Sequence[Found]], part: Part) -> None:
        """Write the losses of a part's own resources to a file, and note those of shared ones."""
        ledger, comparison = lay_beside(self.engines, shelf, found)
        shared = [resource for each in self.shelf.types.values() for resource in each]
        met = [resource for resource in shared if id(resource) in comparison.pairs]
        part.shared = {_name(resource): {} for resource in met}
        if shelf is self.shelf:
            part.unmet = {_name(resource): {} for resource in shared if id(resource) not in comparison.pairs}
        rest = []
        for resource, lost in ledger.groups():
            known = part.shared.get(resource, part.unmet.get(resource))
            if known is not None:
                known.update(lost)
            else:
                rest.append((resource, lost))
        part.leaves = ledger.leaves - (0 if shelf is self.shelf else sum(map(_leaves, met)))
        part.losses = write_losses(self.folder / f"{name}.losses", rest)


def _name(resource: Resource) -> str:
    return f"{resource['resourceType']}/{resource.get('id', '?')}"


def _leaves(resource: Resource) -> int:
    return sum(path != "resourceType" for path, _ in leaves(resource))
