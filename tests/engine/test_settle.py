from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from interchange.engine.backward import Backward
from interchange.engine.forward import Forward
from interchange.engine.settle import Tally

if TYPE_CHECKING:
    from interchange.engine.plan import Plan

Row = dict[str, str]
DM: Row = {"STUDYID": "S1", "DOMAIN": "DM", "USUBJID": "S1-001", "SUBJID": "001"}
TS: Row = {"STUDYID": "S1", "DOMAIN": "TS", "TSSEQ": "1"}


def tallies(plan: Plan, domain: str, rows: list[Row]) -> dict[str, Tally]:
    back = Backward(plan, Forward(plan))
    back.convert({domain: rows})
    assert len(back.issues) == back.issues.counts["IX-KEY-001"]
    return back.settled[domain].tallies()


@pytest.mark.parametrize(
    ("cells", "variable", "tally"),
    [
        ({"SEX": "F"}, "SEX", Tally(native=1)),
        ({"SEX": "f"}, "SEX", Tally(residual=1)),
        ({}, "DOMAIN", Tally(constant=1)),
        ({}, "SUBJID", Tally(native=1)),
        ({"BRTHDTC": "1950-08-30"}, "BRTHDTC", Tally(native=1)),
        ({"BRTHDTC": "1950---30"}, "BRTHDTC", Tally(residual=1)),  # collected text beside the date
        ({"ZZ": "1"}, "ZZ", Tally(residual=1)),
        ({"DMDTC": "2013-12-26", "RFSTDTC": "2014-01-02", "DMDY": "-7"}, "DMDY", Tally(derived=1)),
        ({"DMDTC": "2013-12-26", "RFSTDTC": "2014-01-02", "DMDY": "-8"}, "DMDY", Tally(residual=1)),
    ],
)
def test_how_a_cell_is_held(r5: Plan, cells: Row, variable: str, tally: Tally) -> None:
    assert tallies(r5, "DM", [DM | cells])[variable] == tally


def test_a_row_kept_whole_is_residual(r5: Plan) -> None:
    found = tallies(r5, "TS", [TS | {"TSPARM": "Of no code", "TSVAL": "x"}])
    assert set(found) == {*TS, "TSPARM", "TSVAL"}
    assert all(tally == Tally(residual=1) for tally in found.values())


def test_a_parameter_without_a_home_is_held_by_a_note(r5: Plan) -> None:
    found = tallies(r5, "TS", [TS | {"TSPARMCD": "DOSE", "TSVAL": "54"}])
    assert found["TSVAL"] == Tally(native=1)
    assert found["TSPARMCD"] == Tally(extension=1)


def test_null_flavors_that_come_by_themselves_are_derived(r5: Plan) -> None:
    forward = Forward(r5)
    from interchange.engine.shelf import shelve

    identifier = [{"system": "urn:cdisc:sdtm:STUDYID", "value": "S1"}]
    study = {"resourceType": "ResearchStudy", "id": "s", "identifier": identifier}
    rows = [f.row for f in forward.rows(r5.mappings["TS"], shelve(r5, [study]))]
    found = tallies(r5, "TS", rows)
    assert found["TSVALNF"] == Tally(derived=sum("TSVALNF" in row for row in rows))


def test_a_lost_row_is_held_nowhere(r5: Plan) -> None:
    assert tallies(r5, "TE", [{"ETCD": "SCRN"}]) == {}


def test_a_piece_of_a_long_text_is_native(r5: Plan) -> None:
    row = TS | {"TSPARMCD": "TITLE", "TSPARM": "Trial Title", "TSVAL": "x" * 200, "TSVAL1": "x" * 50}
    assert tallies(r5, "TS", [row])["TSVAL1"] == Tally(native=1)


@pytest.mark.parametrize(
    "rows",
    [
        [TS | {"TSPARMCD": "TITLE", "TSVAL": "B"}, TS | {"TSPARMCD": "STYPE", "TSVAL": "INTERVENTIONAL"}],
        [TS | {"TSPARMCD": "ZZ", "TSVAL": "B"}, TS | {"TSPARMCD": "AA", "TSVAL": "A"}],
        [TS | {"TSPARMCD": "TITLE", "TSVAL": "x" * 900}],  # longer than one variable, and not spread
        [TS | {"TSPARMCD": "TITLE", "TSVAL": "x" * 150, "TSVAL1": "y" * 150, "TSVAL2": "z"}],
        [TS | {"TSPARMCD": "TITLE", "TSVAL": "a"}, TS | {"TSPARMCD": "TITLE", "TSVAL": "b"}],
        [{"STUDYID": "S1"}, {"STUDYID": "S1"}],
        [TS | {"TSPARMCD": "TBLIND", "TSVALNF": "NI"}],
        [{}, TS | {"TSPARMCD": "ZZ", "TSVAL": "B"}, TS | {"TSPARMCD": "AA"}],
    ],
)
def test_rows_settle(r5: Plan, rows: list[Row]) -> None:
    from interchange.engine.shelf import shelve

    back = Backward(r5, Forward(r5))
    made = back.convert({"TS": rows})
    assert back.issues.counts["IX-LAW-001"] == 0
    found = [f.row for f in Forward(r5).rows(r5.mappings["TS"], shelve(r5, made))]
    assert found == rows


def test_a_tally_counts_all_cells() -> None:
    assert Tally(native=1, extension=5, derived=2, constant=3, residual=4).cells == 15
