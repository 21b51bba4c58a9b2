from __future__ import annotations

import pytest

from interchange.fhir.elements import RELEASES, choice_key, elements


def test_resource_types_of_each_release():
    assert [len(elements(r).resource_types()) for r in RELEASES] == [146, 141, 158]
    assert "EffectEvidenceSynthesis" in elements("R4").resource_types()
    assert "EffectEvidenceSynthesis" not in elements("R4B").resource_types()
    assert "DomainResource" not in elements("R5").resource_types()


def test_kinds_of_type():
    table = elements("R5")
    assert table.is_resource("ResearchStudy")
    assert table.is_resource("DomainResource")
    assert table.is_primitive("integer64")
    assert not elements("R4").is_primitive("integer64")
    assert table.is_complex("CodeableReference")
    assert not table.is_complex("ResearchStudy")
    assert not table.is_complex("ResearchStudy.comparisonGroup")


def test_a_required_element_with_a_required_binding():
    status = elements("R5").child("Observation", "status")
    assert (status.path, status.types, status.min, status.max) == ("Observation.status", ("code",), 1, 1)
    assert status.binding == "http://hl7.org/fhir/ValueSet/observation-status"
    assert not status.many
    assert "final" in elements("R5").codes(status.binding)
    assert elements("R5").codes(f"{status.binding}|5.0.0") == elements("R5").codes(status.binding)


def test_releases_differ_where_the_standard_does():
    assert elements("R4").child("ResearchSubject", "individual").min == 1
    assert elements("R5").child("ResearchSubject", "individual") is None
    assert elements("R5").child("ResearchSubject", "assignedComparisonGroup").types == ("id",)
    assert elements("R4").child("Encounter", "class").max == 1
    assert elements("R5").child("Encounter", "class").max is None
    assert elements("R5").child("MedicationStatement", "medication").types == ("CodeableReference",)


def test_backbone_and_content_reference():
    table = elements("R5")
    group = table.child("ResearchStudy", "comparisonGroup")
    assert (group.content, group.many) == ("ResearchStudy.comparisonGroup", True)
    assert table.child(group.content, "name").types == ("string",)
    assert table.child("PlanDefinition.action", "action").content == "PlanDefinition.action"
    assert table.child("Observation.component", "referenceRange").content == "Observation.referenceRange"


@pytest.mark.parametrize("name", ["id", "meta", "contained", "extension", "modifierExtension"])
def test_inherited_elements(name):
    assert elements("R4").child("Observation", name)


def test_children_come_in_the_order_of_the_definition():
    children = elements("R4").children("HumanName")
    assert [each.name for each in children] == [
        "id", "extension", "use", "text", "family", "given", "prefix", "suffix", "period",
    ]  # fmt: skip
    assert [each.order for each in children] == list(range(9))
    assert elements("R4").children("Nothing") == ()


def test_choices():
    table = elements("R4")
    value = table.child("Observation", "value")
    assert value.choice
    assert value.path == "Observation.value[x]"
    assert table.choice_key(value, "Quantity") == "valueQuantity"
    assert choice_key(value, "dateTime") == "valueDateTime"
    assert table.physical("Observation", "valueDateTime") == (value, "dateTime")
    assert table.physical("Observation", "value") is None
    assert table.physical("Observation", "_status") is None
    assert table.physical("Observation", "subject")[1] == "Reference"


@pytest.mark.parametrize("release", RELEASES)
def test_each_key_leads_back_to_its_element(release):
    table = elements(release)
    for kind in table.resource_types():
        for key, (element, type_) in table.physicals(kind).items():
            assert key == (choice_key(element, type_) if element.choice else element.name)
            known = table.is_primitive(type_) or table.is_complex(type_) or table.is_resource(type_)
            assert known, element


def test_codes():
    table = elements("R5")
    assert table.codes("http://hl7.org/fhir/ValueSet/currencies") is None
    assert table.codes(None) is None
    assert "on-study" in table.codes("http://hl7.org/fhir/ValueSet/research-subject-state")
    assert "active" in table.codes("http://hl7.org/fhir/ValueSet/condition-clinical")
    nested = elements("R4").codes("http://hl7.org/fhir/ValueSet/issue-type")
    assert {"invalid", "structure"} <= nested


def test_suggest():
    assert elements("R5").suggest("Observation", "valueQuantit") == "valueQuantity"
    assert elements("R5").suggest("Observation", "zzzz") is None
    assert elements("R5").suggest_type("Pateint") == "Patient"


def test_the_source_states_its_versions():
    assert elements("R4B").source.startswith("hl7.fhir.r4b.core#4.3.0")
