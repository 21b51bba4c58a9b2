"""Measures this project beside other libraries on the same laboratory results, in one run, and prints the tables.

Each work has a process of its own in each round, and the works take turns; CPU and wall seconds are those of the best
round, memory is the most of any. A call is measured after one on a single subject, so that no import counts; a command
is measured whole, with the start of Python. Slow libraries take the first subjects of the corpus: rates are per row.
What a library makes of the results is compared with what stands in the corpus. What is not installed is said so.

    python benchmarks/bench_peers.py --rows 200000 --rounds 2 --json out.json --page docs/benchmarks.md
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from multiprocessing import get_context
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING

import peers
from corpus import LABS, VISITS, is_laboratory, write_corpus
from measuring import Spent, machine, memory_of, spend
from peers import Made
from rich.console import Console
from rich.table import Table

from interchange.api import to_sdtm
from interchange.sdtm.xpt import read_xpt
from interchange.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable

    from interchange.fhir.elements import Release

RELEASE: Release = "R4"
PACKAGES = (
    "orjson",
    "msgspec",
    "duckdb",
    "fhirpathpy",
    "fhir-pyrate",
    "fhir.resources",
    "pyreadstat",
    "pandas",
    "numpy",
)
UNIT = "orjson.loads of each line"
WHOLE, PART, ONE = "whole", "part", "one"  # corpora: all subjects, the first of them, the first


@dataclass(frozen=True)
class Work:
    """A work on a folder: a call, or a command, of which ``made`` says afterwards what came."""

    name: str
    made: Callable[[Path], Made]
    command: str = ""
    corpus: str = WHOLE


@dataclass
class Line:
    """A work's numbers, or what is missing for it; ``changed`` counts results whose text is another than before."""

    work: str
    rows: int = 0
    columns: int = 0
    cpu: float = float("inf")
    wall: float = float("inf")
    peak_mb: float = 0
    changed: int | None = None
    missing: str = ""

    @property
    def rate(self) -> float:
        """Rows per CPU-second."""
        return self.rows / self.cpu

    def better(self, other: Line) -> Line:
        """The best of two rounds."""
        cpu, wall, peak = min(self.cpu, other.cpu), min(self.wall, other.wall), max(self.peak_mb, other.peak_mb)
        return replace(other, cpu=cpu, wall=wall, peak_mb=peak)


def in_memory(source: Path) -> Made:
    """LB in memory, with the ledger of what is lost."""
    return _laboratory(source, ledger=True)


def in_memory_without_ledger(source: Path) -> Made:
    """LB in memory."""
    return _laboratory(source, ledger=False)


def _laboratory(source: Path, ledger: bool) -> Made:
    result = to_sdtm(source / "fhir", fhir_version=RELEASE, ledger=ledger, memory=2**40)
    dataset = next(dataset for dataset in result.datasets if dataset.name == "LB")
    return Made(len(dataset.rows), len(dataset.variables), lambda: (row["LBORRES"] for row in dataset.rows))


def in_xpt(source: Path) -> Made:
    """What stands in the file of LB."""
    (dataset,), _ = read_xpt(source / "sdtm" / "lb.xpt")
    return Made(len(dataset.rows), len(dataset.variables), lambda: (row["LBORRES"] for row in dataset.rows))


def in_ndjson(source: Path) -> Made:
    """What stands in the file of Observations; as many columns as LB had."""
    results = list(peers.quantities(source / "back" / "Observation.ndjson"))
    return Made(len(results), in_xpt(source).columns, lambda: results)


TO_SDTM = f"to-sdtm SOURCE/fhir --out SOURCE/sdtm --fhir-version {RELEASE}"
BACK = f"to-fhir SOURCE/sdtm/lb.xpt --out SOURCE/back --fhir-version {RELEASE}"
OURS = "this project"
ONE_JOB, TWO_JOBS = f"{OURS}, to XPT files, --jobs 1", f"{OURS}, to XPT files, --jobs 2"
FROM_FHIR = (
    Work(UNIT, peers.decoded_orjson),
    Work("msgspec, decimals kept, of each line", peers.decoded_msgspec),
    Work(f"{OURS}, in memory", in_memory),
    Work(f"{OURS}, in memory, no ledger", in_memory_without_ledger),
    Work(ONE_JOB, in_xpt, f"{TO_SDTM} --jobs 1"),
    Work(TWO_JOBS, in_xpt, f"{TO_SDTM} --jobs 2"),
    Work("DuckDB, SQL over read_json", peers.queried_duckdb),
    Work("FHIR-PYrate, a function of attributes", peers.framed_by_function, corpus=PART),
    Work("FHIR-PYrate, FHIRPath", peers.framed_by_paths, corpus=PART),
    Work("fhirpathpy, compiled expressions", peers.evaluated_fhirpathpy, corpus=PART),
    Work("fhir.resources, a loop over models", peers.validated_models, corpus=PART),
)
TO_FHIR = (
    Work(f"{OURS}, LB of XPT to NDJSON files", in_ndjson, BACK),
    Work("fhir.resources, models of rows to NDJSON", peers.constructed_models, corpus=PART),
)


