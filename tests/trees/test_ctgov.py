"""The mapping of registry records: what they become in FHIR and SDTM, and that they come back."""

from __future__ import annotations

import csv
import os
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from interchange import to_registry, to_sdtm
from interchange.fhir.elements import RELEASES, elements
from interchange.fhir.members import DECODE
from interchange.fhir.validate import check, dangling
from interchange.mapping.load import load_project
from interchange.mapping.tables import read_parameters
from interchange.mapping.terminology import project_terminology
from interchange.trees.build import trees_of
from interchange.trees.carry import fhir_to_trees, tree_to_fhir
from interchange.trees.convert import document_leaves
from interchange.trees.plan import ready_tree

if TYPE_CHECKING:
    from interchange.fhir.elements import Release
    from interchange.trees.plan import PlannedTree

SHARED = Path(os.environ.get("INTERCHANGE_SHARED") or Path(__file__).parents[3] / "shared") / "data"
SEED = SHARED / "nct05574608"
RECORDS = [*sorted((SHARED / "ctgov").glob("NCT*.json")), *sorted((SHARED / "ctgov/reshaped_from_v1").glob("*.json"))]
here = pytest.mark.skipif(not RECORDS, reason="the records are not here: set INTERCHANGE_SHARED")
LINKS = {"url", "link"}
LENGTHS = {"minimumAge", "maximumAge", "targetDuration"}


@cache
def planned(release: Release) -> PlannedTree:
    project = load_project()
    return ready_tree(project, trees_of(project)["CTGOV"], release)


def there(document: dict[str, Any], release: Release) -> list[dict[str, Any]]:
    return tree_to_fhir(planned(release), document)


def back(resources: list[dict[str, Any]], release: Release) -> dict[str, Any]:
    [(_, document)] = fhir_to_trees(planned(release), resources)
    return document


def protocol_of(path: Path) -> dict[str, Any]:
    return {"protocolSection": DECODE(path.read_bytes())["protocolSection"]}


def study(resources: list[dict[str, Any]]) -> dict[str, Any]:
    return next(r for r in resources if r["resourceType"] == "ResearchStudy")


def of_type(resources: list[dict[str, Any]], type_: str) -> list[dict[str, Any]]:
    return [r for r in resources if r["resourceType"] == type_]


def record(**modules: Any) -> dict[str, Any]:
    return {"protocolSection": {"identificationModule": {"nctId": "NCT00000001"}, **modules}}


def whole(content: str = "ProtocolSection", number: int = 0) -> dict[str, Any]:
    """An object that has every element of a content, lists with two."""
    table = elements("CTGOV")
    made: dict[str, Any] = {}
    for element in table.children(content):
        type_ = element.types[0]

        def one(i: int, name: str = element.name, type_: str = type_, binding: str | None = element.binding) -> Any:
            if not table.is_primitive(type_):
                return whole(type_, i)
            if binding:
                return sorted(table.codes(binding) or ())[i]
            if name in LENGTHS:
                return f"{i + 2} Years"
            if name == "pmid":
                return str(40333694 + i)
            numbers = {"boolean": i == 0, "integer": i + 3, "decimal": Decimal("12.50") + i, "date": f"202{i}-03"}
            return numbers.get(type_, f"https://example.org/{name}/{i}" if name in LINKS else f"{name} {i}")

        made[element.name] = [one(0), one(1)] if element.many else one(number)
    return made


@pytest.mark.parametrize("release", RELEASES)
def test_every_element_of_the_protocol_comes_back(release: Release) -> None:
    protocol = whole()
    protocol["designModule"]["phases"] = ["PHASE1", "PHASE2"]
    for contact in protocol["contactsLocationsModule"]["centralContacts"]:
        contact["role"] = "CONTACT"  # R4 has no other
    given = {"protocolSection": protocol}
    made = there(given, release)
    assert document_leaves(back(made, release)) == document_leaves(given)
    assert [str(issue) for resource in made for issue in check(resource, release)] == []


def test_an_unknown_value_of_a_list_of_values_comes_back() -> None:
    given = record(
        statusModule={"overallStatus": "PAUSED"},
        designModule={
            "studyType": "SIMULATED",
            "phases": ["PHASE5"],
            "designInfo": {"allocation": "DRAWN", "maskingInfo": {"masking": "ALL", "whoMasked": ["SPONSOR"]}},
        },
        armsInterventionsModule={"armGroups": [{"label": "A", "type": "NEW_TYPE"}]},
        eligibilityModule={"sex": "ANY", "stdAges": ["INFANT"]},
    )
    for release in RELEASES:
        assert back(there(given, release), release) == given


