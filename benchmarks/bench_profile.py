"""Measures where the CPU time of a conversion goes, by stage, in memory and in parts, and prints tables.

A timer interrupts the process every 2 ms of CPU time and looks which functions are at work. A sample belongs to the
first stage of the list below that has a function or module among them, so that a stage is all that its functions
call. Parts are converted by the process itself (``--jobs 1``). A first conversion, which compiles, is not counted.

    python benchmarks/bench_profile.py --subjects 60 --page docs/performance.md
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corpus import write_corpus
from measuring import machine

from interchange.api import to_fhir, to_sdtm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import FrameType

TICK = 0.002

# Stages by their functions (module:name) and modules, the first that matches.
START = ("interchange.mapping.load", "interchange.engine.planner", "interchange.runners.adapted")
TO_SDTM = {
    "start: mappings and plan": START,
    "fits: values against their types": ("interchange.runners.remarks:report_misfits",),
    "way back: rows to resources": ("interchange.engine.backward",),
    "compare: leaves with those that came back": ("interchange.engine.ledger", "interchange.engine.losses"),
    "claims: whose rows a resource is": ("interchange.engine.claims",),
    "derive": ("interchange.engine.forward:Forward._derive",),
    "finish: required variables, order": ("interchange.engine.forward:Forward._finish",),
    "read: cells of elements": ("interchange.engine.forward:Forward._gather",),
    "parts: written and read again": ("interchange.runners.partition",),
    "decode: files to resources": ("interchange.intake:stream_resources",),
    "runs: sorted rows of parts, merged": ("interchange.runners.runfile",),
    "datasets: variables, qualifiers": ("interchange.runners.assemble",),
    "codelists": ("interchange.engine.codelists",),
    "write: XPT and reports": ("interchange.results:SdtmResult.write",),
}
TO_FHIR = {
    "start: mappings and plan": START,
    "decode: files to rows": ("interchange.intake:read_datasets",),
    "settle: rows read again and compared": ("interchange.engine.settle",),
    "way back: rows to resources": ("interchange.engine.backward",),
    "keys in the standard's order": ("interchange.fhir.write:arranged",),
    "codelists": ("interchange.engine.codelists",),
    "write: NDJSON and reports": ("interchange.results:FhirResult.write",),
}
REST = "the rest"


@dataclass
class Profile:
    """Where a conversion spent its time: samples by stage, and CPU seconds of all."""

    name: str
    cpu: float
    samples: dict[str, int]

    def share(self, stage: str) -> float:
        """The part of the time that a stage took, of 1."""
        return self.samples.get(stage, 0) / max(sum(self.samples.values()), 1)


class Sampler:
    """Counts samples by stage; a stage's name or module that is there no more is an error."""

    def __init__(self, stages: dict[str, Sequence[str]]) -> None:
        self.samples: Counter[str] = Counter()
        self.order = list(stages)
        self.functions: dict[Any, int] = {}
        self.modules: dict[str, int] = {}
        for rank, names in enumerate(stages.values()):
            for name in names:
                module, _, function = name.partition(":")
                home: Any = import_module(module)
                if not function:
                    self.modules[home.__file__] = rank
                    continue
                for part in function.split("."):
                    home = getattr(home, part)
                self.functions[home.__code__] = rank

    def sample(self, _: int, frame: FrameType | None) -> None:
        """Count what is at work now."""
        rank = len(self.order)
        while frame is not None:
            code = frame.f_code
            found = self.functions.get(code, self.modules.get(code.co_filename, rank))
            rank, frame = min(rank, found), frame.f_back
        self.samples[self.order[rank] if rank < len(self.order) else REST] += 1

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Take samples meanwhile."""
        signal.signal(signal.SIGPROF, self.sample)
        signal.setitimer(signal.ITIMER_PROF, TICK, TICK)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)


def profile(name: str, stages: dict[str, Sequence[str]], act: Callable[[], object]) -> Profile:
    """Return where a call spends its time."""
    sampler = Sampler(stages)
    begin = time.process_time()
    with sampler.at_work():
        act()
    return Profile(name, time.process_time() - begin, dict(sampler.samples))


def table(found: Sequence[Profile], stages: Sequence[str]) -> Iterator[str]:
    """Yield a table of Markdown: a line a stage, a column a conversion, in percent."""
    yield f"| stage | {' | '.join(one.name for one in found)} |"
    yield "|---|" + "--:|" * len(found)
    for stage in (*stages, REST):
        yield f"| {stage} | {' | '.join(f'{one.share(stage):.0%}' for one in found)} |"
    yield f"| CPU seconds | {' | '.join(f'{one.cpu:.1f}' for one in found)} |"


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--subjects", type=int, default=60)
    parser.add_argument("--json", type=Path, help="also write the numbers to a file")
    parser.add_argument("--page", type=Path, help="put the tables into a page of Markdown, in place of those there")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_corpus(folder / "fhir", args.subjects)
        write_corpus(folder / "few", 2)
        size = sum(path.stat().st_size for path in (folder / "fhir").iterdir())

        def there(source: Path, **options: Any) -> None:
            to_sdtm(source, fhir_version="R4", **options).write(folder / "sdtm")

        def back(source: Path) -> None:
            to_fhir(source, fhir_version="R4").write(folder / "back")

        there(folder / "few")
        parts = {"memory": size * 64 // 8}  # some eight of them
        found = [
            profile("in memory", TO_SDTM, lambda: there(folder / "fhir")),
            profile("no ledger", TO_SDTM, lambda: there(folder / "fhir", ledger=False)),
            profile("in parts", TO_SDTM, lambda: there(folder / "fhir", **parts)),
            profile("in parts, no ledger", TO_SDTM, lambda: there(folder / "fhir", ledger=False, **parts)),
        ]
        returned = [profile("to FHIR", TO_FHIR, lambda: back(folder / "sdtm"))]
    lines = [
        "To SDTM, of NDJSON to XPT:",
        "",
        *table(found, list(TO_SDTM)),
        "",
        "To FHIR, of the same XPT to NDJSON:",
        "",
    ]
    lines += table(returned, list(TO_FHIR))
    print("\n".join(lines))
    if args.json:
        numbers = {"machine": machine(), "profiles": [asdict(one) for one in (*found, *returned)]}
        args.json.write_text(json.dumps(numbers, indent=1) + "\n")
    if args.page:
        put_between(
            args.page, f"python benchmarks/bench_profile.py --subjects {args.subjects} --page {args.page}", lines
        )


def put_between(path: Path, command: str, lines: Sequence[str]) -> None:
    """Put lines into a page, between the marks of what a command makes; ends where there are none."""
    begin, end = "<!-- tables: begin -->\n", "<!-- tables: end -->"
    head, first, rest = path.read_text(encoding="utf-8").partition(begin)
    _, last, tail = rest.partition(end)
    if not first or not last:
        sys.exit(f"{path} has no place for the tables")
    facts = ", ".join(f"{name} {value}" for name, value in machine().items())
    made = "\n".join((f"    {command}", "", f"With {facts}.", "", *lines))
    path.write_text(f"{head}{begin}{made}\n{end}{tail}", encoding="utf-8")


if __name__ == "__main__":
    main()
