"""Write docs/trees-roundtrip.md: registry records and USDM studies to FHIR and SDTM and back, leaf by leaf.

``python tools/tree_trip.py`` reads ``ctgov``, ``nct05574608`` and ``usdm`` in the folder of reference data
(``../shared/data``, or ``data`` in the folder that INTERCHANGE_SHARED names). It exits with 1 where a document does not
come back with its remainder, a resource in between is not valid, or less than `LEAST` of the records' protocol
sections comes back from FHIR without it.
"""

from __future__ import annotations

import os
import re
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from interchange import to_fhir, to_registry, to_sdtm, to_usdm
from interchange.engine.ledger import same
from interchange.fhir.members import DECODE
from interchange.report.layout import cell
from interchange.trees.convert import document_leaves

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from interchange.fhir.elements import Release

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "trees-roundtrip.md"
RELEASES: tuple[Release, ...] = ("R5", "R4B")
LEAST = 0.98
DATASETS = ("TS", "TA", "TE", "TI", "TV")
HEAD = """\
# Registry records and USDM studies, there and back

Made by `python tools/tree_trip.py` (in `make pilot`). A leaf is a value that is not null or blank, at its path; it is
*equal* where the same value comes back at the same path. The tables are without the remainder: they say what FHIR and
what the trial design datasets hold.
"""


@dataclass(slots=True)
class Tally:
    """Leaves of one group: how many there are, and how many came back by way of each release, and of SDTM."""

    leaves: int = 0
    equal: Counter[str] = field(default_factory=Counter)
    samples: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Trip:
    """Documents of one tree there and back; ``rows`` are those of their datasets, ``faults`` what must not be."""

    title: str
    groups: dict[str, Tally] = field(default_factory=dict)
    documents: dict[str, dict[str, int]] = field(default_factory=dict)
    rows: Counter[str] = field(default_factory=Counter)
    with_remainder: Counter[str] = field(default_factory=Counter)
    resources: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def share(self, way: str) -> float:
        """The share of leaves that came back by a way."""
        return sum(t.equal[way] for t in self.groups.values()) / max(sum(t.leaves for t in self.groups.values()), 1)


def follow(title: str, files: Iterable[Path], back: Callable[..., Any], group: Callable[..., str | None]) -> Trip:
    """The trip of some documents, their leaves grouped."""
    trip = Trip(title)
    for file in files:
        content = DECODE(file.read_bytes())
        own = {path: leaf for path, leaf in document_leaves(content).items() if group(path, content) is not None}
        for path in own:
            trip.groups.setdefault(group(path, content) or "", Tally()).leaves += 1
        for release in RELEASES:
            there = to_fhir(file, fhir_version=release, keep_remainder=True)
            trip.resources[release] += len(there.resources)
            trip.faults += [f"{file.name} {release}: {issue}" for issue in there.check()]
            _count(trip, release, own, _one(back(there.resources, fhir_version=release)), group, content)
            whole = _one(back(there.resources, fhir_version=release, remainder=there.rests))
            trip.with_remainder[release] += whole == content
            if whole != content:
                trip.faults.append(f"{file.name} {release}: not the same with its remainder")
        made = to_sdtm(file)
        sizes = {dataset.name: len(dataset.rows) for dataset in made.datasets}
        trip.documents[_name(file, content)] = sizes
        trip.rows.update(sizes)
        _count(trip, "SDTM", own, _one(back(made.datasets)), group, content)
    return trip


def _name(file: Path, content: dict[str, Any]) -> str:
    """What a document is called on the page: a record by its number, a study by its file."""
    named = content.get("protocolSection", {}).get("identificationModule", {}).get("nctId")
    return str(named or file.name)


def _one(result: Any) -> Any:
    return next(iter(result.documents.values()), {})


def _count(
    trip: Trip, way: str, own: dict[str, Any], back: Any, group: Callable[..., str | None], content: dict[str, Any]
) -> None:
    found = document_leaves(back)
    for path, leaf in own.items():
        tally = trip.groups[group(path, content) or ""]
        if path in found and same(leaf, found[path]):
            tally.equal[way] += 1
        elif way != "SDTM":
            tally.samples[re.sub(r"\[\d+\]", "[]", path)] += 1


