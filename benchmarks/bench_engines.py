"""Measures rows per CPU-second of both engines in both directions, a line a shipped domain, and prints a table.

``whole`` is what a run pays: to SDTM a shelf of resources to rows in order, to FHIR rows to settled resources.
``rules`` is the part that the engines differ in: to SDTM the cells of rows whose elements are found, to FHIR opening an
element and writing cells. The engines take turns; each number is the best of the rounds.

Rows of DM and of the trial design are made by `synthetic`; those of the other domains are what `to_sdtm` makes of the
trial in `corpus`. Before anything is measured, both engines convert the corpus to SDTM, with its ledger and remainder,
and all rows to FHIR: every file that they write has to have the same bytes.

    python benchmarks/bench_engines.py --rows 5000 --subjects 40 --release R5 --rounds 3 --json out.json
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corpus import resources
from measuring import machine
from rich.console import Console
from rich.table import Table
from synthetic import datasets

from interchange.api import to_fhir, to_sdtm
from interchange.engine.backward import Backward
from interchange.engine.bench import ResourceBench
from interchange.engine.compile import compile_plan
from interchange.engine.forward import Forward
from interchange.engine.planner import plan_project
from interchange.engine.shelf import shelve
from interchange.mapping.load import load_project
from interchange.sdtm.dataset import Dataset, Variable
from interchange.sdtm.standard import standard

if TYPE_CHECKING:
    from collections.abc import Callable

    from interchange.engine.plan import Plan, PlannedMapping
    from interchange.fhir.elements import Release

Row = dict[str, str]
ENGINES = ("interpreted", "compiled")


@dataclass
class Measured:
    """One line of the table: seconds are those of the best round."""

    domain: str
    direction: str
    part: str
    rows: int
    cpu: dict[str, float]
    wall: dict[str, float]

    def rate(self, engine: str) -> float:
        """Rows per CPU-second."""
        return self.rows / self.cpu[engine]


def timed(act: Callable[[], Any]) -> tuple[float, float]:
    """CPU and wall seconds of a call, with no garbage of others to collect."""
    gc.collect()
    wall, cpu = time.perf_counter(), time.process_time()
    act()
    return time.process_time() - cpu, time.perf_counter() - wall


class Contest:
    """Both engines on the rows of one domain."""

    def __init__(self, plan: Plan, planned: PlannedMapping, rows: list[Row], rounds: int) -> None:
        self.plan, self.planned, self.rows, self.rounds = plan, planned, rows, rounds
        compiled = compile_plan(plan)
        forwards = {"interpreted": Forward(plan), "compiled": Forward(plan, compiled.read, compiled.elements)}
        self.forwards = forwards
        self.backwards = {
            "interpreted": Backward(plan, forwards["interpreted"]),
            "compiled": Backward(plan, forwards["compiled"], compiled.write, constants=compiled.constants),
        }

    @property
    def domain(self) -> str:
        """The domain's name."""
        return self.planned.mapping.domain

    def run(self) -> list[Measured]:
        """Return the lines of the domain: both directions, the whole and the rules alone."""
        resources = self.backwards["compiled"].convert({self.domain: self.rows})
        return [
            self.measure("to SDTM", "whole", lambda engine: self.to_sdtm(engine, resources)),
            self.measure("to SDTM", "rules", self.reading(resources)),
            self.measure("to FHIR", "whole", lambda engine: self.backwards[engine].convert({self.domain: self.rows})),
            self.measure("to FHIR", "rules", self.writing()),
        ]

    def measure(self, direction: str, part: str, act: Callable[[str], Any]) -> Measured:
        """Let the engines take turns, and keep the best round of each."""
        best = {engine: (float("inf"), float("inf")) for engine in ENGINES}
        for _ in range(self.rounds):
            for engine in ENGINES:
                best[engine] = min(best[engine], timed(lambda: act(engine)))  # noqa: B023  # called at once
        cpu, wall = ({engine: best[engine][i] for engine in ENGINES} for i in (0, 1))
        return Measured(self.domain, direction, part, len(self.rows), cpu, wall)

    def to_sdtm(self, engine: str, resources: list[dict[str, Any]]) -> None:
        """Rows from resources, which must be as many as went in."""
        forward = self.forwards[engine]
        found = forward.rows(self.planned, shelve(self.plan, resources, forward.read))
        if len(found) != len(self.rows):
            sys.exit(f"{self.domain}: {len(self.rows)} rows went in, {len(found)} came back")

    def reading(self, resources: list[dict[str, Any]]) -> Callable[[str], None]:
        """The reading of rows whose elements are found."""
        shelf = shelve(self.plan, resources, self.forwards["compiled"].read)
        found = self.forwards["compiled"].rows(self.planned, shelf)
        spots = [(f.source, f.levels) for f in found if f.source is not None]

        def act(engine: str) -> None:
            read = self.forwards[engine].read
            for source, levels in spots:
                read(source, levels, shelf)

        return act

    def writing(self) -> Callable[[str], None]:
        """The opening of elements and the writing of cells into them."""
        backward = self.backwards["compiled"]
        backward.convert({self.domain: self.rows})
        taken = [(w.source, w.row) for w in backward.settled[self.domain].written if w.source is not None]

        def act(engine: str) -> None:
            write = self.backwards[engine].write
            bench = ResourceBench(self.plan, write)
            for source, row in taken:
                opened = bench.open(source, row)
                if opened is not None:
                    write(source, opened[0], bench, row)

        return act


