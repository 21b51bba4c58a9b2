"""Rows of frames by column are those that each cell by itself gives."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interchange.issues import SourceError
from interchange.sdtm import framed as module
from interchange.sdtm.blocks import HeldRows
from interchange.sdtm.dataset import Dataset

TEXTS = st.sampled_from(["", "a", "b", "63", "63.0", " ", "é"]) | st.none()
NUMBERS = st.floats(allow_infinity=False) | st.sampled_from([0.0, -0.0, 5.1, 1e-9])


def cell_by_cell(frame: pd.DataFrame) -> Dataset:
    columns = {str(c): [None if pd.isna(v) else v for v in frame[c].tolist()] for c in frame.columns}
    return Dataset.from_columns("LB", columns, len(frame))


@given(
    texts=st.lists(TEXTS, min_size=7, max_size=7),
    numbers=st.lists(NUMBERS, min_size=7, max_size=7),
    whole=st.lists(st.integers(-(2**63), 2**63 - 1) | st.none(), min_size=7, max_size=7),
    kind=st.sampled_from(["object", "string", "str"]),
)
def test_frames_hold_what_their_cells_are(texts: Any, numbers: Any, whole: Any, kind: str) -> None:
    frame = pd.DataFrame(
        {
            "A": pd.Series(texts, dtype=kind),
            "B": pd.Series(numbers, dtype="float64"),
            "C": pd.array(whole, dtype="Int64"),
            "D": pd.Series([None] * 7, dtype="object"),
        }
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "MOST", 3)
        made = Dataset.from_pandas("LB", frame)
    expected = cell_by_cell(frame)
    assert isinstance(made.rows, HeldRows)
    assert list(made.rows) == expected.rows
    assert [(v.name, v.type) for v in made.variables] == [(v.name, v.type) for v in expected.variables]


def test_decimals_keep_their_digits() -> None:
    frame = pd.DataFrame({"X": [Decimal("5.10"), Decimal("5.1"), 5, "5.100"]}, dtype=object)
    assert [row["X"] for row in Dataset.from_pandas("LB", frame).rows] == ["5.10", "5.1", "5", "5.100"]


@pytest.mark.parametrize("value", [True, pd.Timestamp("2014-01-02")])
def test_what_is_neither_text_nor_number_is_refused(value: object) -> None:
    with pytest.raises(SourceError, match="IX-SDTM-003"):
        Dataset.from_pandas("LB", pd.DataFrame({"X": [value]}))


def test_single_precision_is_what_it_is() -> None:
    frame = pd.DataFrame({"X": np.array([0.1], np.float32)})
    assert list(Dataset.from_pandas("LB", frame).rows) == cell_by_cell(frame).rows
