"""The audit finds what a ledger hides, and what it makes up."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from interchange.engine.ledger import Ledger
from interchange.engine.losses import Loss

from .accounts import audit

PATIENT = {"resourceType": "Patient", "id": "p", "gender": "male", "name": [{"family": "A"}, {"family": "B"}]}
RESULT = {
    "resourceType": "Observation",
    "id": "o",
    "subject": {"reference": "Patient/p"},
    "code": {"coding": [{"system": "s", "code": "1"}, {"system": "t", "code": "2"}]},
    "valueQuantity": {"value": Decimal("5.10")},
}
IDS = (Loss("Patient/p", "id", "x"), Loss("Observation/o", "id", "x"))


def made(**changes: Any) -> list[dict[str, Any]]:
    """The two resources under other ids, the list items turned round, and what changed in the Observation."""
    patient = {**PATIENT, "id": "P-1", "name": [{"family": "B"}, {"family": "A", "use": "official"}]}
    coding = [{"system": "t", "code": "2"}, {"system": "s", "code": "1"}]
    result = {**RESULT, "id": "O-1", "subject": {"reference": "Patient/P-1"}, "code": {"coding": coding}}
    return [patient, result | changes]


def test_all_that_is_there_otherwise_named_and_turned_round_is_accounted_for() -> None:
    found = audit([PATIENT, RESULT], made(), Ledger(0, list(IDS)))
    assert (found.leaves, found.named, found.homeless, found.unknown) == (11, 2, [], [])


@pytest.mark.parametrize(
    "changes",
    [
        {"valueQuantity": {"value": Decimal("5.1")}},
        {"valueQuantity": {"value": "5.10"}},
        {"valueQuantity": {}},
        {"code": {"coding": [{"system": "s", "code": "2"}, {"system": "t", "code": "1"}]}},
        {"code": {"coding": [{"system": "s", "code": "1"}]}},
        {"subject": {"reference": "Patient/other"}},
        {"resourceType": "Procedure"},
    ],
)
def test_what_is_gone_in_silence_is_found(changes: dict[str, Any]) -> None:
    found = audit([PATIENT, RESULT], made(**changes), Ledger(0, list(IDS)))
    assert [name for name, _ in found.homeless] == ["Observation/o"]


def test_a_reference_to_another_resource_of_the_type_is_found() -> None:
    other = {"resourceType": "Patient", "id": "q", "gender": "female"}
    found = audit([PATIENT, RESULT], [*made(subject={"reference": "Patient/q"}), other], Ledger(0, list(IDS)))
    assert [name for name, _ in found.homeless] == ["Observation/o"]


def test_what_the_ledger_makes_up_is_found() -> None:
    losses = [*IDS, Loss("Patient/p", "gender", "x"), Loss("Patient/p", "gender", "x"), Loss("Patient/q", "id", "x")]
    found = audit([PATIENT, RESULT], made(), Ledger(0, losses))
    assert (found.named, found.unknown) == (3, [("Patient/p", "gender"), ("Patient/q", "id")])


def test_a_contained_resource_is_an_original_of_its_own() -> None:
    held = {"resourceType": "Patient", "id": "h", "gender": "male"}
    holder = {"resourceType": "Observation", "id": "o", "contained": [held], "subject": {"reference": "#h"}}
    after = [
        {"resourceType": "Observation", "id": "1", "subject": {"reference": "Patient/2"}},
        {"resourceType": "Patient", "id": "2", "gender": "male"},
    ]
    losses = [Loss("Observation/o", "id", "x"), Loss("Observation/o", "contained[0].id", "x")]
    found = audit([holder], after, Ledger(0, losses))
    assert (found.leaves, found.named, found.homeless, found.unknown) == (5, 2, [], [])
    after[1]["gender"] = "female"
    found = audit([holder], after, Ledger(0, losses))
    assert [name for name, _ in found.homeless] == ["Observation/o", "Observation/o contained[0]"]
