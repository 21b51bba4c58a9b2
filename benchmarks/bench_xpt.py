"""Measures writing and reading of XPORT beside pyreadstat: the same laboratory data, in one run.

Ours writes a data frame, blocks of rows by column, as a conversion in parts and the reader keep them, and rows, a dict
each; it reads blocks, and once more makes rows of them all. pyreadstat writes and reads a data frame, once with text as
``object``, which it writes quickest, and once as ``str``, which pandas 3 makes of text and pyreadstat itself reads.
Each act has a process of its own: CPU and wall seconds are those of its best round; memory is how far the resident set
rises above what it was with the data at hand, where there is ``/proc``.

    python benchmarks/bench_xpt.py --rows 200000 --rounds 3 --json out.json
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from measuring import forget_peak, machine, memory_of
from rich.console import Console
from rich.table import Table

from interchange.sdtm.blocks import HeldRows, blocks
from interchange.sdtm.dataset import Dataset, Variable
from interchange.sdtm.xpt import read_xpt, write_xpt

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

CHAR = (
    "STUDYID DOMAIN USUBJID LBTESTCD LBTEST LBCAT LBORRES LBORRESU LBORNRLO LBORNRHI "
    "LBSTRESC LBSTRESU LBNRIND LBBLFL LBSPEC VISIT EPOCH LBDTC"
)
NUM = "LBSEQ LBSTRESN LBSTNRLO LBSTNRHI VISITNUM VISITDY LBDY"

# Code, name, category, unit, range, digits
TESTS = (
    ("ALB", "Albumin", "CHEMISTRY", "g/dL", 3.3, 4.9, 1),
    ("ALP", "Alkaline Phosphatase", "CHEMISTRY", "U/L", 35, 115, 0),
    ("CREAT", "Creatinine", "CHEMISTRY", "mg/dL", 0.7, 1.4, 2),
    ("GLUC", "Glucose", "CHEMISTRY", "mg/dL", 70, 115, 0),
    ("HGB", "Hemoglobin", "HEMATOLOGY", "g/dL", 11.5, 16.5, 1),
    ("K", "Potassium", "CHEMISTRY", "mmol/L", 3.4, 5.4, 1),
    ("PLAT", "Platelets", "HEMATOLOGY", "10^9/L", 130, 400, 0),
    ("WBC", "Leukocytes", "HEMATOLOGY", "10^9/L", 3.8, 10.8, 2),
)
VISITS = (-7, 1, 15, 29, 57, 85, 113, 141, 169, 197)  # planned days


@dataclass
class Measured:
    """One act: seconds are those of the best round, memory is above that of the data."""

    act: str
    rows: int
    cpu: float
    wall: float
    peak_mb: float | None


def laboratory(count: int, seed: int = 1) -> Dataset:
    """Return so many rows of LB with 25 variables, the same for the same seed."""
    random = Random(seed)  # noqa: S311  # test data, not secrets
    rows: list[dict[str, str]] = []
    subject = 0
    while len(rows) < count:
        subject += 1
        rows += _subject(random, subject)
    variables = [Variable(name, name) for name in CHAR.split()]
    variables += [Variable(name, name, "Num", 8) for name in NUM.split()]
    return Dataset("LB", "Laboratory Test Results", variables, rows[:count])


def _subject(random: Random, number: int) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = []
    start = date(2013, 1, 1) + timedelta(days=random.randrange(500))
    for visit, planned in enumerate(VISITS, 1):
        day = planned + random.randrange(3)
        taken = f"{start + timedelta(days=day)}T{random.randrange(7, 15):02d}:{random.randrange(60):02d}"
        for code, name, category, unit, low, high, digits in TESTS:
            result = f"{random.gauss((low + high) / 2, (high - low) / 3):.{digits}f}"
            row = {
                "STUDYID": "STUDY0001",
                "DOMAIN": "LB",
                "USUBJID": f"STUDY0001-{701 + number % 17}-{1000 + number}",
                "LBSEQ": str(len(rows) + 1),
                "LBTESTCD": code,
                "LBTEST": name,
                "LBCAT": category,
                "LBORRES": result,
                "LBORRESU": unit,
                "LBORNRLO": str(low),
                "LBORNRHI": str(high),
                "LBSTRESC": result,
                "LBSTRESN": result,
                "LBSTRESU": unit,
                "LBSTNRLO": str(low),
                "LBSTNRHI": str(high),
                "LBNRIND": "LOW" if float(result) < low else "HIGH" if float(result) > high else "NORMAL",
                "LBSPEC": "BLOOD",
                "VISITNUM": str(visit),
                "VISIT": f"DAY {planned}",
                "VISITDY": str(planned),
                "EPOCH": "TREATMENT" if planned > 0 else "SCREENING",
                "LBDTC": taken,
                "LBDY": str(day),
            }
            rows.append(row | {"LBBLFL": "Y"} if planned == 1 else row)
    return rows


def ours_write(count: int, path: Path) -> Callable[[], Any]:
    """Return the writing of a dataset."""
    dataset = laboratory(count)
    return lambda: write_xpt(dataset, path)


def ours_write_frame(count: int, path: Path) -> Callable[[], Any]:
    """Return the writing of a frame, text in it as ``str``."""
    dataset = laboratory(count)
    frame = _frame(dataset, "str")
    return lambda: write_xpt(Dataset.from_pandas("LB", frame, variables=dataset.variables), path)


def ours_write_blocks(count: int, path: Path) -> Callable[[], Any]:
    """Return the writing of a dataset that is kept in blocks."""
    dataset = laboratory(count)
    held = HeldRows(list(blocks(dataset.rows)))
    return lambda: write_xpt(replace(dataset, rows=held), path)


def ours_read(_: int, path: Path) -> Callable[[], Any]:
    """Return the reading of a dataset."""
    return lambda: read_xpt(path)


def ours_read_rows(_: int, path: Path) -> Callable[[], Any]:
    """Return the reading of a dataset, each row of it made."""
    return lambda: [list(dataset.rows) for dataset in read_xpt(path)[0]]


def theirs_write_object(count: int, path: Path) -> Callable[[], Any]:
    """Return pyreadstat's writing of a frame, text in it as ``object``."""
    return _theirs_write(count, path, object)