def test_the_state_of_the_study_stands_before_its_dates() -> None:
    given = record(
        statusModule={
            "overallStatus": "COMPLETED",
            "startDateStruct": {"date": "2020-01", "type": "ACTUAL"},
            "completionDateStruct": {"date": "2030-01-02", "type": "ESTIMATED"},
        }
    )
    made = study(there(given, "R5"))
    first, start, end = made["progressStatus"]
    assert [coding["code"] for coding in first["state"]["coding"]] == ["completed", "COMPLETED"]
    assert (start["actual"], start["period"]) == (True, {"start": "2020-01"})
    assert (end["actual"], end["period"]) == (False, {"end": "2030-01-02"})
    assert made["period"] == {"start": "2020-01"}  # SDTM has no home for an end that is planned


ARMS = {
    "armGroups": [
        {"label": "Low", "type": "EXPERIMENTAL", "interventionNames": ["Drug: X"]},
        {"label": "High", "type": "EXPERIMENTAL", "interventionNames": ["Drug: X"]},
        {"label": "Both", "type": "ACTIVE_COMPARATOR", "interventionNames": ["Drug: X", "Device: Pump"]},
        {"label": "None", "type": "NO_INTERVENTION"},
    ],
    "interventions": [
        {"type": "DRUG", "name": "X", "armGroupLabels": ["Low", "High", "Both"], "otherNames": ["Xene"]},
        {"type": "DEVICE", "name": "Pump", "armGroupLabels": ["Both"]},
    ],
}
DESIGN = {"studyType": "INTERVENTIONAL", "designInfo": {"allocation": "RANDOMIZED"}}


@pytest.mark.parametrize("release", RELEASES)
def test_each_set_of_interventions_is_an_element(release: Release, tmp_path: Path) -> None:
    made = there(record(designModule=DESIGN, armsInterventionsModule=ARMS), release)
    result = to_sdtm(as_file(made, tmp_path), fhir_version=release)
    rows = {(r["ARM"], r["ETCD"], r["ELEMENT"], r["TABRANCH"], r["EPOCH"]) for r in result.dataset("TA").rows}
    assert rows == {
        ("Low", "T1", "X", "Randomized to Low", "TREATMENT"),
        ("High", "T1", "X", "Randomized to High", "TREATMENT"),
        ("Both", "T2", "X + Pump", "Randomized to Both", "TREATMENT"),
        ("None", "T3", "No intervention", "Randomized to None", "TREATMENT"),
    }
    assert [(r["ETCD"], r["TESTRL"], r["TEENRL"]) for r in result.dataset("TE").rows] == [
        ("T1", "Start of X", "End of X"),
        ("T2", "Start of X + Pump", "End of X + Pump"),
        ("T3", "Start of No intervention", "End of No intervention"),
    ]


def test_the_plan_of_an_arm_names_its_interventions() -> None:
    made = there(record(designModule=DESIGN, armsInterventionsModule=ARMS), "R5")
    both = next(r for r in of_type(made, "PlanDefinition") if r.get("title") == "Both")
    [element] = both["action"][0]["action"]
    assert [(a["title"], a["definitionCanonical"]) for a in element["action"]] == [
        ("X", "ActivityDefinition/NCT00000001-intervention-1"),
        ("Pump", "ActivityDefinition/NCT00000001-intervention-2"),
    ]
    assert [r["kind"] for r in of_type(made, "ActivityDefinition")] == ["MedicationRequest", "DeviceRequest"]
    assert study(made)["focus"] == [{"concept": {"text": "X"}}]  # of experimental arms alone


def test_a_study_that_only_observes_has_no_plan_of_arms() -> None:
    made = there(record(designModule={"studyType": "OBSERVATIONAL"}, armsInterventionsModule=ARMS), "R5")
    assert [r["title"] for r in of_type(made, "PlanDefinition")] == ["Interventions"]


def test_a_label_that_no_arm_has_makes_no_plan() -> None:
    arms = {"interventions": [{"type": "DRUG", "name": "X", "armGroupLabels": ["Gone"]}]}
    given = record(designModule=DESIGN, armsInterventionsModule=arms)
    made = there(given, "R5")
    assert [r["title"] for r in of_type(made, "PlanDefinition")] == ["Interventions"]
    assert back(made, "R5") == given


