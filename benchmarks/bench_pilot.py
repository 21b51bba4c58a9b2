"""Measures ``interchange to-fhir`` on the CDISC pilot's XPT files, and ``to-sdtm`` on what came of it, file to file.

Each command is a process of its own. Peak memory is the highest resident set of it and its workers together; CPU
seconds are those of all. The package lies beside the repository (``../shared/data``, or ``data`` in the folder that
INTERCHANGE_SHARED names); without it nothing is measured.

    python benchmarks/bench_pilot.py --release R5 --json out.json
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from measuring import spend

ROOT = Path(__file__).parents[1]
PACKAGE = Path("data") / "lzzt" / "sdtm_xpt.zip"
ENCODING = "cp1252"


@dataclass
class Run:
    """One command: what it took, and the size of what it wrote."""

    command: str
    cpu: float
    wall: float
    peak_mb: float
    output_mb: float


def measure(command: str, source: Path, out: Path, options: list[str]) -> Run:
    """Return what a command takes from a source to a folder."""
    spent = spend([command, str(source), "--out", str(out), "--encoding", ENCODING, *options])
    size = sum(path.stat().st_size for path in out.iterdir()) / 2**20
    return Run(command, spent.cpu, spent.wall, spent.peak_mb, size)


def main() -> int:
    """Measure, and print; 0 without the package, too."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    shared = Path(os.environ.get("INTERCHANGE_SHARED", ROOT.parent / "shared"))
    parser.add_argument("--release", default="R5")
    parser.add_argument("--source", type=Path, default=shared / PACKAGE, help="a package of XPT files")
    parser.add_argument("--json", type=Path, help="also write the numbers to a file")
    args = parser.parse_args()
    if not args.source.exists():
        print(f"skipped: no {PACKAGE} (set INTERCHANGE_SHARED to the folder that holds it)")
        return 0
    print(f"{'the pilot, ' + args.release:<16}{'CPU s':>8}{'wall s':>8}{'peak MB':>9}{'output MB':>11}")
    runs = []
    with tempfile.TemporaryDirectory() as folder:
        fhir, sdtm = Path(folder, "fhir"), Path(folder, "sdtm")
        for command, source, out, options in (
            ("to-fhir", args.source, fhir, []),
            ("to-sdtm", fhir, sdtm, ["--no-ledger", "--format", "xpt"]),
        ):
            run = measure(command, source, out, ["--fhir-version", args.release, *options])
            runs.append(run)
            print(f"{command:<16}{run.cpu:>8.1f}{run.wall:>8.1f}{run.peak_mb:>9.0f}{run.output_mb:>11.1f}", flush=True)
    if args.json:
        args.json.write_text(json.dumps([asdict(run) for run in runs], indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
