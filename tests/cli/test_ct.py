from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Ended

PACKAGE = (
    "# version: 2026-03-27\ncodelist,codelist_code,extensible,term,code\n"
    "SEX,C66731,No,F,C16576\nSEX,C66731,No,M,C20197\nETHNIC,C66790,No,NOBODY,C1\n"
)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    path = tmp_path / "sdtm-ct.csv"
    path.write_text(PACKAGE, encoding="utf-8")
    return path


def ethnic(trial: list[Any]) -> list[Any]:
    """The trial, with subjects who say their ethnicity."""
    for resource in trial:
        if resource["resourceType"] == "Patient":
            url = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-ethnicity"
            coding = {
                "system": "urn:oid:2.16.840.1.113883.6.238",
                "code": "2186-5",
                "display": "Not Hispanic or Latino",
            }
            extension = [{"url": "ombCategory", "valueCoding": coding}, {"url": "text", "valueString": "x"}]
            resource["extension"] = [{"url": url, "extension": extension}]
    return trial


def codes(folder: Path) -> list[dict[str, str]]:
    with (folder / "codes.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_values_are_compared_with_the_package(
    run: Callable[..., Ended], ndjson: Callable[..., Path], trial: list[Any], package: Path, tmp_path: Path
) -> None:
    source, out = ndjson(ethnic(trial)), tmp_path / "out"
    words = ["--out", out, "--format", "csv", "--fhir-version", "R5", "--engine", "interpreted", "--json"]
    before = run("to-sdtm", source, *words).json
    assert [o for o in before["outside"] if o["codelist"] == "ETHNIC"] == []
    after = run("to-sdtm", source, *words, "--ct", package).json
    (found,) = (o for o in after["outside"] if o["codelist"] == "ETHNIC")
    assert (found["variables"], found["values"], found["count"]) == (["DM.ETHNIC"], 1, 2)
    assert "top" not in found
    (issue,) = (i for i in after["issues"] if i["code"] == "IX-CT-011")
    assert issue["severity"] == "warning"
    (line,) = (row for row in codes(out) if row["codelist"] == "ETHNIC")
    assert (line["value"], line["count"], line["extensible"]) == ("NOT HISPANIC OR LATINO", "2", "no")


def test_values_are_shown_where_they_are_asked_for(
    run: Callable[..., Ended], ndjson: Callable[..., Path], trial: list[Any], package: Path, tmp_path: Path
) -> None:
    words = [
        "to-sdtm",
        ndjson(ethnic(trial)),
        "--out",
        tmp_path / "out",
        "--fhir-version",
        "R5",
        "--engine",
        "interpreted",
        "--ct",
        package,
    ]
    said = run(*words).said
    assert "Values outside their codelist (codes.csv lists them)" in said
    assert "NOT HISPANIC" not in said
    assert "NOT HISPANIC OR LATINO (2x)" in run(*words, "--show-values").said


def test_the_way_to_fhir_compares_what_it_reads(
    run: Callable[..., Ended], xpt: Callable[..., Path], dm: list[dict[str, str]], package: Path, tmp_path: Path
) -> None:
    words = ["--out", tmp_path / "fhir", "--engine", "interpreted", "--ct", package, "--json"]
    ended = run("to-fhir", xpt([{**row, "ETHNIC": "UNKNOWN"} for row in dm]), *words)
    assert [o["codelist"] for o in ended.json["outside"]] == ["ETHNIC"]
    assert codes(tmp_path / "fhir")[0]["variable"] == "ETHNIC"


def test_a_package_that_cannot_be_read_stops_the_run(
    run: Callable[..., Ended], ndjson: Callable[..., Path], trial: list[Any], tmp_path: Path
) -> None:
    bad = tmp_path / "bad.txt"
    bad.write_text("Code\tTerm\nC1\tx\n", encoding="utf-8")
    for words in (["to-sdtm", ndjson(trial), "--out", tmp_path / "out"], ["lint"]):
        ended = run(*words, "--ct", bad)
        assert ended.code == 1
        assert "bad.txt:1 IX-CT-002 has no column `codelist code`" in ended.said
