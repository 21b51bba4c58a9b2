from __future__ import annotations

from typing import TYPE_CHECKING, Any

from interchange.engine.plan import EntityRef
from interchange.engine.shelf import shelve

if TYPE_CHECKING:
    from interchange.engine.plan import Plan

STUDY: dict[str, Any] = {
    "resourceType": "ResearchStudy",
    "id": "s",
    "identifier": [{"system": "urn:cdisc:sdtm:STUDYID", "value": "S1"}],
    "comparisonGroup": [{"linkId": "ARMCD.Pbo", "name": "Placebo"}, {"linkId": "x", "name": "Experimental: High."}],
}
PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "p",
    "identifier": [{"system": "urn:cdisc:sdtm:USUBJID", "value": "S1-1"}],
}
SUBJECT: dict[str, Any] = {"resourceType": "ResearchSubject", "id": "rs", "subject": {"reference": "Patient/p"}}
AGE: dict[str, Any] = {
    "resourceType": "Observation",
    "id": "a",
    "code": {"coding": [{"system": "http://loinc.org", "code": "30525-0"}]},
    "subject": {"reference": "Patient/p"},
}
ARM = EntityRef("arm", "linkId", ("ARMCD", "ARM"), ("ARMCD", "ARM"))


def test_a_reference_is_followed_to_the_entity_s_type(r5: Plan) -> None:
    shelf = shelve(r5, [PATIENT, STUDY])
    assert shelf.follow({"reference": "Patient/p"}, "subject") is PATIENT
    assert shelf.follow({"reference": "ResearchStudy/s"}, "subject") is None
    assert shelf.follow({"reference": "Patient/q"}, "subject") is None
    assert len(shelf.unresolved["subject"]) == 2


def test_a_logical_reference_is_as_good_as_a_resource(r5: Plan) -> None:
    identifier = {"system": "urn:cdisc:sdtm:USUBJID", "value": "S1-9"}
    found = shelve(r5, []).follow({"identifier": identifier}, "subject")
    assert found == {"resourceType": "Patient", "identifier": [identifier]}


def test_an_entity_is_met_by_its_keys(r5: Plan) -> None:
    shelf = shelve(r5, [PATIENT, AGE, {**AGE, "id": "b", "code": {"text": "other"}}])
    assert shelf.meet("age", {"USUBJID": "S1-1"}) is AGE
    assert shelf.meet("age", {"USUBJID": "S1-2"}) is None
    assert shelf.meet("age", {}) is None


def test_referrers_are_found_from_the_other_side(r5: Plan) -> None:
    shelf = shelve(r5, [SUBJECT, PATIENT])
    assert list(shelf.back(PATIENT, "ResearchSubject", "subject")) == [SUBJECT]
    assert list(shelf.back(SUBJECT, "ResearchSubject", "subject")) == []


def test_a_reference_stands_for_the_variables_of_its_entity(r5: Plan) -> None:
    ref = EntityRef("subject", "", ("USUBJID",), ("USUBJID",))
    assert shelve(r5, [PATIENT]).cells(ref, {"reference": "Patient/p"}, {}) == ("S1-1",)
    assert shelve(r5, []).cells(ref, {"reference": "Patient/p"}, {}) is None


def test_a_link_stands_for_an_element_of_the_study(r5: Plan) -> None:
    shelf = shelve(r5, [STUDY])
    assert shelf.cells(ARM, "ARMCD.Pbo", {"STUDYID": "S1"}) == ("Pbo", "Placebo")
    assert shelf.cells(ARM, "x", {"STUDYID": "S1"}) == ("High", "Experimental: High.")  # the code is derived
    assert shelf.cells(ARM, "ARMCD.Pbo", {"STUDYID": "S2"}) is None
    assert shelf.cells(ARM, "nothing", {"STUDYID": "S1"}) is None


def test_resources_match_by_pattern(r5: Plan) -> None:
    shelf = shelve(r5, [AGE, {**AGE, "id": "b", "code": {"text": "other"}}])
    assert [r["id"] for r in shelf.of("Observation")] == ["a", "b"]
    assert [r["id"] for r in shelf.of("Observation", r5.entities["age"].match)] == ["a"]


def test_levels_go_down_to_each_innermost_element(r5: Plan) -> None:
    plan = {
        "resourceType": "PlanDefinition",
        "id": "d",
        "type": {"coding": [{"code": "clinical-protocol"}]},
        "action": [{"title": "A", "action": [{"id": "1"}, {"id": "2"}]}, {"title": "B"}, {"title": "C", "action": [{"id": "3"}]}],
    }  # fmt: skip
    study = {**STUDY, "protocol": [{"reference": "PlanDefinition/d"}]}
    source = r5.mappings["TA"].sources[0]
    found = list(shelve(r5, [study, plan]).levels(study, source.levels))
    assert [[level.get("title", level.get("id")) for level in levels[2:]] for levels in found] == [
        ["A", "1"],
        ["A", "2"],
        ["C", "3"],
    ]
