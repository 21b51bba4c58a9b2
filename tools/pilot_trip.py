"""Write docs/sdtm-roundtrip.md: every dataset of the CDISC pilot to FHIR R5 and R4B and back, cell by cell.

``python tools/pilot_trip.py`` reads ``lzzt/sdtm_xpt.zip`` in the folder of reference data (``../shared/data``, or
``data`` in the folder that INTERCHANGE_SHARED names). It exits with 1 where a cell comes back otherwise, a resource
in between is not valid, a reference leads nowhere, ids are others in a second run, a label, length or row is out of its
place, or more cells than `MOST_IN_ALL` and `MOST_OF_ONE` allow are residual. ``--datasets dm,vs`` and ``--subjects 5``
are for a quick look: the page is printed then, not written.
"""

from __future__ import annotations

import argparse
import os
import resource as usage
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import msgspec

from interchange.api import to_fhir, to_sdtm
from interchange.fhir.members import DECODE
from interchange.fhir.validate import check, dangling
from interchange.intake import read_datasets
from interchange.issues import Issues
from interchange.report.layout import cell
from interchange.report.tallies import KINDS, CellCounts, count_cells, total_cells
from interchange.trips import compare_datasets

if TYPE_CHECKING:
    from collections.abc import Iterable

    from interchange.fhir.elements import Release
    from interchange.sdtm.dataset import Dataset

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "sdtm-roundtrip.md"
PACKAGE = Path("data") / "lzzt" / "sdtm_xpt.zip"
ENCODING = "cp1252"
RELEASES: tuple[Release, ...] = ("R5", "R4B")
MOST_IN_ALL = 0.10  # the share of all cells that may be residual in R5
MOST_OF_ONE = 0.25  # and that of the cells of one dataset
CHUNK = 10_000  # resources that one process validates before it makes room for the next
RSS_UNIT = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to convert: the package, and of it the datasets and the number of subjects, all where it does not say."""

    package: str
    release: Release
    datasets: tuple[str, ...] = ()
    subjects: int = 0


@dataclass(slots=True)
class Trip:
    """One release: the cells of each dataset, and the resources in between."""

    release: str
    rows: dict[str, int]
    cells: list[CellCounts]
    resources: dict[str, int]
    misplaced: list[str]
    dangling: int
    ids: str
    invalid: Counter[str] = field(default_factory=Counter)
    ids_again: str = ""
    cpu: float = 0.0
    peak: float = 0.0

    @property
    def total(self) -> CellCounts:
        """All datasets together."""
        return total_cells(self.cells)

    def faults(self) -> list[str]:
        """What is not as it must be, in words."""
        total = self.total
        found = [f"{d.name}: {d.different} cells different" for d in self.cells if d.different]
        found += [f"{what} otherwise" for what in self.misplaced]
        found += [f"not valid: {count} of {code}" for code, count in self.invalid.most_common()]
        found += [f"{self.dangling} references into the void"] if self.dangling else []
        found += ["other ids in a second run"] if self.ids != self.ids_again else []
        if self.release == "R5":
            found += [f"{cell(total.residual_share)} of all cells residual"] * (total.residual_share > MOST_IN_ALL)
            most = (d for d in self.cells if d.residual_share > MOST_OF_ONE)
            found += [f"{d.name}: {cell(d.residual_share)} residual" for d in most]
        return [f"{self.release}: {one}" for one in found]


def read(wanted: Wanted) -> list[Dataset]:
    """Return the datasets that are wanted, with the rows of the first subjects of DM where it says how many."""
    datasets = read_datasets(wanted.package, Issues(), ENCODING)
    if wanted.subjects:
        demographics = next(d for d in datasets if d.name == "DM")
        keep = dict.fromkeys(row["USUBJID"] for row in demographics.rows if "USUBJID" in row)
        keep = dict.fromkeys(list(keep)[: wanted.subjects])
        for dataset in datasets:
            dataset.rows = [row for row in dataset.rows if row.get("USUBJID", "") in keep or "USUBJID" not in row]
    return [d for d in datasets if not wanted.datasets or d.name in wanted.datasets]


def digest(resources: Iterable[dict[str, Any]]) -> str:
    """Return the digest of the types and ids of resources, in their order."""
    made = sha256()
    for each in resources:
        made.update(f"{each['resourceType']}/{each['id']}\n".encode())
    return made.hexdigest()


def again(wanted: Wanted) -> str:
    """Return the digest of the ids that a conversion in another process gives."""
    return digest(to_fhir(read(wanted), fhir_version=wanted.release).resources)


def go(wanted: Wanted, folder: str) -> Trip:
    """Return the trip of one release; the resources are put into files of a folder, to be validated."""
    begin = time.process_time()
    before = read(wanted)
    there = to_fhir(before, fhir_version=wanted.release)
    back = to_sdtm(there.resources, fhir_version=wanted.release, ledger=False)
    cpu = time.process_time() - begin
    encode = msgspec.json.Encoder(decimal_format="number").encode
    for number, start in enumerate(range(0, len(there.resources), CHUNK)):
        lines = [encode(each) + b"\n" for each in there.resources[start : start + CHUNK]]
        Path(folder, f"{number:04d}.ndjson").write_bytes(b"".join(lines))
    return Trip(
        wanted.release,
        {d.name: len(d.rows) for d in before},
        count_cells(there.tallies, compare_datasets(before, back.datasets)),
        dict(sorted(Counter(each["resourceType"] for each in there.resources).items())),
        list(misplaced(before, back.datasets)),
        len(dangling(there.resources)),
        digest(there.resources),
        cpu=cpu,
        peak=usage.getrusage(usage.RUSAGE_SELF).ru_maxrss * RSS_UNIT / 2**20,
    )


def misplaced(before: Iterable[Dataset], after: Iterable[Dataset]) -> Iterable[str]:
    """Yield what is said otherwise of a dataset: its label, its variables with theirs, lengths and order, its rows."""
    others = {d.name: d for d in after}
    for dataset in before:
        other = others.get(dataset.name)
        if other is None:
            yield f"{dataset.name}: the dataset"
            continue
        if other.label != dataset.label:
            yield f"{dataset.name}: its label"
        if other.variables != dataset.variables:
            yield f"{dataset.name}: its variables"
        if list(other.rows) != list(dataset.rows):
            yield f"{dataset.name}: its rows"


def invalid(file: str, release: Release) -> Counter[str]:
    """Return how many findings there are in a file of resources, by code and element."""
    found: Counter[str] = Counter()
    for line in Path(file).read_bytes().splitlines():
        each = DECODE(line)
        found.update(f"{i.code} {each['resourceType']}.{i.place.field}" for i in check(each, release))
    return found


def trip(wanted: Wanted, jobs: int) -> Trip:
    """Return the trip of one release with all that is checked; each step is a process of its own."""
    pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), max_tasks_per_child=1)
    with pool, TemporaryDirectory() as folder:
        first, second = pool.submit(go, wanted, folder), pool.submit(again, wanted)
        made, made.ids_again = first.result(), second.result()
        files = sorted(map(str, Path(folder).iterdir()))
        for found in pool.map(invalid, files, [wanted.release] * len(files)):
            made.invalid.update(found)
    return made


HEAD = """\
# The CDISC pilot to FHIR and back

