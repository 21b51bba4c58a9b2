from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interchange.fhir.elements import elements
from interchange.fhir.read import Reader
from interchange.fhir.references import Index
from interchange.fhir.write import ordered, write_bundle, write_ndjson
from interchange.issues import Issues, TargetError

P1 = {"resourceType": "Patient", "id": "1"}
P2 = {"resourceType": "Patient", "id": "2"}
OBS = {"resourceType": "Observation", "subject": {"reference": "Patient/1"}}


def test_one_file_a_type_in_the_order_given(tmp_path):
    files = write_ndjson([P2, OBS, P1], tmp_path / "out")
    assert [file.name for file in files] == ["Observation.ndjson", "Patient.ndjson"]
    assert files[1].read_text() == ('{"resourceType":"Patient","id":"2"}\n{"resourceType":"Patient","id":"1"}\n')
    assert len(list((tmp_path / "out").iterdir())) == 2


def test_digits_survive(tmp_path):
    line = '{"resourceType":"Observation","valueQuantity":{"value":5.10,"unit":"é"}}\n'
    (tmp_path / "in.ndjson").write_text(line)
    resources = [record.resource for record in Reader(tmp_path / "in.ndjson", Issues())]
    (file,) = write_ndjson(resources, tmp_path)
    assert file.read_text() == line


def test_a_failing_source_leaves_nothing(tmp_path):
    def broken():
        yield P1
        raise RuntimeError("midway")

    (tmp_path / "Patient.ndjson").write_text("before")
    with pytest.raises(RuntimeError, match="midway"):
        write_ndjson(broken(), tmp_path)
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("Patient.ndjson", "before")]


def test_an_unwritable_target(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(TargetError, match="IX-FHIR-020"):
        write_ndjson([P1], tmp_path / "file")


def test_bundle_reads_back_and_its_references_resolve(tmp_path):
    records = list(Reader(write_bundle([P1, OBS], tmp_path / "b.json"), Issues()))
    assert [record.resource for record in records] == [P1, OBS]
    assert records[0].full_url == "http://interchange.invalid/fhir/Patient/1"
    assert records[1].full_url.startswith("urn:uuid:")
    index = Index()
    for record in records:
        index.add(record)
    assert index.resolve("http://interchange.invalid/fhir/Patient/1") == P1


def test_bundle_bytes_are_the_same_again(tmp_path):
    first = write_bundle([P1, OBS], tmp_path / "a.json").read_bytes()
    assert write_bundle([P1, OBS], tmp_path / "b.json").read_bytes() == first


def test_transaction_and_empty_bundle(tmp_path):
    entries = json.loads(write_bundle([P1, OBS], tmp_path / "t.json", "transaction").read_bytes())["entry"]
    assert [entry["request"] for entry in entries] == [
        {"method": "PUT", "url": "Patient/1"},
        {"method": "POST", "url": "Observation"},
    ]
    empty = json.loads(write_bundle([], tmp_path / "e.json").read_bytes())
    assert empty == {"resourceType": "Bundle", "type": "collection"}


def test_order_at_every_depth():
    table = elements("R5")
    given_order = {
        "zzz": 1,
        "component": [{"valueString": "b", "code": {"text": "t", "coding": []}}],
        "contained": [{"gender": "male", "id": "p", "resourceType": "Patient"}],
        "_status": {"extension": []},
        "status": "final",
        "resourceType": "Observation",
    }
    result = ordered(given_order, table)
    assert list(result) == ["resourceType", "contained", "status", "_status", "component", "zzz"]
    assert list(result["component"][0]) == ["code", "valueString"]
    assert list(result["component"][0]["code"]) == ["coding", "text"]
    assert list(result["contained"][0]) == ["resourceType", "id", "gender"]
    assert result == given_order


def test_order_follows_content_references():
    action = {"action": [{"title": "b", "id": "x"}], "title": "a"}
    result = ordered({"action": [action], "resourceType": "PlanDefinition"}, elements("R4"))
    assert list(result["action"][0]) == ["title", "action"]
    assert list(result["action"][0]["action"][0]) == ["id", "title"]


KEYS = st.sampled_from(["resourceType", "id", "_id", "name", "gender", "deceasedBoolean", "odd", "contained"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just("Patient"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=15,
)


@given(st.dictionaries(KEYS, JSON))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_ordering_changes_nothing_but_order(resource):
    table = elements("R5")
    once = ordered({**resource, "resourceType": "Patient"}, table)
    assert once == {**resource, "resourceType": "Patient"}
    assert json.dumps(ordered(once, table)) == json.dumps(once)
