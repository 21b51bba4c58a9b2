from __future__ import annotations

import pytest

from interchange.fhir.read import read_fhir
from interchange.fhir.version import detect
from interchange.issues import Issues

PATIENT = {"reference": "Patient/1"}
CODE = {"text": "x"}


@pytest.mark.parametrize(
    ("resource", "release"),
    [
        ({"resourceType": "ResearchSubject", "individual": PATIENT, "assignedArm": "A"}, "R4"),
        ({"resourceType": "ResearchSubject", "subject": PATIENT, "assignedComparisonGroup": "a"}, "R5"),
        ({"resourceType": "ResearchStudy", "status": "active", "arm": [{"name": "A"}]}, "R4"),
        ({"resourceType": "ResearchStudy", "status": "active", "comparisonGroup": [{"name": "A"}]}, "R5"),
        ({"resourceType": "Encounter", "class": {"code": "AMB"}}, "R4"),
        ({"resourceType": "Encounter", "class": [{"text": "AMB"}]}, "R5"),
        ({"resourceType": "MedicationStatement", "medicationCodeableConcept": CODE}, "R4"),
        ({"resourceType": "MedicationStatement", "medication": {"concept": CODE}}, "R5"),
        ({"resourceType": "ResearchDefinition", "status": "active", "exposureAlternative": PATIENT}, "R4"),
        ({"resourceType": "NutritionProduct", "code": CODE, "category": [CODE]}, None),
        ({"resourceType": "NutritionProduct", "productCharacteristic": [{"type": CODE}]}, "R4B"),
        ({"resourceType": "EffectEvidenceSynthesis", "status": "active"}, "R4"),
        ({"resourceType": "Citation", "status": "active", "title": "x", "summary": [{"text": "x"}]}, None),
    ],
)  # fmt: skip
def test_one_resource_tells(resource, release):
    assert detect([resource]).release == release


@pytest.mark.parametrize(
    ("profile", "release"),
    [("StructureDefinition/Patient|4.3.0", "R4B"), ("5.0/StructureDefinition/Patient", "R5")],
)
def test_a_stated_version_decides_between_equals(profile, release):
    patient = {"resourceType": "Patient", "meta": {"profile": [f"http://hl7.org/fhir/{profile}"]}}
    assert detect([patient]).release == release


def test_nothing_tells():
    found = detect([{"resourceType": "Patient", "gender": "male"}])
    assert found.release is None
    assert found.candidates == ("R4", "R4B", "R5")
    assert found.evidence == "the content fits R4, R4B, R5 alike"


def test_nothing_at_all():
    assert detect([]).release is None


def test_a_misspelt_element_speaks_for_none():
    assert detect([{"resourceType": "Patient", "gendr": "male"}]).release is None


def test_evidence_names_elements_and_the_choice_of_r4():
    evidence = detect([{"resourceType": "Encounter", "status": "finished", "class": {"code": "x"}}]).evidence
    assert "Encounter.class" in evidence
    assert "do not fit R5" in evidence
    assert evidence.endswith("R4 and R4B fit alike, R4 taken")


def test_the_better_fit_wins_over_a_stray():
    subject = {"resourceType": "ResearchSubject", "status": "active", "study": PATIENT, "subject": PATIENT}
    stray = {"resourceType": "Encounter", "class": {"code": "AMB"}}
    assert detect([{**subject, "id": str(n)} for n in range(20)] + [stray]).release == "R5"


@pytest.mark.parametrize(
    ("file", "release"),
    [
        ("lzzt/fhir_r4_bundles.zip", "R4"),
        ("fhir/synthea10.zip", "R4"),
        ("nct05574608/bundle-r5.json", "R5"),
        ("nct05574608/bundle-r4b.json", "R4"),
    ],
)
def test_real_data(shared, file, release):
    if not (shared / file).exists():
        pytest.skip(f"no {file}")
    assert detect(r.resource for r in read_fhir(shared / file, Issues())).release == release
