"""Carrying: every element on one side becomes an element on the other, and comes back."""

from __future__ import annotations

from typing import Any

import pytest

from interchange.trees.carry import NoKeyError, fhir_to_trees, tree_to_fhir


def record(**modules: Any) -> dict[str, Any]:
    return {"protocolSection": {"identificationModule": {"nctId": "NCT1"}, **modules}}


def study(resources: list[dict[str, Any]]) -> dict[str, Any]:
    return next(r for r in resources if r["resourceType"] == "ResearchStudy")


def back(planned, resources) -> dict[str, Any]:
    [(key, document)] = fhir_to_trees(planned, resources)
    assert key == "NCT1"
    return document


KEYWORDS = """
parts:
  keyword:
    ctgov: protocolSection.conditionsModule.keywords
    fhir: keyword
    rules: {Keyword: {ctgov: $this | string, fhir: text | string}}
"""
FOUND = "{path: protocolSection.conditionsModule.keywords, find: true}"


def test_values_of_a_list_are_elements_in_order_repeated_ones_too(planned) -> None:
    plan = planned(KEYWORDS)
    given = record(conditionsModule={"keywords": ["b", "a", "b"]})
    made = tree_to_fhir(plan, given)
    assert study(made)["keyword"] == [{"text": "b"}, {"text": "a"}, {"text": "b"}]
    assert back(plan, made) == given


def test_a_value_that_is_looked_for_stands_in_its_list_once(planned) -> None:
    plan = planned(KEYWORDS.replace("protocolSection.conditionsModule.keywords", FOUND))
    made = [{"resourceType": "ResearchStudy", "id": "NCT1", "keyword": [{"text": text} for text in "bab"]}]
    assert back(plan, made)["protocolSection"]["conditionsModule"] == {"keywords": ["b", "a"]}


OUTCOMES = """
parts:
  primary:
    ctgov: protocolSection.outcomesModule.primaryOutcomes
    fhir: outcomeMeasure.where(type.coding.code='primary')
    require: Measure
    emit: {fhir: {type.coding.display: Primary}}
    rules:
      Measure: {ctgov: measure | string, fhir: name | string}
      Frame: {ctgov: timeFrame | string, fhir: description | string}
  secondary:
    ctgov: protocolSection.outcomesModule.secondaryOutcomes
    fhir: outcomeMeasure.where(type.coding.code='secondary')
    rules:
      Measure: {ctgov: measure | string, fhir: name | string}
"""


def test_two_lists_share_one_and_are_told_apart_by_a_pattern(planned) -> None:
    plan = planned(OUTCOMES)
    given = record(
        outcomesModule={
            "primaryOutcomes": [{"measure": "Survival", "timeFrame": "1 year"}, {"measure": "Response"}],
            "secondaryOutcomes": [{"measure": "Safety"}],
        }
    )
    made = tree_to_fhir(plan, given)
    primary = {"type": [{"coding": [{"code": "primary", "display": "Primary"}]}]}
    assert study(made)["outcomeMeasure"] == [
        {"name": "Survival", **primary, "description": "1 year"},
        {"name": "Response", **primary},
        {"name": "Safety", "type": [{"coding": [{"code": "secondary"}]}]},
    ]
    assert back(plan, made) == given


def test_an_element_without_a_required_value_is_none_in_both_directions(planned) -> None:
    plan = planned(OUTCOMES)
    made = tree_to_fhir(plan, record(outcomesModule={"primaryOutcomes": [{"timeFrame": "1 year"}]}))
    assert "outcomeMeasure" not in study(made)
    kind = {"type": [{"coding": [{"code": "primary"}]}]}
    unnamed = [{**study(made), "outcomeMeasure": [{**kind, "description": "1 year"}]}]
    assert back(plan, unnamed) == record()


SITES = """
parts:
  site:
    ctgov: protocolSection.contactsLocationsModule.locations
    fhir: site.resolve(place)
    number: Number
    rules:
      Facility: {ctgov: facility | string, fhir: name | string}
    parts:
      contact:
        ctgov: contacts
        fhir: {default: contact, R4B: telecom}
        rules:
          Phone:
            ctgov: phone | string
            fhir: {default: telecom.value | string, R4B: value | string}
"""


@pytest.mark.parametrize("release", ["R4", "R4B", "R5"])
def test_an_element_with_a_resource_of_its_own_is_numbered(planned, release) -> None:
    plan = planned(SITES, release)
    given = record(
        contactsLocationsModule={
            "locations": [{"facility": "A", "contacts": [{"phone": "1"}, {"phone": "2"}]}, {"facility": "A"}]
        }
    )
    made = tree_to_fhir(plan, given)
    assert [r["id"] for r in made] == ["NCT1", "NCT1-place-1", "NCT1-place-2"]
    assert study(made)["site"] == [{"reference": "Location/NCT1-place-1"}, {"reference": "Location/NCT1-place-2"}]
    assert back(plan, made) == given


