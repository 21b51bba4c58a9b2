"""What became of a source that went to the other side and back, and the verdict on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from interchange.report.groups import IssueGroup, show_groups
from interchange.report.layout import cell, counted, table
from interchange.report.leaves import LeafCounts, show_leaves, total_leaves
from interchange.report.losses import LedgerTotals, show_reasons
from interchange.report.tallies import CellCounts, is_small, show_datasets, show_variables, total_cells

if TYPE_CHECKING:
    from rich.console import RenderableType


@dataclass(frozen=True, slots=True)
class TripSummary:
    """A round trip in numbers.

    Of SDTM: ``datasets`` with their cells and the ``total``, and of the resources in between how many are ``invalid``
    or have a reference into the void (``dangling``). Of FHIR: ``leaves`` by resource type with their ``leaf_total``,
    and the ``ledger``; of registry records and USDM studies (``documents``) by the object that they stand in. ``equal``
    says whether all came back, or is explained.
    """

    status: str
    kind: Literal["SDTM", "FHIR", "documents"]
    fhir_version: str
    equal: bool
    verdict: str
    resources: dict[str, int]
    rejected: int
    datasets: list[CellCounts] | None
    total: CellCounts | None
    findings: int
    dangling: int
    validation: list[IssueGroup]
    leaves: list[LeafCounts] | None
    leaf_total: LeafCounts | None
    ledger: LedgerTotals | None
    issues: list[IssueGroup]
    versions: dict[str, str] = field(default_factory=dict)


def sdtm_verdict(datasets: list[CellCounts], findings: int, dangling: int) -> str:
    """Return the outcome for SDTM in a sentence.

    >>> sdtm_verdict([CellCounts("DM", 10, native=8, extension=1, residual=1, different=0)], 0, 0)
    'Every cell came back: 10 cells of 1 dataset, 80.0 % native, 10.0 % in HL7 extensions, 10.0 % residual'
    """
    total = total_cells(datasets)
    held = [d for d in datasets if d.cells]
    if total.different:
        said = f"NOT every cell came back: {total.different:,} different, of {counted(total.cells, 'cell')}"
    else:
        said = f"Every cell came back: {counted(total.cells, 'cell')} of {counted(len(held), 'dataset')}"
        if total.cells:
            native, extension, residual = (
                cell(part / total.cells) for part in (total.native, total.extension, total.residual)
            )
            said += f", {native} native, {extension} in HL7 extensions, {residual} residual"
    if findings or dangling:
        said += f"; but the resources in between have {faults_said(findings, dangling)}"
    return said


def faults_said(findings: int, dangling: int) -> str:
    """Return the faults of resources in words.

    >>> faults_said(1, 2)
    '1 validation finding and 2 dangling references'
    """
    faults = [counted(findings, "validation finding")] if findings else []
    faults += [counted(dangling, "dangling reference")] if dangling else []
    return " and ".join(faults)


def fhir_verdict(types: list[LeafCounts], rejected: int, *, remainder: bool, documents: int = 0) -> str:
    """Return the outcome for FHIR, or documents, in a sentence.

    ``remainder`` says whether it was kept, and merged on the way back; ``documents`` is how many there are, where the
    leaves are theirs.

    >>> fhir_verdict([LeafCounts("Patient", 1, 200, 150, 50, 0)], 0, remainder=True)
    'Every leaf came back: 200 leaves of 1 resource, 75.0 % by the rows, 25.0 % by the remainder'
    """
    total = total_leaves(types)
    whole_of = counted(documents, "document") if documents else counted(total.resources, "resource")
    if remainder and (total.lost or total.added):
        said = f"NOT every leaf came back as it was: {total.lost:,} lost, {total.added:,} added, of "
        said += counted(total.leaves, "leaf", "leaves")
    elif total.lost:
        whole = f"{total.kept:,} of {counted(total.leaves, 'leaf', 'leaves')} came back"
        said = f"Every leaf came back or is explained: {whole}, {total.lost:,} are in the ledger with a reason"
    else:
        said = f"Every leaf came back: {counted(total.leaves, 'leaf', 'leaves')} of {whole_of}"
        if total.leaves and remainder:
            kept, beside = (cell(part / total.leaves) for part in (total.kept, total.in_remainder))
            said += f", {kept} by {'FHIR' if documents else 'the rows'}, {beside} by the remainder"
    return f"{said}; {counted(rejected, 'record')} could not be read and left out" if rejected else said


def show_trip(trip: TripSummary, *, by_variable: bool = False) -> list[RenderableType]:
    """Return what a person reads of a round trip; variables where they are asked for or few."""
    rows = list(trip.resources.items())
    title = f"{counted(sum(trip.resources.values()), 'resource')} of FHIR {trip.fhir_version}"
    shown: list[RenderableType] = []
    if trip.datasets is not None:
        shown += [table(title, ("resource type", "resources"), rows)] if rows else []
        shown += show_datasets(trip.datasets)
        if by_variable or is_small(trip.datasets):
            shown += show_variables(trip.datasets)
        shown += show_groups(trip.validation, "Validation of the resources in between")
    if trip.leaves is not None:
        shown += show_leaves(trip.leaves, trip.kind)
    if trip.ledger is not None:
        shown += show_reasons(trip.ledger, "SDTM" if trip.kind == "FHIR" else "FHIR")
    return shown
