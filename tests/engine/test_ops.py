"""Reading and writing along ops, with the element lists of a release."""

from __future__ import annotations

from typing import Any

import pytest

from interchange.engine.ops import NOWHERE, container, holds, merge, place, place_each, values
from interchange.fhir.lower import Back, Condition, Filter, Follow, Get, Meet, Op, Take

Json = Any
ITEMS, ONE = Get("items", many=True), Get("one", many=False)
CODE, TEXT = Get("code", many=False), Get("text", many=False)


def where(code: Json) -> Filter:
    return Filter((Condition((CODE,), code),))


class World:
    """One resource behind every reference, key and referrer."""

    def __init__(self) -> None:
        self.target: dict[str, Json] = {"resourceType": "Patient", "id": "p", "text": "there"}

    def follow(self, reference: Json, entity: Any) -> Json:
        return self.target if reference else None

    def meet(self, entity: str, row: dict[str, str]) -> Json:
        return self.target if row else None

    def back(self, resource: Json, type_: str, key: str) -> list[Json]:
        return [self.target, self.target]


class Makes:
    def __init__(self, target: Json) -> None:
        self.target = target

    def follow(self, entity: str, row: dict[str, str]) -> Json:
        return self.target


NOTHING = Makes(None)


@pytest.mark.parametrize(
    ("node", "ops", "found"),
    [
        ({"one": "x"}, (ONE,), ["x"]),
        ({"items": ["a", "b"]}, (ITEMS,), ["a", "b"]),
        ({"items": ["a", "b"]}, (ITEMS, Take()), ["a"]),
        ({"items": []}, (ITEMS, Take()), []),
        ({"items": [{"one": 1}, {}, {"one": 2}]}, (ITEMS, ONE), [1, 2]),
        ({"items": [{"code": "a", "one": 1}, {"code": "b", "one": 2}]}, (ITEMS, where("b"), ONE), [2]),
        ({"items": [{"code": True}]}, (ITEMS, where(True)), [{"code": True}]),
        ({"items": [{"code": "true"}]}, (ITEMS, where(True)), []),
        ({"items": [{"code": 1}]}, (ITEMS, where(True)), []),
        ({"one": ["x"]}, (ONE,), []),  # a list where the release has one value is not read
        ({"items": {"one": 1}}, (ITEMS, ONE), [1]),  # one value where the release has a list is
        ({"one": None}, (ONE,), []),
        ("text", (ONE,), []),
        ({"one": {"reference": "Patient/p"}}, (ONE, Follow("subject"), TEXT), ["there"]),
        ({}, (Back("ResearchSubject", "subject"), TEXT), ["there", "there"]),
    ],
)
def test_values_at_the_end(node: Json, ops: tuple[Op, ...], found: list[Json]) -> None:
    assert list(values(ops, node, World(), {})) == found


def test_a_join_asks_by_the_row() -> None:
    assert list(values((Meet("age"), TEXT), {}, World(), {"USUBJID": "1"})) == ["there"]
    assert list(values((Meet("age"), TEXT), {}, World(), {})) == []


def test_a_condition_compares_with_the_row() -> None:
    condition = Condition((CODE,), "", "ETCD")
    assert holds(condition, {"code": "FU"}, NOWHERE, {"ETCD": "FU"})
    assert not holds(condition, {"code": "FU"}, NOWHERE, {})


def test_nothing_is_elsewhere_while_writing() -> None:
    ops = (ONE, Follow("subject"))
    assert list(values(ops, {"one": {"reference": "Patient/p"}}, NOWHERE, {})) == []
    assert list(values((Meet("age"),), {}, NOWHERE, {"A": "1"})) == []
    assert list(values((Back("A", "b"),), {}, NOWHERE, {})) == []


