"""Measures the memory and time of ``interchange to-sdtm`` on a generated trial, at n and at ten times n subjects.

Each run is a process of its own on bulk data files. Peak memory is the highest resident set of it and its workers
together, looked at twenty times a second where there is ``/proc``, elsewhere that of the largest of them; CPU seconds
are those of all. Memory that stays flat from n to 10n says that a larger trial needs no larger machine.

    python benchmarks/bench_memory.py --subjects 50 --times 10 --json out.json
"""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from corpus import write_corpus
from measuring import spend


@dataclass
class Run:
    """One conversion: sizes of what went in, and what it took."""

    subjects: int
    resources: int
    input_mb: float
    peak_mb: float
    cpu: float
    wall: float


def measure(folder: Path, subjects: int, options: list[str]) -> Run:
    """Return what the conversion of a trial of so many subjects takes."""
    counts = write_corpus(folder / "fhir", subjects)
    size = sum(path.stat().st_size for path in (folder / "fhir").iterdir())
    places = [str(folder / "fhir"), "--out", str(folder / "sdtm")]
    spent = spend(["to-sdtm", *places, "--fhir-version", "R4", *options])
    return Run(subjects, counts.total(), size / 2**20, spent.peak_mb, spent.cpu, spent.wall)


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--subjects", type=int, default=50, help="n")
    parser.add_argument("--times", type=int, default=10, help="the larger run has so many times n")
    parser.add_argument("--options", default="--no-ledger --memory 256MB", help="options of to-sdtm, in one text")
    parser.add_argument("--json", type=Path, help="also write the numbers to a file")
    args = parser.parse_args()
    print(f"{'subjects':>9}{'resources':>11}{'input MB':>10}{'peak MB':>9}{'CPU s':>8}{'wall s':>8}{'res/CPU s':>11}")
    runs = []
    for subjects in (args.subjects, args.subjects * args.times):
        with tempfile.TemporaryDirectory() as folder:
            run = measure(Path(folder), subjects, args.options.split())
        runs.append(run)
        sizes = f"{run.subjects:>9,}{run.resources:>11,}{run.input_mb:>10.1f}{run.peak_mb:>9.0f}"
        print(f"{sizes}{run.cpu:>8.1f}{run.wall:>8.1f}{run.resources / run.cpu:>11,.0f}", flush=True)
    few, many = runs
    more = (many.peak_mb - few.peak_mb) / (many.input_mb - few.input_mb)
    print(f"memory grows by {more:.2f} MB a MB of input")
    if args.json:
        args.json.write_text(json.dumps({"runs": [asdict(run) for run in runs], "growth": more}, indent=1) + "\n")


if __name__ == "__main__":
    main()