ARMS = """
parts:
  arm:
    ctgov: protocolSection.armsInterventionsModule.armGroups
    fhir: comparisonGroup
    number: {Kind: Type}
    oneway: to-fhir
    because: the number of its kind is not read back
    rules:
      Type: {ctgov: type | code, fhir: type.text | string}
      Label: {ctgov: label | string, fhir: name | string}
    emit: {fhir: {linkId: $Kind}}
"""


def test_a_number_may_count_the_different_values_of_another(planned) -> None:
    plan = planned(ARMS)
    arms = [{"label": name, "type": kind} for name, kind in (("a", "X"), ("b", "Y"), ("c", "X"))]
    made = tree_to_fhir(plan, record(armsInterventionsModule={"armGroups": arms}))
    assert [arm["linkId"] for arm in study(made)["comparisonGroup"]] == ["1", "2", "1"]
    assert back(plan, made) == record()  # one way


CRITERIA = """
parts:
  eligibility:
    fhir: recruitment.eligibility.resolve(eligibility)
    require: Text
    rules:
      Text: {ctgov: protocolSection.eligibilityModule.eligibilityCriteria | string, fhir: description | string}
  criterion:
    ctgov: {path: protocolSection.eligibilityModule.eligibilityCriteria, through: criteria}
    fhir: recruitment.eligibility.resolve(eligibility).characteristic
    rules:
      Exclude: {ctgov: exclude | flag(Y N), fhir: exclude | flag(Y N)}
      Criterion: {ctgov: text | string, fhir: value.ofType(CodeableConcept).text | string}
"""


def test_a_text_becomes_elements_and_comes_back_as_it_was(planned) -> None:
    plan = planned(CRITERIA)
    text = "Inclusion Criteria:\n\n 1) Adult;\n\nExclusion criteria\n- Pregnant"
    given = record(eligibilityModule={"eligibilityCriteria": text})
    made = tree_to_fhir(plan, given)
    group = next(r for r in made if r["resourceType"] == "Group")
    assert [(c["exclude"], c["valueCodeableConcept"]["text"]) for c in group["characteristic"]] == [
        (False, "Adult"),
        (True, "Pregnant"),
    ]
    assert back(plan, made) == given


def test_elements_without_their_text_become_one(planned) -> None:
    plan = planned(CRITERIA)
    made = tree_to_fhir(plan, record(eligibilityModule={"eligibilityCriteria": "Inclusion Criteria:\n* Adult"}))
    group = next(r for r in made if r["resourceType"] == "Group")
    del group["description"]
    text = back(plan, made)["protocolSection"]["eligibilityModule"]["eligibilityCriteria"]
    assert text == "Inclusion Criteria:\n\n* Adult"


WAYS = """
rules:
  STUDYID: {ctgov: protocolSection.identificationModule.nctId | string, fhir: identifier.value | string}
  Official:
    ctgov: protocolSection.identificationModule.officialTitle | string
    fhir: label.where(type.coding.code='official').value | string
  Title:
    ctgov:
      - {lane: protocolSection.identificationModule.officialTitle | string, only: read, because: the title to show}
      - protocolSection.identificationModule.briefTitle | string
    fhir: title | string
    oneway: to-fhir
    because: the titles stand in the labels
  Brief:
    ctgov: protocolSection.identificationModule.briefTitle | string
    fhir:
      - {lane: label.where(type.coding.code='short').value | string, when: Official}
      - title | string
"""


def test_a_side_may_have_several_ways(planned) -> None:
    plan = planned("", rules=WAYS)
    both = record()
    both["protocolSection"]["identificationModule"] |= {"briefTitle": "Brief", "officialTitle": "Official"}
    made = tree_to_fhir(plan, both)
    assert study(made)["title"] == "Official"
    assert [label["value"] for label in study(made)["label"]] == ["Official", "Brief"]
    assert back(plan, made) == both
    brief = record()
    brief["protocolSection"]["identificationModule"] |= {"briefTitle": "Brief"}
    made = tree_to_fhir(plan, brief)
    assert study(made)["title"] == "Brief"
    assert back(plan, made) == brief


SHAPES = """
shapes:
  outcome:
    rules:
      Measure: {ctgov: measure | string, fhir: name | string}
      Frame: {ctgov: timeFrame | string, fhir: description | string}
parts:
  primary:
    ctgov: protocolSection.outcomesModule.primaryOutcomes
    fhir: outcomeMeasure
    only: {ctgov: [timeFrame]}
    shape: outcome
    rules:
      Frame: {ctgov: timeFrame | string, fhir: type.text | string}
"""


