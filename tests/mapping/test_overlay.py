from __future__ import annotations

from interchange.issues import Place
from interchange.mapping.overlay import merge_overlay
from interchange.mapping.tree import Node

BASE, OVER = Place("base.yaml", 1), Place("over.yaml", 1)


def node(value: object, place: Place) -> Node:
    if isinstance(value, dict):
        return Node({k: node(v, place) for k, v in value.items()}, place)
    if isinstance(value, list):
        return Node([node(v, place) for v in value], place)
    return Node(str(value), place)


def merged(base: dict[str, object], over: dict[str, object]) -> Node:
    return merge_overlay(node(base, BASE), node(over, OVER))


def test_a_rule_replaces_the_rules_that_own_its_variables_in_their_place() -> None:
    base = {"rules": {"A": "a", "B C": "bc", "D": "d"}}
    assert merged(base, {"rules": {"C": "c"}}).plain() == {"rules": {"A": "a", "C": "c", "D": "d"}}
    assert list(merged(base, {"rules": {"A D": "ad"}}).plain()["rules"]) == ["A D", "B C"]
    assert list(merged(base, {"rules": {"E": "e"}}).plain()["rules"]) == ["A", "B C", "D", "E"]
    split = merged(base, {"rules": {"B": "b", "C": "c"}}).plain()["rules"]
    assert list(split) == ["A", "B", "C", "D"]


def test_two_rules_of_the_overlay_for_one_variable_both_stay_to_be_told() -> None:
    rules = merged({"rules": {"A": "a"}}, {"rules": {"A": "x", "A B": "y"}}).plain()["rules"]
    assert set(rules) == {"A", "A B"}


def test_places_are_those_of_the_file_that_wrote_the_entry() -> None:
    rules = merged({"rules": {"A": "a", "B": "b"}}, {"rules": {"A": "x"}}).get("rules")
    assert rules.get("A").place == OVER
    assert rules.get("B").place == BASE


def test_row_sources_are_merged_by_name_and_levels_replaced() -> None:
    base = {"rows": {"r": {"resource": "Patient", "each": {"a": "x", "b": "y"}, "emit": {"p": "1"}}}}
    over = {"rows": {"r": {"each": {"c": "z"}, "emit": {"q": "2"}}, "s": {"resource": "Group"}}}
    assert merged(base, over).plain() == {
        "rows": {
            "r": {"resource": "Patient", "each": {"c": "z"}, "emit": {"p": "1", "q": "2"}},
            "s": {"resource": "Group"},
        }
    }


def test_other_entries_by_key_examples_added_extends_gone() -> None:
    base = {"domain": "DM", "supp": {"X": {"label": "x"}}, "examples": [{"name": "a"}]}
    over = {"extends": "dm.yaml", "supp": {"Y": {"label": "y"}}, "examples": [{"name": "b"}], "note": "mine"}
    assert merged(base, over).plain() == {
        "domain": "DM",
        "supp": {"X": {"label": "x"}, "Y": {"label": "y"}},
        "examples": [{"name": "a"}, {"name": "b"}],
        "note": "mine",
    }
