from __future__ import annotations

import gzip
import io
import json
import os
import sys
import zipfile
from decimal import Decimal
from pathlib import Path

import pandas
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interchange.issues import Issues, SourceError
from interchange.trees.check import check_document
from interchange.trees.documents import is_tree_source, read_documents, recognise

SHARED = Path(os.environ.get("INTERCHANGE_SHARED") or Path(__file__).parents[3] / "shared") / "data"
PATIENT = {"resourceType": "Patient", "id": "1"}
USDM = {"study": {"name": "S", "versions": [], "instanceType": "Study"}, "usdmVersion": "4.0"}


KEYS = (
    "protocolSection",
    "identificationModule",
    "nctId",
    "studies",
    "study",
    "versions",
    "usdmVersion",
    "instanceType",
)
JSONS = st.recursive(
    st.none() | st.booleans() | st.integers(0, 9) | st.sampled_from(("", "4.0", "3.0", "Study", "NCT00000001")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)


def record(number: int, **more):
    return {"protocolSection": {"identificationModule": {"nctId": f"NCT{number:08}"}}, **more}


def read(source):
    issues = Issues()
    documents, rejected = read_documents(source, issues)
    return documents, rejected, list(issues)


def failed(source):
    """The issue for which nothing at all could be read."""
    issues = Issues()
    with pytest.raises(SourceError) as raised:
        read_documents(source, issues)
    return raised.value.issue


def wrote(folder, name, content):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path


@pytest.mark.parametrize(
    ("value", "tree"),
    [
        (record(1), "CTGOV"),
        ({"hasResults": False}, "CTGOV"),
        ({"studies": [record(1)], "nextPageToken": "x"}, "CTGOV"),
        ({"studies": []}, "CTGOV"),
        ([record(1), record(2)], "CTGOV"),
        (USDM, "USDM"),
        ({"study": {"versions": []}}, "USDM"),
        ({"instanceType": "Study", "versions": []}, "USDM"),
        (PATIENT, None),
        ({"resourceType": "Bundle", "study": {"versions": []}}, None),
        ({"studies": ["A", "B"], "title": "a list"}, None),
        ({"study": "text"}, None),
        ([], None),
        ("protocolSection", None),
        (None, None),
    ],
)
def test_recognise(value, tree):
    assert recognise(value) == tree


def test_a_file_a_list_ndjson_and_a_search_result(tmp_path):
    one = wrote(tmp_path, "one.json", record(1))
    lines = wrote(tmp_path, "many.txt", b"\n".join(json.dumps(record(n)).encode() for n in (2, 3)))
    listed = wrote(tmp_path, "list.json", [record(4)])
    found = wrote(tmp_path, "search.json", {"totalCount": 2, "studies": [record(5), record(6)], "nextPageToken": "t"})
    documents, rejected, issues = read([one, lines, listed, found])
    assert not rejected
    assert not issues
    assert [str(d.place) for d in documents] == [
        f"{one} NCT00000001",
        f"{lines}:1 NCT00000002",
        f"{lines}:2 NCT00000003",
        f"{listed} NCT00000004 [0]",
        f"{found} NCT00000005 studies[0]",
        f"{found} NCT00000006 studies[1]",
    ]
    assert {d.tree for d in documents} == {"CTGOV"}


def test_a_folder_gzip_and_zip(tmp_path):
    wrote(tmp_path, "a.json.gz", gzip.compress(json.dumps(record(1)).encode()))
    wrote(tmp_path, "b.json", USDM)
    with zipfile.ZipFile(tmp_path / "c.zip", "w") as archive:
        archive.writestr("in/one.json", json.dumps(record(2)))
    documents, _, issues = read(tmp_path)
    assert [(d.tree, d.place.file) for d in documents] == [
        ("CTGOV", "a.json.gz"),
        ("USDM", "b.json"),
        ("CTGOV", "c.zip/in/one.json"),
    ]
    assert not issues


def test_data_in_memory(monkeypatch):
    assert [str(d.place) for d in read(record(1))[0]] == ["input NCT00000001"]
    assert [str(d.place) for d in read([record(1), record(2)])[0]] == ["input:1 NCT00000001", "input:2 NCT00000002"]
    assert len(read(iter([record(1), json.dumps(record(2))]))[0]) == 2
    assert len(read(json.dumps(record(1)))[0]) == 1
    assert len(read(io.BytesIO(json.dumps(USDM).encode()))[0]) == 1
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(record(1)).encode())))
    assert [str(d.place) for d in read("-")[0]] == ["stdin NCT00000001"]


