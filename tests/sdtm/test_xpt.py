from __future__ import annotations

import math
import string
from typing import TYPE_CHECKING

import numpy as np
import pyreadstat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interchange.issues import SourceError, TargetError
from interchange.sdtm.dataset import Dataset, Variable, number_text
from interchange.sdtm.xpt import is_xpt, read_xpt, write_xpt
from interchange.sdtm.xpt.ibm import LARGEST, SMALLEST, from_ibm, in_range, to_ibm

if TYPE_CHECKING:
    from pathlib import Path

PILOT = [
    "ae",
    "cm",
    "dm",
    "ds",
    "ex",
    "lb",
    "mh",
    "qs",
    "relrec",
    "sc",
    "se",
    "suppae",
    "suppdm",
    "suppds",
    "supplb",
    "sv",
    "ta",
    "te",
    "ti",
    "ts",
    "tv",
    "vs",
]


def dm(*rows: dict[str, str], label: str = "Demographics") -> Dataset:
    variables = [Variable("USUBJID", "Subject"), Variable("AGE", "Age", "Num", 8)]
    return Dataset("DM", label, variables, list(rows))


def codes(dataset: Dataset, path: Path, encoding: str = "utf-8") -> list[tuple[str, int | None, str]]:
    return [(i.code, i.place.line, i.place.field) for i in write_xpt(dataset, path, encoding=encoding)]


def assert_referee_agrees(dataset: Dataset, path: Path, encoding: str) -> None:
    """Assert that pyreadstat reads what the dataset says."""
    frame, meta = pyreadstat.read_xport(str(path), encoding=encoding)
    assert meta.table_name == dataset.name
    assert (meta.file_label or "") == dataset.label
    assert meta.column_names == [variable.name for variable in dataset.variables]
    assert [label or "" for label in meta.column_labels] == [variable.label for variable in dataset.variables]
    assert len(frame) == len(dataset.rows)
    for variable in dataset.variables:
        cells = [row.get(variable.name) for row in dataset.rows]
        if variable.type == "Num":
            theirs = [None if math.isnan(value) else value for value in frame[variable.name].tolist()]
            assert theirs == [None if cell is None else float(cell) for cell in cells]
        else:
            assert frame[variable.name].tolist() == [cell or "" for cell in cells]
        assert meta.variable_storage_width[variable.name] == variable.length or variable.length is None


# The conversion of numbers


@given(st.floats(allow_nan=False, allow_infinity=False).filter(in_range))
def test_every_float_in_range_is_exact(number: float) -> None:
    assert from_ibm(np.frombuffer(to_ibm(number), ">u8").astype(np.uint64)).tolist() == [number]


@pytest.mark.parametrize("number", [SMALLEST, -SMALLEST, math.nextafter(LARGEST, 0), 0.0, 1 / 3, 2.0**-260])
def test_the_edges_are_exact(number: float) -> None:
    assert in_range(number)
    assert from_ibm(np.frombuffer(to_ibm(number), ">u8").astype(np.uint64)).tolist() == [number]


# Round trips


@st.composite
def datasets(draw: st.DrawFn) -> Dataset:
    names = draw(st.lists(st.from_regex(r"[A-Z_][A-Z0-9_]{0,7}", fullmatch=True), min_size=1, max_size=6, unique=True))
    text = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=40).filter(
        lambda value: not value.endswith(" ") and len(value.encode()) <= 200
    )
    numbers = st.floats(allow_nan=False, allow_infinity=False).filter(in_range).map(number_text) | st.integers(
        -999, 999
    ).map(str)
    label = st.text(string.ascii_letters + "é /-", max_size=20).map(str.strip)
    variables = [
        Variable(
            name,
            draw(label),
            draw(st.sampled_from(["Char", "Num"])),
            None,
            draw(st.sampled_from(["", "8.2"])),
        )
        for name in names
    ]
    rows = []
    for _ in range(draw(st.integers(0, 8))):
        row = {"STUDYID": "S"}
        for variable in variables:
            if draw(st.booleans()):
                row[variable.name] = draw(numbers if variable.type == "Num" else text)
        rows.append(row)
    variables = [Variable("STUDYID", "Study"), *(v for v in variables if v.name != "STUDYID")]
    for row in rows:
        row["STUDYID"] = "S"
    return Dataset(draw(st.from_regex(r"[A-Z][A-Z0-9]{0,7}", fullmatch=True)), draw(label), variables, rows)


