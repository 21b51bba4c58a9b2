"""Write docs/pilot.md: SDTM made of FHIR that others wrote of the CDISC pilot, beside the pilot's own datasets.

``python tools/pilot.py`` reads ``lzzt/`` in the folder of reference data (``../shared/data``, or ``data`` in the folder
that INTERCHANGE_SHARED names), converts the six bundles with the shipped mappings and then with the study overlay in
``examples/pilot``, and exits with 1 where a difference has no declared cause. ``--show AE.AESEV`` prints the cells of a
variable that differ.
"""

from __future__ import annotations

import argparse
import os
import sys
import zipfile
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from pilot_causes import KINDS, Cause, Declared, read_declared
from pilot_rows import Matched, Row, match, same

from interchange.api import to_sdtm
from interchange.engine.ledger import leaves
from interchange.intake import read_datasets
from interchange.issues import Issues
from interchange.sdtm.suppqual import join

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from interchange.sdtm.dataset import Dataset

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "pilot.md"
OVERLAY = ROOT / "examples" / "pilot"
DECLARED = Path(__file__).with_name("pilot_causes.yaml")
RUNS = ("shipped", "overlay")


@dataclass(slots=True)
class Tally:
    """What became of a variable's cells, or of a dataset's rows, in numbers: equal, and the rest by kind of cause."""

    equal: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    causes: dict[Cause, int] = field(default_factory=lambda: defaultdict(int))

    @property
    def comparable(self) -> int:
        """Cells that count: equal ones, and those that differ."""
        return self.equal + self.kinds["differs"]

    @property
    def both(self) -> int:
        """Comparable cells, and those that are the sponsor's."""
        return self.comparable + self.kinds["sponsor"]


@dataclass(slots=True)
class Compared:
    """One domain in one run."""

    domain: str
    run: str
    rows: int
    matched: int
    only_ours: int
    only_theirs: int
    order: list[str]
    cells: dict[str, Tally] = field(default_factory=dict)

    @property
    def equal(self) -> int:
        """Cells that are equal."""
        return sum(t.equal for t in self.cells.values())

    @property
    def comparable(self) -> int:
        """Cells that count."""
        return sum(t.comparable for t in self.cells.values())

    @property
    def both(self) -> int:
        """Cells that count, and those that are the sponsor's."""
        return sum(t.both for t in self.cells.values())

    @property
    def share(self) -> float:
        """The share of comparable cells that are equal."""
        return self.equal / self.comparable if self.comparable else 1.0


class Trial:
    """Both sides of the pilot: its datasets, and what any leaf of a subject's bundle says."""

    def __init__(self, data: Path) -> None:
        self.bundles = data / "lzzt" / "fhir_r4_bundles.zip"
        self.theirs = joined(read_datasets(data / "lzzt" / "sdtm_xpt.zip", Issues()))
        self.said = dict(said_in(self.bundles))
        for dataset in self.theirs.values():
            dataset.rows = [row for row in dataset.rows if row.get("USUBJID") in self.said]

    def convert(self, run: str) -> dict[str, Dataset]:
        """Return the datasets made of the bundles."""
        mappings, study = (OVERLAY / "mappings", OVERLAY / "study.yaml") if run == "overlay" else (None, None)
        made = to_sdtm(self.bundles, fhir_version="R4", ledger=False, mappings=mappings, study=study)
        return joined(made.datasets)


def joined(datasets: Iterable[Dataset]) -> dict[str, Dataset]:
    """Datasets by name, with the supplemental ones joined in."""
    found = {d.name: d for d in datasets}
    for name in [n for n in found if n.startswith("SUPP")]:
        supp = found.pop(name)
        parent = name.removeprefix("SUPP")
        if parent in found:
            found[parent] = join(found[parent], supp).dataset
    return found


