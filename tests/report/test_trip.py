from __future__ import annotations

from interchange.report.losses import LedgerTotals
from interchange.report.tallies import CellCounts
from interchange.report.trip import fhir_verdict, sdtm_verdict

DM = CellCounts("DM", 10, native=5, residual=5, different=0)


def test_sdtm_that_came_back() -> None:
    assert sdtm_verdict([DM], {}, 0, 0) == "Every cell came back: 10 cells of 1 dataset, 50.0 % native"


def test_sdtm_that_did_not() -> None:
    supp = CellCounts("SUPPDM", different=3)
    assert sdtm_verdict([DM, supp], {}, 0, 0) == "NOT every cell came back: 3 different, of 10 cells"


def test_what_is_wrong_in_between_and_what_was_left_out() -> None:
    assert sdtm_verdict([DM], {"XX": "no mapping takes XX"}, 2, 1) == (
        "Every cell came back: 10 cells of 1 dataset, 50.0 % native; but the resources in between have "
        "2 validation findings and 1 dangling reference; left out, with an issue each: XX"
    )


def test_fhir() -> None:
    assert fhir_verdict(LedgerTotals(9, 9, 0, []), 0) == "Every leaf came back: 9 leaves"
    assert fhir_verdict(LedgerTotals(9, 8, 1, []), 1) == (
        "Every leaf came back or is explained: 8 of 9 leaves came back, 1 are in the ledger with a reason; "
        "1 record could not be read and left out"
    )