def test_a_part_takes_over_a_shape_and_lays_its_rules_over_it(planned) -> None:
    plan = planned(SHAPES)
    outcomes = [{"measure": "Survival", "timeFrame": "1 year"}, {"measure": "Response"}]
    made = tree_to_fhir(plan, record(outcomesModule={"primaryOutcomes": outcomes}))
    assert study(made)["outcomeMeasure"] == [{"name": "Survival", "type": [{"text": "1 year"}]}]


def test_the_same_document_gives_the_same_resources(planned) -> None:
    plan = planned(SITES)
    given = record(contactsLocationsModule={"locations": [{"facility": "A"}, {"facility": "B"}]})
    assert tree_to_fhir(plan, given) == tree_to_fhir(plan, given)


def test_a_document_without_a_key_is_refused(planned) -> None:
    with pytest.raises(NoKeyError, match="STUDYID"):
        tree_to_fhir(planned(KEYWORDS), {"protocolSection": {}})


def test_what_a_number_counts_may_be_without_the_value(planned) -> None:
    plan = planned(ARMS)
    arms = [{"label": "a", "type": "X"}, {"label": "b"}, {"label": "c", "type": "Y"}, {"label": "d", "type": "X"}]
    made = tree_to_fhir(plan, record(armsInterventionsModule={"armGroups": arms}))
    assert [arm["linkId"] for arm in study(made)["comparisonGroup"]] == ["1", "2", "3", "1"]


NAMED = """
parts:
  outcome:
    ctgov: protocolSection.outcomesModule.primaryOutcomes
    fhir: outcomeMeasure
    oneway: from-fhir
    because: names are made of numbers
    number: {Name: {text: Outcome_, over: document}}
    rules:
      Name: {ctgov: description | string}
      Measure: {ctgov: measure | string, fhir: name | string}
  again:
    ctgov: protocolSection.outcomesModule.secondaryOutcomes
    fhir: outcomeMeasure
    oneway: from-fhir
    because: names are made of numbers
    number: {Name: {text: Outcome_, over: document}}
    rules:
      Name: {ctgov: description | string}
      Measure: {ctgov: measure | string, fhir: name | string}
"""


def outcomes(*names: str) -> list[dict[str, Any]]:
    return [{"resourceType": "ResearchStudy", "id": "NCT1", "outcomeMeasure": [{"name": name} for name in names]}]


def test_numbers_with_one_text_count_on_over_the_document(planned) -> None:
    plan = planned(NAMED)
    assert back(plan, outcomes("a", "b"))["protocolSection"]["outcomesModule"] == {
        "primaryOutcomes": [
            {"measure": "a", "description": "Outcome_1"},
            {"measure": "b", "description": "Outcome_2"},
        ],
        "secondaryOutcomes": [
            {"measure": "a", "description": "Outcome_3"},
            {"measure": "b", "description": "Outcome_4"},
        ],
    }


def test_a_value_has_its_number_in_the_whole_document(planned) -> None:
    plan = planned(NAMED.replace("{text: Outcome_", "{of: Measure, text: Outcome_"))
    found = back(plan, outcomes("a", "b", "a"))["protocolSection"]["outcomesModule"]
    named = ["Outcome_1", "Outcome_2", "Outcome_1"]
    assert [each["description"] for each in found["primaryOutcomes"]] == named
    assert [each["description"] for each in found["secondaryOutcomes"]] == named


CHAIN = """
parts:
  outcome:
    ctgov: {path: protocolSection.outcomesModule.primaryOutcomes.where(measure=$Measure), find: true}
    fhir: outcomeMeasure
    oneway: from-fhir
    because: the order is told by names
    chain: {ctgov: {id: measure, previous: timeFrame, next: description}}
    rules:
      Measure: {ctgov: measure | string, fhir: name | string}
"""


def test_elements_of_a_chain_name_those_before_and_after_them(planned) -> None:
    found = back(planned(CHAIN), outcomes("a", "b", "a", "c"))["protocolSection"]["outcomesModule"]["primaryOutcomes"]
    assert found == [
        {"measure": "a", "description": "b"},
        {"measure": "b", "timeFrame": "a", "description": "c"},
        {"measure": "c", "timeFrame": "b"},
    ]


CONSTANTS = """
shapes:
  told:
    emit: {ctgov: {timeFrame: Not told}}
parts:
  outcome:
    ctgov: protocolSection.outcomesModule.primaryOutcomes
    fhir: outcomeMeasure
    oneway: from-fhir
    because: it has constants alone
    shape: told
    emit: {ctgov: {measure: Something}}
"""


def test_a_part_of_constants_alone_is_written_and_has_those_of_its_shape(planned) -> None:
    found = back(planned(CONSTANTS), outcomes("a"))["protocolSection"]["outcomesModule"]
    assert found == {"primaryOutcomes": [{"measure": "Something", "timeFrame": "Not told"}]}
