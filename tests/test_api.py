"""The calls of the library: sources of every kind, results to look at, files beside each other."""

from __future__ import annotations

import csv
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

import interchange
from interchange import Dataset, SourceError, TargetError, Variable, roundtrip, stream_sdtm, to_fhir, to_sdtm
from interchange.engine.leafwise import LeafTally
from interchange.trips import compare_datasets

if TYPE_CHECKING:
    from pathlib import Path

    from interchange.runners.engines import Engine

Json = dict[str, Any]
ENGINES: tuple[Engine, ...] = ("interpreted", "compiled")
USUBJID = "urn:cdisc:sdtm:USUBJID"
STUDY: Json = {
    "resourceType": "ResearchStudy",
    "id": "s",
    "identifier": [{"system": "urn:cdisc:sdtm:STUDYID", "value": "S1"}],
    "title": "A trial",
    "status": "active",
    "comparisonGroup": [{"linkId": "ARMCD.Pbo", "name": "Placebo"}],
}
PATIENT: Json = {
    "resourceType": "Patient",
    "id": "p",
    "identifier": [{"system": "urn:cdisc:sdtm:USUBJID", "value": "S1-001"}],
    "gender": "female",
    "birthDate": "1950-08-30",
}
SUBJECT: Json = {
    "resourceType": "ResearchSubject",
    "id": "r",
    "status": "active",
    "study": {"reference": "ResearchStudy/s"},
    "subject": {"reference": "Patient/p"},
    "assignedComparisonGroup": "ARMCD.Pbo",
}
FHIR = [STUDY, PATIENT, SUBJECT]
ROW = {
    "STUDYID": "S1",
    "DOMAIN": "DM",
    "USUBJID": "S1-001",
    "SUBJID": "001",
    "BRTHDTC": "1950-08-30",
    "SEX": "F",
    "ARMCD": "Pbo",
    "ARM": "Placebo",
}
DM = Dataset("DM", "Demographics", [Variable(name, name) for name in ROW], [ROW])


@pytest.mark.parametrize("engine", ENGINES)
def test_resources_become_a_dataset(engine: Engine) -> None:
    result = to_sdtm(FHIR, fhir_version="R5", engine=engine)
    assert result.release == "R5"
    assert result.dataset("DM").rows == [ROW]
    assert result["DM"]["SEX"].tolist() == ["F"]
    assert set(result.frames()) == set(result.tables()) == {"TS", "DM"}
    assert result.tables()["DM"].column("ARM").to_pylist() == ["Placebo"]
    assert result.rejected == []
    with pytest.raises(KeyError):
        result["AE"]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_dataset_becomes_resources(engine: Engine) -> None:
    result = to_fhir([DM], engine=engine)
    assert {r["resourceType"] for r in result.resources} == {"ResearchStudy", "ResearchSubject", "Patient", "Library"}
    assert result.check() == []
    assert [type(m).__name__ for m in result.models()] == [r["resourceType"] for r in result.resources]
    assert result.tallies["DM"]["SEX"].native == 1