@settings(max_examples=150, deadline=None)
@given(datasets())
def test_what_is_written_reads_back_here_and_at_the_referee(
    tmp_path_factory: pytest.TempPathFactory, dataset: Dataset
) -> None:
    path = tmp_path_factory.getbasetemp() / "random.xpt"
    assert write_xpt(dataset, path) == []
    assert path.stat().st_size % 80 == 0
    (again,), issues = read_xpt(path)
    assert issues == []
    assert again.rows == dataset.rows
    assert (again.name, again.label) == (dataset.name, dataset.label)
    assert [(v.name, v.label, v.type, v.format) for v in again.variables] == [
        (v.name, v.label, v.type, v.format) for v in dataset.variables
    ]
    assert_referee_agrees(again, path, "utf-8")


@pytest.mark.parametrize("domain", PILOT)
def test_pilot_file(pilot: Path, tmp_path: Path, domain: str) -> None:
    (dataset,), issues = read_xpt(pilot / f"{domain}.xpt")
    assert [issue.code for issue in issues] == (["IX-SDTM-013"] if domain == "ts" else [])
    assert dataset.encoding == ("cp1252" if domain == "ts" else "utf-8")
    assert_referee_agrees(dataset, pilot / f"{domain}.xpt", dataset.encoding)
    path = tmp_path / f"{domain}.xpt"
    assert write_xpt(dataset, path, encoding=dataset.encoding) == []
    assert read_xpt(path, encoding=dataset.encoding)[0] == [dataset]
    if domain not in {"lb", "qs", "supplb"}:
        assert_referee_agrees(dataset, path, dataset.encoding)


def test_the_same_dataset_gives_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    path = tmp_path / "dm.xpt"
    write_xpt(dm({"USUBJID": "S-1", "AGE": "63"}), path)
    first = path.read_bytes()
    assert first[144:160] == b"01JAN60:00:00:00"
    write_xpt(dm({"USUBJID": "S-1", "AGE": "63"}), path)
    assert path.read_bytes() == first
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1704164645")
    write_xpt(dm({"USUBJID": "S-1", "AGE": "63"}), path)
    assert path.read_bytes()[144:160] == b"02JAN24:03:04:05"
    assert list(tmp_path.iterdir()) == [path]


def test_no_rows_and_blank_columns(tmp_path: Path) -> None:
    write_xpt(dm(), tmp_path / "none.xpt")
    assert_referee_agrees(dm(), tmp_path / "none.xpt", "utf-8")
    blank = Dataset("DM", "", [Variable("A"), Variable("B", type="Num")], [{}, {}])
    write_xpt(blank, tmp_path / "blank.xpt")
    (again,), _ = read_xpt(tmp_path / "blank.xpt")
    assert again.rows == [{}, {}]
    assert [variable.length for variable in again.variables] == [1, 8]


def test_a_stated_length_is_kept_where_it_is_enough(tmp_path: Path) -> None:
    variables = [Variable("A", length=20), Variable("B", length=1), Variable("N", type="Num", length=3)]
    write_xpt(Dataset("DM", "", variables, [{"A": "x", "B": "long", "N": "63"}]), tmp_path / "dm.xpt")
    (again,), _ = read_xpt(tmp_path / "dm.xpt")
    assert [variable.length for variable in again.variables] == [20, 4, 3]
    assert again.rows == [{"A": "x", "B": "long", "N": "63"}]
    write_xpt(Dataset("DM", "", variables, [{"N": "0.1"}]), tmp_path / "dm.xpt")
    assert read_xpt(tmp_path / "dm.xpt")[0][0].rows == [{"N": "0.1"}]


def test_cp1252(tmp_path: Path) -> None:
    dataset = dm({"USUBJID": "Sø-1"}, label="Démographie")
    write_xpt(dataset, tmp_path / "dm.xpt", encoding="cp1252")
    (again,), issues = read_xpt(tmp_path / "dm.xpt")
    assert (again.label, again.rows, again.encoding) == ("Démographie", dataset.rows, "cp1252")
    assert [issue.code for issue in issues] == ["IX-SDTM-013"]
    with pytest.raises(SourceError, match="IX-SDTM-012"):
        read_xpt(tmp_path / "dm.xpt", encoding="utf-8")


