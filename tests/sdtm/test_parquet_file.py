from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from interchange.issues import SourceError
from interchange.sdtm.dataset import Dataset, Variable
from interchange.sdtm.parquet_file import is_parquet, read_parquet, write_parquet

if TYPE_CHECKING:
    from pathlib import Path

DM = Dataset(
    "DM",
    "Demographics",
    [
        Variable("STUDYID", "Study Identifier", "Char", 12),
        Variable("AGE", "Age", "Num", 8, "3."),
        Variable("BMI", "Exact", "Num", 8),
        Variable("NONE", "Blank", "Num", 8),
    ],
    [{"STUDYID": "P", "AGE": "63", "BMI": "5.10"}, {"STUDYID": "P", "AGE": "63.5"}],
    keys=("STUDYID",),
    study="P",
    encoding="utf-8",
)


def test_it_reads_back_with_everything(tmp_path: Path) -> None:
    path = tmp_path / "dm.parquet"
    assert write_parquet(DM, path) == []
    first = path.read_bytes()
    assert is_parquet(first)
    assert read_parquet(path) == (DM, [])
    write_parquet(DM, path)
    assert path.read_bytes() == first


def test_numbers_are_text_only_where_a_float_would_change_them(tmp_path: Path) -> None:
    write_parquet(DM, tmp_path / "dm.parquet")
    schema = pq.read_schema(tmp_path / "dm.parquet")
    assert [str(field.type) for field in schema] == ["string", "double", "string", "double"]


def test_no_rows(tmp_path: Path) -> None:
    empty = Dataset("DM", "", [Variable("A"), Variable("N", type="Num")], encoding="utf-8")
    write_parquet(empty, tmp_path / "dm.parquet")
    assert read_parquet(tmp_path / "dm.parquet") == (empty, [])


def test_a_file_of_others() -> None:
    sink = io.BytesIO()
    pq.write_table(pa.table({"USUBJID": ["S-1", None], "AGE": [63, 64]}), sink)
    dataset, _ = read_parquet(sink.getvalue(), file="sdtm/dm.parquet")
    assert dataset.name == "DM"
    assert dataset.variables == [Variable("USUBJID"), Variable("AGE", type="Num")]
    assert dataset.rows == [{"USUBJID": "S-1", "AGE": "63"}, {"AGE": "64"}]


def test_what_is_not_parquet() -> None:
    with pytest.raises(SourceError, match="IX-PARQUET-001"):
        read_parquet(b"PAR1 and no more")