def test_decimals_keep_their_digits():
    text = json.dumps(record(1))[:-1] + ', "derivedSection": {"x": 1.50}}'
    ((document,), _, _) = read(text)
    assert str(document.content["derivedSection"]["x"]) == "1.50"
    assert isinstance(document.content["derivedSection"]["x"], Decimal)


def test_a_bad_line_is_left_out_and_the_rest_goes_on(tmp_path):
    path = wrote(tmp_path, "many.ndjson", json.dumps(record(1)).encode() + b'\n{"protocolSection": \n\nnull\n')
    documents, rejected, issues = read(path)
    assert len(documents) == 1
    assert [(i.code, i.place.line) for i in issues] == [("IX-TREE-001", 2), ("IX-TREE-008", 4)]
    assert rejected[0].raw == b'{"protocolSection": '
    assert "the line is not JSON" in issues[0].message


def test_progress_counts():
    counts: list[int] = []
    read_documents([record(1), record(2)], Issues(), counts.append)
    assert counts == [1, 2]


BROKEN = {
    "cut short": ("x.json", json.dumps(record(1)).encode()[:-5], "IX-TREE-001", "broken or cut short"),
    "cut short, over lines": ("x.json", json.dumps(record(1), indent=1).encode()[:-5], "IX-TREE-001", "cut short"),
    "a web page": ("x.json", b"<!DOCTYPE html><html>...", "IX-TREE-002", "this is the web page of it, not its data"),
    "a PDF": ("protocol.pdf", b"%PDF-1.7\n%\xe2\xe3", "IX-TREE-003", "a PDF document"),
    "XML": ("x.xml", b"<?xml version='1.0'?><clinical_study/>", "IX-TREE-003", "XML"),
    "a CSV": ("ctg-studies.csv", b"NCT Number,Study Title\nNCT00000001,T\n", "IX-TREE-003", "a CSV of search"),
    "UTF-16": ("x.json", json.dumps(record(1)).encode("utf-16"), "IX-TREE-003", "UTF-16"),
    "Latin-1": ("x.json", b'{"protocolSection": "\xe9"}', "IX-TREE-003", "not UTF-8"),
    "empty": ("x.json", b" \n", "IX-TREE-004", "holds no registry record and no USDM study"),
    "no section": ("x.json", {"hasResults": False}, "IX-TREE-005", "no protocolSection"),
    "no number": ("x.json", {"protocolSection": {"identificationModule": {}}}, "IX-TREE-005", "no NCT number"),
    "a section of text": ("x.json", {"protocolSection": "text"}, "IX-TREE-005", "no NCT number"),
    "old search": ("x.json", {"FullStudiesResponse": {"FullStudies": []}}, "IX-TREE-006", "old API"),
    "old study": ("x.json", {"Rank": 1, "Study": {"ProtocolSection": {}}}, "IX-TREE-006", "old API"),
    "USDM 5": ("x.json", {**USDM, "usdmVersion": "5.1"}, "IX-TREE-007", "USDM 5.1 is not read"),
    "USDM 2": ("x.json", {**USDM, "usdmVersion": "2.5"}, "IX-TREE-007", "USDM 2.5 is not read"),
    "USDM of no version": ("x.json", {"study": USDM["study"]}, "IX-TREE-007", "does not say its version"),
    "USDM without a study": ("x.json", {"usdmVersion": "4.0"}, "IX-TREE-007", "no `study`"),
    "FHIR": ("x.json", PATIENT, "IX-TREE-008", "but FHIR"),
    "a list of numbers": ("x.json", [1, 2], "IX-TREE-008", "the JSON is no object"),
    "an empty search": ("x.json", {"studies": [], "totalCount": 0}, "IX-TREE-004", "holds no registry record"),
    "damaged gzip": ("x.gz", gzip.compress(b"{" * 5000)[:-9], "IX-TREE-009", "cannot be unpacked"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_cannot_be_read_says_why(tmp_path, name):
    file, content, code, message = BROKEN[name]
    path = wrote(tmp_path, file, content)
    issue = failed(path)
    assert (issue.code, issue.place.file) == (code, str(path))
    assert message in issue.message
    assert issue.hint or code == "IX-TREE-004"


@pytest.mark.parametrize(
    "name", [name for name, case in BROKEN.items() if case[2] not in ("IX-TREE-004", "IX-TREE-009")]
)
def test_what_cannot_be_read_is_kept_aside(tmp_path, name):
    file, content, code, _ = BROKEN[name]
    wrote(tmp_path, file, content)
    wrote(tmp_path, "good.json", record(9))
    documents, rejected, _ = read(tmp_path)
    assert [d.place.record for d in documents] == ["NCT00000009"]
    assert {one.issue.code for one in rejected} == {code}
    assert rejected[0].raw


def test_a_web_page_names_the_record_to_ask_for(tmp_path):
    named = wrote(tmp_path, "NCT05574608.html", b"<html></html>")
    assert failed(named).hint == ("ask https://clinicaltrials.gov/api/v2/studies/NCT05574608 or use --nct NCT05574608")
    page = wrote(tmp_path, "page.html", b"<!doctype html><title>Study NCT01234567 | ClinicalTrials.gov</title>")
    assert "NCT01234567" in failed(page).hint
    other = wrote(tmp_path, "other.html", b"<html></html>")
    assert failed(other).hint == "ask https://clinicaltrials.gov/api/v2/studies/NCT\u2026 or use --nct"


def test_the_versions_that_are_read_are_named():
    assert failed({**USDM, "usdmVersion": "5.0"}).hint == "USDM 4 is read, and 3, which is brought to 4"


@pytest.mark.parametrize("version", ["4.0", "4.0.0", "4.1"])
def test_usdm_4_is_read_as_it_is(version):
    content = {**USDM, "usdmVersion": version}
    ((document,), _, issues) = read(content)
    assert (document.tree, document.content, issues) == ("USDM", content, [])


def test_usdm_3_is_brought_to_4():
    old = {**USDM, "usdmVersion": "3.0", "study": {"name": "S", "instanceType": "Study", "documentedBy": None}}
    ((document,), _, (issue,)) = read(old)
    assert document.content["usdmVersion"] == "4.0"
    assert document.content["study"]["documentedBy"] == []
    assert (issue.code, issue.severity) == ("IX-TREE-014", "info")
    assert "it is read as 4.0" in issue.message


def test_no_such_file():
    with pytest.raises(SourceError, match="there is no such file"):
        read_documents("nowhere.json", Issues())


def test_what_is_a_tree_source(tmp_path, monkeypatch):
    pretty = wrote(tmp_path, "pretty.json", json.dumps(USDM, indent=2).encode())
    packed = wrote(tmp_path, "packed.gz", gzip.compress(json.dumps(record(1)).encode()))
    page = wrote(tmp_path, "page.html", b"<!DOCTYPE html><html><a href='https://clinicaltrials.gov/'>")
    old = wrote(tmp_path, "old.json", {"FullStudiesResponse": {}})
    for source in (pretty, str(packed), page, old, [pretty], record(1), [record(1)], json.dumps(record(1)), tmp_path):
        assert is_tree_source(source), source
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(json.dumps(record(1)).encode()))))
    assert is_tree_source("-")
    assert len(read("-")[0]) == 1  # nothing was taken from it


