"""Measures the memory and time of ``interchange to-sdtm`` on a generated trial, at n and at ten times n subjects.

Each run is a process of its own on bulk data files. Peak memory is the highest resident set of it and its workers
together, looked at twenty times a second where there is ``/proc``, elsewhere that of the largest of them; CPU seconds
are those of all. Memory that stays flat from n to 10n says that a larger trial needs no larger machine.

    python benchmarks/bench_memory.py --subjects 50 --times 10 --json out.json
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Event, Thread

from corpus import write_corpus

RSS_UNIT = 1 if sys.platform == "darwin" else 1024  # getrusage counts bytes there, kibibytes elsewhere


@dataclass
class Run:
    """One conversion: sizes of what went in, and what it took."""

    subjects: int
    resources: int
    input_mb: float
    peak_mb: float
    cpu: float
    wall: float


def resident(pid: int) -> int:
    """The bytes that a process and its children hold in memory; 0 where the system does not say."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except (OSError, IndexError):  # no /proc, or the process has ended
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE") + sum(resident(int(child)) for child in children)


class Watch(Thread):
    """Looks at the memory of a process until it is stopped; ``peak`` is in bytes."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid, self.peak, self.over = pid, 0, Event()

    def run(self) -> None:
        """Look, until the process is over."""
        while not self.over.wait(0.05):
            self.peak = max(self.peak, resident(self.pid))


@dataclass
class Spent:
    """What a command took: CPU and wall seconds, and the megabytes that it held at its peak."""

    cpu: float
    wall: float
    peak_mb: float


def spend(words: list[str]) -> Spent:
    """Return what an ``interchange`` command of some words takes, its workers included; ends where it fails."""
    begin = time.perf_counter()
    process = subprocess.Popen(  # noqa: S603  # our own command
        [sys.executable, "-m", "interchange", *words], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    watch = Watch(process.pid)
    watch.start()
    assert process.stderr is not None  # noqa: S101  # asked for above
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begin
    watch.over.set()
    watch.join()
    if os.waitstatus_to_exitcode(status):
        sys.exit(f"{words[0]} failed:\n{said}")
    return Spent(usage.ru_utime + usage.ru_stime, wall, max(watch.peak, usage.ru_maxrss * RSS_UNIT) / 2**20)


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
