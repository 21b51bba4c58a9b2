from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Ended


def test_what_is_kept_comes_back(
    run: Callable[..., Ended], ndjson: Callable[..., Path], trial: list[Any], tmp_path: Path
) -> None:
    trial[2]["name"] = [{"family": "Chalmers"}]
    out, back = tmp_path / "sdtm", tmp_path / "fhir"
    there = run("to-sdtm", ndjson(trial), "--out", out, "--fhir-version", "R5", "--keep-remainder")
    assert there.code == 0
    assert "Remainder:" in there.err
    assert "are kept for the way back" in there.err
    again = run("to-fhir", *out.glob("*.xpt"), "--remainder", out / "remainder.ndjson", "--out", back)
    assert again.code == 0
    made = [json.loads(line) for file in back.glob("*.ndjson") for line in file.read_text().splitlines()]
    assert {json.dumps(each, sort_keys=True) for each in made} == {json.dumps(each, sort_keys=True) for each in trial}


def test_another_release_is_no_way_back(
    run: Callable[..., Ended], ndjson: Callable[..., Path], trial: list[Any], tmp_path: Path
) -> None:
    out = tmp_path / "sdtm"
    run("to-sdtm", ndjson(trial), "--out", out, "--fhir-version", "R5", "--keep-remainder", "--no-ledger")
    assert not (out / "ledger.csv").exists()
    words = ["--remainder", out / "remainder.ndjson", "--out", tmp_path / "fhir", "--fhir-version", "R4"]
    ended = run("to-fhir", *out.glob("*.xpt"), *words)
    assert ended.code == 1
    assert "IX-REM-003" in ended.err


def test_the_summary_counts_what_is_kept(
    run: Callable[..., Ended], ndjson: Callable[..., Path], trial: list[Any], tmp_path: Path
) -> None:
    words = ["--out", tmp_path / "out", "--fhir-version", "R5", "--keep-remainder", "--json"]
    said = run("to-sdtm", ndjson(trial), *words).json
    assert said["remainder"]["resources"] == len(trial)
    assert said["remainder"]["held"] == said["ledger"]["lost"]