def subject_rows(subjects: int) -> dict[str, list[Row]]:
    """Return the rows of so many subjects by domain, as they come of FHIR."""
    made = to_sdtm(resources(subjects), fhir_version="R4", ledger=False).datasets
    return {d.name: list(d.rows) for d in made if d.rows and not d.name.startswith(("SUPP", "RELREC"))}


def same_bytes(subjects: int, release: Release, rows: dict[str, list[Row]]) -> Counter[str]:
    """Return how many files both engines write with the same bytes, by direction; ends where they differ.

    To SDTM a corpus of so many subjects, to FHIR its datasets and, one by one, those of other rows.
    """
    counts: Counter[str] = Counter()
    records = list(resources(subjects))
    made = to_sdtm(records, fhir_version="R4", ledger=False).datasets
    others = [[dataset_of(domain, own)] for domain, own in rows.items()]
    with tempfile.TemporaryDirectory() as place:
        for engine in ENGINES:
            out = Path(place, engine)
            there = to_sdtm(records, fhir_version="R4", engine=engine, remainder=True)
            there.write(out / "to SDTM", ["xpt", "dataset-json"])
            for number, datasets_ in enumerate([made, *others]):
                to_fhir(datasets_, fhir_version=release, engine=engine).write(out / "to FHIR" / str(number))
        found = [{p.relative_to(out): p.read_bytes() for p in out.rglob("*") if p.is_file()} for out in _outs(place)]
    for path in found[0] | found[1]:
        if found[0].get(path) != found[1].get(path):
            sys.exit(f"the engines differ in {path}")
        counts[path.parts[0]] += 1
    return counts


def _outs(place: str) -> list[Path]:
    return [Path(place, engine) for engine in ENGINES]


def dataset_of(name: str, rows: list[Row]) -> Dataset:
    """Return rows as a dataset, its variables as the guide has them."""
    spec = standard("3.4").dataset(name)
    known = {v.name: v for v in spec.variables} if spec else {}
    names = dict.fromkeys(variable for row in rows for variable in row)
    return Dataset(name, name, [Variable(v, v, known[v].type if v in known else "Char") for v in names], rows)


def surroundings(release: str) -> dict[str, str]:
    """What the numbers depend on."""
    installed = version("interchange") if _installed() else "from source"
    return {"interchange": installed, "FHIR release": release} | machine()


def _installed() -> bool:
    try:
        version("interchange")
    except ModuleNotFoundError:
        return False
    return True


def compile_time(plan: Plan) -> dict[str, float]:
    """CPU milliseconds that generating and compiling both directions of each domain takes."""
    spent = {}
    for domain, planned in plan.mappings.items():
        compiled = compile_plan(plan)
        cpu, _ = timed(lambda: compiled.prepare(planned.sources))  # noqa: B023  # called at once
        spent[domain] = cpu * 1000
    return spent


def table(lines: list[Measured]) -> Table:
    """The lines as a table."""
    shown = Table(title="Rows per CPU-second, and wall seconds of the best round")
    for name in ("domain", "direction", "part"):
        shown.add_column(name, no_wrap=True)
    for name in ("rows", "interpreted", "compiled", "times", "wall s"):
        shown.add_column(name, justify="right", no_wrap=True)
    for at, line in enumerate(lines):
        slow, fast = (line.rate(engine) for engine in ENGINES)
        wall = " / ".join(f"{line.wall[engine]:.3f}" for engine in ENGINES)
        cells = (f"{line.rows:,}", f"{slow:,.0f}", f"{fast:,.0f}", f"{fast / slow:.1f}", wall)
        last = at + 1 == len(lines) or lines[at + 1].domain != line.domain
        shown.add_row(line.domain, line.direction, line.part, *cells, end_section=last)
    return shown


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument(
        "--rows", type=int, default=2000, help="subjects of DM; other domains have a fifth as many rows"
    )
    parser.add_argument("--subjects", type=int, default=40, help="subjects of the corpus that other rows are made of")
    parser.add_argument("--release", default="R5", choices=("R4", "R4B", "R5"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--domains", nargs="*", help="only these domains")
    parser.add_argument("--json", type=Path, help="also write the numbers to a file")
    args = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 110)
    plan = plan_project(load_project(), args.release)
    facts = surroundings(args.release)
    console.print("  ".join(f"{name}: {value}" for name, value in facts.items()))
    made = datasets(args.rows, max(1, args.rows // 5))
    same = same_bytes(args.subjects, args.release, made)
    console.print("the same bytes of both engines: " + ", ".join(f"{n} files {way}" for way, n in sorted(same.items())))
    data = subject_rows(args.subjects) | made
    spent = compile_time(plan)
    console.print("compile, CPU ms: " + "  ".join(f"{domain} {ms:.0f}" for domain, ms in spent.items()))
    lines: list[Measured] = []
    known = [domain for domain in plan.mappings if domain in data]
    if unknown := sorted(set(args.domains or ()) - set(known)):
        parser.error(f"no rows of {', '.join(unknown)} are made; there are {', '.join(sorted(known))}")
    for domain in args.domains or known:
        lines += Contest(plan, plan.mappings[domain], data[domain], args.rounds).run()
    console.print(table(lines))
    if args.json:
        numbers = [asdict(line) | {"rate": {e: line.rate(e) for e in ENGINES}} for line in lines]
        args.json.write_text(json.dumps({"machine": facts, "compile_ms": spent, "lines": numbers}, indent=1) + "\n")


if __name__ == "__main__":
    main()
