from __future__ import annotations

from interchange.engine.leafwise import LeafTally
from interchange.engine.ledger import Ledger
from interchange.engine.losses import Loss
from interchange.engine.settle import Tally
from interchange.issues import Issue, Issues, Place
from interchange.report.leaves import LeafCounts
from interchange.report.tallies import CellCounts
from interchange.report.trip import fhir_verdict, sdtm_verdict
from interchange.results import RoundTrip

DM = CellCounts("DM", 10, native=5, residual=5, different=0)
HELD = "50.0 % native, 0.0 % in HL7 extensions, 50.0 % residual"


def test_sdtm_that_came_back() -> None:
    assert sdtm_verdict([DM], 0, 0) == f"Every cell came back: 10 cells of 1 dataset, {HELD}"


def test_sdtm_that_did_not() -> None:
    supp = CellCounts("SUPPDM", different=3)
    assert sdtm_verdict([DM, supp], 0, 0) == "NOT every cell came back: 3 different, of 10 cells"


def test_what_is_wrong_in_between() -> None:
    assert sdtm_verdict([DM], 2, 1) == (
        f"Every cell came back: 10 cells of 1 dataset, {HELD}; but the resources in between have "
        "2 validation findings and 1 dangling reference"
    )


def test_fhir_by_the_ledger_alone() -> None:
    whole = [LeafCounts("Patient", 1, 9, 9, 0, 0)]
    assert fhir_verdict(whole, 0, remainder=False) == "Every leaf came back: 9 leaves of 1 resource"
    assert fhir_verdict([LeafCounts("Patient", 1, 9, 8, 0, 1)], 1, remainder=False) == (
        "Every leaf came back or is explained: 8 of 9 leaves came back, 1 are in the ledger with a reason; "
        "1 record could not be read and left out"
    )


def test_fhir_with_the_remainder() -> None:
    assert fhir_verdict([LeafCounts("Patient", 1, 4, 3, 1, 0)], 0, remainder=True) == (
        "Every leaf came back: 4 leaves of 1 resource, 75.0 % by the rows, 25.0 % by the remainder"
    )
    lost = fhir_verdict([LeafCounts("Patient", 1, 4, 3, 0, 1)], 0, remainder=True)
    assert lost == "NOT every leaf came back as it was: 1 lost, 0 added, of 4 leaves"
    more = fhir_verdict([LeafCounts("Patient", 1, 4, 4, 0, 0, 2)], 0, remainder=True)
    assert more == "NOT every leaf came back as it was: 0 lost, 2 added, of 4 leaves"


def test_a_summary_of_sdtm() -> None:
    dangling = Issue("IX-VALID-011", "warning", Place(record="Patient/p"), "leads nowhere", value="secret")
    trip = RoundTrip("SDTM", "R5", Issues(), {"DM": {"SEX": Tally(native=2)}}, invalid=[dangling])
    summary = trip.summary()
    assert (summary.status, summary.equal, summary.findings, summary.dangling) == ("failed", False, 0, 1)
    assert (summary.leaves, summary.leaf_total) == (None, None)
    assert summary.total is not None
    assert summary.total.native == 2
    assert [group.value for group in summary.validation] == [None]
    assert [group.value for group in trip.summary(values=True).validation] == ["secret"]


def test_a_summary_of_fhir_fails_only_where_the_remainder_did_not_bring_all_back() -> None:
    losses = Ledger(4, [Loss("Patient/p", "gender", "no rule reads this element")])
    trip = RoundTrip("FHIR", "R5", Issues(), ledger=losses, leaves={"Patient": LeafTally(1, 4, 3, 0, 1)})
    assert (trip.summary().status, trip.summary().equal) == ("done", True)
    trip.remainder = True
    assert (trip.summary().status, trip.summary().equal) == ("failed", False)
    assert trip.summary().total is None