# What cannot be held


@pytest.mark.parametrize(
    ("dataset", "expected"),
    [
        (Dataset("DEMOGRAPHY"), [("IX-XPT-001", None, "")]),
        (Dataset("dm"), [("IX-XPT-001", None, "")]),
        (Dataset("DM", "", [Variable("1AGE")]), [("IX-XPT-002", None, "1AGE")]),
        (Dataset("DM", "", [Variable("age")]), [("IX-XPT-002", None, "age")]),
        (Dataset("DM", "é" * 21), [("IX-XPT-004", None, "")]),
        (Dataset("DM", "", [Variable("AGE", "x" * 41)]), [("IX-XPT-004", None, "AGE")]),
        (dm({"USUBJID": "a"}, {"USUBJID": "x" * 201}), [("IX-XPT-005", 2, "USUBJID")]),
        (dm({"USUBJID": "é" * 101}), [("IX-XPT-005", 1, "USUBJID")]),
        (
            dm({"AGE": "63"}, {"AGE": "<5"}, {"AGE": "<5"}),
            [("IX-XPT-007", 2, "AGE"), ("IX-XPT-007", 3, "AGE")],
        ),
        (dm({"AGE": "1e-300"}), [("IX-XPT-008", 1, "AGE")]),
        (dm({"AGE": "1e-999"}), [("IX-XPT-008", 1, "AGE")]),
        (dm({"AGE": "1e76"}), [("IX-XPT-008", 1, "AGE")]),
        (dm({"USUBJID": "a\0b"}), [("IX-XPT-014", 1, "USUBJID")]),
        (dm({"SEX": "F"}), [("IX-SDTM-005", None, "SEX")]),
    ],
)
def test_errors_write_nothing(tmp_path: Path, dataset: Dataset, expected: list[tuple[str, int | None, str]]) -> None:
    assert codes(dataset, tmp_path / "dm.xpt") == expected
    assert list(tmp_path.iterdir()) == []


def test_a_character_the_encoding_lacks(tmp_path: Path) -> None:
    assert codes(dm({"USUBJID": "ж"}), tmp_path / "dm.xpt", "cp1252") == [("IX-XPT-006", 1, "USUBJID")]
    assert codes(dm(label="ж"), tmp_path / "dm.xpt", "ascii") == [("IX-XPT-006", None, "")]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("row", "back", "expected"),
    [
        ({"USUBJID": "a "}, {"USUBJID": "a"}, [("IX-XPT-009", 1, "USUBJID")]),
        ({"AGE": "0.12345678901234567890"}, {"AGE": "0.12345678901234568"}, [("IX-XPT-010", 1, "AGE")]),
        ({"AGE": "5.10", "USUBJID": "a"}, {"AGE": "5.1", "USUBJID": "a"}, []),
        ({"AGE": "0e-999", "USUBJID": "a"}, {"AGE": "0", "USUBJID": "a"}, []),
    ],
)
def test_warnings_write(
    tmp_path: Path, row: dict[str, str], back: dict[str, str], expected: list[tuple[str, int | None, str]]
) -> None:
    assert codes(dm(row), tmp_path / "dm.xpt") == expected
    assert read_xpt(tmp_path / "dm.xpt")[0][0].rows == [back]


def test_a_blank_last_row_cannot_be_told_from_filling(tmp_path: Path) -> None:
    dataset = Dataset("DM", "", [Variable("A")], [{"A": "x"}, {}])
    assert codes(dataset, tmp_path / "dm.xpt") == [("IX-XPT-012", 2, "")]
    assert read_xpt(tmp_path / "dm.xpt")[0][0].rows == [{"A": "x"}]


def test_a_format_that_is_none_is_left_out(tmp_path: Path) -> None:
    dataset = Dataset("DM", "", [Variable("A", format="not a format")], [{"A": "x"}])
    assert codes(dataset, tmp_path / "dm.xpt") == [("IX-XPT-011", None, "A")]


