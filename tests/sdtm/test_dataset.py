from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interchange.issues import SourceError, TargetError
from interchange.sdtm.dataset import Dataset, Variable, check_columns, holds, is_number, number_text

DM = Dataset(
    "DM",
    "Demographics",
    [Variable("USUBJID"), Variable("AGE", type="Num"), Variable("RACE")],
    [{"USUBJID": "S-1", "AGE": "63"}, {"USUBJID": "S-2", "RACE": "WHITE"}],
)


def test_pandas_has_na_for_blank() -> None:
    frame = DM.to_pandas()
    assert [str(kind) for kind in frame.dtypes] == ["string", "float64", "string"]
    assert frame["AGE"].tolist()[0] == 63.0
    assert frame.isna().to_numpy().tolist() == [[False, False, True], [False, True, False]]


def test_arrow_has_null_for_blank() -> None:
    assert DM.to_arrow().to_pydict() == {
        "USUBJID": ["S-1", "S-2"],
        "AGE": [63.0, None],
        "RACE": [None, "WHITE"],
    }


def test_pandas_and_arrow_and_back() -> None:
    assert Dataset.from_pandas("DM", DM.to_pandas(), DM.label, DM.variables) == DM
    assert Dataset.from_arrow("DM", DM.to_arrow(), DM.label, DM.variables) == DM


def test_empty_dataset_and_back() -> None:
    empty = Dataset("DM", "", DM.variables)
    assert empty.to_pandas().shape == (0, 3)
    assert Dataset.from_arrow("DM", empty.to_arrow(), "", empty.variables) == empty


def test_types_of_a_frame_without_variables() -> None:
    frame = pd.DataFrame({"A": ["", None], "N": [1.50, float("nan")], "I": [7, 8], "D": [Decimal("5.10"), None]})
    dataset = Dataset.from_pandas("XX", frame)
    assert [(variable.name, variable.type) for variable in dataset.variables] == [
        ("A", "Char"),
        ("N", "Num"),
        ("I", "Num"),
        ("D", "Num"),
    ]
    assert dataset.rows == [{"N": "1.5", "I": "7", "D": "5.10"}, {"I": "8"}]


def test_a_date_object_is_refused() -> None:
    table = pa.table({"DMDTC": [dt.date(2024, 1, 2)]})
    with pytest.raises(SourceError, match="IX-SDTM-003"):
        Dataset.from_arrow("DM", table)


def test_text_in_a_num_variable_is_refused_with_its_place() -> None:
    dataset = Dataset("DM", "", [Variable("AGE", type="Num")], [{"AGE": "63"}, {"AGE": "<5"}])
    with pytest.raises(TargetError) as caught:
        dataset.to_pandas()
    assert (caught.value.issue.code, caught.value.issue.place.line) == ("IX-SDTM-002", 2)
    assert "<5" not in str(caught.value)


def test_columns_that_would_lose_cells() -> None:
    dataset = Dataset("DM", "", [Variable("AGE"), Variable("AGE")], [{"AGE": "1", "SEX": "F"}])
    assert [(issue.code, issue.place.field) for issue in check_columns(dataset)] == [
        ("IX-SDTM-004", "AGE"),
        ("IX-SDTM-005", "SEX"),
    ]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_number_text_reads_back(number: float) -> None:
    text = number_text(number)
    assert float(text) == number
    assert is_number(text)
    assert "e" not in text
    assert holds(number, text)


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_number_text_of_no_number(number: float) -> None:
    with pytest.raises(ValueError, match="no decimal text"):
        number_text(number)
