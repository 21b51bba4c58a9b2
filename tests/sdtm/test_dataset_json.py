from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from odmlib.dataset_json_1_1 import model

from interchange.issues import SourceError
from interchange.sdtm.dataset import Dataset, Row, Variable
from interchange.sdtm.dataset_json import is_dataset_json, read_dataset_json, write_dataset_json

if TYPE_CHECKING:
    from pathlib import Path

VS = Dataset(
    "VS",
    "Vital Signs",
    [
        Variable("STUDYID", "Study Identifier", length=12),
        Variable("VSSEQ", "Sequence Number", "Num", 8),
        Variable("VSSTRESN", "Result", "Num", 8, "8.1"),
        Variable("VSTEXT", "Exact", "Num", 8),
        Variable("VSSTAT", "Status", "Num", 8),
    ],
    [
        {"STUDYID": "P", "VSSEQ": "1", "VSSTRESN": "63", "VSTEXT": "5.10"},
        {"STUDYID": "P", "VSSEQ": "2", "VSSTRESN": "63.5", "VSTEXT": "5"},
        {"STUDYID": "P", "VSSEQ": "3"},
    ],
    keys=("STUDYID", "USUBJID", "VSSEQ"),
    study="P",
)


def test_the_file_as_the_standard_has_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1704164645")
    assert write_dataset_json(VS, tmp_path / "vs.json") == []
    head = json.loads((tmp_path / "vs.json").read_bytes())
    assert head.pop("sourceSystem")["name"] == "interchange"
    assert head == {
        "datasetJSONCreationDateTime": "2024-01-02T03:04:05Z",
        "datasetJSONVersion": "1.1.0",
        "studyOID": "P",
        "itemGroupOID": "IG.VS",
        "records": 3,
        "name": "VS",
        "label": "Vital Signs",
        "columns": [
            {
                "itemOID": "IT.VS.STUDYID",
                "name": "STUDYID",
                "label": "Study Identifier",
                "dataType": "string",
                "length": 12,
                "keySequence": 1,
            },
            {
                "itemOID": "IT.VS.VSSEQ",
                "name": "VSSEQ",
                "label": "Sequence Number",
                "dataType": "integer",
                "keySequence": 2,
            },
            {
                "itemOID": "IT.VS.VSSTRESN",
                "name": "VSSTRESN",
                "label": "Result",
                "dataType": "float",
                "displayFormat": "8.1",
            },
            {
                "itemOID": "IT.VS.VSTEXT",
                "name": "VSTEXT",
                "label": "Exact",
                "dataType": "decimal",
                "targetDataType": "decimal",
                "length": 4,
            },
            {"itemOID": "IT.VS.VSSTAT", "name": "VSSTAT", "label": "Status", "dataType": "float"},
        ],
        "rows": [["P", 1, 63.0, "5.10", None], ["P", 2, 63.5, "5", None], ["P", 3, None, None, None]],
    }


def test_attributes_stand_in_the_order_of_the_standard(tmp_path: Path) -> None:
    write_dataset_json(VS, tmp_path / "vs.json")
    assert list(json.loads((tmp_path / "vs.json").read_bytes())) == (
        [
            "datasetJSONCreationDateTime",
            "datasetJSONVersion",
            "sourceSystem",
            "studyOID",
            "itemGroupOID",
            "records",
            "name",
            "label",
            "columns",
            "rows",
        ]
    )


def test_odmlib_takes_it(tmp_path: Path) -> None:
    write_dataset_json(VS, tmp_path / "vs.json")
    head = json.loads((tmp_path / "vs.json").read_bytes())
    head["columns"] = [model.Column(**column) for column in head["columns"]]
    head["sourceSystem"] = model.SourceSystem(**head["sourceSystem"])
    assert model.DatasetJSON(**head).column_names == [variable.name for variable in VS.variables]


