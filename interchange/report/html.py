"""The round-trip report as one HTML page: no network, no script, light and dark, for screen and paper.

There are no times on it, so the same trip gives the same bytes. Values of the data are not on it, nor the ids of
resources, which are made of subjects' identifiers; both stand there only where values were asked for.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from interchange.issues import Issue, Place, TargetError
from interchange.report.layout import cell
from interchange.sdtm.files import write_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from interchange.report.groups import IssueGroup
    from interchange.report.leaves import LeafCounts
    from interchange.report.tallies import CellCounts
    from interchange.report.trip import TripSummary

TEMPLATE = "page.html.j2"
CELLS = {
    "native": ("native", "in a FHIR element"),
    "extension": ("HL7 extension", "in an extension that HL7 publishes"),
    "derived": ("derived", "computed again from other cells"),
    "constant": ("constant", "the same in every row, said by the mapping"),
    "residual": ("residual", "kept beside the element, in an extension of this project"),
}
LEAVES = {
    "kept": ("kept", "in the rows of datasets"),
    "in_remainder": ("in remainder", "kept beside the datasets"),
    "lost": ("lost", "did not come back"),
}
_ID = re.compile(r"(?<!\S)([A-Z][A-Za-z]+)/\S+")


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a bar: its kind, how many, and its share of the whole in percent."""

    kind: str
    count: int
    percent: float


@dataclass(frozen=True, slots=True)
class Band:
    """A dataset or resource type: its bar, its numbers in the columns of the table, and what it unfolds to."""

    name: str
    whole: int
    segments: tuple[Segment, ...]
    numbers: tuple[str, ...]
    wrong: int = 0
    inner: tuple[Band, ...] = ()
    reasons: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """What stands on the page, in words and numbers."""

    verdict: str
    good: bool
    way: tuple[str, ...]
    figures: tuple[tuple[str, str], ...]
    what: str
    noun: str
    legend: dict[str, tuple[str, str]]
    columns: tuple[str, ...]
    bands: tuple[Band, ...]
    total: Band | None
    resources: tuple[tuple[str, int], ...]
    validation: tuple[IssueGroup, ...]
    issues: tuple[IssueGroup, ...]
    versions: dict[str, str] = field(default_factory=dict)


def check_page(path: Path) -> None:
    """Stop with TargetError where a page cannot be written: before the work, not after it."""
    folder = path.parent
    if path.is_dir():
        why, hint = "is a folder", "name a file in it"
    elif not folder.is_dir():
        why, hint = f"cannot be written: there is no folder {folder}", "make the folder, or choose another file"
    elif not os.access(folder, os.W_OK):
        why, hint = f"cannot be written: {folder} is not yours to write to", "choose another file"
    else:
        return
    raise TargetError(Issue("IX-OUT-003", "error", Place(str(path)), why, hint))


def write_page(trip: TripSummary, path: Path, *, values: bool = False) -> Path:
    """Write the page of a round trip, whole or not at all; TargetError where it cannot be written."""
    check_page(path)
    write_bytes(path, page_text(trip, values=values).encode())
    return path