def said_in(bundles: Path) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield each subject with the texts of all leaves of its bundle, folded."""
    with zipfile.ZipFile(bundles) as archive:
        for name in sorted(archive.namelist()):
            bundle = msgspec.json.decode(archive.read(name))
            subject = next(
                entry["resource"]["id"]
                for entry in bundle["entry"]
                if entry["resource"]["resourceType"] == "ResearchSubject"
            )
            yield subject, frozenset(str(value).casefold() for _, value in leaves(bundle))


class Comparison:
    """Compares domains in one run, and explains what differs by what is declared."""

    def __init__(self, trial: Trial, declared: Declared, run: str, show: frozenset[str] = frozenset()) -> None:
        self.trial, self.declared, self.run, self.show = trial, declared, run, show
        self.unexplained: Counter[str] = Counter()

    def domains(self) -> Iterator[Compared]:
        """Yield the comparison of each domain that has rows of these subjects on either side."""
        ours = self.trial.convert(self.run)
        for name in dict.fromkeys([*sorted(self.trial.theirs), *sorted(ours)]):
            here, there = ours.get(name), self.trial.theirs.get(name)
            if there is None and here is not None and not any("USUBJID" in row for row in here.rows):
                continue  # trial design: the bundles' own plans, which are in no dataset of a subject
            if there is not None and not there.rows:
                continue
            yield self.compare(name, here, there)

    def compare(self, name: str, ours: Dataset | None, theirs: Dataset | None) -> Compared:
        """Return the comparison of one domain."""
        variables = [*(theirs.variables if theirs else ()), *(ours.variables if ours else ())]
        numeric = {v.name for v in variables if v.type == "Num"}
        here, there = (list(side.rows) if side else [] for side in (ours, theirs))
        found = match(here, there, self.declared.tiers(name))
        counts = len(there), len(found.pairs), len(found.only_ours), len(found.only_theirs)
        result = Compared(name, self.run, *counts, list(dict.fromkeys(v.name for v in variables)))
        result.cells = {variable: Tally() for variable in result.order}
        for variable, mine, their, row, side in cells(found, result.order):
            tally = result.cells[variable]
            if mine is not None and their is not None and same(mine, their, numeric=variable in numeric):
                tally.equal += 1
            else:
                self._explain(name, variable, mine, their, row, side, tally)
        return result

    def _explain(
        self, domain: str, variable: str, here: str | None, there: str | None, row: Row, side: str, tally: Tally
    ) -> None:
        cause = self.declared.cause(domain, variable, self.run, side, here, there, row)
        if cause is None:
            place = {"both": f"{domain}.{variable}", "ours": f"{domain}, rows only from FHIR"}
            self.unexplained[place.get(side, f"{domain}, rows only of the pilot")] += 1
        kind = cause.kind if cause else "differs"
        said = there is not None and side == "both" and self._said(row, there)
        if kind in ("absent", "sponsor") and said and cause is not None and not cause.although:
            kind = "differs"
            self.unexplained[f"{domain}.{variable} (the bundle does say it)"] += 1
        tally.kinds[kind] += 1
        if cause is not None:
            tally.causes[cause] += 1
        if f"{domain}.{variable}" in self.show:
            print(f"{self.run} {domain}.{variable} {kind}: {here!r} / {there!r}")

    def _said(self, row: Row, text: str) -> bool:
        """Whether a word is the text of some leaf of the subject's bundle; numbers and letters alone are no words."""
        folded = text.casefold()
        return sum(c.isalpha() for c in folded) > 2 and folded in self.trial.said.get(row.get("USUBJID", ""), ())


def cells(found: Matched, names: Iterable[str]) -> Iterator[tuple[str, str | None, str | None, Row, str]]:
    """Yield each cell that either side has: variable, ours, theirs, the row, and which side has the row."""
    order = list(names)
    rows: list[tuple[Row, Row, str]] = [(here, there, "both") for here, there in found.pairs]
    rows += [(row, {}, "ours") for row in found.only_ours]
    rows += [({}, row, "theirs") for row in found.only_theirs]
    for here, there, side in rows:
        for name in order:
            if name in here or name in there:
                yield name, here.get(name), there.get(name), there or here, side


HEAD = """\
# The CDISC pilot, from FHIR of others

The CDISC pilot study is published as SDTM and, for six of its subjects, as FHIR R4 bundles that others made of the same
data. Here the bundles go through `to_sdtm`, and every cell is laid beside the pilot's own datasets: with the shipped
mappings alone, and with a study overlay ([examples/pilot](../examples/pilot)) that says what only the sponsor knows.
It is the one truth at hand that this project did not write itself. Written by `make pilot`, which fails where a
difference has no cause in `tools/pilot_causes.yaml`.

Rows are matched within a subject by what they say (--SEQ is not in the bundles); texts are equal by every character,
numbers to 12 digits. A cell that either side has is

- *equal*;
- *different*: the bundle holds what the pilot has, and it comes out otherwise or not at all;
- *the sponsor's*: both sides have it, and the bundle says something else than the pilot, or what the pilot has was the
  sponsor's choice (an identifier, a code, a standard unit and its factor) and stands in no resource;
- *not in FHIR*: the pilot has it, and the bundle holds neither it nor what it is derived from;
- *only from FHIR*: the bundle holds it, and the pilot has no such cell.

Where a word of the pilot that is declared to be in no resource stands in the subject's bundle all the same, the tool
fails, unless the declaration says how that can be. The *share* is that of equal cells in equal and different ones; the
*strict share* counts what is the sponsor's as different, too; *of all* is the share of equal cells in all cells
that the pilot has.
"""


def percent(part: int, whole: int) -> str:
    """A share in words; 100 % only where it is whole."""
    if not whole:
        return ""
    return "100 %" if part == whole else f"{min(part / whole * 100, 99.99):.2f} %"


