"""Registry records and USDM studies on the command line: there, back, traced, asked for, and broken."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

import interchange
from interchange.mapping.load import load_project
from interchange.trees.lint import lint_trees

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from .conftest import Ended

NCT = "NCT00000001"


def record(nct: str = NCT) -> dict[str, Any]:
    """A made-up record with a little of most modules, and a section that FHIR has no place for."""
    return {
        "protocolSection": {
            "identificationModule": {
                "nctId": nct,
                "orgStudyIdInfo": {"id": "ORG-1"},
                "organization": {"fullName": "A Hospital", "class": "OTHER"},
                "briefTitle": "A Study of Xanomeline",
                "officialTitle": "A Randomised Study of Xanomeline in Adults",
            },
            "statusModule": {
                "overallStatus": "RECRUITING",
                "startDateStruct": {"date": "2024-02", "type": "ACTUAL"},
                "completionDateStruct": {"date": "2026-12-31", "type": "ESTIMATED"},
            },
            "sponsorCollaboratorsModule": {"leadSponsor": {"name": "A Hospital", "class": "OTHER"}},
            "descriptionModule": {"briefSummary": "Does it help?"},
            "conditionsModule": {"conditions": ["Alzheimer Disease"], "keywords": ["memory", "memory"]},
            "designModule": {
                "studyType": "INTERVENTIONAL",
                "phases": ["PHASE1", "PHASE2"],
                "designInfo": {
                    "allocation": "RANDOMIZED",
                    "interventionModel": "PARALLEL",
                    "maskingInfo": {"masking": "DOUBLE", "whoMasked": ["PARTICIPANT", "INVESTIGATOR"]},
                },
                "enrollmentInfo": {"count": 40, "type": "ESTIMATED"},
            },
            "armsInterventionsModule": {
                "armGroups": [
                    {"label": "Xanomeline", "type": "EXPERIMENTAL", "interventionNames": ["Drug: Xanomeline"]},
                    {"label": "Placebo", "type": "PLACEBO_COMPARATOR", "interventionNames": ["Drug: Placebo"]},
                ],
                "interventions": [
                    {"type": "DRUG", "name": "Xanomeline", "armGroupLabels": ["Xanomeline"]},
                    {"type": "DRUG", "name": "Placebo", "armGroupLabels": ["Placebo"]},
                ],
            },
            "outcomesModule": {
                "primaryOutcomes": [
                    {"measure": "ADAS-Cog", "description": "Change from baseline", "timeFrame": "24 weeks"}
                ]
            },
            "eligibilityModule": {
                "eligibilityCriteria": "Inclusion Criteria:\n\n1. Adult;\n2. MMSE 10 to 23\n\nExclusion Criteria:\n\n* Pregnancy",
                "healthyVolunteers": False,
                "sex": "ALL",
                "minimumAge": "50 Years",
                "stdAges": ["ADULT", "OLDER_ADULT"],
            },
            "contactsLocationsModule": {
                "locations": [
                    {
                        "facility": "Clinic",
                        "city": "Bern",
                        "country": "Switzerland",
                        "geoPoint": {"lat": 46.94, "lon": 7.4},
                    }
                ]
            },
        },
        "derivedSection": {"miscInfoModule": {"versionHolder": "2024-05-01"}},
        "hasResults": False,
    }


@pytest.fixture
def given(tmp_path: Path) -> Path:
    path = tmp_path / "record.json"
    path.write_text(json.dumps(record()), encoding="utf-8")
    return path


@pytest.mark.parametrize("release", ["R4", "R4B", "R5"])
def test_a_record_goes_to_fhir_and_comes_back(run: Callable[..., Ended], given: Path, tmp_path: Path, release) -> None:
    there = run("to-fhir", given, "--out", tmp_path / "fhir", "--fhir-version", release, "--keep-remainder", "--check")
    assert (there.code, "Issues" in there.said) == (0, False)
    back = run(
        "to-registry", tmp_path / "fhir", "--out", tmp_path / "back", "--fhir-version", release,
        "--remainder", tmp_path / "fhir" / "remainder.ndjson",
    )  # fmt: skip
    assert "1 ClinicalTrials.gov record" in back.said
    assert json.loads((tmp_path / "back" / f"{NCT}.json").read_text("utf-8")) == record()


def test_what_fhir_does_not_hold_is_in_the_ledger(run: Callable[..., Ended], given: Path, tmp_path: Path) -> None:
    run("to-fhir", given, "--out", tmp_path / "fhir")
    lost = (tmp_path / "fhir" / "ledger.csv").read_text("utf-8").splitlines()[1:]
    assert lost == [
        f"CTGOV/{NCT},derivedSection.miscInfoModule.versionHolder,no rule reads this element",
        f"CTGOV/{NCT},hasResults,no rule reads this element",
    ]


def test_a_record_goes_to_sdtm_and_comes_back(run: Callable[..., Ended], given: Path, tmp_path: Path) -> None:
    ended = run("to-sdtm", given, "--out", tmp_path / "sdtm", "--keep-remainder", "--json")
    assert {d["name"]: d["rows"] for d in ended.json["datasets"]}.items() >= {"TA": 2, "TE": 2, "TI": 3}.items()
    kept = tmp_path / "sdtm" / "remainder.ndjson"
    run("to-registry", tmp_path / "sdtm", "--out", tmp_path / "back", "--remainder", kept)
    assert json.loads((tmp_path / "back" / f"{NCT}.json").read_text("utf-8")) == record()


def test_an_edited_dataset_wins_over_the_remainder(given: Path) -> None:
    there = interchange.to_sdtm(given, remainder=True)
    for dataset in there.datasets:
        for row in dataset.rows:
            if row.get("TSPARMCD") == "PLANSUB":
                row["TSVAL"] = "60"
    back = interchange.to_registry(there.datasets, remainder=there.rests).documents[NCT]
    wanted = record()
    wanted["protocolSection"]["designModule"]["enrollmentInfo"]["count"] = 60
    assert json.loads(json.dumps(back, default=float)) == wanted


def test_a_cell_is_traced_to_the_element_of_the_record(run: Callable[..., Ended], given: Path, tmp_path: Path) -> None:
    result = interchange.to_sdtm(given)
    rows = [row.get("TSPARMCD") for row in result.dataset("TS").rows]
    run("to-sdtm", given, "--out", tmp_path / "sdtm")
    said = run("trace", tmp_path / "sdtm", "TS", rows.index("PLANSUB") + 1, "TSVAL").said
    assert "from protocolSection.designModule.enrollmentInfo.count = 40" in said
    assert "reached by ResearchStudy.recruitment.targetNumber" in said
    assert "mappings/trees/ctgov.yaml:" in said
    traced = result.trace("TI", 2, "IETEST")["IETEST"]
    assert [e.path for e in traced.elements] == ["protocolSection.eligibilityModule.eligibilityCriteria[1].text"]
    assert [e.resource for e in traced.elements] == [f"CTGOV/{NCT}"]


def test_records_of_a_search_result_a_folder_and_ndjson(run: Callable[..., Ended], tmp_path: Path) -> None:
    two = [record("NCT00000001"), record("NCT00000002")]
    folder = tmp_path / "records"
    folder.mkdir()
    (folder / "page.json").write_text(json.dumps({"studies": two, "nextPageToken": "x"}), encoding="utf-8")
    (folder / "lines.ndjson").write_text(json.dumps(record("NCT00000003")) + "\n", encoding="utf-8")
    ended = run("to-fhir", folder, "--out", tmp_path / "fhir", "--json")
    assert ended.json["resources"]["ResearchStudy"] == 3
    run("to-registry", tmp_path / "fhir", "--out", tmp_path / "back", "--as", "ndjson")
    lines = (tmp_path / "back" / "ctgov.ndjson").read_text("utf-8").splitlines()
    assert [json.loads(line)["protocolSection"]["identificationModule"]["nctId"] for line in lines] == [
        "NCT00000003",
        "NCT00000001",
        "NCT00000002",
    ]


def test_the_same_study_twice_is_taken_once(run: Callable[..., Ended], given: Path, tmp_path: Path) -> None:
    ended = run("to-fhir", given, given, "--out", tmp_path / "fhir", "--json")
    assert ended.json["resources"]["ResearchStudy"] == 1
    assert [issue["code"] for issue in ended.json["issues"]] == ["IX-TREE-011"]
    assert (tmp_path / "fhir" / "quarantine.ndjson").exists()


def test_a_broken_record_is_left_out_and_the_rest_goes_on(run: Callable[..., Ended], tmp_path: Path) -> None:
    path = tmp_path / "records.ndjson"
    odd = record("NCT00000002")
    odd["protocolSection"]["eligibilityModule"]["sex"] = "SOME"
    lines = [json.dumps(record()), "{broken", json.dumps({"protocolSection": {}}), json.dumps(odd)]
    path.write_text("\n".join(lines), encoding="utf-8")
    ended = run("to-fhir", path, "--out", tmp_path / "fhir", "--json", "--keep-remainder")
    assert (ended.code, ended.json["resources"]["ResearchStudy"], ended.json["rejected"]) == (0, 2, 2)
    assert {issue["code"] for issue in ended.json["issues"]} >= {"IX-TREE-001", "IX-TREE-005", "IX-TREE-016"}
    assert len((tmp_path / "fhir" / "quarantine.ndjson").read_text("utf-8").splitlines()) == 2
    run("to-registry", tmp_path / "fhir", "--out", tmp_path / "back")
    back = json.loads((tmp_path / "back" / "NCT00000002.json").read_text("utf-8"))
    assert back["protocolSection"]["eligibilityModule"]["sex"] == "SOME"  # what no list knows is kept


def test_a_web_page_in_place_of_a_record(run: Callable[..., Ended], tmp_path: Path) -> None:
    path = tmp_path / f"{NCT}.json"
    path.write_text("<!DOCTYPE html><title>Study | ClinicalTrials.gov</title>", encoding="utf-8")
    ended = run("to-sdtm", path, "--out", tmp_path / "sdtm")
    assert (ended.code, "web page" in ended.said, f"--nct {NCT}" in ended.said) == (1, True, True)


def test_usdm_of_an_unknown_version(run: Callable[..., Ended], tmp_path: Path) -> None:
    path = tmp_path / "usdm.json"
    path.write_text(json.dumps({"study": {"versions": []}, "usdmVersion": "5.0"}), encoding="utf-8")
    ended = run("to-sdtm", path, "--out", tmp_path / "sdtm")
    assert (ended.code, "USDM 5.0 is not read" in ended.said) == (1, True)


def test_a_remainder_of_something_else(run: Callable[..., Ended], given: Path, tmp_path: Path) -> None:
    other = tmp_path / "remainder.ndjson"
    other.write_text("{}\n", encoding="utf-8")
    ended = run("to-registry", given, "--out", tmp_path / "back", "--remainder", other)
    assert (ended.code, "IX-TREE-018" in ended.said) == (1, True)


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A registry that has one record, on this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps({"studies": [record()]}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    monkeypatch.setenv("INTERCHANGE_REGISTRY", f"http://127.0.0.1:{server.server_port}/api/v2")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    yield
    server.shutdown()
    server.server_close()


@pytest.mark.usefixtures("registry")
def test_a_record_is_asked_of_the_registry(run: Callable[..., Ended], tmp_path: Path) -> None:
    ended = run("to-sdtm", "--nct", NCT, "--nct", "NCT99999999", "--out", tmp_path / "sdtm", "--json")
    assert {d["name"] for d in ended.json["datasets"]} >= {"TS", "TI", "TA", "TE"}
    assert "IX-TREE-031" in [issue["code"] for issue in ended.json["issues"]]
    assert json.loads((tmp_path / "sdtm" / "registry.ndjson").read_text("utf-8")) == record()
    assert "protocolSection" in run("trace", tmp_path / "sdtm", "TI", 1, "IETEST").said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "name a SOURCE, or a registry record with --nct"),
        (("--nct", "12"), "IX-TREE-030"),
    ],
)
def test_wrong_commands(run: Callable[..., Ended], tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    ended = run("to-fhir", *words, "--out", tmp_path / "fhir")
    assert ended.code in (1, 2)
    assert said in ended.said


def test_a_source_and_a_number_are_too_much(run: Callable[..., Ended], given: Path, tmp_path: Path) -> None:
    ended = run("to-sdtm", given, "--nct", NCT, "--out", tmp_path / "sdtm")
    assert (ended.code, "not both" in ended.said) == (2, True)


def test_the_shipped_trees_have_no_fault() -> None:
    assert lint_trees(load_project()) == []


def test_lint_finds_the_faults_of_an_overlay(run: Callable[..., Ended], tmp_path: Path) -> None:
    folder = tmp_path / "our" / "trees"
    folder.mkdir(parents=True)
    (folder / "ctgov.yaml").write_text("rules: {BriefTitle: {ctgov: nothing | string, fhir: title | string}}", "utf-8")
    ended = run("lint", "--mappings", tmp_path / "our")
    assert (ended.code, "IX-PATH-002" in ended.said) == (1, True)


def test_a_round_trip_counts_leaves_by_module(run: Callable[..., Ended], given: Path, tmp_path: Path) -> None:
    ended = run("roundtrip", given, "--html", tmp_path / "trip.html")
    assert (ended.code, "protocolSection.designModule" in ended.out) == (0, True)
    assert "Every leaf came back: " in ended.said
    assert " leaves of 1 document, " in ended.said
    page = (tmp_path / "trip.html").read_text("utf-8")
    assert "Studies" in page
    assert "Xanomeline" not in page
    trip = interchange.roundtrip(record())
    assert {name: (t.lost, t.added) for name, t in trip.leaves.items() if t.lost or t.added} == {}
    assert trip.leaves["protocolSection.designModule"].kept == trip.leaves["protocolSection.designModule"].leaves
