"""Write docs/coverage.md: how much of the FHIR of others reaches SDTM, from the loss ledger.

``python tools/fhir_coverage.py`` reads ``fhir/`` in the folder of reference data (``../shared/data``, or ``data`` in
the folder that INTERCHANGE_SHARED names): ten patients of Synthea, and examples of the specification and of guides.
"""

from __future__ import annotations

import os
import re
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Self

from interchange.engine.ledger import NEW_ID, NO_ROW, NO_RULE, leaves
from interchange.intake import read_resources
from interchange.issues import Issues, SourceError
from interchange.mapping.load import load_project
from interchange.runners.engines import build_engines
from interchange.runners.local import resources_to_datasets

if TYPE_CHECKING:
    from collections.abc import Iterable

    from interchange.engine.losses import Loss
    from interchange.fhir.elements import Release
    from interchange.runners.engines import Engines
    from interchange.runners.local import Datasets

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "coverage.md"
NO_MAPPING = "no mapping reads"

HEAD = """\
# How much of the FHIR of others reaches SDTM

Written by `tools/fhir_coverage.py` from the loss ledger, with the shipped mappings alone. A leaf is a value of JSON. It
*comes back* where the rows hold it so that FHIR made of them has it again; it is *read* where a rule takes it and FHIR
made of the rows says it otherwise, or not. The rest is not in SDTM, and stands in the ledger: every leaf is one of the
four. A resource has *reached* SDTM where a leaf of it did. The share is that of leaves that came back or were read.
"""


@dataclass(slots=True)
class Reached:
    """What became of the resources of one type."""

    resources: int = 0
    reached: int = 0
    leaves: int = 0
    read: int = 0
    unread: Counter[str] = field(default_factory=Counter)
    idle: int = 0

    @property
    def back(self) -> int:
        """Leaves that come back."""
        return self.leaves - self.read - self.unread.total() - self.idle

    @property
    def share(self) -> float:
        """The share of leaves that came back or were read."""
        return (self.back + self.read) / self.leaves if self.leaves else 0.0

    def __iadd__(self, other: Reached) -> Self:
        self.resources += other.resources
        self.reached += other.reached
        self.leaves += other.leaves
        self.read += other.read
        self.unread += other.unread
        self.idle += other.idle
        return self


@cache
def engines(release: Release) -> Engines:
    """The shipped mappings on a release, planned once for all sources."""
    return build_engines(load_project(), release, "interpreted")


def convert(source: Path, release: Release) -> tuple[Datasets, dict[str, Reached]]:
    """Return what a source becomes, and what became of its resources by type; SourceError where it is refused."""
    records, _, _ = read_resources(source, Issues(), release)
    result = resources_to_datasets(engines(release), records, Issues())
    assert result.ledger is not None  # noqa: S101  # the ledger is made where it is not turned off
    lost: dict[str, list[Loss]] = defaultdict(list)
    for loss in result.ledger.losses:
        lost[loss.resource].append(loss)
    found: dict[str, Reached] = defaultdict(Reached)
    for record in records:
        resource = record.resource
        name = f"{resource['resourceType']}/{resource.get('id', '?')}"
        count = sum(path != "resourceType" for path, _ in leaves(resource))
        found[resource["resourceType"]] += _reached(count, lost.pop(name, []))
    return result, dict(found)


def _reached(count: int, losses: list[Loss]) -> Reached:
    """What became of one resource of so many leaves."""
    reached = count > len(losses) or any(loss.reason == NEW_ID for loss in losses)
    one = Reached(resources=1, leaves=count, reached=int(reached))
    for loss in losses:
        if loss.reason == NO_RULE or loss.reason.startswith(NO_MAPPING):
            one.unread[re.sub(r"\[\d+\]", "", loss.element)] += 1
        elif loss.reason == NO_ROW or not reached:
            one.idle += 1
        else:  # read one way, read and written otherwise, or an id that is made anew
            one.read += 1
    return one


def release_of(path: Path) -> Release:
    """The release that the name of an example tells: ae5, r5spec, soa5 and ebm6 are R5."""
    return "R5" if path.name.split("-")[0] in ("ae5", "r5spec", "soa5", "ebm6") else "R4"


def examples(data: Path) -> list[Path]:
    """The examples, by name."""
    return sorted(p for p in (data / "fhir" / "examples").glob("*.json") if p.name != "MANIFEST.json")


def page(data: Path) -> str:
    """Return the text of the page."""
    return "\n".join([HEAD, *_synthea(data), *_examples(data)]) + "\n"


def _synthea(data: Path) -> list[str]:
    result, found = convert(data / "fhir" / "synthea10.zip", "R4")
    rows = ", ".join(f"{d.name} {len(d.rows)}" for d in result.datasets)
    lines = [f"## Ten patients of Synthea (R4)\n\nRows: {rows or 'none'}.\n"]
    lines += _table(found)
    lines.append("\nElements that no rule reads, with the number of leaves:\n")
    for kind, one in sorted(found.items()):
        if one.unread and one.reached:
            named = ", ".join(f"`{path}` {n}" for path, n in sorted(one.unread.items(), key=lambda i: (-i[1], i[0])))
            lines.append(f"- {kind}: {named}")
    none = ", ".join(kind for kind, one in sorted(found.items()) if not one.reached)
    return [*lines, f"- as a whole: {none}"] if none else lines


def _table(found: dict[str, Reached]) -> list[str]:
    lines = ["| resource | resources | reached | leaves | come back | read | no rule reads | in no row | share |"]
    lines.append("|---|---|---|---|---|---|---|---|---|")
    whole = Reached()
    for kind, one in sorted(found.items()):
        lines.append(f"| {kind} | {_counts(one)} |")
        whole += one
    return [*lines, f"| all | {_counts(whole)} |"]


def _counts(one: Reached) -> str:
    numbers = (one.resources, one.reached, one.leaves, one.back, one.read, one.unread.total(), one.idle)
    return " | ".join(map(str, numbers)) + f" | {one.share:.0%}"


def _examples(data: Path) -> list[str]:
    lines = ["\n## Examples of the specification and of guides\n"]
    lines.append("A single resource often lacks what it refers to, so a row of it may lack its keys.\n")
    lines.append("| example | release | rows | leaves | come back | read | no rule reads | in no row | share |")
    lines.append("|---|---|---|---|---|---|---|---|---|")
    return [*lines, *(_example(path) for path in examples(data))]


def _example(path: Path) -> str:
    release = release_of(path)
    try:
        result, found = convert(path, release)
    except SourceError as refused:
        return f"| {path.stem} | {release} | refused: {refused.issue.message} | | | | | | |"
    whole = _sum(found.values())
    rows = ", ".join(f"{d.name} {len(d.rows)}" for d in result.datasets if d.rows) or "none"
    numbers = (whole.leaves, whole.back, whole.read, whole.unread.total(), whole.idle)
    return f"| {path.stem} | {release} | {rows} | {' | '.join(map(str, numbers))} | {whole.share:.0%} |"


def _sum(found: Iterable[Reached]) -> Reached:
    whole = Reached()
    for one in found:
        whole += one
    return whole


def main() -> int:
    """Write the page; 1 without reference data."""
    shared = Path(os.environ.get("INTERCHANGE_SHARED", ROOT.parent / "shared"))
    if not (shared / "data" / "fhir").is_dir():
        print("no reference data: set INTERCHANGE_SHARED to the folder that holds data/fhir", file=sys.stderr)
        return 1
    PAGE.write_text(page(shared / "data"), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