@pytest.mark.parametrize(
    ("node", "ops", "value", "done", "after"),
    [
        ({}, (ONE,), "x", True, {"one": "x"}),
        ({"one": "x"}, (ONE,), "x", True, {"one": "x"}),
        ({"one": "x"}, (ONE,), "y", False, {"one": "x"}),
        ({"one": 1}, (ONE,), True, False, {"one": 1}),
        ({}, (ITEMS,), "x", True, {"items": ["x"]}),
        ({"items": ["x"]}, (ITEMS,), "y", True, {"items": ["x", "y"]}),
        ({"items": ["x"]}, (ITEMS,), "x", True, {"items": ["x"]}),
        ({}, (ITEMS, ONE), "x", True, {"items": [{"one": "x"}]}),
        ({"items": [{"code": "a"}]}, (ITEMS, where("b"), ONE), "x", True, {"items": [{"code": "a"}, {"code": "b", "one": "x"}]}),
        ({"items": [{"code": "b"}]}, (ITEMS, where("b"), ONE), "x", True, {"items": [{"code": "b", "one": "x"}]}),
        ({}, (ITEMS, where("b")), {"text": "x"}, True, {"items": [{"code": "b", "text": "x"}]}),
        ({}, (ONE, where("b")), {"text": "x"}, True, {"one": {"code": "b", "text": "x"}}),
        ({"one": {"code": "a"}}, (ONE, where("b"), TEXT), "x", False, {"one": {"code": "a"}}),
        ({"one": {"text": "x"}}, (ONE,), {"code": "b"}, True, {"one": {"text": "x", "code": "b"}}),
        ({"items": "x"}, (ITEMS, ONE), "y", False, {"items": "x"}),
        ({"one": "x"}, (ONE, TEXT), "y", False, {"one": "x"}),
    ],
)  # fmt: skip
def test_a_value_is_placed_or_refused(node: Json, ops: tuple[Op, ...], value: Json, done: bool, after: Json) -> None:
    assert place(ops, node, value, NOTHING, {}) is done
    assert node == after


def test_a_reference_is_made_on_the_way() -> None:
    target: Json = {"resourceType": "Patient", "id": "p"}
    node: Json = {}
    assert place((ONE, Follow("subject"), TEXT), node, "x", Makes(target), {})
    assert node == {"one": {"reference": "Patient/p"}}
    assert target["text"] == "x"


def test_a_reference_that_means_another_is_in_the_way() -> None:
    node: Json = {"one": {"reference": "Patient/q"}}
    assert not place((ONE, Follow("subject"), TEXT), node, "x", Makes({"resourceType": "Patient", "id": "p"}), {})
    assert node == {"one": {"reference": "Patient/q"}}


def test_a_list_of_references_holds_each_once() -> None:
    node: Json = {}
    makes = Makes({"resourceType": "Patient", "id": "p"})
    for text in ("x", "x"):
        assert place((ITEMS, Follow("subject"), TEXT), node, text, makes, {})
    assert node == {"items": [{"reference": "Patient/p"}]}


def test_without_keys_nothing_is_made() -> None:
    node: Json = {}
    assert not place((ONE, Follow("subject"), TEXT), node, "x", NOTHING, {})
    assert node == {}


def test_a_condition_without_its_variable_makes_nothing() -> None:
    node: Json = {}
    ops = (ITEMS, Filter((Condition((CODE,), "", "ETCD"),)), TEXT)
    assert not place(ops, node, "x", NOTHING, {})
    assert place(ops, node, "x", NOTHING, {"ETCD": "FU"})
    assert node == {"items": [{"code": "FU", "text": "x"}]}


def test_a_fresh_container_is_another_one() -> None:
    node: Json = {}
    first = container((ITEMS,), node, NOTHING, {}, fresh=True)
    second = container((ITEMS,), node, NOTHING, {}, fresh=True)
    assert first is not second
    assert container((ITEMS,), node, NOTHING, {}, fresh=False) is first


def test_each_of_several_values_has_an_element_of_its_own() -> None:
    node: Json = {}
    assert place_each((ITEMS, ONE), node, ["a", "b"], NOTHING, {})
    assert node == {"items": [{"one": "a"}, {"one": "b"}]}


def test_several_values_need_a_list() -> None:
    assert place_each((ONE,), {}, ["a"], NOTHING, {})
    assert not place_each((ONE,), {}, ["a", "b"], NOTHING, {})


@pytest.mark.parametrize(
    ("found", "value", "agree", "after"),
    [
        ({"a": 1}, {"b": 2}, True, {"a": 1, "b": 2}),
        ({"a": 1}, {"a": 2, "b": 3}, False, {"a": 1, "b": 3}),
        ({"a": {"b": 1}}, {"a": {"c": 2}}, True, {"a": {"b": 1, "c": 2}}),
        ([1], [1, 2], True, [1, 2]),
        ({"a": 1}, "x", False, {"a": 1}),
    ],
)
def test_merge_adds_what_is_missing(found: Json, value: Json, agree: bool, after: Json) -> None:
    assert merge(found, value) is agree
    assert found == after