def measure(work: Work, folder: Path) -> Line:
    """Return what a work takes, and whether the results stayed as they are written in the corpus."""
    source = folder / work.corpus
    try:
        spent, made = (_command if work.command else _call)(work, folder, source)
    except ImportError as error:
        return Line(work.name, missing=error.name or str(error))
    changed = None
    if made.results is not None:
        changed = (Counter(peers.quantities(peers.observations(source))) - Counter(made.results())).total()
    return Line(work.name, made.rows, made.columns, spent.cpu, spent.wall, spent.peak_mb, changed)


def _call(work: Work, folder: Path, source: Path) -> tuple[Spent, Made]:
    work.made(folder / ONE)
    gc.collect()
    wall, cpu = time.perf_counter(), time.process_time()
    made = work.made(source)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return Spent(cpu, wall, memory_of("VmHWM") or 0), made


def _command(work: Work, _: Path, source: Path) -> tuple[Spent, Made]:
    return run(work.command, source), work.made(source)


def run(command: str, source: Path) -> Spent:
    """Return what a command takes on a folder."""
    return spend([word.replace("SOURCE", str(source)) for word in command.split()])


def compete(folder: Path, rounds: int, say: Callable[[str], None]) -> dict[str, Line]:
    """Return the works' lines: each in a process of its own in each round."""
    best: dict[str, Line] = {}
    for number in range(rounds):
        for work in FROM_FHIR + TO_FHIR:
            say(f"round {number + 1} of {rounds}: {work.name}")
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
                line = process.submit(measure, work, folder).result()
            best[work.name] = best[work.name].better(line) if work.name in best else line
    return best


