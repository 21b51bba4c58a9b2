from __future__ import annotations

from interchange.engine.remainder.model import Original, Remainder, RowEntry
from interchange.engine.remainder.rows import Keys, Places, as_written, at_path, match_rows, row_key
from interchange.engine.settle import Written
from interchange.sdtm.dataset import Dataset, Variable


def test_rows_are_told_by_subject_and_number_else_by_the_keys_of_the_guide() -> None:
    keys = Keys("3.4")
    assert keys.of("VS", {"USUBJID": "1", "VSSEQ": "2", "VSTESTCD": "HR"}) == {"USUBJID": "1", "VSSEQ": "2"}
    assert keys.of("TS", {"STUDYID": "S", "TSPARMCD": "AGEMIN", "TSSEQ": "1", "TSVAL": "x"}) == {
        "TSPARMCD": "AGEMIN",
        "TSSEQ": "1",
    }
    assert keys.of("XX", {"XXA": "1"}) == {"XXA": "1"}
    assert [keys.number("XX", {"XXA": "1"}) for _ in range(2)] == [1, 2]


def test_rows_are_as_any_file_gives_them_back() -> None:
    dataset = Dataset(
        "VS",
        variables=[Variable("VSORRES"), Variable("VSSTRESN", type="Num")],
        rows=[{"VSORRES": "5.10 ", "VSSTRESN": "5.10"}, {"VSORRES": "  ", "VSSTRESN": "<5"}],
    )
    assert as_written(dataset) == [{"VSORRES": "5.10", "VSSTRESN": "5.1"}, {"VSSTRESN": "<5"}]


def test_a_row_is_found_by_its_keys_and_others_are_new() -> None:
    entries = [RowEntry("VS", "VS/observation", {"USUBJID": "1", "VSSEQ": number}) for number in "12"]
    remainder = Remainder("R5", [Original("Observation/o", rows=entries)])
    rows = [{"USUBJID": "1", "VSSEQ": "2"}, {"USUBJID": "1", "VSSEQ": "3"}]
    wanted = match_rows(remainder, {"VS": [Written(row, i) for i, row in enumerate(rows)]}, Keys("3.4"))
    assert wanted.row(entries[0]) is None
    assert wanted.row(entries[1]) == rows[0]
    assert wanted.new == 1
    assert row_key("VS", {"B": "2", "A": "1"}) == ("VS", "A", "1", "B", "2", "1")


def test_elements_have_places() -> None:
    inner = {"code": "x"}
    resource = {"component": [{}, {"value": inner}]}
    places = Places()
    assert places.of(resource, inner) == ("component", 1, "value")
    assert places.of(resource, resource) == ()
    assert places.of(resource, {"code": "x"}) is None
    assert at_path(resource, ("component", 1, "value")) is inner
    assert at_path(resource, ("component", 2, "value")) is None
