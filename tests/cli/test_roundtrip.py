from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

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
    parts = sum(cells[part] for part in ("native", "extension", "derived", "constant", "residual"))
    assert (cells["cells"], parts, cells["different"]) == (14, 14, 0)
    assert said["total"]["cells"] == 14
    assert said["total"]["residual_share"] == cells["residual_share"] == cells["residual"] / 14
    assert [v["name"] for v in cells["variables"]] == list(dm[0])


def test_resources_that_are_not_valid_fail(
    run: Callable[..., Ended], xpt: Callable[..., Path], dm: Rows, wrong_status: Path
) -> None:
    ended = run("roundtrip", xpt(dm), "--mappings", wrong_status)
    assert ended.code == 1
    assert "IX-VALID-007" in ended.out
    assert "validation finding" in ended.out.splitlines()[-1]


def test_fhir_comes_back_with_the_remainder(
    run: Callable[..., Ended], ndjson: Callable[..., Path], trial: list[Any]
) -> None:
    source = ndjson(trial)
    ended = run("roundtrip", source, "--fhir-version", "R5", "--losses", "--engine", "interpreted")
    assert ended.code == 0
    assert "FHIR leaves that SDTM does not hold" in ended.out
    assert "Patient/p1" in ended.out
    assert ended.out.splitlines()[-1].startswith("Every leaf came back: ")
    assert ended.out.splitlines()[-1].endswith(" by the remainder")
    said = run("roundtrip", source, "--fhir-version", "R5", "--losses", "--engine", "interpreted", "--json").json
    assert said["kind"] == "FHIR"
    assert len(said["losses"]) == said["ledger"]["lost"] == said["leaf_total"]["in_remainder"] > 0
    assert (said["leaf_total"]["lost"], said["leaf_total"]["added"]) == (0, 0)
    assert sum(each["leaves"] for each in said["leaves"]) == said["leaf_total"]["leaves"] == said["ledger"]["leaves"]
    assert "datasets" not in said


def test_records_that_could_not_be_read_are_in_the_verdict(
    run: Callable[..., Ended], ndjson: Callable[..., Path], trial: list[Any]
) -> None:
    ended = run("roundtrip", ndjson([*trial, "{"]), "--fhir-version", "R5", "--engine", "interpreted", "--strict")
    assert ended.code == 3
    assert ended.out.splitlines()[-1].endswith("; 1 record could not be read and left out")


@pytest.mark.parametrize("kind", ["SDTM", "FHIR"])
def test_a_page_is_written_beside(
    run: Callable[..., Ended],
    xpt: Callable[..., Path],
    ndjson: Callable[..., Path],
    dm: Rows,
    trial: list[Any],
    tmp_path: Path,
    kind: str,
) -> None:
    source = xpt(dm) if kind == "SDTM" else ndjson(trial)
    page = tmp_path / "trip.html"
    words = ("roundtrip", source, "--html", page, "--fhir-version", "R5", "--engine", "interpreted")
    assert run(*words).code == 0
    first = page.read_bytes()
    assert b"S-001" not in first
    assert f"<b>{kind}".encode() in first
    assert run(*words, "--json").json["kind"] == kind
    assert page.read_bytes() == first


def test_a_page_that_cannot_be_written_stops_the_command(
    run: Callable[..., Ended], xpt: Callable[..., Path], dm: Rows, tmp_path: Path
) -> None:
    ended = run("roundtrip", xpt(dm), "--html", tmp_path / "none" / "trip.html")
    assert ended.code == 1
    assert "IX-OUT-003" in ended.err
    assert ended.out == ""
