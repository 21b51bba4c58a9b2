"""Documents to resources and back: what is left out, what is counted, what is kept."""

from __future__ import annotations

from typing import Any

from interchange.engine.ledger import NO_RULE
from interchange.issues import Issues, Place
from interchange.mapping.load import load_project
from interchange.trees.build import trees_of
from interchange.trees.convert import (
    OTHERWISE,
    document_leaves,
    documents_to_resources,
    leaf_tallies,
    resources_to_documents,
)
from interchange.trees.documents import Document

PROJECT = load_project()
TREES = trees_of(PROJECT)


def document(nct: str, **more: Any) -> Document:
    content = {"protocolSection": {"identificationModule": {"nctId": nct, "briefTitle": "A study"}}, **more}
    return Document("CTGOV", content, Place("records.ndjson", 1, nct))


def test_of_two_documents_of_one_study_the_first_is_taken() -> None:
    issues = Issues()
    grown = documents_to_resources(PROJECT, TREES, [document("NCT1"), document("NCT1"), document("NCT2")], "R5", issues)
    assert [key for key, _ in grown.documents] == ["NCT1", "NCT2"]
    assert [rejected.issue.code for rejected in grown.rejected] == ["IX-TREE-011"]
    assert [record.resource["resourceType"] for record in grown.records()].count("ResearchStudy") == 2
    assert {record.place.file for record in grown.records()} == {"records.ndjson"}


def test_a_study_without_a_name_is_left_out() -> None:
    nameless = Document("USDM", {"study": {"instanceType": "Study"}, "usdmVersion": "4.0"}, Place("usdm.json"))
    issues = Issues()
    grown = documents_to_resources(PROJECT, TREES, [nameless], "R5", issues)
    assert (grown.resources, issues.counts) == ([], {"IX-TREE-010": 1})


def test_the_ledger_says_what_does_not_come_back_and_why() -> None:
    grown = documents_to_resources(PROJECT, TREES, [document("NCT1", hasResults=True)], "R5", Issues())
    assert [(loss.resource, loss.element, loss.reason) for loss in grown.ledger().losses] == [
        ("CTGOV/NCT1", "hasResults", NO_RULE)
    ]
    changed = {"protocolSection": {"identificationModule": {"nctId": "NCT1", "briefTitle": "Another"}}}
    ledger = grown.ledger([changed])
    assert ledger.leaves == 3
    assert {loss.element: loss.reason for loss in ledger.losses} == {
        "hasResults": NO_RULE,
        "protocolSection.identificationModule.briefTitle": OTHERWISE,
    }


def test_what_was_kept_is_put_back() -> None:
    grown = documents_to_resources(PROJECT, TREES, [document("NCT1", hasResults=True)], "R5", Issues())
    issues = Issues()
    back = resources_to_documents(PROJECT, TREES["CTGOV"], grown.resources, "R5", issues, grown.rests())
    assert back == {"NCT1": document("NCT1", hasResults=True).content}
    assert not len(issues)


def test_a_remainder_of_a_study_that_is_not_there_is_told() -> None:
    grown = documents_to_resources(PROJECT, TREES, [document("NCT1")], "R5", Issues())
    issues = Issues()
    assert resources_to_documents(PROJECT, TREES["CTGOV"], [], "R5", issues, grown.rests()) == {}
    assert issues.counts == {"IX-TREE-013": 1}


def test_two_studies_of_one_name_are_told() -> None:
    grown = documents_to_resources(PROJECT, TREES, [document("NCT1")], "R5", Issues())
    twice = [*grown.resources, {**grown.resources[0], "id": "other"}]
    issues = Issues()
    assert list(resources_to_documents(PROJECT, TREES["CTGOV"], twice, "R5", issues)) == ["NCT1"]
    assert issues.counts == {"IX-TREE-019": 1}


def test_leaves_are_counted_by_the_object_that_they_stand_in() -> None:
    given = {"a": {"b": {"c": 1, "d": [{"e": 2}]}}, "f": [{"instanceType": "Arm", "g": 3, "h": {"i": 4}}], "j": None}
    back = {"a": {"b": {"c": 1}}, "f": [{"instanceType": "Arm", "g": 5}]}
    whole = {**given, "k": 6}
    assert document_leaves(given).keys() == {"a.b.c", "a.b.d[0].e", "f[0].instanceType", "f[0].g", "f[0].h.i"}
    found = {
        name: (t.leaves, t.kept, t.remainder, t.lost, t.added)
        for name, t in leaf_tallies(given, back, whole, "instanceType").items()
    }
    assert found == {"": (0, 0, 0, 0, 1), "Arm": (3, 1, 2, 0, 0), "a.b": (2, 1, 1, 0, 0)}
