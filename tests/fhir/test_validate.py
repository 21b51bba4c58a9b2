from __future__ import annotations

import copy
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interchange.fhir.elements import RELEASES
from interchange.fhir.read import read_fhir
from interchange.fhir.validate import check, dangling
from interchange.issues import Issues, Place

OBSERVATION = {
    "resourceType": "Observation",
    "id": "o1",
    "status": "final",
    "code": {"text": "Weight"},
    "effectiveDateTime": "2020-01",
    "valueQuantity": {"value": Decimal("120.10")},
    "component": [{"code": {"text": "x"}, "valueString": "y"}],
}


def found(resource, release="R5"):
    return [(issue.code, issue.place.field) for issue in check(resource, release)]


@pytest.mark.parametrize("release", RELEASES)
def test_a_sound_resource(release):
    assert check(OBSERVATION, release) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"resourceType": "Observatoin"}, ("IX-VALID-001", "resourceType")),
        ({"efective": "2020"}, ("IX-VALID-002", "efective")),
        ({"_code": {"id": "x"}}, ("IX-VALID-002", "_code")),
        ({"component": [{"code": {"txt": "x"}}]}, ("IX-VALID-002", "component[0].code.txt")),
        ({"component": [{"valueString": "y"}]}, ("IX-VALID-003", "component[0].code")),
        ({"category": {"text": "x"}}, ("IX-VALID-004", "category")),
        ({"code": [{"text": "x"}]}, ("IX-VALID-004", "code")),
        ({"status": 3}, ("IX-VALID-005", "status")),
        ({"valueQuantity": {"value": "120.1"}}, ("IX-VALID-005", "valueQuantity.value")),
        ({"subject": "Patient/1"}, ("IX-VALID-005", "subject")),
        ({"category": []}, ("IX-VALID-005", "category")),
        ({"id": "a b"}, ("IX-VALID-006", "id")),
        ({"id": "a" * 65}, ("IX-VALID-006", "id")),
        ({"effectiveDateTime": "2020-13"}, ("IX-VALID-006", "effectiveDateTime")),
        ({"effectiveDateTime": ""}, ("IX-VALID-006", "effectiveDateTime")),
        ({"status": "finished"}, ("IX-VALID-007", "status")),
        ({"valueString": "x"}, ("IX-VALID-008", "valueString")),
        ({"contained": [{"resourceType": "Foo"}]}, ("IX-VALID-001", "contained[0].resourceType")),
        ({"contained": [{"resourceType": "Patient", "gendr": "x"}]}, ("IX-VALID-002", "contained[0].gendr")),
    ],
)
@pytest.mark.parametrize("release", RELEASES)
def test_one_fault_is_one_issue(change, expected, release):
    issues = found({**OBSERVATION, **change}, release)
    assert expected in issues
    assert all(field.startswith(expected[1].partition("[")[0]) for _, field in issues)


def test_a_required_element_may_be_given_by_its_companion():
    absent = {key: item for key, item in OBSERVATION.items() if key != "status"}
    why = {"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}
    assert ("IX-VALID-003", "status") in found(absent)
    assert ("IX-VALID-003", "status") not in found({**absent, "_status": {"extension": [why]}})


def test_r4_is_checked_by_its_own_table():
    subject = {
        "resourceType": "ResearchSubject",
        "status": "on-study",
        "individual": {"reference": "Patient/1"},
    }
    assert found(subject, "R4") == [("IX-VALID-003", "study")]
    assert ("IX-VALID-002", "individual") in found(subject, "R5")
    assert found({"resourceType": "EffectEvidenceSynthesis", "statu": "x"}, "R4")[0] == (
        "IX-VALID-002",
        "statu",
    )


def test_required_bindings_of_concepts():
    concept = {"coding": [{"code": "local"}, {"code": "active"}]}
    condition = {
        "resourceType": "Condition",
        "subject": {"reference": "Patient/1"},
        "clinicalStatus": concept,
    }
    assert found(condition) == []
    condition["clinicalStatus"] = {"coding": [{"code": "local"}]}
    assert found(condition) == [("IX-VALID-007", "clinicalStatus")]
    condition["clinicalStatus"] = {"text": "active"}
    assert found(condition) == []


def test_issues_name_the_place_and_no_value():
    (issue,) = check({**OBSERVATION, "status": "secret"}, "R4B", place=Place("o.ndjson", 7))
    assert str(issue) == (
        "o.ndjson:7 Observation/o1 status  IX-VALID-007  Observation.status has a code outside its required "
        "value set in R4B; use one of amended, cancelled, corrected, entered-in-error, final, preliminary, "
        "registered, unknown"
    )
    assert issue.value == "secret"


def test_the_resource_is_left_as_it_was():
    before = copy.deepcopy(OBSERVATION)
    check(OBSERVATION, "R5")
    assert before == OBSERVATION


def test_dangling():
    patient = {"resourceType": "Patient", "id": "1"}
    observation = {
        **OBSERVATION,
        "subject": {"reference": "Patient/1"},
        "performer": [{"reference": "Practitioner/9"}, {"reference": "#x"}],
        "focus": [{"reference": "https://elsewhere.example/Group/2"}, {"identifier": {"value": "3"}}],
    }
    issues = dangling([patient, observation])
    assert [str(issue.place) for issue in issues] == [
        "Observation/o1 performer[0].reference",
        "Observation/o1 performer[1].reference",
    ]
    assert {issue.code for issue in issues} == {"IX-VALID-011"}


KEYS = st.sampled_from(
    ["id", "status", "_status", "code", "coding", "valueQuantity", "value", "contained", "resourceType",
     "component", "extension", "url", "effectiveDateTime", "reference", "subject", "text", "odd"]
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["", "final", "2020", "Patient", "x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(st.dictionaries(KEYS, JSON, max_size=6), st.sampled_from(RELEASES))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_content_makes_it_raise(content, release):
    check({**content, "resourceType": "Observation"}, release)
    dangling([{**content, "resourceType": "Observation"}])


@pytest.mark.parametrize(("file", "release"), [("bundle-r5.json", "R5"), ("bundle-r4b.json", "R4B")])
def test_a_real_trial_is_clean(shared, file, release):
    resources = [record.resource for record in read_fhir(shared / "nct05574608" / file, Issues(), release)]
    assert len(resources) == 7
    assert [str(issue) for resource in resources for issue in check(resource, release)] == []
    assert dangling(resources) == []


def test_examples_of_the_specification_are_clean(shared):
    for release in ("R4", "R5"):
        for file in sorted((shared / "fhir" / "examples").glob(f"{release.lower()}spec-*.json")):
            for record in read_fhir(file, Issues(), release):
                assert [str(issue) for issue in check(record.resource, release)] == []


def test_pilot_bundles_lack_time_zones_and_hold_comments(shared):
    issues = Issues()
    records = list(read_fhir(shared / "lzzt" / "fhir_r4_bundles.zip", issues))
    for record in records:
        issues.extend(check(record.resource, "R4", place=record.place))
    assert set(issues.counts) == {"IX-VALID-002", "IX-VALID-006"}
    assert {issue.place.field.rpartition(".")[2] for issue in issues if issue.code == "IX-VALID-002"} == {
        "fhir_comments"
    }
    assert dangling([record.resource for record in records]) == []
