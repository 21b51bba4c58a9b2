"""Measures what ``interchange to-sdtm --runner dask`` costs beside the local runner, on a generated trial in parts.

Each run is a process of its own, with the start of its workers; CPU seconds are those of all processes together. The
files of every run are compared: they have to be the same bytes.

    python benchmarks/bench_dask.py --subjects 400 --parts 40
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from corpus import write_corpus

from interchange.runners.stream import SPREAD

RUNS = {
    "local, 2 processes": ["--runner", "local", "--jobs", "2"],
    "dask, 2 workers": ["--runner", "dask", "--jobs", "2"],
    "dask, 4 workers": ["--runner", "dask", "--jobs", "4"],
}


def measure(source: Path, out: Path, options: list[str]) -> tuple[float, float]:
    """Return the wall and CPU seconds of a conversion."""
    command = [sys.executable, "-m", "interchange", "to-sdtm", str(source), "--out", str(out), "--fhir-version", "R4"]
    begin = time.perf_counter()
    process = subprocess.Popen(  # noqa: S603  # our own command
        [*command, *options], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None  # noqa: S101  # asked for above
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status):
        sys.exit(f"to-sdtm {' '.join(options)} failed:\n{said}")
    return time.perf_counter() - begin, usage.ru_utime + usage.ru_stime


def contents(folder: Path) -> dict[str, bytes]:
    """The files of a folder."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--subjects", type=int, default=60)
    parser.add_argument("--parts", type=int, default=12)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        count = write_corpus(folder / "fhir", args.subjects).total()
        size = sum(path.stat().st_size for path in (folder / "fhir").iterdir())
        memory = f"{max(1, size * SPREAD // args.parts)}B"
        print(f"{args.subjects:,} subjects, {count:,} resources, {size / 1e6:.1f} MB in {args.parts} parts")
        print(f"{'runner':<20}{'wall s':>8}{'CPU s':>8}{'res/CPU s':>11}  same files")
        first: dict[str, bytes] = {}
        for at, (label, options) in enumerate(RUNS.items()):
            wall, cpu = measure(folder / "fhir", folder / f"out-{at}", [*options, "--memory", memory])
            made = contents(folder / f"out-{at}")
            first = first or made
            print(f"{label:<20}{wall:>8.1f}{cpu:>8.1f}{count / cpu:>11,.0f}  {'yes' if made == first else 'NO'}")


if __name__ == "__main__":
    main()
