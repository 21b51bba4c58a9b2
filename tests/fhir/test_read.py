from __future__ import annotations

import gzip
import io
import json
import sys
import zipfile
from decimal import Decimal

import pytest

from interchange.fhir.read import Reader
from interchange.issues import Issues, SourceError

P1 = {"resourceType": "Patient", "id": "1", "gender": "male"}
P2 = {"resourceType": "Patient", "id": "2", "gender": "female"}
NDJSON = (json.dumps(P1) + "\n" + json.dumps(P2) + "\n").encode()
BUNDLE = {
    "resourceType": "Bundle",
    "type": "collection",
    "entry": [{"fullUrl": "urn:uuid:a", "resource": P1}, {"resource": P2}],
}


def read(source, release=None):
    issues = Issues()
    reader = Reader(source, issues, release)
    return list(reader), issues, reader


def ids(records):
    return [record.resource["id"] for record in records]


def codes(issues):
    return dict(issues.counts)


@pytest.mark.parametrize(
    "content",
    [
        NDJSON,
        NDJSON.replace(b"\n", b"\r\n\r\n"),
        NDJSON.rstrip(b"\n"),
        b"\xef\xbb\xbf" + NDJSON,
        gzip.compress(NDJSON, mtime=0),
        json.dumps(BUNDLE).encode(),
        json.dumps(BUNDLE, indent=2).encode(),
        json.dumps([P1, P2]).encode(),
        json.dumps([P1, P2], indent=1).encode(),
        b"[\n" + json.dumps(P1).encode() + b",\n" + json.dumps(P2).encode() + b"\n]",
    ],
)
def test_a_file_is_read_by_its_content_not_its_name(tmp_path, content):
    file = tmp_path / "export.dat"
    file.write_bytes(content)
    for source in (file, str(file), content, io.BytesIO(content)):
        records, issues, _ = read(source)
        assert ids(records) == ["1", "2"]
        assert not len(issues)


def test_other_sources(monkeypatch):
    from fhir.resources.patient import Patient

    for source in (
        [P1, P2],
        (each for each in [P1, P2]),
        [json.dumps(P1), json.dumps(P2).encode()],
        [Patient.model_validate(P1), Patient.model_validate(P2)],
        BUNDLE,
        json.dumps(BUNDLE),
        io.StringIO(NDJSON.decode()),
    ):
        assert ids(read(source)[0]) == ["1", "2"]
    assert ids(read(Patient.model_validate(P1))[0]) == ["1"]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(NDJSON)))
    assert [str(record.place) for record in read("-")[0]] == ["stdin:1 Patient/1", "stdin:2 Patient/2"]


def test_what_is_no_source():
    with pytest.raises(TypeError, match="int is no source"):
        read(3)
    with pytest.raises(TypeError, match="int is neither"):
        read([3])


def test_folder_and_zip_in_sorted_order(tmp_path):
    folder = tmp_path / "export"
    (folder / "sub").mkdir(parents=True)
    (folder / "b.ndjson.gz").write_bytes(gzip.compress(json.dumps(P2).encode(), mtime=0))
    (folder / "sub" / "c.json").write_text(json.dumps({"resourceType": "Group", "id": "g"}))
    (folder / "a.json").write_text(json.dumps(P1, indent=1))
    (folder / ".hidden").write_text("x")
    records, issues, _ = read(folder)
    assert [record.place.file for record in records] == ["a.json", "b.ndjson.gz", "sub/c.json"]
    assert not len(issues)
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
        for file in sorted(folder.rglob("*"), reverse=True):
            archive.write(file, file.relative_to(folder))
    records, issues, _ = read(tmp_path / "export.zip")
    assert ids(records) == ["1", "2", "g"]
    assert records[0].place.file.endswith("export.zip/a.json")
    assert not len(issues)


def test_decimals_keep_their_digits():
    text = '{"resourceType":"Observation","valueQuantity":{"value":5.10}}'
    assert str(read(text)[0][0].resource["valueQuantity"]["value"]) == "5.10"
    assert isinstance(read(text)[0][0].resource["valueQuantity"]["value"], Decimal)


def test_places():
    records = read(BUNDLE)[0]
    assert (records[0].full_url, records[0].entry, records[1].full_url) == ("urn:uuid:a", 0, None)
    assert str(read(NDJSON)[0][1].place) == "input:2 Patient/2"
    anonymous = {"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Patient"}}]}
    assert str(read(anonymous)[0][0].place) == "input Patient entry[0]"


