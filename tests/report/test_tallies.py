from __future__ import annotations

from collections import Counter

from interchange.engine.settle import Tally
from interchange.report.tallies import count_cells, is_small, show_datasets, total_cells

TALLIES = {
    "DM": {
        "SEX": Tally(native=2),
        "AGE": Tally(native=1, derived=1),
        "RACE": Tally(extension=2),
        "X": Tally(constant=1, residual=1),
    }
}


def test_totals_are_the_sums_of_the_variables() -> None:
    (dm,) = count_cells(TALLIES, Counter({"DM.AGE": 1}))
    assert dm.row == ("DM", 8, 3, 2, 1, 1, 1, 1, 0.125)
    assert [v.row for v in dm.variables or ()] == [
        ("SEX", 2, 2, 0, 0, 0, 0, 0, 0.0),
        ("AGE", 2, 1, 0, 1, 0, 0, 1, 0.0),
        ("RACE", 2, 0, 2, 0, 0, 0, 0, 0.0),
        ("X", 2, 0, 0, 0, 1, 1, 0, 0.5),
    ]


def test_nothing_is_said_of_differences_where_nothing_was_compared() -> None:
    (dm,) = count_cells(TALLIES)
    assert dm.different is None
    assert dm.row == ("DM", 8, 3, 2, 1, 1, 1, 0.125)
    assert total_cells([dm]).different is None


def test_differences_of_a_dataset_without_cells_of_its_own() -> None:
    dm, supp = count_cells(TALLIES, Counter({"DM.(rows)": 2, "SUPPDM.QVAL": 3}))
    assert (dm.different, [v.name for v in dm.variables or ()]) == (2, ["SEX", "AGE", "RACE", "X", "(rows)"])
    assert (supp.name, supp.cells, supp.different, supp.residual_share) == ("SUPPDM", 0, 3, 0.0)


def test_the_total_is_a_line_where_there_are_several() -> None:
    one = count_cells(TALLIES)
    two = count_cells({**TALLIES, "AE": {"AETERM": Tally(residual=8)}})
    assert total_cells(two).row == ("total", 16, 3, 2, 1, 1, 9, 9 / 16)
    assert [table.row_count for table in show_datasets(one)] == [1]  # type: ignore[union-attr]  # a table
    assert [table.row_count for table in show_datasets(two)] == [3]  # type: ignore[union-attr]  # a table
    assert show_datasets([]) == []


def test_forty_variables_are_small() -> None:
    assert is_small(count_cells({"DM": {f"V{n}": Tally() for n in range(40)}}))
    assert not is_small(count_cells({"DM": {f"V{n}": Tally() for n in range(41)}}))