def theirs_write_str(count: int, path: Path) -> Callable[[], Any]:
    """Return pyreadstat's writing of a frame, text in it as ``str``."""
    return _theirs_write(count, path, "str")


def _theirs_write(count: int, path: Path, text: Any) -> Callable[[], Any]:
    import pyreadstat

    frame = _frame(laboratory(count), text)
    return lambda: pyreadstat.write_xport(frame, path, table_name="LB", file_format_version=5)


def _frame(dataset: Dataset, text: Any) -> pd.DataFrame:
    import pandas as pd

    columns = {}
    for variable in dataset.variables:
        cells = [row.get(variable.name, "") for row in dataset.rows]
        number = variable.type == "Num"
        columns[variable.name] = pd.Series(
            list(map(float, cells)) if number else cells, dtype=float if number else text
        )
    return pd.DataFrame(columns)


def theirs_read(_: int, path: Path) -> Callable[[], Any]:
    """Return pyreadstat's reading of a frame."""
    import pyreadstat

    return lambda: pyreadstat.read_xport(path)


ACTS = {
    "write, interchange": ours_write_frame,
    "write, interchange of blocks": ours_write_blocks,
    "write, interchange of rows": ours_write,
    "write, pyreadstat of object": theirs_write_object,
    "write, pyreadstat of str": theirs_write_str,
    "read, interchange": ours_read,
    "read, interchange to rows": ours_read_rows,
    "read, pyreadstat": theirs_read,
}


def measure(act: str, rows: int, rounds: int, folder: str) -> Measured:
    """Return what an act takes; reading is of the file that `ours_write` wrote."""
    path = Path(folder) / ("theirs.xpt" if "write, pyreadstat" in act else "ours.xpt")
    if "write" in act:
        ACTS[act](10, path.with_name("small.xpt"))()  # what is imported on the way is not measured
    run = ACTS[act](rows, path)
    cpu = wall = float("inf")
    peak: float | None = None
    for _ in range(rounds):
        gc.collect()
        before = forget_peak()
        began, spent = time.perf_counter(), time.process_time()
        made = run()
        cpu, wall = min(cpu, time.process_time() - spent), min(wall, time.perf_counter() - began)
        if peak is None and before is not None:
            peak = (memory_of("VmHWM") or before) - before
        del made
    return Measured(act, rows, cpu, wall, peak)


def table(lines: list[Measured]) -> Table:
    """The acts as a table; ``times`` is pyreadstat's CPU time by ours."""
    shown = Table(title=f"XPORT, {lines[0].rows:,} rows of 25 variables")
    shown.add_column("act", no_wrap=True)
    for name in ("CPU s", "wall s", "more MB", "rows/CPU s", "times ours"):
        shown.add_column(name, justify="right", no_wrap=True)
    ours = {line.act.split(",")[0]: line.cpu for line in lines if line.act.endswith("interchange")}
    for line in lines:
        memory = "" if line.peak_mb is None else f"{line.peak_mb:,.0f}"
        times = f"{line.cpu / ours[line.act.split(',')[0]]:.1f}"
        shown.add_row(line.act, f"{line.cpu:.2f}", f"{line.wall:.2f}", memory, f"{line.rows / line.cpu:,.0f}", times)
    return shown


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="also write the numbers to a file")
    args = parser.parse_args()
    facts = {name: version(name) for name in ("pyreadstat", "pandas", "numpy")}
    facts |= machine()
    console = Console(width=None if sys.stdout.isatty() else 110)
    console.print("  ".join(f"{name}: {value}" for name, value in facts.items()))
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        for act in ACTS:
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
                lines.append(process.submit(measure, act, args.rows, args.rounds, folder).result())
    console.print(table(lines))
    if args.json:
        args.json.write_text(json.dumps({"facts": facts, "lines": [asdict(line) for line in lines]}, indent=1) + "\n")


if __name__ == "__main__":
    main()
