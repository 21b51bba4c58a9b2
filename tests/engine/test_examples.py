"""The examples of the shipped mappings hold, and an example that does not is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from interchange.engine.examples import differences, example_runs, leaves, run_examples, typed
from interchange.mapping.load import load_project

if TYPE_CHECKING:
    from pathlib import Path

PROJECT = load_project()
RUNS = example_runs(PROJECT)
DOMAINS = ("DM", "TA", "TE", "TI", "TS", "TV")


@pytest.mark.parametrize("run", RUNS, ids=[f"{r.domain}-{r.release}-{r.direction}-{r.example.name[:40]}" for r in RUNS])
def test_the_examples_of_the_shipped_mappings_hold(run) -> None:
    assert [str(issue) for issue in run.issues] == []
    assert run.ok


@pytest.mark.parametrize("domain", DOMAINS)
def test_every_shipped_mapping_has_examples_in_both_directions_and_releases(domain: str) -> None:
    runs = [r for r in RUNS if r.domain == domain]
    assert len({r.example.name for r in runs}) >= 2
    assert {r.direction for r in runs} == {"to-sdtm", "to-fhir"}
    assert {"R5", "R4B"} <= {r.release for r in runs}


def test_domains_can_be_chosen() -> None:
    assert {r.domain for r in example_runs(PROJECT, ["TV"])} == {"TV"}


def overlay(folder: Path, example: str) -> list[str]:
    (folder / "dm.yaml").write_text(f"extends: dm.yaml\nexamples:\n  - name: mine\n{example}", encoding="utf-8")
    return [f"{i.code} {i.message}" for i in run_examples(load_project(folder))]


STUDY = "{resourceType: ResearchStudy, id: S1, status: active}"
REFERENCES = "study: {reference: ResearchStudy/S1}, subject: {reference: Patient/p}"
SUBJECT = f"{{resourceType: ResearchSubject, status: active, {REFERENCES}}}"


def test_a_cell_that_differs_is_told(tmp_path) -> None:
    example = (
        "    direction: to-sdtm\n"
        "    sdtm: [{USUBJID: p, SEX: M}]\n"
        f"    fhir: [{STUDY}, {{resourceType: Patient, id: p, gender: female}}, {SUBJECT}]\n"
    )
    assert overlay(tmp_path, example) == [
        "IX-EXAMPLE-001 example `mine`: to SDTM from R5, SEX of row 1 is `F`, not `M`"
    ]


def test_a_number_of_rows_that_differs_is_told(tmp_path) -> None:
    example = f"    direction: to-sdtm\n    sdtm: [{{USUBJID: p}}]\n    fhir: [{STUDY}]\n"
    assert overlay(tmp_path, example) == ["IX-EXAMPLE-001 example `mine`: to SDTM from R5, there are 0 rows, not 1"]


def test_a_value_that_fhir_lacks_is_told(tmp_path) -> None:
    example = "    direction: to-fhir\n    sdtm: [{USUBJID: p, SEX: M}]\n"
    example += "    fhir: [{resourceType: Patient, gender: female}]\n"
    assert overlay(tmp_path, example) == ["IX-EXAMPLE-002 example `mine`: to R5, no Patient.gender is `female`"]


def test_ids_and_references_are_not_compared() -> None:
    assert (
        list(leaves([{"resourceType": "ResearchSubject", "id": "x", "study": {"reference": "ResearchStudy/1"}}])) == []
    )


def test_texts_become_json_of_the_element() -> None:
    group = {
        "resourceType": "Group",
        "quantity": "12",
        "characteristic": [
            {"exclude": "false", "valueQuantity": {"value": "5.10", "unit": "mg"}, "valueBoolean": "maybe"}
        ],
        "unknown": "12",
    }
    made = typed(group, "R5")
    assert made["quantity"] == 12
    assert made["characteristic"][0]["exclude"] is False
    assert str(made["characteristic"][0]["valueQuantity"]["value"]) == "5.10"
    assert made["characteristic"][0]["valueBoolean"] == "maybe"
    assert made["unknown"] == "12"


def test_of_parameters_only_those_named_are_compared() -> None:
    rows = [{"TSPARMCD": "TITLE", "TSVAL": "x"}, {"TSPARMCD": "ADAPT", "TSVALNF": "NI"}]
    assert list(differences([{"TSPARMCD": "TITLE", "TSVAL": "x"}], rows, PROJECT.mappings["TS"])) == []