@pytest.mark.parametrize("lines", [False, True])
def test_it_reads_back(tmp_path: Path, lines: bool) -> None:
    path = tmp_path / "vs"
    write_dataset_json(VS, path, lines=lines)
    first = path.read_bytes()
    assert is_dataset_json(first)
    assert first.count(b"\n") == (4 if lines else 1)
    again, issues = read_dataset_json(path)
    assert issues == []
    assert again.rows == VS.rows
    assert again.variables == VS.variables
    assert (again.name, again.label, again.keys, again.study) == (
        "VS",
        "Vital Signs",
        ("STUDYID", "VSSEQ"),
        "P",
    )
    write_dataset_json(VS, path, lines=lines)
    assert path.read_bytes() == first


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        (["1", "-2"], "integer"),
        (["01"], "decimal"),
        (["-0"], "decimal"),
        (["1234567890123456"], "float"),
        (["12345678901234567"], "decimal"),
        (["0.000000001"], "float"),
        (["1e3"], "decimal"),
        (["1e999"], "decimal"),
        ([], "float"),
    ],
)
def test_every_number_keeps_its_text(tmp_path: Path, texts: list[str], kind: str) -> None:
    rows: list[Row] = [{"N": text} for text in texts]
    dataset = Dataset("XX", "", [Variable("N", "", "Num", 8)], rows)
    write_dataset_json(dataset, tmp_path / "xx.json")
    assert json.loads((tmp_path / "xx.json").read_bytes())["columns"][0]["dataType"] == kind
    assert read_dataset_json(tmp_path / "xx.json")[0].rows == rows


def test_text_in_a_num_variable_is_not_written(tmp_path: Path) -> None:
    dataset = Dataset("DM", "", [Variable("AGE", "", "Num")], [{"AGE": "1"}, {"AGE": "<5"}])
    (issue,) = write_dataset_json(dataset, tmp_path / "dm.json")
    assert (issue.code, issue.place.line, issue.place.field) == ("IX-JSON-005", 2, "AGE")
    assert list(tmp_path.iterdir()) == []


def test_files_of_others() -> None:
    data = b"""\xef\xbb\xbf
    {"rows": [["S-1", "2024-01-02", 5.10, true], ["", null, "7.20", null]],
     "datasetJSONVersion": "1.1", "name": "DM", "records": 2,
     "columns": [{"name": "USUBJID", "dataType": "string", "length": 5},
                 {"name": "DMDTC", "dataType": "date"},
                 {"name": "AGE", "dataType": "double"},
                 {"name": "FLAG", "dataType": "boolean"}]}"""
    dataset, issues = read_dataset_json(data)
    assert issues == []
    assert dataset.rows == [
        {"USUBJID": "S-1", "DMDTC": "2024-01-02", "AGE": "5.1", "FLAG": "true"},
        {"AGE": "7.20"},
    ]
    assert [(variable.type, variable.length) for variable in dataset.variables] == [
        ("Char", 5),
        ("Char", None),
        ("Num", 8),
        ("Char", None),
    ]


def test_broken_rows_are_issues_and_the_rest_goes_on(tmp_path: Path) -> None:
    write_dataset_json(VS, tmp_path / "vs.ndjson", lines=True)
    lines = (tmp_path / "vs.ndjson").read_bytes().splitlines()
    lines[2] = b'["P", 2'
    lines[3] = b'["P"]'
    dataset, issues = read_dataset_json(b"\n".join(lines), file="vs.ndjson")
    assert dataset.rows == VS.rows[:1]
    assert [(issue.code, issue.place.line) for issue in issues] == [
        ("IX-JSON-002", 3),
        ("IX-JSON-003", 2),
        ("IX-JSON-004", None),
    ]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[1]",
        b'{"resourceType": "Bundle"}',
        b'{"datasetJSONVersion": "1.0.0", "clinicalData": {}}',
        b'{"datasetJSONVersion": "1.1.0"}',
        b'{"datasetJSONVersion": "1.1.0", "name": "DM", "columns": [], "rows": 5}',
        b'{"datasetJSONVersion": "1.1.0", "name": "DM", "columns": [{"name": "A"}]}',
    ],
)
def test_what_is_not_dataset_json(data: bytes) -> None:
    with pytest.raises(SourceError, match="IX-JSON-001"):
        read_dataset_json(data)