def page(found: list[Compared]) -> str:
    """Return the text of the page."""
    lines = [HEAD]
    for run in RUNS:
        own = [c for c in found if c.run == run and c.matched]
        title = "With the shipped mappings alone" if run == "shipped" else "With the study overlay"
        lines.append(f"\n## {title}\n")
        columns = (
            "rows of the pilot | matched | only pilot | only FHIR | equal | different | share | strict share | of all"
        )
        lines.append(f"| dataset | {columns} |")
        lines.append("|---|---|---|---|---|---|---|---|---|---|")
        lines += [_summary(c) for c in own]
    lines += _nothing(found)
    for domain in dict.fromkeys(c.domain for c in found if c.matched or c.only_ours):
        lines += _domain([c for c in found if c.domain == domain])
    return "\n".join(lines) + "\n"


def _summary(one: Compared) -> str:
    whole = sum(t.both + t.kinds["absent"] for t in one.cells.values())
    counts = (one.rows, one.matched, one.only_theirs, one.only_ours, one.equal, one.comparable - one.equal)
    shares = (percent(one.equal, n) for n in (one.comparable, one.both, whole))
    return f"| {one.domain} | {' | '.join(map(str, counts))} | {' | '.join(shares)} |"


def _nothing(found: list[Compared]) -> list[str]:
    """The datasets that the bundles have no row of, with the reason."""
    lines = ["\n## What the bundles hold nothing of\n", "| dataset | rows of the pilot | reason |", "|---|---|---|"]
    held = {c.domain for c in found if c.matched or c.only_ours}
    lines += [
        f"| {c.domain} | {c.rows} | {_causes([c], 'USUBJID')} |"
        for c in found
        if c.run == RUNS[0] and c.domain not in held
    ]
    return lines


def _domain(both: list[Compared]) -> list[str]:
    """The table of a domain: a line a variable, the two runs side by side."""
    lines = [f"\n## {both[0].domain}\n"]
    lines.append("| variable | equal | different | the sponsor's | not in FHIR | only from FHIR | cause |")
    lines.append("|---|---|---|---|---|---|---|")
    for name in dict.fromkeys(n for c in both for n in c.order):
        tallies = [c.cells.get(name, Tally()) for c in both]
        if any(t.equal or t.kinds.total() for t in tallies):
            columns = [[t.equal for t in tallies], *([t.kinds[k] for t in tallies] for k in KINDS)]
            lines.append(f"| {name} | {' | '.join(_pair(c) for c in columns)} | {_causes(both, name)} |")
    return lines


def _pair(counts: list[int]) -> str:
    """The numbers of the two runs, once where they are the same."""
    return str(counts[0]) if len(set(counts)) == 1 else " → ".join(map(str, counts))


def _causes(both: list[Compared], name: str) -> str:
    """The causes of a variable, with the run where only one has it."""
    runs: dict[str, list[str]] = {}
    for one in both:
        for cause in one.cells.get(name, Tally()).causes:
            runs.setdefault(cause.text, []).append(one.run)
    some = len({c.run for c in both}) > 1
    return "; ".join(f"{t} ({r[0]})" if some and len(set(r)) == 1 else t for t, r in runs.items())


def compare(data: Path, show: Iterable[str] = ()) -> tuple[list[Compared], dict[str, Counter[str]]]:
    """Return the comparison of every domain in both runs, and by run what has no cause, counted by variable.

    Beside the runs stand causes that are declared and cover nothing.
    """
    trial, declared = Trial(data), read_declared(DECLARED)
    found: list[Compared] = []
    unexplained: dict[str, Counter[str]] = {}
    for run in RUNS:
        comparison = Comparison(trial, declared, run, frozenset(show))
        found += comparison.domains()
        unexplained[run] = comparison.unexplained
    used = {cause for one in found for tally in one.cells.values() for cause in tally.causes}
    unexplained["unused causes"] = Counter(cause.text for cause in declared.causes if cause not in used)
    return found, unexplained


def main() -> int:
    """Write the page; 1 where something has no cause."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    shared = Path(os.environ.get("INTERCHANGE_SHARED", ROOT.parent / "shared"))
    parser.add_argument("--show", action="append", default=[], metavar="DOMAIN.VARIABLE")
    args = parser.parse_args()
    if not (shared / "data" / "lzzt").is_dir():
        print("no reference data: set INTERCHANGE_SHARED to the folder that holds data/lzzt", file=sys.stderr)
        return 1
    found, unexplained = compare(shared / "data", args.show)
    PAGE.write_text(page(found), encoding="utf-8")
    for one in found:
        if one.matched:
            shares = f"{percent(one.equal, one.comparable):9} {percent(one.equal, one.both)}"
            print(f"{one.run:8} {one.domain:6} {one.matched:5}/{one.rows:<5} {shares}")
    for run, counts in unexplained.items():
        for variable, count in counts.most_common():
            print(f"{run}: {variable}: {count}" + " cells without a cause" * (run in RUNS), file=sys.stderr)
    return int(any(unexplained.values()))


if __name__ == "__main__":
    sys.exit(main())
