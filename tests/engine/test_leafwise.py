from __future__ import annotations

from decimal import Decimal

from interchange.engine.leafwise import LeafTally, Leafwise
from interchange.engine.losses import Loss

PATIENT = {"resourceType": "Patient", "id": "p", "gender": "male", "name": [{"given": ["A", "B"]}]}
WEIGHT = {"resourceType": "Observation", "id": "o", "valueQuantity": {"value": Decimal("5.10"), "unit": "kg"}}
LOST = [Loss("Patient/p", "name[0].given[0]", "no rule"), Loss("Patient/p", "name[0].given[1]", "no rule")]


def test_without_a_remainder_what_rows_do_not_hold_is_lost() -> None:
    leafwise = Leafwise()
    for resource in (PATIENT, WEIGHT):
        leafwise.add(resource)
    assert leafwise.tallies(LOST) == {
        "Observation": LeafTally(resources=1, leaves=3, kept=3),
        "Patient": LeafTally(resources=1, leaves=4, kept=2, lost=2),
    }


def test_with_a_remainder_only_what_does_not_come_back_is_lost() -> None:
    back = {**PATIENT, "name": [{"given": ["A", "C"]}]}
    leafwise = Leafwise([back, WEIGHT])
    for resource in (PATIENT, WEIGHT):
        leafwise.add(resource)
    tallies = leafwise.tallies(LOST)
    assert tallies["Patient"] == LeafTally(resources=1, leaves=4, kept=2, remainder=1, lost=1)
    assert tallies["Observation"].lost == 0


def test_digits_count_and_so_do_places() -> None:
    for other in ({"value": Decimal("5.1"), "unit": "kg"}, {"value": "5.10", "unit": "kg"}, {"unit": "kg"}):
        leafwise = Leafwise([{**WEIGHT, "valueQuantity": other}])
        leafwise.add(WEIGHT)
        assert leafwise.tallies([])["Observation"].lost == 1


def test_a_resource_that_did_not_come_back_is_lost_whole() -> None:
    leafwise = Leafwise([])
    leafwise.add(PATIENT)
    assert leafwise.tallies([])["Patient"] == LeafTally(resources=1, leaves=4, lost=4)


def test_resources_of_one_id_are_the_same_in_their_order() -> None:
    other = {**PATIENT, "gender": "female"}
    leafwise = Leafwise([PATIENT, other])
    leafwise.add(PATIENT)
    leafwise.add(other)
    assert leafwise.tallies([])["Patient"] == LeafTally(resources=2, leaves=8, kept=8)


def test_what_was_not_there_is_added() -> None:
    leafwise = Leafwise([{**PATIENT, "active": True}, WEIGHT])
    leafwise.add(PATIENT)
    assert leafwise.tallies([]) == {
        "Observation": LeafTally(added=3),
        "Patient": LeafTally(resources=1, leaves=4, kept=4, added=1),
    }
