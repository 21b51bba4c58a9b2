"""What became of a source that went to the other side and back, and the verdict on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from interchange.report.groups import IssueGroup, show_groups
from interchange.report.layout import counted, table
from interchange.report.losses import LedgerTotals, show_reasons
from interchange.report.tallies import CellCounts, is_small, show_datasets, show_variables

if TYPE_CHECKING:
    from rich.console import RenderableType


@dataclass(frozen=True, slots=True)
class TripSummary:
    """A round trip in numbers.

    Of SDTM: ``datasets`` with their cells, and of the resources in between how many are ``invalid`` or have a
    reference into the void (``dangling``). Of FHIR: ``ledger``. ``equal`` says whether all came back, or is
    explained.
    """

    status: str
    kind: Literal["SDTM", "FHIR"]
    fhir_version: str
    equal: bool
    verdict: str
    resources: dict[str, int]
    rejected: int
    datasets: list[CellCounts] | None
    left_out: dict[str, str]
    findings: int
    dangling: int
    validation: list[IssueGroup]
    ledger: LedgerTotals | None
    issues: list[IssueGroup]


def sdtm_verdict(datasets: list[CellCounts], left_out: dict[str, str], findings: int, dangling: int) -> str:
    """Return the outcome for SDTM in a sentence.

    >>> sdtm_verdict([CellCounts("DM", 10, native=9, residual=1, different=0)], {}, 0, 0)
    'Every cell came back: 10 cells of 1 dataset, 90.0 % native'
    """
    cells, different = sum(d.cells for d in datasets), sum(d.different or 0 for d in datasets)
    held = [d for d in datasets if d.cells]
    native = f"{sum(d.native for d in datasets) / cells:.1%}".replace("%", " %") if cells else "0 %"
    if different:
        said = f"NOT every cell came back: {different:,} different, of {counted(cells, 'cell')}"
    else:
        said = f"Every cell came back: {counted(cells, 'cell')} of {counted(len(held), 'dataset')}, {native} native"
    faults = [counted(findings, "validation finding")] if findings else []
    faults += [counted(dangling, "dangling reference")] if dangling else []
    if faults:
        said += f"; but the resources in between have {' and '.join(faults)}"
    if left_out:
        said += f"; left out, with an issue each: {', '.join(left_out)}"
    return said


def fhir_verdict(totals: LedgerTotals, rejected: int) -> str:
    """Return the outcome for FHIR in a sentence.

    >>> fhir_verdict(LedgerTotals(200, 150, 50, []), 0)
    'Every leaf came back or is explained: 150 of 200 leaves came back, 50 are in the ledger with a reason'
    """
    whole = f"{totals.came_back:,} of {counted(totals.leaves, 'leaf', 'leaves')} came back"
    said = f"Every leaf came back or is explained: {whole}, {totals.lost:,} are in the ledger with a reason"
    if not totals.lost:
        said = f"Every leaf came back: {counted(totals.leaves, 'leaf', 'leaves')}"
    return f"{said}; {counted(rejected, 'record')} could not be read and left out" if rejected else said


def show_trip(trip: TripSummary, *, by_variable: bool = False) -> list[RenderableType]:
    """Return what a person reads of a round trip; variables where they are asked for or few."""
    rows = list(trip.resources.items())
    title = f"{counted(sum(trip.resources.values()), 'resource')} of FHIR {trip.fhir_version}"
    shown: list[RenderableType] = [table(title, ("resource type", "resources"), rows)] if rows else []
    if trip.datasets is not None:
        shown += show_datasets(trip.datasets)
        if by_variable or is_small(trip.datasets):
            shown += show_variables(trip.datasets)
        shown += show_groups(trip.validation, "Validation of the resources in between")
    if trip.ledger is not None:
        shown += show_reasons(trip.ledger)
    return shown