def page_text(trip: TripSummary, *, values: bool = False) -> str:
    """Return the page of a round trip as HTML."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("interchange.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = cell
    return environment.get_template(TEMPLATE).render(page=page_of(trip, values=values))


def page_of(trip: TripSummary, *, values: bool = False) -> Page:
    """Return what stands on the page of a round trip."""
    fhir = f"FHIR {trip.fhir_version}"
    ways = {"SDTM": ("SDTM", fhir, "SDTM"), "FHIR": (fhir, "SDTM", fhir)}
    what, noun, legend, columns, bands, total = _of_cells(trip) if trip.kind == "SDTM" else _of_leaves(trip)
    return Page(
        verdict=trip.verdict,
        good=trip.equal,
        way=ways.get(trip.kind, ("Studies", fhir, "Studies")),
        figures=_figures(trip),
        what=what,
        noun=noun,
        legend=legend,
        columns=columns,
        bands=bands,
        total=total,
        resources=tuple(trip.resources.items()) if trip.kind == "SDTM" else (),
        validation=_groups(trip.validation, values=values),
        issues=_groups(trip.issues, values=values),
        versions=trip.versions,
    )


def _figures(trip: TripSummary) -> tuple[tuple[str, str], ...]:
    """The few numbers that stand on top."""
    resources = cell(sum(trip.resources.values()))
    if trip.total is not None:
        total = trip.total
        return (
            ("cells", cell(total.cells)),
            ("different", cell(total.different or 0)),
            ("native", _share(total.native, total.cells)),
            ("residual", _share(total.residual, total.cells)),
            ("FHIR resources", resources),
            ("not valid", cell(trip.findings + trip.dangling)),
        )
    leaves = trip.leaf_total
    if leaves is None:
        return ()
    return (
        ("leaves", cell(leaves.leaves)),
        ("kept in rows", _share(leaves.kept, leaves.leaves)),
        ("in remainder", _share(leaves.in_remainder, leaves.leaves)),
        ("lost", _share(leaves.lost, leaves.leaves)),
        ("FHIR resources", resources),
        ("could not be read", cell(trip.rejected)),
    )


_Part = tuple[str, str, dict[str, tuple[str, str]], tuple[str, ...], tuple[Band, ...], Band | None]


def _of_cells(trip: TripSummary) -> _Part:
    columns = ("cells", *(label for label, _ in CELLS.values()), "different", "residual share")
    datasets = trip.datasets or []
    bands = tuple(_cell_band(d, tuple(_cell_band(v) for v in d.variables or ())) for d in datasets)
    total = _cell_band(trip.total) if trip.total is not None and len(bands) > 1 else None
    return "How the cells are held", "dataset", CELLS, columns, bands, total


def _cell_band(one: CellCounts, inner: tuple[Band, ...] = ()) -> Band:
    numbers = (one.cells, *(getattr(one, kind) for kind in CELLS), one.different or 0)
    texts = (*map(cell, numbers), _share(one.residual, one.cells))
    return Band(one.name, one.cells, _segments(one, CELLS, one.cells), texts, one.different or 0, inner)


def _of_leaves(trip: TripSummary) -> _Part:
    columns = ("resources", "leaves", *(label for label, _ in LEAVES.values()), "added", "kept share")
    reasons: dict[str, list[tuple[str, int]]] = {}
    for loss in trip.ledger.reasons if trip.ledger else ():
        reasons.setdefault(loss.resource, []).append((loss.reason, loss.count))
    bad = not trip.equal
    bands = tuple(_leaf_band(one, reasons.get(one.name, ()), bad=bad) for one in trip.leaves or ())
    total = _leaf_band(trip.leaf_total, bad=bad) if trip.leaf_total is not None and len(bands) > 1 else None
    return "What became of the leaves", "resource type", LEAVES, columns, bands, total


def _leaf_band(one: LeafCounts, reasons: Sequence[tuple[str, int]] = (), *, bad: bool) -> Band:
    numbers = (one.resources, one.leaves, *(getattr(one, kind) for kind in LEAVES), one.added)
    texts = (*map(cell, numbers), _share(one.kept, one.leaves))
    wrong = one.lost + one.added if bad else 0
    return Band(one.name, one.leaves, _segments(one, LEAVES, one.leaves), texts, wrong, reasons=tuple(reasons))


def _segments(one: CellCounts | LeafCounts, kinds: Iterable[str], whole: int) -> tuple[Segment, ...]:
    counts = ((kind, getattr(one, kind)) for kind in kinds)
    return tuple(Segment(kind, count, round(100 * count / whole, 4)) for kind, count in counts if count)


def _share(part: int, whole: int) -> str:
    """A share in words; neither 0 nor 100 % where it is not quite that.

    >>> _share(1, 100000), _share(0, 7), _share(99999, 100000), _share(1, 4)
    ('< 0.1 %', '0 %', '> 99.9 %', '25.0 %')
    """
    if part in (0, whole):
        return "100 %" if part else "0 %"
    share = part / whole
    return "< 0.1 %" if share < 0.001 else "> 99.9 %" if share > 0.999 else cell(share)


def _groups(groups: Iterable[IssueGroup], *, values: bool) -> tuple[IssueGroup, ...]:
    r"""Groups of issues as they may stand on the page.

    >>> _ID.sub(r"\1", "Patient.ndjson:7 Patient/S-001-1015 gender")
    'Patient.ndjson:7 Patient gender'
    """
    if values:
        return tuple(groups)
    return tuple(replace(group, place=_ID.sub(r"\1", group.place), value=None) for group in groups)