def test_messages_have_no_values(tmp_path: Path) -> None:
    (issue,) = write_xpt(dm({"AGE": "sixty"}), tmp_path / "dm.xpt")
    assert str(issue) == (
        "dm.xpt:1 DM AGE  IX-XPT-007  not a number in a Num variable; the dataset is not written; "
        "mend it, or make the variable Char"
    )
    assert issue.value == "sixty"


def test_a_folder_that_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TargetError, match="IX-SDTM-011"):
        write_xpt(dm(), tmp_path / "file" / "dm.xpt")


# Files of others


def whole(tmp_path: Path, rows: int = 40) -> bytes:
    dataset = dm(*({"USUBJID": f"S-{number:03}", "AGE": str(number)} for number in range(rows)))
    write_xpt(dataset, tmp_path / "dm.xpt")
    return (tmp_path / "dm.xpt").read_bytes()


def test_a_cut_file_gives_its_whole_rows_and_an_error(tmp_path: Path) -> None:
    data = whole(tmp_path)
    (again,), issues = read_xpt(data[:-80], file="dm.xpt")
    assert 0 < len(again.rows) < 40
    assert [(issue.code, issue.place.line) for issue in issues] == [("IX-XPT-023", len(again.rows) + 1)]
    assert [issue.code for issue in read_xpt(data[:-7])[1]] == ["IX-XPT-023"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "IX-XPT-020"),
        (b"PK\x03\x04", "IX-XPT-020"),
        (b"HEADER RECORD*******LIBV8   HEADER RECORD!!!!!!!" + b"0" * 32, "IX-XPT-021"),
        (b"**COMPRESSED** **COMPRESSED**", "IX-XPT-022"),
        (b"HEADER RECORD*******LIBRARY HEADER RECORD!!!!!!!" + b"0" * 32, "IX-XPT-025"),
    ],
)
def test_what_is_not_version_5(data: bytes, code: str) -> None:
    with pytest.raises(SourceError, match=code):
        read_xpt(data)


def test_every_damaged_header_is_an_error_of_ours(tmp_path: Path) -> None:
    data = whole(tmp_path, 1)
    for cut in range(0, 960, 40):
        with pytest.raises(SourceError, match=r"IX-XPT-02[05]"):
            read_xpt(data[:cut])


def test_a_library_of_two(tmp_path: Path) -> None:
    first = whole(tmp_path, 3)
    write_xpt(Dataset("AE", "Events", [Variable("AETERM")], [{"AETERM": "Rash"}]), tmp_path / "ae.xpt")
    datasets, issues = read_xpt(first + (tmp_path / "ae.xpt").read_bytes()[240:])
    assert [(dataset.name, len(dataset.rows)) for dataset in datasets] == [("DM", 3), ("AE", 1)]
    assert issues == []


def test_special_missing_values_are_blank_with_a_warning(tmp_path: Path) -> None:
    data = whole(tmp_path, 3)
    one = bytes.fromhex("4110000000000000")
    assert data.count(one) == 1
    (again,), issues = read_xpt(data.replace(one, b"A" + b"\0" * 7), file="dm.xpt")
    assert again.rows[1] == {"USUBJID": "S-001"}
    assert len(issues) == 1
    assert str(issues[0]) == (
        "dm.xpt:2 DM AGE  IX-XPT-024  1 special missing values (.A) are read as blank; "
        "say the reason in --STAT and --REASND"
    )


def test_display_formats(tmp_path: Path) -> None:
    formats = ["DATE9.", "8.2", "$20.", "BEST.", "E8601DA10.", ""]
    variables = [Variable(f"V{n}", type="Num", format=text) for n, text in enumerate(formats)]
    write_xpt(Dataset("DM", "", variables), tmp_path / "dm.xpt")
    assert [variable.format for variable in read_xpt(tmp_path / "dm.xpt")[0][0].variables] == formats


def test_sniffing() -> None:
    assert is_xpt(b"HEADER RECORD*******LIBRARY HEADER RECORD!!!!!!!000")
    assert not is_xpt(b"HEADER RECORD*******")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="IX-SDTM-010"):
        read_xpt(tmp_path / "none.xpt")