def test_what_is_none(tmp_path):
    patient = wrote(tmp_path, "patient.json", PATIENT)
    wrote(tmp_path, "sizes.csv", b"a,b\n1,2\n")
    dataset = wrote(tmp_path, "ts.json", {"datasetJSONVersion": "1.1.0", "studyOID": "x"})
    page = wrote(tmp_path, "page.html", b"<html><body>FHIR</body></html>")
    taken = iter([record(1)])
    frame = pandas.DataFrame({"resource": [json.dumps(PATIENT)]})
    nothing = [patient, str(patient), dataset, page, [patient], PATIENT, [PATIENT], json.dumps(PATIENT), tmp_path]
    for source in (*nothing, taken, "nowhere.json", "", [], {}, None, 3, b"", io.BytesIO(b"{}"), frame, {"DM": frame}):
        assert is_tree_source(source) is False
    assert next(taken)


@given(JSONS)
def test_whatever_the_json_it_is_a_document_or_set_aside_with_an_issue(value):
    issues = Issues()
    try:
        documents, rejected = read_documents(json.dumps(value).encode(), issues)
    except SourceError:
        return
    assert documents
    assert len(rejected) == issues.errors
    for document in documents:
        assert recognise(document.content) == document.tree
        check_document(document, issues)


def test_real_files_are_told_apart():
    trees = [SHARED / "ctgov" / "reshaped_from_v1", SHARED / "usdm", SHARED / "nct05574608" / "ctgov.json"]
    others = [SHARED / "fhir", SHARED / "lzzt", SHARED / "nct05574608" / "bundle-r5.json"]
    if not SHARED.exists():
        pytest.skip("real documents are not here: set INTERCHANGE_SHARED to the shared reference data")
    assert [is_tree_source(path) for path in trees] == [True] * 3
    assert [is_tree_source(path) for path in others] == [False] * 3
    assert [len(read(path)[0]) for path in trees] == [14, 3, 1]
