"""Bad input through the command line: an issue with place and hint, the rest goes on, no traceback, no values."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Ended

    Rows = list[dict[str, str]]

SECRET = "SECRET-VALUE"
FAST = ["--engine", "interpreted"]
STUDY, SUBJECT, PATIENT = 0, 1, 2


def issues_of(ended: Ended) -> dict[str, dict[str, Any]]:
    """The issues of a summary by code, after what holds for all of them."""
    assert "Traceback" not in ended.err
    assert SECRET not in ended.out + ended.err
    found = {issue["code"]: issue for issue in ended.json["issues"]}
    for issue in found.values():
        assert issue["place"], issue
        assert issue["hint"], issue
        assert "value" not in issue
    return found


@pytest.fixture
def to_sdtm(run: Callable[..., Ended], tmp_path: Path) -> Callable[..., Ended]:
    def call(*words: object) -> Ended:
        fixed = ["--out", tmp_path / "out", "--format", "csv", "--fhir-version", "R5", "--json", *FAST]
        return run("to-sdtm", *fixed, *words)

    return call


@pytest.fixture
def to_fhir(run: Callable[..., Ended], tmp_path: Path) -> Callable[..., Ended]:
    def call(*words: object) -> Ended:
        return run("to-fhir", "--out", tmp_path / "out", "--json", *FAST, *words)

    return call


def rows_of(ended: Ended, name: str = "DM") -> int:
    return next(int(d["rows"]) for d in ended.json["datasets"] if d["name"] == name)


def quarantine(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "out" / "quarantine.ndjson").read_text().splitlines()]


class TestRecords:
    """FHIR that cannot be read as a whole record."""

    def test_truncated_json_alone_fails(self, to_sdtm: Callable[..., Ended], trial: list[Any], tmp_path: Path) -> None:
        path = tmp_path / "bundle.json"
        bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": r} for r in trial]}
        path.write_text(json.dumps(bundle, indent=1)[:-100])
        ended = to_sdtm(path)
        assert ended.code == 1
        assert ended.json["status"] == "failed"
        assert issues_of(ended)["IX-FHIR-001"]["place"] == str(path)
        assert "IX-FHIR-001" in ended.err
        assert not (tmp_path / "out").exists()

    def test_truncated_json_beside_good_files_is_left_out(
        self, to_sdtm: Callable[..., Ended], ndjson: Callable[..., Path], trial: list[Any], tmp_path: Path
    ) -> None:
        path = tmp_path / "cut.json"
        path.write_text(json.dumps({**trial[PATIENT], "id": SECRET}, indent=1)[:-20])
        ended = to_sdtm(path, ndjson(trial))
        assert (ended.code, rows_of(ended), ended.json["rejected"]) == (0, 2, 1)
        assert issues_of(ended)["IX-FHIR-001"]["severity"] == "error"
        assert quarantine(tmp_path)[0]["raw"].startswith("{")

    def test_a_bad_line_among_good_ones(
        self, to_sdtm: Callable[..., Ended], ndjson: Callable[..., Path], trial: list[Any], tmp_path: Path
    ) -> None:
        bad = f'{{"resourceType": "Patient", "id": "{SECRET}", '
        path = ndjson([*trial[:2], bad, *trial[2:]])
        ended = to_sdtm(path, "--strict")
        assert (ended.code, rows_of(ended)) == (3, 2)
        assert issues_of(ended)["IX-FHIR-001"]["place"] == f"{path}:3"
        (left,) = quarantine(tmp_path)
        assert (left["place"], left["code"]) == (f"{path}:3", "IX-FHIR-001")
        assert left["raw"].strip() == bad.strip()

    def test_an_unknown_resource_type(
        self, to_sdtm: Callable[..., Ended], ndjson: Callable[..., Path], trial: list[Any], tmp_path: Path
    ) -> None:
        ended = to_sdtm(ndjson([*trial, {"resourceType": "Pateint", "id": "x"}]))
        assert (ended.code, rows_of(ended)) == (0, 2)
        assert issues_of(ended)["IX-FHIR-007"]["hint"] == "did you mean Patient?"
        assert quarantine(tmp_path)[0]["raw"]["resourceType"] == "Pateint"

    @pytest.mark.parametrize("split", [False, True], ids=["one file", "two files"])
    def test_a_duplicate_id(
        self,
        to_sdtm: Callable[..., Ended],
        ndjson: Callable[..., Path],
        trial: list[Any],
        tmp_path: Path,
        split: bool,
    ) -> None:
        other = {**trial[PATIENT], "gender": "female"}
        paths = [ndjson(trial), ndjson([other], "more.ndjson")] if split else [ndjson([*trial, other])]
        ended = to_sdtm(*paths)
        assert (ended.code, rows_of(ended)) == (0, 2)
        assert issues_of(ended)["IX-FHIR-008"]["place"].endswith(" Patient/p1")
        assert quarantine(tmp_path)[0]["raw"]["gender"] == "female"

    def test_the_same_file_twice_is_read_once(
        self, to_sdtm: Callable[..., Ended], ndjson: Callable[..., Path], trial: list[Any]
    ) -> None:
        ended = to_sdtm(ndjson(trial), ndjson(trial, "again.ndjson"))
        assert (ended.code, rows_of(ended), ended.json["issues"]) == (0, 2, [])

    def test_a_file_that_is_no_fhir(self, to_sdtm: Callable[..., Ended], tmp_path: Path) -> None:
        (tmp_path / "notes.txt").write_text("hello")
        ended = to_sdtm(tmp_path / "notes.txt")
        assert ended.code == 1
        assert "IX-FHIR-004" in issues_of(ended)

    def test_a_release_that_content_does_not_tell(
        self, run: Callable[..., Ended], ndjson: Callable[..., Path], trial: list[Any], tmp_path: Path
    ) -> None:
        ended = run("to-sdtm", ndjson([trial[PATIENT]]), "--out", tmp_path / "out", *FAST)
        assert ended.code == 1
        assert "IX-FHIR-022" in ended.err
        assert "--fhir-version" in ended.err


ELEMENTS = [
    (SUBJECT, {"period": SECRET}, "IX-READ-004", "period"),
    (SUBJECT, {"period": [{"start": SECRET}]}, "IX-READ-002", "period"),
    (SUBJECT, {"subject": [{"reference": SECRET}]}, "IX-READ-002", "subject"),
    (SUBJECT, {"subject": SECRET}, "IX-READ-004", "subject"),
    (SUBJECT, {"progress": [SECRET]}, "IX-READ-004", "progress[0]"),
    (SUBJECT, {"progress": [{"milestone": {"coding": [[SECRET]]}}]}, "IX-READ-004", "progress[0].milestone.coding[0]"),
    (PATIENT, {"gender": {"code": SECRET}}, "IX-READ-004", "gender"),
    (PATIENT, {"birthDate": 19600101}, "IX-READ-004", "birthDate"),
    (PATIENT, {"identifier": {"value": SECRET}}, "IX-READ-002", "identifier"),
    (PATIENT, {"identifier": [None]}, "IX-READ-004", "identifier[0]"),
    (PATIENT, {"extension": SECRET}, "IX-READ-002", "extension"),
    (PATIENT, {"birthDate": SECRET}, "IX-READ-006", "birthDate"),
    (PATIENT, {"gendr": SECRET}, "IX-READ-005", "gendr"),
    (STUDY, {"comparisonGroup": [{"linkId": {}, "name": []}]}, "IX-READ-004", "comparisonGroup[0].linkId"),
]  # fmt: skip


@pytest.mark.parametrize(("which", "wrong", "code", "field"), ELEMENTS, ids=[f"{e[3]} {e[2]}" for e in ELEMENTS])
def test_a_wrong_type_in_an_element(
    to_sdtm: Callable[..., Ended],
    ndjson: Callable[..., Path],
    trial: list[Any],
    which: int,
    wrong: dict[str, Any],
    code: str,
    field: str,
) -> None:
    trial[which].update(wrong)
    path = ndjson(trial)
    ended = to_sdtm(path)
    rows = 3 if field == "subject" else 2  # a person whom no enrolment refers to has a row too
    assert (ended.code, rows_of(ended)) == (0, rows)
    name = f"{trial[which]['resourceType']}/{trial[which]['id']}"
    assert issues_of(ended)[code]["place"] == f"{path}:{which + 1} {name} {field}"


def test_values_are_shown_where_they_are_asked_for(
    to_sdtm: Callable[..., Ended], ndjson: Callable[..., Path], trial: list[Any]
) -> None:
    trial[PATIENT]["birthDate"] = SECRET
    (issue,) = to_sdtm(ndjson(trial), "--show-values").json["issues"]
    assert SECRET in issue["value"]


def test_a_reference_that_names_nothing(
    to_sdtm: Callable[..., Ended], ndjson: Callable[..., Path], trial: list[Any]
) -> None:
    ended = to_sdtm(ndjson([r for r in trial if r["id"] != "p1"]))
    assert (ended.code, rows_of(ended)) == (0, 2)
    assert issues_of(ended)["IX-REF-001"]["severity"] == "warning"


class TestDatasets:
    """SDTM files that cannot be read, or lack what makes a row a subject."""

    def test_a_file_that_is_no_xpt(self, to_fhir: Callable[..., Ended], tmp_path: Path) -> None:
        (tmp_path / "dm.xpt").write_text(SECRET)
        ended = to_fhir(tmp_path / "dm.xpt")
        assert ended.code == 1
        assert "IX-XPT-020" in issues_of(ended)

    @pytest.mark.parametrize("junk_first", [True, False])
    def test_a_bad_file_beside_a_good_one(
        self,
        to_fhir: Callable[..., Ended],
        xpt: Callable[..., Path],
        dm: Rows,
        tmp_path: Path,
        junk_first: bool,
    ) -> None:
        (tmp_path / "ta.xpt").write_text(SECRET)
        paths = [tmp_path / "ta.xpt", xpt(dm)]
        ended = to_fhir(*(paths if junk_first else reversed(paths)))
        assert (ended.code, ended.json["resources"]["Patient"]) == (0, 2)
        assert issues_of(ended)["IX-XPT-020"]["place"] == "ta.xpt"

    def test_xpt_cut_in_a_row(self, to_fhir: Callable[..., Ended], xpt: Callable[..., Path], dm: Rows) -> None:
        many = [{**dm[0], "USUBJID": f"S-{n:03}", "SUBJID": f"{n:03}"} for n in range(20)]
        path = xpt(many)
        path.write_bytes(path.read_bytes()[:-330])
        ended = to_fhir(path)
        assert ended.code == 0
        assert 0 < ended.json["resources"]["Patient"] < 20
        assert any(issue["severity"] == "error" for issue in issues_of(ended).values())

    def test_xpt_cut_in_its_header(self, to_fhir: Callable[..., Ended], xpt: Callable[..., Path], dm: Rows) -> None:
        path = xpt(dm)
        path.write_bytes(path.read_bytes()[:500])
        ended = to_fhir(path)
        assert ended.code == 1
        assert "IX-XPT-025" in issues_of(ended)

    def test_a_dataset_given_twice(self, to_fhir: Callable[..., Ended], xpt: Callable[..., Path], dm: Rows) -> None:
        ended = to_fhir(xpt(dm), xpt(dm[:1], folder="again"))
        assert (ended.code, ended.json["resources"]["Patient"]) == (0, 2)
        assert issues_of(ended)["IX-SDTM-021"]["place"].endswith("again/dm.xpt DM")

    def test_dm_without_usubjid(self, to_fhir: Callable[..., Ended], xpt: Callable[..., Path], dm: Rows) -> None:
        ended = to_fhir(xpt([{k: v for k, v in row.items() if k != "USUBJID"} for row in dm]))
        assert ended.code == 0
        issue = issues_of(ended)["IX-KEY-003"]
        assert (issue["severity"], issue["count"]) == ("warning", 2)
        assert issue["place"] == "DM row 1 USUBJID"

    def test_a_row_without_usubjid_among_good_ones(
        self, to_fhir: Callable[..., Ended], xpt: Callable[..., Path], dm: Rows
    ) -> None:
        del dm[1]["USUBJID"]
        ended = to_fhir(xpt(dm))
        assert (ended.code, ended.json["resources"]["Patient"]) == (0, 1)
        assert issues_of(ended)["IX-KEY-003"]["count"] == 1

    def test_rows_with_the_same_key(self, to_fhir: Callable[..., Ended], xpt: Callable[..., Path], dm: Rows) -> None:
        ended = to_fhir(xpt([dm[0], dm[0]]))
        assert ended.code == 0
        assert issues_of(ended)["IX-KEY-002"]["place"].startswith("DM row 2")

    def test_an_encoding_that_does_not_fit(
        self, to_fhir: Callable[..., Ended], xpt: Callable[..., Path], dm: Rows
    ) -> None:
        ended = to_fhir(xpt(dm), "--encoding", "utf-16")
        assert ended.code == 1
        assert issues_of(ended)["IX-SDTM-012"]["place"] == "dm.xpt"


MAPPINGS = [
    ("rules:\n  SEX: {fhir: [\n", "IX-YAML-001", 4),
    ("rulez:\n  SEX: gender | code\n", "IX-MAP-006", 2),
    ("rules:\n  SEX: subject.resolve(subject).gendr | concept(sex)\n", "IX-PATH-002", 3),
    ("rules:\n  SEX: subject.resolve(subject).gender | concpt(sex)\n", "IX-CODEC-001", 3),
    ("rules:\n  SEX: subject.resolve(subject).gender | concept(nomap)\n", "IX-TABLE-001", 3),
    ("rows: 3\n", "IX-YAML-002", 2),
]


@pytest.mark.parametrize(("text", "code", "line"), MAPPINGS, ids=[m[1] for m in MAPPINGS])
def test_a_broken_mapping_stops_the_run_with_its_line(
    to_sdtm: Callable[..., Ended],
    ndjson: Callable[..., Path],
    trial: list[Any],
    tmp_path: Path,
    text: str,
    code: str,
    line: int,
) -> None:
    folder = tmp_path / "ours"
    folder.mkdir()
    (folder / "dm.yaml").write_text(f"extends: dm.yaml\n{text}")
    ended = to_sdtm(ndjson(trial), "--mappings", folder)
    assert ended.code == 1
    assert ended.json["status"] == "failed"
    assert issues_of(ended)[code]["place"] == f"{folder / 'dm.yaml'}:{line}"
    assert f"{folder / 'dm.yaml'}:{line}  {code}" in ended.err


def test_dm_without_studyid(to_fhir: Callable[..., Ended], xpt: Callable[..., Path], dm: Rows) -> None:
    ended = to_fhir(xpt([{k: v for k, v in row.items() if k != "STUDYID"} for row in dm]))
    assert any(issue["place"].endswith("STUDYID") for issue in issues_of(ended).values())


def test_an_unknown_derivation_stops_the_run_with_its_line(
    to_sdtm: Callable[..., Ended], ndjson: Callable[..., Path], trial: list[Any], tmp_path: Path
) -> None:
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours" / "dm.yaml").write_text("extends: dm.yaml\nrules:\n  SEX: {derive: foo(X)}\n")
    ended = to_sdtm(ndjson(trial), "--mappings", tmp_path / "ours")
    assert ended.code == 1
    assert any(issue["place"].endswith("dm.yaml:3") for issue in issues_of(ended).values())


def test_rows_without_any_key_are_left_out_and_kept_aside(
    to_fhir: Callable[..., Ended], xpt: Callable[..., Path], dm: Rows, tmp_path: Path
) -> None:
    ended = to_fhir(xpt([{k: v for k, v in row.items() if k not in ("STUDYID", "USUBJID")} for row in dm]))
    assert (ended.code, ended.json["lost"]) == (0, 2)
    assert issues_of(ended)["IX-KEY-001"]["severity"] == "error"
    assert [line["row"]["SUBJID"] for line in quarantine(tmp_path)] == ["001", "002"]
