"""The case folders: language-neutral pairs of input and expected output.

``case.yaml`` says ``direction`` (to-sdtm, to-fhir or trip), ``release``, and ``options`` for the call. ``input`` holds
one file or more. ``expected`` holds a CSV a dataset (every cell), a JSON a resource (every element), and may hold
``issues.json``, the issue codes. A dataset or resource that ``expected`` does not hold is not looked at, unless
``only: true``. Of a trip, every dataset of the input must come back.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import yaml

from interchange.api import to_fhir, to_sdtm
from interchange.intake import read_datasets
from interchange.issues import Issues

if TYPE_CHECKING:
    from interchange.runners.engines import Engine

Json = dict[str, Any]
CASES = Path(__file__).parent / "cases"
DECODE = msgspec.json.Decoder(float_hook=str).decode


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [{name: cell for name, cell in row.items() if cell} for row in csv.DictReader(file)]


def plain(value: Any) -> Any:
    """JSON with each number that has a fraction as its text."""
    return DECODE(msgspec.json.Encoder(decimal_format="number").encode(value))


@pytest.mark.parametrize("engine", ["interpreted", "compiled"])
@pytest.mark.parametrize("case", sorted(p.parent for p in CASES.glob("*/case.yaml")), ids=lambda p: p.name)
def test_case(case: Path, engine: Engine) -> None:
    told: Json = yaml.safe_load((case / "case.yaml").read_text(encoding="utf-8"))
    options = {"fhir_version": told["release"], "engine": engine, **told.get("options", {})}
    codes = case / "expected" / "issues.json"
    issues = {"to-sdtm": run_to_sdtm, "to-fhir": run_to_fhir, "trip": run_trip}[told["direction"]](case, told, options)
    if codes.exists():
        assert sorted(issues.counts) == sorted(DECODE(codes.read_bytes()))


def run_to_sdtm(case: Path, told: Json, options: Json) -> Issues:
    result = to_sdtm(case / "input", **options)
    wanted = {path.stem.upper(): rows(path) for path in (case / "expected").glob("*.csv")}
    found = {d.name: d.rows for d in result.datasets}
    assert {name: found[name] for name in wanted} == wanted
    assert not told.get("only") or set(found) == set(wanted)
    return result.issues


def run_to_fhir(case: Path, told: Json, options: Json) -> Issues:
    result = to_fhir(case / "input", **options)
    found = {f"{r['resourceType']}-{r['id']}": plain(r) for r in result.resources if r["resourceType"] != "Library"}
    files = [path for path in (case / "expected").glob("*.json") if path.name != "issues.json"]
    wanted = {path.stem: DECODE(path.read_bytes()) for path in files}
    assert {name: found[name] for name in wanted} == wanted
    assert not told.get("only") or set(found) == set(wanted)
    return result.issues


def run_trip(case: Path, told: Json, options: Json) -> Issues:
    made = to_fhir(case / "input", **options)
    assert made.check() == []
    back = to_sdtm(made.resources, ledger=False, **options)
    found = {d.name: d.rows for d in back.datasets}
    wanted = {d.name: d.rows for d in read_datasets(case / "input", Issues())}
    assert {name: found[name] for name in wanted} == wanted
    return made.issues
