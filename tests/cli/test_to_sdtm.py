from __future__ import annotations

import io
import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from tests.cli.conftest import Ended


def test_datasets_are_written_and_summed_up(
    run: Callable[..., Ended], ndjson: Callable[..., Path], trial: list[Any], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    ended = run("to-sdtm", ndjson(trial), "--out", out, "--format", "xpt,csv", "--fhir-version", "R5")
    assert ended.code == 0
    assert ended.out == ""
    assert "datasets from FHIR R5" in ended.err
    assert "Demographics" in ended.err
    assert "Ledger:" in ended.err
    assert {"dm.xpt", "dm.csv", "ts.xpt", "ts.csv", "ledger.csv"} <= {f.name for f in out.iterdir()}
    assert (out / "dm.csv").read_text().splitlines()[0].startswith("STUDYID,DOMAIN,USUBJID")


def test_json_is_one_object_on_standard_output(
    run: Callable[..., Ended], ndjson: Callable[..., Path], trial: list[Any], tmp_path: Path
) -> None:
    trial[2]["gender"] = 3
    words = ["--out", tmp_path / "out", "--format", "csv", "--engine", "interpreted", "--json"]
    ended = run("to-sdtm", ndjson(trial), "--fhir-version", "R5", *words)
    assert ended.err == ""
    said = ended.json
    assert said["status"] == "issues"
    assert said["fhir_version"] == "R5"
    dm = next(d for d in said["datasets"] if d["name"] == "DM")
    assert (dm["rows"], dm["label"]) == (2, "Demographics")
    assert said["files"][0].endswith(".csv")
    assert said["ledger"]["leaves"] == said["ledger"]["came_back"] + said["ledger"]["lost"]
    assert said["ledger"]["lost"] == sum(reason["count"] for reason in said["ledger"]["reasons"])
    assert [(i["code"], i["severity"], i["count"]) for i in said["issues"]] == [("IX-READ-004", "error", 1)]


def test_no_ledger(run: Callable[..., Ended], ndjson: Callable[..., Path], trial: list[Any], tmp_path: Path) -> None:
    words = ["--out", tmp_path / "out", "--fhir-version", "R5", "--engine", "interpreted", "--no-ledger", "--json"]
    assert "ledger" not in run("to-sdtm", ndjson(trial), *words).json
    assert not (tmp_path / "out" / "ledger.csv").exists()


def test_strict_exits_with_3_only_where_there_are_issues(
    run: Callable[..., Ended], ndjson: Callable[..., Path], trial: list[Any], tmp_path: Path
) -> None:
    words = ["--out", tmp_path / "out", "--fhir-version", "R5", "--engine", "interpreted", "--strict"]
    assert run("to-sdtm", ndjson(trial), *words).code == 0
    assert run("to-sdtm", ndjson([*trial, "{"]), *words).code == 3


def test_standard_input(
    run: Callable[..., Ended], trial: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "\n".join(json.dumps(resource) for resource in trial)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    ended = run("to-sdtm", "-", "--out", tmp_path / "out", "--fhir-version", "R5", "--engine", "interpreted")
    assert ended.code == 0
    assert (tmp_path / "out" / "dm.xpt").exists()


def test_an_output_that_cannot_be_a_folder_fails(
    run: Callable[..., Ended], ndjson: Callable[..., Path], trial: list[Any]
) -> None:
    source = ndjson(trial)
    ended = run("to-sdtm", source, "--out", source, "--fhir-version", "R5", "--engine", "interpreted")
    assert ended.code == 1
    assert "IX-OUT-002" in ended.err
    assert "Traceback" not in ended.err