CRITERIA = "Exclusion Criteria:\n\n* Pregnancy\n\nInclusion Criteria:\n\n1. Adult\n2. Able to walk"


@pytest.mark.parametrize("release", RELEASES)
def test_criteria_are_characteristics_numbered_apart_and_the_text_is_kept(release: Release) -> None:
    given = record(eligibilityModule={"eligibilityCriteria": CRITERIA, "minimumAge": "1 Year", "stdAges": ["ADULT"]})
    made = there(given, release)
    [group] = of_type(made, "Group")
    age, *criteria = group["characteristic"]
    assert age["valueRange"]["low"]["code"] == "a"
    assert age["valueRange"]["high"]["extension"][0]["valueCode"] == "positive-infinity"
    assert [(c["id"], c["exclude"], c["valueCodeableConcept"]["text"]) for c in criteria] == [
        ("INCL01", False, "Adult"),
        ("INCL02", False, "Able to walk"),
        ("EXCL01", True, "Pregnancy"),
    ]
    assert back(made, release) == given


def test_criteria_without_a_text_make_one() -> None:
    group = {
        "resourceType": "Group",
        "id": "g",
        "type": "person",
        "membership": "definitional",
        "characteristic": [
            {"code": {"text": "c"}, "valueCodeableConcept": {"text": "Adult"}, "exclude": False},
            {"code": {"text": "c"}, "valueCodeableConcept": {"text": "Pregnancy"}, "exclude": True},
        ],
    }
    root = {
        "resourceType": "ResearchStudy",
        "id": "s",
        "status": "active",
        "identifier": [{"system": "https://clinicaltrials.gov", "value": "NCT00000001"}],
        "recruitment": {"eligibility": {"reference": "Group/g"}},
    }
    text = back([root, group], "R5")["protocolSection"]["eligibilityModule"]["eligibilityCriteria"]
    assert text == "Inclusion Criteria:\n\n* Adult\n\nExclusion Criteria:\n\n* Pregnancy"


def parameters(given: dict[str, Any], release: Release, folder: Path) -> dict[str, list[str]]:
    """The values of each trial summary parameter, null flavors in brackets."""
    found: dict[str, list[str]] = {}
    for row in to_sdtm(as_file(there(given, release), folder), fhir_version=release).dataset("TS").rows:
        found.setdefault(row["TSPARMCD"], []).append(row.get("TSVAL") or f"[{row['TSVALNF']}]")
    return found


def as_file(resources: list[dict[str, Any]], folder: Path) -> Path:
    import msgspec

    path = folder / "resources.ndjson"
    path.write_bytes(b"\n".join(msgspec.json.encode(resource) for resource in resources))
    return path


@pytest.mark.parametrize("release", RELEASES)
def test_trial_summary(release: Release, tmp_path: Path) -> None:
    given = record(
        statusModule={"overallStatus": "UNKNOWN", "expandedAccessInfo": {"nctId": "NCT00000002"}},
        oversightModule={"oversightHasDmc": True, "isFdaRegulatedDrug": False},
        designModule={
            "studyType": "INTERVENTIONAL",
            "targetDuration": "6 Months",
            "designInfo": {"allocation": "RANDOMIZED"},
            "bioSpec": {"retention": "SAMPLES_WITHOUT_DNA", "description": "blood"},
        },
        armsInterventionsModule={
            "armGroups": [
                {"label": "X", "type": "EXPERIMENTAL", "interventionNames": ["Drug: X"]},
                {"label": "Y", "type": "PLACEBO_COMPARATOR", "interventionNames": ["Other: Sugar"]},
                {"label": "Z", "type": "ACTIVE_COMPARATOR", "interventionNames": ["Drug: Z"]},
            ],
            "interventions": [
                {"type": "DRUG", "name": "X", "armGroupLabels": ["X"]},
                {"type": "OTHER", "name": "Sugar", "armGroupLabels": ["Y"]},
                {"type": "DRUG", "name": "Z", "armGroupLabels": ["Z"]},
            ],
        },
        outcomesModule={"otherOutcomes": [{"measure": "Cost", "timeFrame": "1 year", "description": "in euro"}]},
        eligibilityModule={"stdAges": ["CHILD", "ADULT"]},
    )
    found = parameters(given, release, tmp_path)
    wanted = {
        "AGEMAX": ["[PINF]"],
        "BRDNAIND": ["N"],
        "BRIND": ["Y"],
        "COMPTRT": ["Sugar", "Z"],
        "DMCIND": ["Y"],
        "EXPARECN": ["NCT00000002"],
        "FDADRIND": ["N"],
        "INTTYPE": ["DRUG", "[OTH]"],
        "ONGOSIND": ["[UNK]"],
        "OUTMSADD": ["Cost [Time Frame: 1 year]"],
        "PDSTIND": ["Y"],
        "RTSPCDES": ["blood"],
        "TCNTRL": ["PLACEBO", "ACTIVE"],
        "TRGFUDUR": ["P6M"],
        "TRT": ["X"],
    }
    assert {code: sorted(found.get(code, [])) for code in wanted} == {code: sorted(v) for code, v in wanted.items()}