Every dataset of the CDISC pilot study, as its XPT files have it, goes to FHIR and back, and every cell is compared.
Written by `make pilot`, which fails where a cell comes back otherwise, a resource in between is not valid, a reference
leads nowhere, ids are others in a second run, a label, length or row is out of its place, or where in R5 more than
10 % of all cells or 25 % of those of a dataset are residual.

A cell is *native* where a FHIR element holds it; in an *HL7 extension* where one does that HL7 publishes (of the core
specification, of a guide, or for an element that only a later release has); *derived* where it is computed again from
other cells; *constant* where the mapping says it of every row; and *residual* where it is kept beside the element, in
an extension of this project.
"""


def page(trips: list[Trip]) -> str:
    """Return the text of the page."""
    return "\n".join([HEAD, *(line for one in trips for line in _release(one))]) + "\n"


def _release(one: Trip) -> list[str]:
    heads = ["rows", "cells", "native", "HL7 extension", "derived", "constant", "residual", "different"]
    lines = [f"\n## FHIR {one.release}\n", f"| dataset | {' | '.join(heads)} |", "|---" * (len(heads) + 1) + "|"]
    lines += [_line(each, one.rows.get(each.name, 0)) for each in one.cells]
    lines.append(_line(one.total, sum(one.rows.values())))
    findings = one.invalid.total()
    same = "the same" if one.ids == one.ids_again else "OTHERS"
    checked = f"{findings} findings of validation; {one.dangling} dangling references"
    lines.append(f"\n{cell(sum(one.resources.values()))} resources; {checked}; the ids of a second run are {same}.\n")
    return [*lines, ", ".join(f"{name} {cell(count)}" for name, count in one.resources.items())]


def _line(one: CellCounts, rows: int) -> str:
    shares = (percent(getattr(one, kind), one.cells) for kind in KINDS)
    return f"| {one.name} | {cell(rows)} | {cell(one.cells)} | {' | '.join(shares)} | {cell(one.different or 0)} |"


def percent(part: int, whole: int) -> str:
    """A share in words; blank for none, 100 % only where it is whole."""
    if not part:
        return ""
    return "100 %" if part == whole else f"{min(max(part / whole * 100, 0.01), 99.99):.2f} %"


def main() -> int:
    """Write the page; 1 where something is not as it must be."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    shared = Path(os.environ.get("INTERCHANGE_SHARED", ROOT.parent / "shared"))
    parser.add_argument("--datasets", default="", help="only these, with commas between them")
    parser.add_argument("--subjects", type=int, default=0, help="only the first so many subjects")
    parser.add_argument("--releases", default=",".join(RELEASES))
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--json", type=Path, help="also write the numbers to a file")
    args = parser.parse_args()
    package = shared / PACKAGE
    if not package.is_file():
        print(f"no reference data: set INTERCHANGE_SHARED to the folder that holds {PACKAGE}", file=sys.stderr)
        return 1
    names = tuple(name.strip().upper() for name in args.datasets.split(",") if name.strip())
    trips = []
    for release in args.releases.split(","):
        one = trip(Wanted(str(package), release, names, args.subjects), args.jobs)
        total = one.total
        held = f"{cell(total.cells)} cells, {cell(total.residual_share)} residual, {total.different} different"
        print(f"{release}: {held}; {one.cpu:.0f} CPU s there and back, at its peak {one.peak:.0f} MB", flush=True)
        trips.append(one)
    if names or args.subjects or args.releases != ",".join(RELEASES):
        print(page(trips))
    else:
        PAGE.write_text(page(trips), encoding="utf-8")
    if args.json:
        args.json.write_bytes(msgspec.json.format(msgspec.json.encode([asdict(one) for one in trips])))
    faults = [fault for one in trips for fault in one.faults()]
    for fault in faults:
        print(fault, file=sys.stderr)
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
