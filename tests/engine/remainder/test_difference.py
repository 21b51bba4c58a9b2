"""Differences of originals to made resources, and what they give when the made ones change."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from interchange.engine.ledger import Comparison
from interchange.engine.remainder.apply import Applied
from interchange.engine.remainder.difference import Difference
from interchange.engine.shelf import shelve

if TYPE_CHECKING:
    from interchange.engine.plan import Plan

Json = Any
CELLS = "http://example.org/cells"


def difference(plan: Plan, old: Json, new: Json) -> Json:
    """How an original Observation differs from the made one."""
    one, other = ({"resourceType": "Observation", "id": "o", **each} for each in (old, new))
    comparison = Comparison(plan, shelve(plan, [one]), shelve(plan, [other]).index.resolve)
    comparison.pair(one, other)
    ledger = comparison.run([one])
    made = Difference(comparison, "R5", {})
    found = made.of(one, other, other)
    assert made.held == len(ledger.losses)
    return found


def applied(node: Json, now: Json) -> tuple[Json, list[str]]:
    """What comes of a made Observation as it is now, and where the original said more."""
    done = Applied(kept=frozenset({CELLS}))
    result = done.value(node, {"resourceType": "Observation", "id": "o", **now})
    return {key: item for key, item in result.items() if key not in ("resourceType", "id")}, done.stale


CODE = {"coding": [{"system": "s", "code": "a"}]}
SHOWN = {"coding": [{"system": "s", "code": "a", "display": "A"}]}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"status": "final"}, {"status": "final"}),
        ({"code": SHOWN}, {"code": CODE}),
        ({"code": CODE}, {"code": SHOWN}),
        ({"status": "final"}, {"extension": [{"url": "u", "valueCode": "x"}], "status": "amended"}),
        ({"identifier": [{"value": "2"}, {"value": "1"}]}, {"identifier": [{"value": "1"}, {"value": "2"}]}),
        ({"identifier": [{"value": "1"}, {"value": "1"}]}, {"identifier": [{"value": "1"}]}),
        ({"identifier": []}, {"identifier": [{"value": "1"}]}),
        ({"note": [{"text": "a"}]}, {"note": {"text": "a"}}),
        ({"valueQuantity": {"value": Decimal("5.10")}}, {"valueQuantity": {"value": Decimal("5.1")}}),
        ({"valueInteger": 5}, {"valueInteger": True}),
        ({"status": "final", "_status": {"id": "x"}}, {"status": "final"}),
        ({"contained": [{"resourceType": "Patient", "id": "p"}]}, {}),
    ],
)
def test_an_unchanged_made_resource_gives_the_original(r5: Plan, old: Json, new: Json) -> None:
    assert applied(difference(r5, old, new), new) == (old, [])


def test_what_is_the_same_is_not_in_the_difference(r5: Plan) -> None:
    same = {"status": "final", "code": CODE}
    assert difference(r5, same, same) is None
    assert difference(r5, {**same, "note": [{"text": "n"}]}, same) == {"+": {"note": [{"text": "n"}]}}


def test_what_changed_counts_where_the_original_says_no_more(r5: Plan) -> None:
    node = difference(r5, {"status": "final", "note": [{"text": "n"}]}, {"status": "final"})
    assert applied(node, {"status": "amended"}) == ({"status": "amended", "note": [{"text": "n"}]}, [])
    assert applied(node, {}) == ({"note": [{"text": "n"}]}, [])


def test_a_display_goes_with_the_code_it_is_of(r5: Plan) -> None:
    node = difference(r5, {"code": SHOWN}, {"code": CODE})
    other = {"coding": [{"system": "s", "code": "b"}]}
    assert applied(node, {"code": other}) == ({"code": other}, ["code.coding"])


def test_the_unit_of_an_amount_stays_where_only_its_value_changed(r5: Plan) -> None:
    old = {"valueQuantity": {"value": 5, "unit": "mg", "system": "s", "code": "mg", "comparator": "<"}}
    node = difference(r5, old, {"valueQuantity": {"value": 5, "unit": "mg"}})
    now = applied(node, {"valueQuantity": {"value": 6, "unit": "mg"}})
    assert now == ({"valueQuantity": {"value": 6, "unit": "mg", "system": "s", "code": "mg"}}, ["valueQuantity.value"])
    now = applied(node, {"valueQuantity": {"value": 5, "unit": "g"}})
    assert now == ({"valueQuantity": {"value": 5, "unit": "g"}}, ["valueQuantity"])


def test_a_changed_value_stands_against_another_of_the_original(r5: Plan) -> None:
    node = difference(r5, {"status": "final"}, {"status": "amended"})
    assert applied(node, {"status": "amended"}) == ({"status": "final"}, [])
    assert applied(node, {"status": "corrected"}) == ({"status": "corrected"}, ["status"])


def test_elements_of_a_list_are_found_by_what_they_are_then_by_their_kind(r5: Plan) -> None:
    old = {"identifier": [{"system": "b", "value": "2"}, {"system": "x", "value": "9"}, {"system": "a", "value": "1"}]}
    new = {"identifier": [{"system": "a", "value": "1"}, {"system": "b", "value": "2"}]}
    node = difference(r5, old, new)
    changed = {"identifier": [{"system": "c", "value": "3"}, {"system": "b", "value": "7"}]}
    expected = [{"system": "b", "value": "7"}, {"system": "x", "value": "9"}, {"system": "c", "value": "3"}]
    assert applied(node, changed)[0]["identifier"] == expected
    left = [{"system": "b", "value": "2"}]
    assert applied(node, {"identifier": left})[0]["identifier"] == [*left, {"system": "x", "value": "9"}]
    added = {"identifier": [*new["identifier"], {"system": "d", "value": "4"}]}
    assert applied(node, added)[0]["identifier"] == [*old["identifier"], {"system": "d", "value": "4"}]


def test_new_cells_kept_beside_a_row_are_not_the_originals(r5: Plan) -> None:
    old = {"extension": [{"url": "u", "valueCode": "x"}, {"url": "v", "valueCode": "y"}]}
    new = {"extension": [{"url": "u", "valueCode": "x"}]}
    node = difference(r5, old, new)
    now = {"extension": [*new["extension"], {"url": CELLS, "extension": []}]}
    assert applied(node, now) == (old, [])


def test_a_stand_in_gives_way_to_the_original(r5: Plan) -> None:
    old = {"status": "final", "code": SHOWN, "component": [{"code": CODE}]}
    node = difference(r5, old, {"status": "final", "code": CODE, "valueInteger": 1})
    stand_in = {"resourceType": "Observation", "id": "p", "status": "final", "code": CODE, "valueInteger": 2}
    done = Applied(anyhow=True)
    result = done.value(node, stand_in)
    assert "valueInteger" not in result
    assert result["component"] == old["component"]
    assert done.stale == []
