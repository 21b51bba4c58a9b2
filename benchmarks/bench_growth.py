"""Measures ``interchange to-sdtm`` on bulk data files of growing size: time a row, memory, and that no row is lost.

The sources are copies of the subjects of `corpus`, each under a name of its own: they are written as fast as the disk
takes them, to any size. Each run is a process of its own, with its workers, from NDJSON to sorted XPT. Memory is that
of all its processes together, pages that they share counted once (the proportional set size), looked at five times a
second. Each resource belongs to one part and makes a number of rows that is known: the rows that come out are counted.

    python benchmarks/bench_growth.py --sizes 100MB,1GB,10GB --memory 1GiB --jobs 2 --page docs/growth.md
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from corpus import STUDY, Resource, study, subject
from measuring import machine, spend, together

from interchange.cli.options import bytes_of

if TYPE_CHECKING:
    from collections.abc import Iterator

MODELS = 60  # subjects that are copied
DOMAINS = {
    "ResearchSubject": "DM",
    "Encounter": "SV",
    "AdverseEvent": "AE",
    "MedicationStatement": "CM",
    "Condition": "MH",
}
_ENCODE = msgspec.json.Encoder(decimal_format="number").encode


@dataclass
class Run:
    """One conversion: what went in and came out, and what it took."""

    subjects: int
    input_bytes: int
    rows: int
    cpu: float
    wall: float
    peak_mb: float

    @property
    def each(self) -> float:
        """CPU microseconds a row."""
        return self.cpu / self.rows * 1e6


@dataclass
class Model:
    """A subject to copy: its name, its lines by resource type, and the rows that it makes by domain."""

    name: bytes
    lines: dict[str, bytes]
    rows: Counter[str]

    @classmethod
    def of(cls, number: int) -> Model:
        """Return a subject of the corpus as a model."""
        lines: dict[str, bytes] = {}
        rows: Counter[str] = Counter()
        name = b""
        for resource in subject(number):
            kind = resource["resourceType"]
            lines[kind] = lines.get(kind, b"") + _ENCODE(resource) + b"\n"
            rows.update(made_of(resource))
            if kind == "Patient":
                name = resource["id"].encode()
        return cls(name, lines, rows)


def made_of(resource: Resource) -> dict[str, int]:
    """Return how many rows of which domain a resource of the corpus becomes."""
    kind = resource["resourceType"]
    if kind == "Observation":
        laboratory = resource["category"][0]["coding"][0]["code"] == "laboratory"
        return {"LB" if laboratory else "VS": len(resource.get("component", "1"))}
    return {DOMAINS[kind]: 1} if kind in DOMAINS else {}


def write_copies(folder: Path, size: int) -> tuple[int, int, Counter[str]]:
    """Write files of NDJSON of some size, a resource type each; subjects, bytes, and the rows to come by domain."""
    folder.mkdir()
    models = [Model.of(number) for number in range(MODELS)]
    rows: Counter[str] = Counter()
    written = count = 0
    with ExitStack() as stack:
        files: dict[str, Any] = {}

        def put(kind: str, lines: bytes) -> None:
            nonlocal written
            if kind not in files:
                files[kind] = stack.enter_context((folder / f"{kind}.ndjson").open("wb", buffering=1 << 20))
            files[kind].write(lines)
            written += len(lines)

        put("ResearchStudy", _ENCODE(study()) + b"\n")
        while written < size:
            model = models[count % MODELS]
            name = b"%b-%d-%07d" % (STUDY.encode(), 701 + count % 17, count)
            for kind, lines in model.lines.items():
                put(kind, lines.replace(model.name, name))
            rows.update(model.rows)
            count += 1
    return count, written, rows


def measure(size: int, options: list[str]) -> Run:
    """Return what the conversion of a source of some bytes takes; ends where rows are missing, or too many."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        subjects, written, expected = write_copies(folder / "fhir", size)
        words = ["to-sdtm", str(folder / "fhir"), "--out", str(folder / "sdtm"), "--json", "--fhir-version", "R4"]
        spent = spend([*words, *options], together, 0.2)
    found = {dataset["name"]: dataset["rows"] for dataset in json.loads(spent.out)["datasets"]}
    if wrong := {name: (rows, found.get(name)) for name, rows in expected.items() if found.get(name) != rows}:
        sys.exit(f"rows that were to come, and that came: {wrong}")
    return Run(subjects, written, expected.total(), spent.cpu, spent.wall, spent.peak_mb)


HEAD = ("input MB", "subjects", "rows", "CPU s", "wall s", "CPU µs a row", "a row, first = 1", "peak MB")


def line(run: Run, first: Run) -> tuple[str, ...]:
    """The cells of a run."""
    sizes = (f"{run.input_bytes / 1e6:,.0f}", f"{run.subjects:,}", f"{run.rows:,}", f"{run.cpu:,.1f}")
    return (*sizes, f"{run.wall:,.1f}", f"{run.each:,.0f}", f"{run.each / first.each:.2f}", f"{run.peak_mb:,.0f}")


def page(runs: list[Run], command: str, memory: str) -> Iterator[str]:
    """Yield the lines of the page."""
    facts = ", ".join(f"{name} {value}" for name, value in machine().items())
    yield from (
        "# Sources that grow",
        "",
        "Made by this command:",
        "",
        f"    {command}",
        "",
        f"With {facts}. The machine is shared with other work:",
        "ratios say more than seconds.",
        "",
        "Bulk data files of one trial (NDJSON, a file a resource type) become sorted XPT, with all that a run writes",
        "beside it. Memory is that of all processes of a run together, pages that they share counted once. Every",
        "resource of the source makes a known number of rows, and just as many came out, in each domain: each line",
        "belongs to one part, and none is read twice or left out.",
        "",
        f"| {' | '.join(HEAD)} |",
        "|" + "--:|" * len(HEAD),
        *(f"| {' | '.join(line(run, runs[0]))} |" for run in runs),
        "",
        f"The budget is `--memory {memory}`; the highest peak is {max(run.peak_mb for run in runs):,.0f} MB.",
    )


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sizes", default="20MB,100MB", help="bytes of the sources, with commas")
    parser.add_argument("--memory", default="1GiB")
    parser.add_argument("--jobs", default="2")
    parser.add_argument("--no-ledger", action="store_true")
    parser.add_argument("--json", type=Path, help="also write the numbers to a file")
    parser.add_argument("--page", type=Path, help="also write a page of Markdown")
    args = parser.parse_args()
    options = ["--memory", args.memory, "--jobs", args.jobs, *(["--no-ledger"] if args.no_ledger else [])]
    runs: list[Run] = []
    print("  ".join(f"{name:>16}" for name in HEAD))
    for size in map(bytes_of, args.sizes.split(",")):
        runs.append(measure(size, options))
        print("  ".join(f"{cell:>16}" for cell in line(runs[-1], runs[0])), flush=True)
    if args.json:
        args.json.write_text(json.dumps({"machine": machine(), "runs": [asdict(run) for run in runs]}, indent=1) + "\n")
    if args.page:
        command = f"python benchmarks/bench_growth.py --sizes {args.sizes} {' '.join(options)} --page {args.page}"
        args.page.write_text("\n".join(page(runs, command, args.memory)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
