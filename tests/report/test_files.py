from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from interchange.engine.codelists import Outside
from interchange.fhir.read import Rejected
from interchange.issues import Issue, Issues, Place
from interchange.mapping.codecs.base import Miss
from interchange.report.files import write_codes, write_issues, write_lost, write_quarantine

if TYPE_CHECKING:
    from pathlib import Path

ISSUE = Issue("IX-FHIR-001", "error", Place("a.ndjson", 3), "not JSON", "mend the line", "a value")


def test_issues_without_values(tmp_path: Path) -> None:
    issues = Issues()
    issues.add(ISSUE)
    (path,) = write_issues(issues, tmp_path)
    assert path.read_text() == (
        "severity,code,place,message,hint\nerror,IX-FHIR-001,a.ndjson:3,not JSON,mend the line\n"
    )


def test_codes_by_frequency(tmp_path: Path) -> None:
    outside = [
        Outside("LB", "LBORRESU", "UNIT", True, "THOU/uL", 720),
        Outside("DM", "SEX", "SEX", False, "female", 2),
    ]
    unmapped = Counter({Miss("sex", "b"): 1, Miss("sex", "a, b", "urn:s", "1"): 1, Miss("race", "c"): 2})
    (path,) = write_codes(outside, unmapped, tmp_path)
    assert path.read_text() == (
        "dataset,variable,codelist,extensible,map,system,code,value,count\n"
        "DM,SEX,SEX,no,,,,female,2\n"
        "LB,LBORRESU,UNIT,yes,,,,THOU/uL,720\n"
        ",,,,race,,,c,2\n"
        ',,,,sex,urn:s,1,"a, b",1\n'
        ",,,,sex,,,b,1\n"
    )


def test_quarantine_keeps_the_raw_record(tmp_path: Path) -> None:
    (path,) = write_quarantine([Rejected(ISSUE.place, b'{"a": 1.10', ISSUE)], tmp_path)
    assert path.read_text() == (
        '{"place":"a.ndjson:3","code":"IX-FHIR-001","message":"not JSON","raw":"{\\"a\\": 1.10"}\n'
    )


def test_lost_rows(tmp_path: Path) -> None:
    (path,) = write_lost([("DM", {"SUBJID": "001"})], tmp_path)
    assert path.read_text() == '{"dataset":"DM","row":{"SUBJID":"001"}}\n'


def test_files_of_an_earlier_run_do_not_stay(tmp_path: Path) -> None:
    for name in ("codes.csv", "issues.csv", "quarantine.ndjson"):
        (tmp_path / name).write_text("old")
    written = write_codes([], Counter(), tmp_path) + write_issues(Issues(), tmp_path) + write_quarantine([], tmp_path)
    assert (written, list(tmp_path.iterdir())) == ([], [])
