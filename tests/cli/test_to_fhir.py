from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Ended

    Rows = list[dict[str, str]]


def test_resources_are_written_and_summed_up(
    run: Callable[..., Ended], xpt: Callable[..., Path], dm: Rows, tmp_path: Path
) -> None:
    ended = run("to-fhir", xpt(dm), "--out", tmp_path / "out", "--check", "--strict")
    assert ended.code == 0
    assert ended.out == ""
    assert "resources of FHIR R5" in ended.err
    assert "residual share" in ended.err
    lines = (tmp_path / "out" / "Patient.ndjson").read_text().splitlines()
    assert [json.loads(line)["gender"] for line in lines] == ["male", "female"]


def test_one_bundle_of_another_release(
    run: Callable[..., Ended], xpt: Callable[..., Path], dm: Rows, tmp_path: Path
) -> None:
    words = ["--fhir-version", "r4b", "--as", "bundle", "--engine", "interpreted", "--json"]
    said = run("to-fhir", xpt(dm), "--out", tmp_path / "out", *words).json
    assert said["fhir_version"] == "R4B"
    assert [file.rpartition("/")[2] for file in said["files"]] == ["bundle.json"]
    bundle = json.loads((tmp_path / "out" / "bundle.json").read_text())
    assert said["resources"]["Patient"] == 2
    assert sum(said["resources"].values()) == len(bundle["entry"])
    (cells,) = said["datasets"]
    assert (cells["name"], cells["cells"]) == ("DM", 14)
    assert "different" not in cells


def test_a_dataset_without_a_mapping_is_kept_whole_and_said_so(
    run: Callable[..., Ended], xpt: Callable[..., Path], dm: Rows, tmp_path: Path
) -> None:
    other = xpt([{"STUDYID": "S", "DOMAIN": "X1", "USUBJID": "S-001"}], "X1")
    ended = run("to-fhir", xpt(dm), other, "--out", tmp_path / "out", "--engine", "interpreted", "--json")
    assert ended.code == 0
    assert "IX-MAP-021" in {issue["code"] for issue in ended.json["issues"]}


def test_findings_of_check_are_issues(
    run: Callable[..., Ended], xpt: Callable[..., Path], dm: Rows, tmp_path: Path, wrong_status: Path
) -> None:
    words = ["--out", tmp_path / "out", "--mappings", wrong_status, "--check", "--json"]
    codes = {issue["code"] for issue in run("to-fhir", xpt(dm), *words).json["issues"]}
    assert "IX-VALID-007" in codes
    assert "IX-VALID-007" in (tmp_path / "out" / "issues.csv").read_text()