def module_of(path: str, content: dict[str, Any]) -> str | None:
    """The module of the protocol section that a leaf of a record stands in."""
    del content
    section, _, rest = path.partition(".")
    return rest.partition(".")[0] if section == "protocolSection" else None


def class_of(path: str, content: dict[str, Any]) -> str:
    """The USDM class of the object that a leaf stands in."""
    node: Any = content
    found = "Wrapper"
    for step in re.findall(r"[^.\[\]]+|\[\d+\]", path):
        if isinstance(node, dict):
            found = node.get("instanceType", found)
        node = node[int(step[1:-1])] if step.startswith("[") else node[step]
    return found


def write_table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table of markdown."""
    lines = [" | ".join(head), " | ".join("---" for _ in head), *(" | ".join(map(str, row)) for row in rows)]
    return "".join(f"| {line} |\n" for line in lines)


def share(part: int, whole: int) -> str:
    """A share in percent."""
    return f"{part / whole:.1%}".replace("%", " %") if whole else ""


def page(trip: Trip, unit: str) -> str:
    """The part of the page about one tree."""
    ways = (*RELEASES, "SDTM")
    total = sum(tally.leaves for tally in trip.groups.values())
    rows = [
        (name, f"{tally.leaves:,}", *(share(tally.equal[way], tally.leaves) for way in ways))
        for name, tally in sorted(trip.groups.items())
    ]
    rows.append(("**all**", f"{total:,}", *(f"**{share(round(trip.share(way) * total), total)}**" for way in ways)))
    studies = [(cell(name), *(sizes.get(dataset, 0) for dataset in DATASETS)) for name, sizes in trip.documents.items()]
    count = len(trip.documents)
    returned = ", ".join(f"{trip.with_remainder[release]} of {count} by {release}" for release in RELEASES)
    checked = ", ".join(f"{trip.resources[release]:,} resources of {release}" for release in RELEASES)
    lost = Counter({path: count for tally in trip.groups.values() for path, count in tally.samples.items()})
    worst = [(f"`{path}`", count) for path, count in lost.most_common(12)]
    return "\n".join(
        (
            f"## {trip.title}",
            "",
            f"With the remainder, equal as a whole: {returned}. {checked}: {len(trip.faults)} findings of validation.",
            "",
            write_table((unit, "leaves", *(f"equal by {way}" for way in ways)), rows),
            "Rows of the trial design datasets:",
            "",
            write_table(("document", *DATASETS), studies),
            *(("What FHIR does not bring back without the remainder, both releases together:", "") if worst else ()),
            *((write_table(("element", "leaves"), worst),) if worst else ()),
        )
    )


def main() -> int:
    """Write the page; 1 where something is not as it must be."""
    shared = Path(os.environ.get("INTERCHANGE_SHARED", ROOT.parent / "shared")) / "data"
    if not shared.is_dir():
        print(f"no reference data in {shared}: the page stays as it is")
        return 0
    records = [
        *sorted((shared / "ctgov").glob("NCT*.json")),
        *sorted((shared / "ctgov" / "reshaped_from_v1").glob("NCT*.json")),
        shared / "nct05574608" / "ctgov.json",
    ]
    studies = sorted((shared / "usdm").glob("*.json"))
    registry = follow("ClinicalTrials.gov: 29 records", records, to_registry, module_of)
    usdm = follow("USDM: 3 studies", studies, to_usdm, class_of)
    PAGE.write_text("\n".join((HEAD, page(registry, "module"), page(usdm, "class"))), encoding="utf-8")
    faults = [*registry.faults, *usdm.faults]
    faults += [f"{release}: {registry.share(release):.2%} of the records come back" for release in RELEASES
               if registry.share(release) < LEAST]  # fmt: skip
    print("\n".join(faults[:40]) or f"written {PAGE.relative_to(ROOT)}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