@pytest.mark.parametrize("release", RELEASES)
def test_a_study_that_observes_has_no_intervention_model(release: Release, tmp_path: Path) -> None:
    given = record(
        designModule={
            "studyType": "OBSERVATIONAL",
            "patientRegistry": True,
            "designInfo": {"observationalModel": "NATURAL_HISTORY", "timePerspective": "PROSPECTIVE"},
        },
        eligibilityModule={"samplingMethod": "PROBABILITY_SAMPLE", "studyPopulation": "Everyone"},
    )
    found = parameters(given, release, tmp_path)
    wanted = {"STYPE": "PATIENT REGISTRY", "INTMODEL": "[NA]", "TBLIND": "[NA]", "NARMS": "[NA]", "OBSMODEL": "[OTH]",
              "OBSTIMP": "PROSPECTIVE", "OBSTSMM": "PROBABILITY SAMPLE", "OBSTPOPD": "Everyone"}  # fmt: skip
    assert {code: found[code] for code in wanted} == {code: [value] for code, value in wanted.items()}


@here
@pytest.mark.parametrize("release", RELEASES)
def test_the_records_come_back_leaf_by_leaf_by_valid_fhir(release: Release) -> None:
    for path in [*RECORDS, SEED / "ctgov.json"]:
        given = protocol_of(path)
        made = there(given, release)
        assert document_leaves(back(made, release)) == document_leaves(given), path.name
        assert [str(issue) for resource in made for issue in check(resource, release)] == []
        assert list(dangling(made)) == []


@here
@pytest.mark.parametrize("release", ["R5", "R4B"])
@pytest.mark.parametrize("domain", ["TS", "TI"])
def test_the_truth(domain: str, release: Release) -> None:
    with (SEED / f"{domain.lower()}.csv").open(encoding="utf-8", newline="") as file:
        truth = [{name: cell for name, cell in row.items() if cell} for row in csv.DictReader(file)]
    assert to_sdtm(SEED / "ctgov.json", fhir_version=release).dataset(domain).rows == truth


@here
def test_fhir_made_by_hand_is_the_record() -> None:
    result = to_registry(SEED / "bundle-r5.json", fhir_version="R5")
    found, given = document_leaves(result.documents["NCT05574608"]), document_leaves(protocol_of(SEED / "ctgov.json"))
    # the hand that made it described the treatment with the words of the arm
    assert found.pop("protocolSection.armsInterventionsModule.interventions[0].description")
    assert found == given


@here
def test_the_trial_summary_of_the_records_is_sound() -> None:
    known = load_project()
    table = read_parameters("tsparm", known.settings["folders"].split("\n"))
    terms = project_terminology(known.settings)
    result = to_sdtm(RECORDS, fhir_version="R5")
    rows = result.dataset("TS").rows
    assert len({row["STUDYID"] for row in rows}) == len(RECORDS)
    assert len({(row["STUDYID"], row["TSPARMCD"], row["TSSEQ"]) for row in rows}) == len(rows)
    for row in rows:
        parameter = table[row["TSPARMCD"]]
        assert row["TSPARM"] == parameter.label
        assert ("TSVAL" in row) != ("TSVALNF" in row), row
        if "TSVAL" in row and parameter.codelist and row["TSPARMCD"] != "TINDTP":  # OTHER: the sponsor's own term
            assert row["TSVAL"] in terms.terms[parameter.codelist], row
        assert all(len(cell.encode()) <= 200 for cell in row.values())
