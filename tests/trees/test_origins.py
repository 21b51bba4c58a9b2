"""Every element of the resources that a document became is led back to the document and the mapping."""

from __future__ import annotations

from typing import Any

from interchange.fhir.references import name_of
from interchange.trees.carry import tree_to_fhir
from interchange.trees.origins import origins_of

MAPPING = """
rules:
  STUDYID: {ctgov: protocolSection.identificationModule.nctId | string, fhir: identifier.value | string}
  Official:
    ctgov: protocolSection.identificationModule.officialTitle | string
    fhir: label.where(type.coding.code='official').value | string
  Brief:
    ctgov: protocolSection.identificationModule.briefTitle | string
    fhir: label.where(type.coding.code='short-title').value | string
parts:
  keyword:
    ctgov: protocolSection.conditionsModule.keywords
    fhir: keyword
    rules: {Keyword: {ctgov: $this | string, fhir: text | string}}
  site:
    ctgov: protocolSection.contactsLocationsModule.locations
    fhir: site.resolve(place)
    number: Number
    rules: {Facility: {ctgov: facility | string, fhir: name | string}}
    parts:
      contact:
        ctgov: contacts
        fhir: contact
        rules: {Phone: {ctgov: phone | string, fhir: telecom.value | string}}
"""
RECORD: dict[str, Any] = {
    "protocolSection": {
        "identificationModule": {"nctId": "NCT1", "officialTitle": "O", "briefTitle": "B"},
        "conditionsModule": {"keywords": ["a", "b"]},
        "contactsLocationsModule": {"locations": [{"facility": "F"}, {"facility": "G", "contacts": [{"phone": "1"}]}]},
    }
}


def test_an_element_comes_of_one_of_the_document(planned) -> None:
    plan = planned(MAPPING, rules="")
    origins = origins_of(plan, RECORD)
    title = origins.of("ResearchStudy/NCT1", "ResearchStudy.label[1].value")
    assert title is not None
    assert (title.path, title.value) == ("protocolSection.identificationModule.briefTitle", "B")
    assert (title.rule.file, title.rule.text) == (
        "small.yaml",
        "Brief: protocolSection.identificationModule.briefTitle | string",
    )
    paths = {
        ("ResearchStudy/NCT1", "ResearchStudy.label[0].value"): "protocolSection.identificationModule.officialTitle",
        ("ResearchStudy/NCT1", "ResearchStudy.keyword[1].text"): "protocolSection.conditionsModule.keywords[1]",
        ("Location/NCT1-place-2", "Location.name"): "protocolSection.contactsLocationsModule.locations[1].facility",
        ("Location/NCT1-place-2", "Location.contact[0].telecom[0].value"): (
            "protocolSection.contactsLocationsModule.locations[1].contacts[0].phone"
        ),
    }
    assert {at: getattr(origins.of(*at), "path", None) for at in paths} == paths


def test_a_constant_comes_of_the_element_that_it_stands_in(planned) -> None:
    origins = origins_of(planned(MAPPING, rules=""), RECORD)
    status = origins.of("ResearchStudy/NCT1", "ResearchStudy.status")
    assert status is not None
    assert (status.path, status.value) == ("", None)
    assert origins.of("Patient/1", "Patient.gender") is None


def test_every_leaf_has_an_origin(planned) -> None:
    plan = planned(MAPPING, rules="")
    origins = origins_of(plan, RECORD)
    for resource in tree_to_fhir(plan, RECORD):
        name = name_of(resource) or ""
        for key in resource.keys() - {"resourceType", "id"}:
            assert origins.of(name, f"{resource['resourceType']}.{key}") is not None, (name, key)
