from __future__ import annotations

from interchange.engine.ledger import Ledger
from interchange.engine.losses import Loss
from interchange.report.losses import LedgerTotals, LossCount, ledger_line, total_ledger


def test_totals_by_resource_type_and_reason() -> None:
    losses = [
        Loss("Patient/1", "name[0].family", "no rule reads this element"),
        Loss("Patient/2", "name[0].family", "no rule reads this element"),
        Loss("Patient/1", "id", "ids are made anew from key values"),
        Loss("Group/1", "id", "ids are made anew from key values"),
    ]
    assert total_ledger(Ledger(10, losses)) == LedgerTotals(
        leaves=10,
        came_back=6,
        lost=4,
        reasons=[
            LossCount("Group", "ids are made anew from key values", 1),
            LossCount("Patient", "no rule reads this element", 2),
            LossCount("Patient", "ids are made anew from key values", 1),
        ],
    )


def test_a_ledger_without_losses() -> None:
    assert ledger_line(total_ledger(Ledger(3))) == "3 of 3 leaves come back (100.0 %)"
    assert ledger_line(total_ledger(Ledger())) == "0 of 0 leaves come back"
