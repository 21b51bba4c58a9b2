from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Ended


@pytest.fixture
def converted(run: Callable[..., Ended], ndjson: Callable[..., Path], trial: list[Any], tmp_path: Path) -> Path:
    """The folder that to-sdtm wrote for two subjects."""
    assert run("to-sdtm", ndjson(trial), "--out", tmp_path / "out", "--format", "csv", "--fhir-version", "R5").code == 0
    return tmp_path / "out"


def test_a_cell_with_its_line_element_and_rule(run: Callable[..., Ended], converted: Path, tmp_path: Path) -> None:
    ended = run("trace", converted, "dm", 2, "sex")
    assert ended.code == 0
    lines = ended.out.splitlines()
    assert lines[0] == "DM row 2 SEX = M"
    assert lines[1] == "  native: read from the source"
    assert lines[2] == "  from Patient.gender = male"
    assert lines[3].strip() == f"{tmp_path / 'trial.ndjson'}:5 Patient/p2"
    assert lines[4] == "  reached by ResearchSubject.subject = Patient/p2"
    assert any(line.startswith("  rule mappings/dm.yaml:") for line in lines)
    assert any(line.startswith("  rule codemaps/sex.csv:") for line in lines)


def test_a_derived_cell_shows_the_cells_that_it_was_computed_from(run: Callable[..., Ended], converted: Path) -> None:
    said = run("trace", converted, "DM", 1, "AGE").out
    assert "  by age(BRTHDTC RFSTDTC)\n" in said
    assert "  of DM row 1 BRTHDTC = 1960-01-01\n      native" in said


def test_a_row_is_a_table(run: Callable[..., Ended], converted: Path) -> None:
    said = run("trace", converted, "DM", 1).said
    assert "DM row 1" in said
    assert "BRTHDTC 1960-01-01 native Patient.birthDate" in said


def test_no_values(run: Callable[..., Ended], converted: Path) -> None:
    for words in ((), ("--json",)):
        for variable in ((), ("AGE",), ("SEX",)):
            said = run("trace", converted, "DM", 1, *variable, "--no-values", *words).out
            assert "Patient." in said
            assert "1960-01-01" not in said
            assert "male" not in said.replace("male is M", "")


def test_json(run: Callable[..., Ended], converted: Path) -> None:
    (cell,) = run("trace", converted, "DM", 1, "AGE", "--json").json["cells"]
    assert (cell["value"], cell["kind"], cell["derivation"]) == ("60", "derived", "age(BRTHDTC RFSTDTC)")
    assert cell["uses"][0]["elements"][0]["line"] == 3
    assert cell["rules"][0]["file"] == "mappings/dm.yaml"


def test_the_same_input_gives_the_same_manifest(
    run: Callable[..., Ended], converted: Path, ndjson: Callable[..., Path], trial: list[Any], tmp_path: Path
) -> None:
    run("to-sdtm", ndjson(trial), "--out", tmp_path / "again", "--format", "csv", "--fhir-version", "R5")
    assert (tmp_path / "again" / "run.json").read_bytes() == (converted / "run.json").read_bytes()
    manifest = json.loads((converted / "run.json").read_bytes())
    assert (manifest["fhir_version"], manifest["options"]) == ("R5", {})
    assert [given["path"] for given in manifest["sources"]] == [str(tmp_path / "trial.ndjson")]
    assert {"name": "DM", "rows": 2}.items() <= next(d for d in manifest["datasets"] if d["name"] == "DM").items()


def test_a_source_that_changed_elsewhere_is_a_warning(
    run: Callable[..., Ended], converted: Path, ndjson: Callable[..., Path], trial: list[Any]
) -> None:
    ndjson([*trial, {"resourceType": "Basic", "id": "b"}])
    ended = run("trace", converted, "DM", 1, "SEX")
    assert ended.code == 0
    assert "IX-TRACE-004" in ended.err


def test_a_dataset_that_would_be_another_is_not_traced(
    run: Callable[..., Ended], converted: Path, ndjson: Callable[..., Path], trial: list[Any]
) -> None:
    trial[2]["gender"] = "female"
    ndjson(trial)
    ended = run("trace", converted, "DM", 1, "SEX")
    assert (ended.code, ended.out) == (1, "")
    assert "IX-TRACE-005" in ended.err
    assert "DM has other cells than it had" in ended.said


def test_a_mapping_of_ones_own_that_changed(
    run: Callable[..., Ended], ndjson: Callable[..., Path], trial: list[Any], tmp_path: Path
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "dm.yaml").write_text("extends: dm.yaml\nrules:\n  SUBJID: subject.resolve(subject).id | code\n")
    words = ["--out", tmp_path / "out", "--format", "csv", "--fhir-version", "R5", "--mappings", own]
    run("to-sdtm", ndjson(trial), *words)
    assert "from Patient.id = p1" in run("trace", tmp_path / "out", "DM", 1, "SUBJID").out
    (own / "dm.yaml").write_text("extends: dm.yaml\nrules:\n  SUBJID: id | code\n")
    assert "IX-TRACE-005" in run("trace", tmp_path / "out", "DM", 1, "SUBJID").err


def test_a_source_that_was_moved(run: Callable[..., Ended], converted: Path, tmp_path: Path) -> None:
    moved = (tmp_path / "trial.ndjson").rename(tmp_path / "moved.ndjson")
    ended = run("trace", converted, "DM", 1, "SEX")
    assert ended.code == 1
    assert "IX-TRACE-003" in ended.err
    assert "--source" in ended.said
    ended = run("trace", converted, "DM", 1, "SEX", "--source", moved)
    assert (ended.code, ended.err) == (0, "")
    assert "moved.ndjson:3 Patient/p1" in ended.out


def test_a_folder_of_sources_is_named_with_its_files(
    run: Callable[..., Ended], ndjson: Callable[..., Path], trial: list[Any], tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    ndjson(trial[:2], "in/a.ndjson")
    ndjson(trial[2:], "in/b.ndjson")
    run("to-sdtm", tmp_path / "in", "--out", tmp_path / "out", "--format", "csv", "--fhir-version", "R5")
    assert f"{tmp_path / 'in' / 'b.ndjson'}:1 Patient/p1" in run("trace", tmp_path / "out", "DM", 1, "SEX").out


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("DM", 3, "SEX"), 1, "its rows are 1 to 2"),
        (("DM", 1, "SXE"), 1, "did you mean SEX?"),
        (("DN", 1), 1, "did you mean DM?"),
        (("DM", 0), 2, "Invalid value for"),
    ],
)
def test_what_there_is_not(
    run: Callable[..., Ended], converted: Path, words: tuple[Any, ...], code: int, said: str
) -> None:
    ended = run("trace", converted, *words)
    assert ended.code == code
    assert said in ended.said


def test_a_folder_without_a_manifest(run: Callable[..., Ended], tmp_path: Path) -> None:
    ended = run("trace", tmp_path, "DM", 1)
    assert ended.code == 1
    assert "IX-TRACE-002" in ended.err
    (tmp_path / "run.json").write_text("{")
    assert "IX-TRACE-002" in run("trace", tmp_path, "DM", 1).err