def write_corpora(folder: Path, rows: int, part: int) -> dict[str, int]:
    """Write the corpora, and the datasets of the smaller ones; returns how many results and bytes the whole has."""
    each = len(VISITS) * len(LABS)
    counts = {name: max(1, -(-size // each)) for name, size in ((WHOLE, rows), (PART, part), (ONE, 1))}
    for name, subjects in counts.items():
        write_corpus(folder / name / "fhir", subjects, only=is_laboratory)
        if name != WHOLE:
            run(f"{TO_SDTM} --no-ledger", folder / name)
    size = peers.observations(folder / WHOLE).stat().st_size
    return {"subjects": counts[WHOLE], "results": counts[WHOLE] * each, "bytes": size}


def versions() -> dict[str, str]:
    """What the numbers depend on."""
    facts = {"interchange": __version__}
    for name in PACKAGES:
        try:
            facts[name] = version(name)
        except PackageNotFoundError:
            facts[name] = "not installed"
    return facts | machine()


HEADS = (
    "columns",
    "rows",
    "CPU s",
    "wall s",
    "peak MB",
    "rows/CPU s",
    "rate / ours",
    "CPU of orjson",
    "results changed",
)


def cells(line: Line, ours: Line, unit: Line) -> list[str]:
    """The cells of a line under `HEADS`, beside this project's line and the line that is the unit."""
    if line.missing:
        return ["", f"{line.missing} is not installed", *[""] * (len(HEADS) - 2)]
    seconds = (f"{line.cpu:,.2f}", f"{line.wall:,.2f}")
    memory = f"{line.peak_mb:,.0f}" if line.peak_mb else ""
    times = "" if unit.missing else f"{unit.rate / line.rate:,.1f}"
    changed = "" if line.changed is None else f"{line.changed:,} ({line.changed / line.rows:.1%})"
    rates = (f"{line.rate:,.0f}", f"{line.rate / ours.rate:,.2f}", times)
    return [f"{line.columns or ''}", f"{line.rows:,}", *seconds, memory, *rates, changed]


def listed(works: tuple[Work, ...], lines: dict[str, Line]) -> list[list[str]]:
    """The cells of works, their names before them; this project's is the first line of its name."""
    ours = next(lines[work.name] for work in works if work.name.startswith(OURS))
    return [[work.name, *cells(lines[work.name], ours, lines[UNIT])] for work in works]


def table(title: str, works: tuple[Work, ...], lines: dict[str, Line]) -> Table:
    """Lines as a table."""
    shown = Table(title=title)
    shown.add_column("work", no_wrap=True)
    for name in HEADS:
        shown.add_column(name, justify="right")
    for row in listed(works, lines):
        shown.add_row(*row)
    return shown


def markdown(works: tuple[Work, ...], lines: dict[str, Line]) -> str:
    """Lines as a table of Markdown."""
    rows = ["| work | " + " | ".join(HEADS) + " |", "|---" + "|--:" * len(HEADS) + "|"]
    rows += ["| " + " | ".join(row) + " |" for row in listed(works, lines)]
    return "\n".join(rows)


PAGE = """\
# Beside other libraries

Made by this command, after `pip install -e '.[bench]'`, which installs the other libraries (`make bench` does so as
well, and runs it with {default:,} results):

    python benchmarks/bench_peers.py {options}

With {facts}.

The machine is shared with other work: ratios say more than seconds.

One seeded corpus for all: {results:,} laboratory Observations of {subjects:,} subjects, {megabytes:,.0f} MB of FHIR
{release} NDJSON, beside them their Patients, ResearchSubjects, Encounters and the ResearchStudy. Each work has a
process of its own in each round, and the works take turns ({rounds}). CPU and wall seconds are those of the best round,
memory is the highest resident set. Calls are measured after a first one on a single subject, so no import counts;
commands are measured whole, with the start of Python and of their workers. Slow libraries take the first subjects
alone: rates are per row. "Rate / ours" is a rate with that of this project's first line as the unit; "CPU of orjson" is
the CPU time of a row with that of `orjson.loads` of a line as the unit.

## FHIR to rows

{from_fhir}

{jobs}

The works are not the same. The other libraries take {elements} elements of each Observation as they are, and derive
nothing. This project makes the dataset LB: LOINC becomes test, name and specimen; subjects and visits are resolved;
results and their ranges are converted to standard units; LBSEQ, LBDY and the baseline flags are derived within each
subject; rows are sorted; codes are checked against their codelists. The ledger, which is on unless `--no-ledger` is
given, converts all of it back, to list what SDTM lost. The datasets beside LB (DM, SV, TS) are made as well, and not
counted.

## SDTM to FHIR

{to_fhir}

This project writes each row, reads it back and compares every cell; its resources hold all of LB's variables, and the
shared ones (Patient, Specimen, ...) are made as well. The loop writes the {elements} elements of the first table into
models, and nothing else.

## What is exact

"Results changed" counts results whose text is not the one in the corpus (for this, a whole number needs no point). The
corpus has its zeros, as laboratories write them: 3.80 is a result to two digits. A tool that holds results as double or
normalises them makes 3.8 of it; DuckDB's `read_json` does so where the column is declared as VARCHAR or JSON, too. This
project holds numbers as text. fhirpathpy keeps what its decoder keeps: here msgspec, with decimals. In XPT, LBORRES is
text and stays; LBSTRESN is a double by the format.

XPORT files alone, written and read beside pyreadstat, are measured by `python benchmarks/bench_xpt.py`.
"""


def page(facts: dict[str, str], lines: dict[str, Line], size: dict[str, int], rounds: int) -> str:
    """Return the text of the page."""
    one, two = lines[ONE_JOB], lines[TWO_JOBS]
    jobs = f"With two processes the files are written {one.wall / two.wall:.2f} times as fast by the wall clock as with"
    return PAGE.format(
        options=f"--rows {size['results']} --rounds {rounds} --page docs/benchmarks.md",
        default=ROWS,
        facts=fill(", ".join(f"{name} {value}" for name, value in facts.items()), 114),
        results=size["results"],
        subjects=size["subjects"],
        megabytes=size["bytes"] / 1e6,
        release=RELEASE,
        rounds="one round" if rounds == 1 else f"{rounds} rounds",
        from_fhir=markdown(FROM_FHIR, lines),
        to_fhir=markdown(TO_FHIR, lines),
        jobs=f"{jobs} one, for {two.cpu / one.cpu:.2f} times the CPU time.",
        elements=len(peers.COLUMNS),
    )


ROWS = 20_000


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=ROWS, help="results in the corpus, rounded up to whole subjects")
    parser.add_argument("--part", type=int, default=5000, help="of these, so many for slow libraries")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--json", type=Path, help="also write the numbers to a file")
    parser.add_argument("--page", type=Path, help="also write a page of Markdown")
    args = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 150)
    facts = versions()
    console.print("  ".join(f"{name}: {value}" for name, value in facts.items()))
    with tempfile.TemporaryDirectory() as name:
        size = write_corpora(Path(name), args.rows, args.part)
        lines = compete(Path(name), args.rounds, lambda text: print(text, file=sys.stderr, flush=True))
    console.print(table(f"FHIR to rows, {size['results']:,} laboratory results", FROM_FHIR, lines))
    console.print(table("SDTM to FHIR", TO_FHIR, lines))
    if args.json:
        numbers = [asdict(line) for line in lines.values()]
        args.json.write_text(json.dumps({"facts": facts, "corpus": size, "lines": numbers}, indent=1) + "\n")
    if args.page:
        args.page.write_text(page(facts, lines, size, args.rounds), encoding="utf-8")


if __name__ == "__main__":
    main()
