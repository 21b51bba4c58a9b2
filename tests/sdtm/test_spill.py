from __future__ import annotations

import gc
import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interchange.issues import TargetError
from interchange.sdtm import spill as module
from interchange.sdtm.dataset import Dataset, Row, Variable
from interchange.sdtm.spill import SpilledRows, spill

if TYPE_CHECKING:
    from pathlib import Path

ROWS: list[Row] = [{"USUBJID": f"S-{n}", "AETERM": "é\0\n "} if n % 3 else {} for n in range(1234)]


@given(
    st.lists(st.dictionaries(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8")))),
    st.integers(1, 4),
)
def test_any_rows_come_back(tmp_path_factory: pytest.TempPathFactory, rows: list[Row], batch: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BATCH", batch)
        spilled = spill(rows, tmp_path_factory.getbasetemp())
    assert list(spilled) == rows
    assert len(spilled) == len(rows)
    assert bool(spilled) == bool(rows)
    assert spilled == rows
    assert rows == spilled


def test_each_iteration_begins_at_the_first_row(tmp_path: Path) -> None:
    spilled = spill(ROWS, tmp_path)
    one, two = iter(spilled), iter(spilled)
    assert [next(one) for _ in range(700)] == ROWS[:700]
    assert list(two) == ROWS
    assert list(one) == ROWS[700:]
    assert list(spilled) == ROWS


def test_rows_can_be_added_after_reading(tmp_path: Path) -> None:
    spilled = SpilledRows(tmp_path)
    assert list(spilled) == []
    spilled.extend(ROWS[:3])
    assert list(spilled) == ROWS[:3]
    spilled.append(ROWS[3])
    assert (len(spilled), list(spilled)) == (4, ROWS[:4])


def test_equal_is_what_has_the_same_rows(tmp_path: Path) -> None:
    spilled = spill(ROWS, tmp_path)
    assert spilled == spill(ROWS, tmp_path)
    assert spilled != ROWS[:-1]
    assert spilled != [*ROWS[:-1], {"USUBJID": "S-9"}]
    assert spilled != "rows"
    assert Dataset("AE", "", [Variable("AETERM")], spilled) == Dataset("AE", "", [Variable("AETERM")], ROWS)


def test_it_tells_no_values(tmp_path: Path) -> None:
    assert repr(spill(ROWS, tmp_path)) == "<1234 rows in a temporary file>"


def test_the_file_goes_with_the_rows(tmp_path: Path) -> None:
    spilled = spill(ROWS, tmp_path)
    number = spilled._file.fileno()
    del spilled
    gc.collect()
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(number)


def test_closed_rows_are_gone(tmp_path: Path) -> None:
    spilled = spill(ROWS, tmp_path)
    spilled.close()
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ValueError, match="closed"):
        list(spilled)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="IX-SDTM-011"):
        SpilledRows(tmp_path / "none")
