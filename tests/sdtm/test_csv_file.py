from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interchange.issues import SourceError
from interchange.sdtm.csv_file import is_csv, read_csv, write_csv
from interchange.sdtm.dataset import Dataset, Variable

if TYPE_CHECKING:
    from pathlib import Path

DM = Dataset(
    "DM",
    "Demographics",
    [Variable("STUDYID", "Study Identifier"), Variable("AGE", "Age", "Num", 8), Variable("ODD", "ODD")],
    [{"STUDYID": "P", "AGE": "63.50"}, {"STUDYID": "P", "ODD": 'a "b",\nc'}],
    study="P",
    encoding="utf-8",
)


def test_the_file(tmp_path: Path) -> None:
    assert write_csv(DM, tmp_path / "dm.csv") == []
    assert (tmp_path / "dm.csv").read_bytes() == b'STUDYID,AGE,ODD\r\nP,63.50,\r\nP,,"a ""b"",\nc"\r\n'
    assert read_csv(tmp_path / "dm.csv") == (DM, [])


@given(st.lists(st.dictionaries(st.sampled_from(["A", "B"]), st.text(st.characters(codec="utf-8"), min_size=1))))
def test_any_text_reads_back(tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, str]]) -> None:
    path = tmp_path_factory.getbasetemp() / "xx.csv"
    write_csv(Dataset("XX", "", [Variable("A"), Variable("B")], rows), path)
    assert read_csv(path)[0].rows == rows


def test_a_blank_row_of_one_variable(tmp_path: Path) -> None:
    write_csv(Dataset("XX", "", [Variable("A")], [{}, {"A": "x"}]), tmp_path / "xx.csv")
    assert read_csv(tmp_path / "xx.csv")[0].rows == [{}, {"A": "x"}]


def test_cp1252(tmp_path: Path) -> None:
    write_csv(Dataset("XX", "", [Variable("A")], [{"A": "é"}]), tmp_path / "xx.csv", encoding="cp1252")
    dataset, issues = read_csv(tmp_path / "xx.csv")
    assert (dataset.rows, dataset.encoding) == ([{"A": "é"}], "cp1252")
    assert [issue.code for issue in issues] == ["IX-SDTM-013"]
    assert read_csv(tmp_path / "xx.csv", encoding="latin-1")[1] == []


def test_a_character_the_encoding_lacks(tmp_path: Path) -> None:
    dataset = Dataset("XX", "", [Variable("A")], [{"A": "ж"}])
    assert [issue.code for issue in write_csv(dataset, tmp_path / "xx.csv", encoding="ascii")] == ["IX-CSV-001"]
    assert list(tmp_path.iterdir()) == []


def test_a_num_variable_that_holds_text_is_read_as_char() -> None:
    dataset, issues = read_csv(b"STUDYID,AGE\nP,63\nP,>89\n", file="dm.csv")
    assert [variable.type for variable in dataset.variables] == ["Char", "Char"]
    assert [(issue.code, issue.place.line, issue.place.field) for issue in issues] == [("IX-CSV-004", 2, "AGE")]


def test_ragged_lines() -> None:
    dataset, issues = read_csv(b"STUDYID,AGE\nP\n\nP,1,2\n", file="dm.csv")
    assert dataset.rows == [{"STUDYID": "P"}, {"STUDYID": "P", "AGE": "1"}]
    assert [(issue.code, issue.place.line) for issue in issues] == [("IX-CSV-005", 2), ("IX-CSV-005", 4)]


@pytest.mark.parametrize("data", [b"", b"A,A\n", b"A,,B\n"])
def test_a_broken_header(data: bytes) -> None:
    with pytest.raises(SourceError, match="IX-CSV-002"):
        read_csv(data)


def test_sniffing() -> None:
    assert is_csv(b'\xef\xbb\xbf"STUDYID","DOMAIN"\r\n')
    assert not is_csv(b"name,STUDYIDS\n")
