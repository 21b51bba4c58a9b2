from __future__ import annotations

import pytest

from interchange.fhir.read import Reader
from interchange.fhir.references import Index
from interchange.issues import Issues

PATIENT = {"resourceType": "Patient", "id": "1", "identifier": [{"system": "urn:mrn", "value": "7"}]}
GROUP = {"resourceType": "Group", "id": "g", "identifier": {"value": "7"}}
PLAN = {"resourceType": "PlanDefinition", "id": "p", "url": "http://example.org/plan", "version": "1.9.0"}
NEWER = {**PLAN, "id": "q", "version": "1.10.0"}
DRUG = {"resourceType": "Medication", "id": "drug"}
DOSE = {"resourceType": "MedicationStatement", "id": "d", "contained": [DRUG]}


@pytest.fixture
def index():
    bundle = {
        "resourceType": "Bundle",
        "entry": [
            {"fullUrl": "urn:uuid:0c3151bd", "resource": PATIENT},
            {"fullUrl": "http://example.org/fhir/Group/g", "resource": GROUP},
            *({"resource": each} for each in (PLAN, NEWER, DOSE)),
        ],
    }
    index = Index()
    for record in Reader(bundle, Issues()):
        index.add(record)
    return index


@pytest.mark.parametrize(
    ("reference", "target"),
    [
        ("Patient/1", PATIENT),
        ({"reference": "Patient/1"}, PATIENT),
        ({"reference": {"reference": "Patient/1"}}, PATIENT),
        ("Patient/1/_history/2", PATIENT),
        ("https://other.example/base/Patient/1", PATIENT),
        ("https://other.example/base/Patient/1/_history/3", PATIENT),
        ("urn:uuid:0c3151bd", PATIENT),
        ("http://example.org/fhir/Group/g", GROUP),
        ("Patient?identifier=urn:mrn|7", PATIENT),
        ("Patient?identifier=7", PATIENT),
        ("Group?identifier=|7", GROUP),
        ({"identifier": {"system": "urn:mrn", "value": "7"}}, PATIENT),
        ({"type": "Patient", "identifier": {"system": "urn:mrn", "value": "7"}}, PATIENT),
        ({"type": "Group", "identifier": {"system": "urn:mrn", "value": "7"}}, None),
        ("http://example.org/plan|1.9.0", PLAN),
        ("http://example.org/plan|1.9", PLAN),
        ("http://example.org/plan", NEWER),
        ("http://example.org/plan|2.0", None),
        ("Patient/2", None),
        ("Group/1", None),
        ("urn:uuid:ffff", None),
        ("#drug", None),
        ({"display": "someone"}, None),
        (None, None),
        ("", None),
    ],
)
def test_every_form(index, reference, target):
    assert index.resolve(reference) == target


def test_contained(index):
    assert index.resolve({"reference": "#drug"}, within=DOSE) is DRUG
    assert index.resolve("#", within=DOSE) is DOSE
    assert index.resolve("#other", within=DOSE) is None


def test_an_identifier_two_have_resolves_to_none(index):
    index.add_resource({**PATIENT, "id": "2"})
    assert index.resolve({"identifier": {"system": "urn:mrn", "value": "7"}}) is None
    assert index.resolve("Patient?identifier=urn:mrn|7") is None


def test_odd_content_is_borne():
    index = Index()
    index.add_resource({"resourceType": "Patient", "id": "1", "identifier": [{"value": {"a": 1}}, "x"]})
    assert index.resolve("#x", within={"contained": "y"}) is None
    assert index.resolve({"identifier": {"value": {"a": 1}}, "type": 4}) is None
