"""Losses by resource: in order, counted, and one group a resource."""

from __future__ import annotations

from interchange.engine.losses import Loss, LossesAtHand, counted

GROUPS = [
    ("Patient/2", [("name", "no rule"), ("id", "new")]),
    ("Observation/1", [("note[0].text", "no rule")]),
    ("Patient/2", [("gender", "no rule")]),
]


def test_losses_are_sorted_whatever_order_groups_come_in() -> None:
    losses = LossesAtHand(GROUPS)
    assert len(losses) == 4
    assert list(losses) == sorted(Loss(name, *one) for name, own in GROUPS for one in own)
    assert [name for name, _ in losses.groups()] == ["Observation/1", "Patient/2"]


def test_reasons_are_counted_by_resource_type() -> None:
    expected = {("Patient", "no rule"): 2, ("Patient", "new"): 1, ("Observation", "no rule"): 1}
    assert counted(GROUPS) == LossesAtHand(GROUPS).counts() == expected