@pytest.mark.parametrize(
    "source",
    [
        FHIR,
        iter(FHIR),
        {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": r} for r in FHIR]},
        json.dumps({"resourceType": "Bundle", "type": "collection", "entry": [{"resource": r} for r in FHIR]}),
        "\n".join(map(json.dumps, FHIR)).encode(),
    ],
    ids=["list", "iterator", "bundle", "text", "bytes"],
)
def test_sources_in_memory(source: object) -> None:
    assert to_sdtm(source, fhir_version="R5", ledger=False).dataset("DM").rows == [ROW]


def test_sources_of_other_libraries() -> None:
    import pandas as pd

    frame = pd.DataFrame({"n": range(3), "resource": FHIR})
    assert to_sdtm(frame, fhir_version="R5", ledger=False).dataset("DM").rows == [ROW]
    models = list(to_fhir([DM]).models())
    assert to_sdtm(models, fhir_version="R5", ledger=False).dataset("DM").rows == [ROW]


def test_files_and_folders(tmp_path: Path) -> None:
    made = to_fhir([DM])
    made.write(tmp_path / "nd")
    made.write(tmp_path / "b", as_="bundle")
    files = [tmp_path / "nd" / f"{t}.ndjson" for t in ("ResearchStudy", "ResearchSubject", "Patient", "Library")]
    for source in (tmp_path / "nd", tmp_path / "b" / "bundle.json", str(tmp_path / "nd"), files):
        assert to_sdtm(source, ledger=False).dataset("DM").rows == [ROW]


def test_datasets_as_frames_and_files(tmp_path: Path) -> None:
    frame = DM.to_pandas()
    one, two = to_fhir({"dm": frame}).resources, to_fhir({"DM": DM}).resources
    assert [r for r in one if r["resourceType"] != "Library"] == [r for r in two if r["resourceType"] != "Library"]
    to_sdtm(to_fhir([DM]).resources, fhir_version="R5").write(tmp_path, ("csv", "xpt"))
    for suffix in ("csv", "xpt"):
        made = to_fhir(tmp_path / f"dm.{suffix}")
        assert to_sdtm(made.resources, fhir_version="R5", ledger=False).dataset("DM").rows == [ROW]


def test_what_is_written_beside_the_datasets(tmp_path: Path) -> None:
    result = to_sdtm([*FHIR, {"resourceType": "Patient", "id": "q", "name": [{"text": "N. N."}]}], fhir_version="R5")
    written = result.write(tmp_path / "out", ("csv",))
    assert {path.name for path in written} >= {"dm.csv", "ts.csv", "ledger.csv"}
    assert all(path.exists() for path in written)
    with (tmp_path / "out" / "ledger.csv").open(newline="") as file:
        losses = list(csv.DictReader(file))
    assert ("Patient/q", "name[0].text") in {(loss["resource"], loss["element"]) for loss in losses}
    assert all(loss["reason"] for loss in losses)
    assert "N. N." not in (tmp_path / "out" / "ledger.csv").read_text()


def test_issues_are_written_without_values(tmp_path: Path) -> None:
    result = to_fhir([Dataset("TE", "", [Variable("ETCD")], [{"ETCD": "SECRET"}])])
    assert [issue.code for issue in result.issues] == ["IX-KEY-001"]
    assert result.lost == [("TE", {"ETCD": "SECRET"})]
    result.write(tmp_path)
    assert "SECRET" not in (tmp_path / "issues.csv").read_text()
    assert "SECRET" in (tmp_path / "quarantine.ndjson").read_text()


def test_batches_are_the_dataset_in_pieces() -> None:
    many = [{**SUBJECT, "id": f"r{i}", "subject": {"reference": f"Patient/p{i}"}} for i in range(5)]
    people = [{**PATIENT, "id": f"p{i}", "identifier": [{"system": USUBJID, "value": f"S1-{i}"}]} for i in range(5)]
    batches = list(stream_sdtm([STUDY, *many, *people], rows=2, fhir_version="R5"))
    own = [b for b in batches if b.dataset.name == "DM"]
    assert [(b.number, len(b.dataset.rows)) for b in own] == [(0, 2), (1, 2), (2, 1)]
    assert [row["USUBJID"] for b in own for row in b.dataset.rows] == [f"S1-{i}" for i in range(5)]


def test_progress_counts_records() -> None:
    seen: list[int] = []
    to_sdtm(FHIR, fhir_version="R5", ledger=False, progress=seen.append)
    assert seen == [1, 2, 3]


def test_the_release_is_found() -> None:
    assert to_sdtm(FHIR, ledger=False).release == "R5"
    with pytest.raises(SourceError, match="say it with --fhir-version"):
        to_sdtm([PATIENT])


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda: to_sdtm([], fhir_version="R5"), "IX-FHIR-021"),
        (lambda: to_sdtm("/no/such/file"), "IX-FHIR-"),
        (lambda: to_sdtm(FHIR, fhir_version="R6"), "IX-FHIR-023"),  # type: ignore[arg-type]
        (lambda: to_fhir([DM], fhir_version="R6"), "IX-FHIR-023"),  # type: ignore[arg-type]
        (lambda: to_fhir([DM], sdtmig="9.9"), "IX-SDTM"),
        (lambda: to_fhir("/no/such/file"), "IX-SDTM"),
    ],
)
def test_what_cannot_be_read_is_refused(call: Any, code: str) -> None:
    with pytest.raises(SourceError) as refused:
        call()
    assert refused.value.issue.code.startswith(code)
    assert refused.value.issue.hint


