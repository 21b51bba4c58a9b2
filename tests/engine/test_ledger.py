from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from interchange.engine.ledger import (
    NEW_ID,
    NO_ROW,
    NO_RULE,
    Comparison,
    Ledger,
    item_path,
    leaves,
    same,
)
from interchange.engine.losses import Loss
from interchange.engine.reach import OTHERWISE, elements_read
from interchange.engine.shelf import shelve

if TYPE_CHECKING:
    from interchange.engine.plan import Plan

Json = dict[str, Any]


def compare(plan: Plan, old: list[Json], new: list[Json], *pairs: tuple[Json, Json]) -> Ledger:
    comparison = Comparison(plan, shelve(plan, old), shelve(plan, new).index.resolve)
    for before, after in pairs:
        comparison.pair(before, after)
    return comparison.run(old)


def lost(ledger: Ledger) -> dict[str, str]:
    return {loss.element: loss.reason for loss in ledger.losses}


def test_leaves_have_paths() -> None:
    value = {"a": [1, {"b": True}], "modifierExtension": [{"url": "u", "valueCode": "x"}], "c": {}}
    assert list(leaves(value)) == [
        ("a[0]", 1),
        ("a[1].b", True),
        ("modifierExtension(u)[0].url", "u"),
        ("modifierExtension(u)[0].valueCode", "x"),
    ]
    assert item_path("extension", 0, "x") == "extension[0]"


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ("a", "a", True),
        (1, True, False),
        (1, 1, True),
        ("1", 1, False),
        (None, None, True),
        (5, Decimal(5), True),
        (5, Decimal("5.0"), False),
    ],
)
def test_leaves_are_the_same_with_their_type(one: object, other: object, equal: bool) -> None:
    assert same(one, other) is equal


def test_what_the_new_one_lacks_is_lost(r5: Plan) -> None:
    old = {
        "resourceType": "ResearchStudy",
        "id": "a",
        "title": "A",
        "description": "x",
        "keyword": [{"text": "k"}, {"text": "l"}],
    }
    new = {"resourceType": "ResearchStudy", "id": "b", "title": "B", "keyword": [{"text": "l"}]}
    ledger = compare(r5, [old], [new], (old, new))
    assert lost(ledger) == {"id": NEW_ID, "title": OTHERWISE, "description": NO_RULE, "keyword[0].text": OTHERWISE}
    assert (ledger.leaves, ledger.kept) == (5, 1)


def test_a_list_that_resources_share_is_laid_beside_that_of_each(r5: Plan) -> None:
    notes = [{"text": "k"}, {"text": "l"}]
    one, other = ({"resourceType": "Observation", "id": id_, "note": notes} for id_ in "ab")
    new, crossed = (
        {"resourceType": "Observation", "id": id_, "note": notes[::step]} for id_, step in (("a", 1), ("b", -1))
    )
    comparison = Comparison(r5, shelve(r5, [one, other]), shelve(r5, [new, crossed]).index.resolve)
    comparison.pair(one, new)
    comparison.pair(other, crossed)
    comparison.run([one, other])
    assert comparison.alignments[id(one), id(notes)] == [(0, 0), (1, 1)]
    assert comparison.alignments[id(other), id(notes)] == [(0, 1), (1, 0)]


def test_a_resource_without_a_row_is_lost_whole(r5: Plan) -> None:
    old = {"resourceType": "Patient", "gender": "male", "name": [{"text": "N"}]}
    assert lost(compare(r5, [old], [])) == {"gender": NO_ROW, "name[0].text": NO_ROW}
    other = {"resourceType": "Basic", "id": "p"}
    assert lost(compare(r5, [other], [])) == {"id": "no mapping reads Basic"}


def test_a_reference_to_the_same_resource_is_no_loss(r5: Plan) -> None:
    one = {"resourceType": "ResearchSubject", "id": "1", "subject": {"reference": "Patient/p"}}
    person = {"resourceType": "Patient", "id": "p", "gender": "male"}
    new = {"resourceType": "ResearchSubject", "id": "2", "subject": {"reference": "Patient/q"}}
    again = {"resourceType": "Patient", "id": "q", "gender": "male"}
    ledger = compare(r5, [one, person], [new, again], (one, new))
    assert [(loss.resource, loss.element) for loss in ledger.losses] == [
        ("Patient/p", "id"),
        ("ResearchSubject/1", "id"),
    ]


def test_a_contained_resource_comes_back_where_the_reference_leads(r5: Plan) -> None:
    held = {"resourceType": "Patient", "id": "h", "gender": "male", "language": "de"}
    unused = {"resourceType": "Patient", "id": "u"}
    old = {
        "resourceType": "ResearchSubject",
        "id": "1",
        "contained": [held, unused],
        "subject": {"reference": "#h"},
    }
    new = {"resourceType": "ResearchSubject", "id": "2", "subject": {"reference": "Patient/q"}}
    again = {"resourceType": "Patient", "id": "q", "gender": "male"}
    ledger = compare(r5, [old], [new, again], (old, new))
    assert {loss.resource for loss in ledger.losses} == {"ResearchSubject/1"}
    assert lost(ledger) == {
        "id": NEW_ID,
        "contained[0].id": NEW_ID,
        "contained[0].language": NO_RULE,
        "contained[1].id": NO_RULE,
        "contained[1].resourceType": NO_RULE,
    }
    assert (ledger.leaves, ledger.kept) == (8, 3)


def test_a_reference_to_another_resource_is_one(r5: Plan) -> None:
    one = {"resourceType": "ResearchSubject", "subject": {"reference": "Patient/p"}}
    new = {"resourceType": "ResearchSubject", "subject": {"reference": "Patient/q"}}
    assert list(lost(compare(r5, [one], [new], (one, new)))) == ["subject.reference"]


def test_lists_are_laid_beside_each_other_by_content(r5: Plan) -> None:
    old = {"resourceType": "Patient", "identifier": [{"value": "1"}, {"value": "2", "use": "usual"}]}
    new = {"resourceType": "Patient", "identifier": [{"value": "2"}, {"value": "1"}]}
    assert list(lost(compare(r5, [old], [new], (old, new)))) == ["identifier[1].use"]


def test_each_new_element_answers_for_one(r5: Plan) -> None:
    old = {"resourceType": "Patient", "identifier": [{"value": "1"}, {"value": "1"}]}
    new = {"resourceType": "Patient", "identifier": [{"value": "1"}]}
    assert list(lost(compare(r5, [old], [new], (old, new)))) == ["identifier[1].value"]


def test_a_change_of_digits_is_a_loss(r5: Plan) -> None:
    from decimal import Decimal

    old = {"resourceType": "Observation", "valueQuantity": {"value": Decimal("5.10")}}
    new = {"resourceType": "Observation", "valueQuantity": {"value": Decimal("5.1")}}
    assert list(lost(compare(r5, [old], [new], (old, new)))) == ["valueQuantity.value"]


def test_counts_are_by_type_and_reason() -> None:
    losses = [Loss("Patient/1", "a", "x"), Loss("Patient/2", "b", "x"), Loss("Group/1", "a", "y")]
    assert Ledger(9, losses).counts() == {("Patient", "x"): 2, ("Group", "y"): 1}


def test_what_is_read_one_way_says_why(r5: Plan) -> None:
    read = elements_read(r5)["ResearchStudy"]
    assert read["progressStatus.state"] == "read one way: many states stand for one flag"
    assert read["title"] == OTHERWISE
    assert "description" not in read
