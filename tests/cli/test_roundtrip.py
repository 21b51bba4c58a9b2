from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Ended

    Rows = list[dict[str, str]]


def test_sdtm_comes_back(run: Callable[..., Ended], xpt: Callable[..., Path], dm: Rows) -> None:
    ended = run("roundtrip", xpt(dm), "--strict")
    assert ended.code == 0
    assert ended.err == ""
    assert "Cells by dataset" in ended.out
    assert "Variables of DM" in ended.out
    assert ended.out.splitlines()[-1].startswith("Every cell came back: 14 cells of 1 dataset, ")


def test_sdtm_as_json(run: Callable[..., Ended], xpt: Callable[..., Path], dm: Rows) -> None:
    said = run("roundtrip", xpt(dm), "--engine", "interpreted", "--fhir-version", "R4", "--json").json
    assert (said["kind"], said["fhir_version"], said["equal"]) == ("SDTM", "R4", True)
    assert (said["findings"], said["dangling"]) == (0, 0)
    (cells,) = said["datasets"]
    parts = sum(cells[part] for part in ("native", "derived", "constant", "residual"))
    assert (cells["cells"], parts, cells["different"]) == (14, 14, 0)
    assert [v["name"] for v in cells["variables"]] == list(dm[0])


def test_resources_that_are_not_valid_fail(
    run: Callable[..., Ended], xpt: Callable[..., Path], dm: Rows, wrong_status: Path
) -> None:
    ended = run("roundtrip", xpt(dm), "--mappings", wrong_status)
    assert ended.code == 1
    assert "IX-VALID-007" in ended.out
    assert "validation finding" in ended.out.splitlines()[-1]


def test_fhir_comes_back_or_is_explained(
    run: Callable[..., Ended], ndjson: Callable[..., Path], trial: list[Any]
) -> None:
    source = ndjson(trial)
    ended = run("roundtrip", source, "--fhir-version", "R5", "--losses", "--engine", "interpreted")
    assert ended.code == 0
    assert "FHIR leaves that do not come back" in ended.out
    assert "Patient/p1" in ended.out
    assert ended.out.splitlines()[-1].startswith("Every leaf came back or is explained: ")
    said = run("roundtrip", source, "--fhir-version", "R5", "--losses", "--engine", "interpreted", "--json").json
    assert said["kind"] == "FHIR"
    assert len(said["losses"]) == said["ledger"]["lost"]
    assert "datasets" not in said


def test_records_that_could_not_be_read_are_in_the_verdict(
    run: Callable[..., Ended], ndjson: Callable[..., Path], trial: list[Any]
) -> None:
    ended = run("roundtrip", ndjson([*trial, "{"]), "--fhir-version", "R5", "--engine", "interpreted", "--strict")
    assert ended.code == 3
    assert ended.out.splitlines()[-1].endswith("; 1 record could not be read and left out")
