"""Every writer gives the same file for rows in memory and rows on disk, whatever the size of its chunks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interchange.sdtm import chunks, parquet_file
from interchange.sdtm.dataset import Dataset, Row, Variable, check_columns
from interchange.sdtm.formats import FORMATS, read_package, write_dataset
from interchange.sdtm.spill import spill
from interchange.sdtm.xpt import read_xpt

if TYPE_CHECKING:
    from pathlib import Path

    from interchange.issues import Issue
    from interchange.sdtm.dataset import Rows

VARIABLES = [
    Variable("USUBJID", "Subject", length=4),
    Variable("AESEQ", "Sequence", "Num", 3),
    Variable("AETERM", "Term"),
    Variable("AEDOSE", "Dose", "Num", 8),
]

# Later rows are wider, and have what earlier ones do not: fractions, other characters, blanks, texts that are long.
ROWS: list[Row] = [
    {"USUBJID": "1", "AESEQ": "1", "AETERM": "a"},
    {"USUBJID": "1", "AESEQ": "2"},
    {},
    {"USUBJID": "12345678", "AESEQ": "0.1", "AETERM": "Übelkeit", "AEDOSE": "5.10"},
    {"USUBJID": "1", "AESEQ": "", "AETERM": ""},
    *({"USUBJID": str(n), "AESEQ": str(n), "AETERM": "x" * n, "AEDOSE": str(n / 7)} for n in range(1, 30)),
    {"AETERM": "last"},
]
WRONG: list[Row] = [
    {"USUBJID": "1 ", "AESEQ": "1"},
    {"USUBJID": "x" * 201, "AESEQ": "one"},
    {"USUBJID": "ж", "AESEQ": "1e99"},
    {"USUBJID": "1 ", "AESEQ": "0.12345678901234567890", "OTHER": "1"},
    {"USUBJID": "a\0 ", "AESEQ": "one"},
    {},
]
WITHOUT_BLANKS = [row if "" not in row.values() else {"USUBJID": "1"} for row in ROWS]


def written(rows: Rows, folder: Path, name: str, variables: list[Variable]) -> tuple[bytes | None, list[Issue]]:
    folder.mkdir(exist_ok=True)
    dataset = Dataset("AE", "Adverse Events", variables, rows, keys=("USUBJID", "AESEQ"), study="P")
    path, issues = write_dataset(dataset, folder, name, encoding="cp1252")
    data = path.read_bytes() if path else None
    if path:
        path.unlink()
    assert list(folder.iterdir()) == []
    return data, issues


@pytest.mark.parametrize("size", [1, 2, 7])
@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(
    ("rows", "variables"),
    [(ROWS, VARIABLES), (WITHOUT_BLANKS, VARIABLES), (WRONG, VARIABLES), ([], VARIABLES), ([], []), ([{}, {}], [])],
    ids=["rows", "no empty text", "wrong", "no rows", "nothing", "no variables"],
)
def test_memory_disk_and_chunks_make_no_difference(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    rows: list[Row],
    variables: list[Variable],
    name: str,
    size: int,
) -> None:
    folder = tmp_path / "out"
    whole = written(rows, folder, name, variables)
    monkeypatch.setattr(chunks, "CHUNK", size)
    monkeypatch.setattr("interchange.sdtm.spill.BATCH", 3)
    assert written(rows, folder, name, variables) == whole
    assert written(spill(rows, tmp_path), folder, name, variables) == whole


@pytest.mark.parametrize("name", FORMATS)
def test_rows_on_disk_read_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(chunks, "CHUNK", 7)
    monkeypatch.setattr(parquet_file, "ROW_GROUP", 20)
    rows: list[Row] = [{"STUDYID": "P", "N": str(n), "T": "x" * n} for n in range(1, 40)]
    variables = [Variable("STUDYID", length=1), Variable("N", type="Num"), Variable("T", length=39)]
    path, issues = write_dataset(Dataset("AE", "", variables, spill(rows, tmp_path)), tmp_path / "out", name)
    assert path is not None
    assert issues == []
    assert read_package(path)[0][0].rows == rows


@pytest.mark.parametrize("size", [1, 2, 7])
def test_texts_that_are_forgotten_are_looked_at_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    folder = tmp_path / "out"
    whole = {name: written(WRONG, folder, name, VARIABLES) for name in FORMATS}
    monkeypatch.setattr(chunks, "CHUNK", size)
    monkeypatch.setattr(chunks, "REMEMBERED", 1)
    monkeypatch.setattr("interchange.sdtm.xpt.columns.REMEMBERED", 1)
    assert {name: written(WRONG, folder, name, VARIABLES) for name in FORMATS} == whole


def test_the_issues_of_xpt_stand_by_variable_and_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "CHUNK", 2)
    _, issues = written(spill(WRONG, tmp_path), tmp_path / "out", "xpt", VARIABLES)
    assert [(issue.code, issue.place.line, issue.place.field) for issue in issues] == [
        ("IX-SDTM-005", None, "OTHER"),
        ("IX-XPT-009", 1, "USUBJID"),
        ("IX-XPT-005", 2, "USUBJID"),
        ("IX-XPT-006", 3, "USUBJID"),
        ("IX-XPT-009", 4, "USUBJID"),
        ("IX-XPT-014", 5, "USUBJID"),
        ("IX-XPT-009", 5, "USUBJID"),
        ("IX-XPT-007", 2, "AESEQ"),
        ("IX-XPT-008", 3, "AESEQ"),
        ("IX-XPT-010", 4, "AESEQ"),
        ("IX-XPT-007", 5, "AESEQ"),
    ]


_TEXT = st.text(st.characters(codec="cp1252", exclude_characters="\0 "), min_size=1, max_size=12)
_NUMBER = st.integers(-(10**15), 10**15).map(str) | st.sampled_from(["0.1", "-2.5", "1000000"])


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.fixed_dictionaries({"A": st.just("x")}, optional={"B": _TEXT, "C": _NUMBER, "D": _TEXT}), max_size=12),
    st.integers(1, 5),
)
def test_records_widened_in_their_file_keep_every_cell(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Row], size: int
) -> None:
    folder = tmp_path_factory.getbasetemp()
    variables = [Variable("A"), Variable("B"), Variable("C", type="Num", length=4), Variable("D", length=3)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "CHUNK", size)
        path, issues = write_dataset(Dataset("XX", "", variables, rows), folder, "xpt", encoding="cp1252")
    assert path is not None
    assert issues == []
    (again,), _ = read_xpt(path, encoding="cp1252")
    assert again.rows == rows


def test_rows_on_disk_in_pandas_and_arrow(tmp_path: Path) -> None:
    kept = Dataset("AE", "", VARIABLES, WITHOUT_BLANKS)
    on_disk = Dataset("AE", "", VARIABLES, spill(WITHOUT_BLANKS, tmp_path))
    assert on_disk.to_pandas().equals(kept.to_pandas())
    assert on_disk.to_arrow().equals(kept.to_arrow())
    assert check_columns(Dataset("AE", "", [], spill(ROWS, tmp_path))) == check_columns(Dataset("AE", "", [], ROWS))


def test_an_old_file_stays_where_the_new_one_is_wrong(tmp_path: Path) -> None:
    for name, extension in FORMATS.items():
        old = tmp_path / f"ae{extension}"
        old.write_bytes(b"old")
        path, _ = write_dataset(Dataset("AE", "", VARIABLES, spill(WRONG, tmp_path)), tmp_path, name)
        assert path is None
        assert old.read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == len(FORMATS)
