"""What a conversion made, in both directions: datasets or resources, files, issues, losses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from interchange.report.codes import OutsideCodelist, UnmappedCodes, show_outside, show_unmapped
from interchange.report.groups import IssueGroup, show_groups
from interchange.report.layout import counted, table
from interchange.report.losses import LedgerTotals, RemainderTotals, ledger_line, remainder_line
from interchange.report.tallies import CellCounts, show_datasets

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from rich.console import RenderableType

    from interchange.sdtm.dataset import Dataset


@dataclass(frozen=True, slots=True)
class DatasetSize:
    """How large a dataset is."""

    name: str
    label: str
    rows: int
    variables: int


@dataclass(frozen=True, slots=True)
class SdtmSummary:
    """What ``to-sdtm`` made; ``rejected`` counts records that were left out, ``ledger`` is None if not asked for."""

    status: str
    fhir_version: str
    datasets: list[DatasetSize]
    files: list[Path]
    issues: list[IssueGroup]
    rejected: int
    unmapped: list[UnmappedCodes]
    outside: list[OutsideCodelist]
    ledger: LedgerTotals | None
    remainder: RemainderTotals | None = None


@dataclass(frozen=True, slots=True)
class FhirSummary:
    """What ``to-fhir`` made: resources by type, how the cells are held in them.

    ``lost`` counts rows that were left out.
    """

    status: str
    fhir_version: str
    resources: dict[str, int]
    datasets: list[CellCounts]
    lost: int
    files: list[Path]
    issues: list[IssueGroup]
    outside: list[OutsideCodelist]
    rejected: int = 0
    unmapped: list[UnmappedCodes] = field(default_factory=list)
    ledger: LedgerTotals | None = None


DOCUMENTS = {"CTGOV": ("ClinicalTrials.gov record",), "USDM": ("USDM study", "USDM studies")}


@dataclass(frozen=True, slots=True)
class TreeSummary:
    """What ``to-registry`` or ``to-usdm`` made: the studies by key; ``rejected`` counts records that were left out."""

    status: str
    tree: str
    fhir_version: str
    studies: list[str]
    files: list[Path]
    issues: list[IssueGroup]
    rejected: int


def sizes(datasets: Iterable[Dataset]) -> list[DatasetSize]:
    """Return the size of each dataset."""
    return [DatasetSize(d.name, d.label, len(d.rows), len(d.variables)) for d in datasets]


def state(groups: Sequence[IssueGroup]) -> str:
    """Return ``done``, or ``issues`` where there are warnings or errors."""
    return "issues" if any(group.severity != "info" for group in groups) else "done"


def show_sdtm(summary: SdtmSummary) -> list[RenderableType]:
    """Return what a person reads after ``to-sdtm``."""
    rows = [(d.name, d.rows, d.variables, d.label) for d in summary.datasets]
    title = f"{counted(len(rows), 'dataset')} from FHIR {summary.fhir_version}"
    shown: list[RenderableType] = [table(title, ("dataset", "rows", "variables", "label"), rows)] if rows else []
    if not rows:
        shown.append("No dataset: no mapping found a row in these resources")
    shown += show_outside(summary.outside)
    shown += show_unmapped(summary.unmapped)
    shown += show_groups(summary.issues, rest="issues.csv")
    if summary.rejected:
        shown.append(f"{counted(summary.rejected, 'record')} left out: see quarantine.ndjson")
    if summary.ledger is not None:
        shown.append(f"Ledger: {ledger_line(summary.ledger)}")
    if summary.remainder is not None:
        shown.append(f"Remainder: {remainder_line(summary.remainder)}")
    return shown + show_files(summary.files)


def show_fhir(summary: FhirSummary) -> list[RenderableType]:
    """Return what a person reads after ``to-fhir``."""
    rows = list(summary.resources.items())
    title = f"{counted(sum(summary.resources.values()), 'resource')} of FHIR {summary.fhir_version}"
    shown: list[RenderableType] = [table(title, ("resource type", "resources"), rows)] if rows else []
    shown += show_datasets(summary.datasets)
    shown += show_outside(summary.outside)
    shown += show_unmapped(summary.unmapped)
    shown += show_groups(summary.issues, rest="issues.csv")
    if summary.lost:
        shown.append(f"{counted(summary.lost, 'row')} left out: see quarantine.ndjson")
    if summary.rejected:
        shown.append(f"{counted(summary.rejected, 'document')} left out: see quarantine.ndjson")
    if summary.ledger is not None:
        shown.append(f"Ledger: {ledger_line(summary.ledger)}")
    return shown + show_files(summary.files)


def show_tree(summary: TreeSummary) -> list[RenderableType]:
    """Return what a person reads after ``to-registry`` or ``to-usdm``."""
    shown: list[RenderableType] = [counted(len(summary.studies), *DOCUMENTS[summary.tree])]
    if not summary.studies:
        shown = ["No study: there is no ResearchStudy in this source"]
    shown += show_groups(summary.issues, rest="issues.csv")
    if summary.rejected:
        shown.append(f"{counted(summary.rejected, 'record')} left out: see quarantine.ndjson")
    return shown + show_files(summary.files)


def show_files(files: Sequence[Path]) -> list[RenderableType]:
    """Return a line for the files of each folder."""
    folders: dict[Path, list[str]] = {}
    for file in files:
        folders.setdefault(file.parent, []).append(file.name)
    return [
        f"Wrote {counted(len(names), 'file')} to {folder.as_posix()}: {', '.join(names)}"
        for folder, names in folders.items()
    ]