def test_a_bad_line_is_rejected_and_the_rest_is_read():
    lines = [json.dumps(P1).encode(), b'{"resourceType": "Patient", "id": ', b"null", json.dumps(P2).encode()]
    records, issues, reader = read(b"\n".join(lines))
    assert ids(records) == ["1", "2"]
    assert codes(issues) == {"IX-FHIR-001": 1, "IX-FHIR-006": 1}
    assert reader.rejected[0].raw == lines[1] + b"\n"
    assert reader.rejected[0].place.line == 2


@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_bad_line_anywhere(at):
    lines = [json.dumps(P1).encode(), json.dumps(P2).encode()]
    lines.insert(at, b'{"resourceType": "Pat')
    records, issues, reader = read(b"\n".join(lines))
    assert ids(records) == ["1", "2"]
    assert reader.rejected[0].place.line == at + 1
    assert codes(issues) == {"IX-FHIR-001": 1}


def test_a_line_in_another_encoding():
    records, issues, _ = read(NDJSON + b'{"resourceType":"Patient","id":"3","name":[{"text":"Ren\xe9"}]}\n')
    assert ids(records) == ["1", "2"]
    assert codes(issues) == {"IX-FHIR-003": 1}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (json.dumps(BUNDLE, indent=1).encode()[:-40], "IX-FHIR-001"),
        (b"{" * 5000, "IX-FHIR-001"),
        (b'{"a":' * 100_000, "IX-FHIR-001"),
        (b"", "IX-FHIR-002"),
        (b"\n \n", "IX-FHIR-002"),
        (json.dumps(P1).encode("utf-16"), "IX-FHIR-003"),
        (json.dumps(P1).encode("utf-16-le"), "IX-FHIR-003"),
        (b"<Patient/>", "IX-FHIR-004"),
        (b"USUBJID,SEX\n", "IX-FHIR-004"),
        (b'{"resourceType":"Bundle","entry":[{"fullUrl":"urn:uuid:a"}]}', "IX-FHIR-005"),
        (b'{"resourceType":"Bundle","entry":[7]}', "IX-FHIR-005"),
        (b'{"id":"1"}', "IX-FHIR-006"),
        (b"[1]", "IX-FHIR-006"),
        (b'{"resourceType":"Pateint"}', "IX-FHIR-007"),
        (b'{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Bundle"}}]}', "IX-FHIR-009"),
        (gzip.compress(NDJSON * 500, mtime=0)[:-20], "IX-FHIR-011"),
        (b"PK\x03\x04 and no more", "IX-FHIR-011"),
    ],
)
def test_bad_input_is_one_issue(content, code):
    _, issues, reader = read(content)
    assert codes(issues) == {code: 1}
    assert all(rejected.issue.code == code for rejected in reader.rejected)


def test_no_file_raises(tmp_path):
    with pytest.raises(SourceError, match="no such file"):
        read(tmp_path / "absent.json")
    assert codes(read(tmp_path)[1]) == {"IX-FHIR-002": 1}


def test_types_of_another_release():
    study = {"resourceType": "EffectEvidenceSynthesis"}
    assert len(read(study)[0]) == 1
    assert codes(read(study, "R5")[1]) == {"IX-FHIR-007": 1}
    assert "did you mean Patient?" in str(read({"resourceType": "Pateint"})[1].found[0])


def test_repeats():
    changed = {**P1, "gender": "unknown"}
    shuffled = dict(reversed(P1.items()))
    records, issues, reader = read([P1, shuffled, changed])
    assert records[0].resource == P1
    assert len(records) == 1
    assert reader.identical == 1
    assert codes(issues) == {"IX-FHIR-008": 1}
    assert reader.rejected[0].raw == changed


def test_history_keeps_the_newest_and_drops_the_deleted():
    history = {
        "resourceType": "Bundle",
        "type": "history",
        "entry": [
            {"resource": {**P1, "gender": "other"}},
            {"request": {"method": "DELETE", "url": "Patient/2"}},
            {"resource": P1},
            {"resource": P2},
        ],
    }
    records, issues, _ = read(history)
    assert [record.resource["gender"] for record in records] == ["other"]
    assert codes(issues) == {"IX-FHIR-010": 3}
    assert issues.errors == 0


def test_a_second_pass_reads_anew():
    issues = Issues()
    reader = Reader(NDJSON + b"{\n", issues)
    assert ids(reader) == ids(reader) == ["1", "2"]
    assert len(reader.rejected) == 1


def test_messages_hold_no_values():
    secret = b'{"resourceType":"Patient","id":"1","name":[{"family":"Secret"}\n'
    _, issues, _ = read(NDJSON + secret)
    assert "Secret" not in str(issues.found[0])


def test_pilot_bundles(shared):
    records, issues, reader = read(shared / "lzzt" / "fhir_r4_bundles.zip", "R4")
    assert len(records) == 2617
    assert reader.identical == 175
    assert not len(issues)