def test_what_cannot_be_written_is_refused(tmp_path: Path) -> None:
    result = to_sdtm(FHIR, fhir_version="R5", ledger=False)
    with pytest.raises(TargetError, match="no format `doc`"):
        result.write(tmp_path, ("doc",))
    (tmp_path / "file").write_text("")
    with pytest.raises(TargetError):
        result.write(tmp_path / "file")


def test_a_trip_of_datasets() -> None:
    trip = roundtrip([DM], fhir_version="R4")
    assert (trip.kind, trip.release, trip.equal) == ("SDTM", "R4", True)
    assert trip.different == {}
    assert trip.datasets[0].rows == [ROW]


def test_a_trip_of_resources() -> None:
    trip = roundtrip(FHIR, fhir_version="R5")
    assert (trip.kind, trip.release) == ("FHIR", "R5")
    assert trip.ledger is not None
    assert {loss.element for loss in trip.ledger.losses} == {"id"}
    assert (trip.equal, trip.remainder, trip.resources["Patient"]) == (True, True, 1)
    assert trip.leaves["Patient"] == LeafTally(resources=1, leaves=5, kept=4, remainder=1)
    assert trip.versions["FHIR"] == "R5"


def test_the_page_of_a_trip(tmp_path: Path) -> None:
    page = roundtrip([DM]).write_html(tmp_path / "trip.html").read_text(encoding="utf-8")
    assert "Every cell came back: 8 cells of 1 dataset" in page
    assert "S1-001" not in page
    with pytest.raises(TargetError, match="there is no folder"):
        roundtrip([DM]).write_html(tmp_path / "none" / "trip.html")


def test_a_trip_of_resources_too_large_for_memory_is_explained_by_the_ledger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "trial.ndjson"
    path.write_text("".join(f"{json.dumps(resource)}\n" for resource in FHIR))
    monkeypatch.setattr("interchange.api.parts_for", lambda *_: 2)
    monkeypatch.setattr("interchange.trips.parts_for", lambda *_: 2)
    trip = roundtrip(path, fhir_version="R5")
    assert (trip.equal, trip.remainder) == (True, False)
    assert trip.leaves["Patient"] == LeafTally(resources=1, leaves=5, kept=4, lost=1)


def test_datasets_of_no_class_are_kept_whole() -> None:
    other = Dataset("ZZ", "", [Variable("STUDYID")], [{"STUDYID": "S1"}])
    trip = roundtrip([DM, other])
    assert trip.issues.counts["IX-MAP-021"] == 1
    assert trip.different == {}
    assert trip.tallies["ZZ"]["STUDYID"].residual == 1


def test_comparing_counts_cells_and_rows() -> None:
    numeric = [Variable("A"), Variable("N", type="Num")]
    one = Dataset("X", "", numeric, [{"A": "1", "N": "1.0"}, {"A": "2"}, {"A": "3"}])
    two = Dataset("X", "", numeric, [{"A": "1.0", "N": "1"}, {"N": "4"}])
    assert compare_datasets([one], [two]) == {"X.(rows)": 1, "X.A": 2, "X.N": 1}
    assert compare_datasets([one], [one]) == {}
    assert compare_datasets([one], []) == {"X.(rows)": 3}


def test_digits_stay() -> None:
    row = {"STUDYID": "S1", "DOMAIN": "DM", "USUBJID": "S1-1", "SUBJID": "1", "AGE": "5.10", "AGEU": "YEARS"}
    made = to_fhir([Dataset("DM", "", [Variable(name) for name in row], [row])])
    age = next(r for r in made.resources if r["resourceType"] == "Observation")
    assert str(age["valueQuantity"]["value"]) == "5.10"
    assert isinstance(age["valueQuantity"]["value"], Decimal)
    assert to_sdtm(made.resources, fhir_version="R5", ledger=False).dataset("DM").rows == [row]


def test_public_names_are_there() -> None:
    for name in interchange.__all__:
        assert getattr(interchange, name) is not None
    with pytest.raises(AttributeError):
        _ = interchange.nothing


def test_a_row_without_its_study_is_told() -> None:
    subject = {"resourceType": "ResearchSubject", "id": "a", "status": "active", "subject": {"reference": "Patient/p"}}
    result = to_sdtm([subject, {"resourceType": "Patient", "id": "p"}], fhir_version="R5")
    (issue,) = (i for i in result.issues if i.code == "IX-KEY-004")
    assert (issue.place.record, issue.place.field, issue.severity) == ("DM", "STUDYID", "warning")
    assert "blank in 1 rows" in issue.message
