"""A head says of a line what its resource says, and only where the line is JSON."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interchange.fhir.heads import LONGEST, Head, head_of
from interchange.fhir.members import BAD_JSON, DECODE
from interchange.fhir.read import Reader, Record, Unjudged
from interchange.issues import Issues
from interchange.runners.partition import SUBJECT_ELEMENTS

LINE = (
    '{"resourceType":"Observation","id":"é1","code":{"text":"\\u00e9 \\n"},"subject":{"reference":"Patient/1"},'
    '"valueQuantity":{"value":5.10,"unit":"µg"},"component":[{"valueInteger":-3},null,true]}'
).encode()


def test_a_head_has_what_tells_the_subject() -> None:
    assert set(SUBJECT_ELEMENTS) | {"resourceType", "id", "identifier"} == set(Head.__annotations__)
    assert head_of(LINE) == {"resourceType": "Observation", "id": "é1", "subject": {"reference": "Patient/1"}}


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"[]",
        b"null",
        b'"text"',
        b'{"resourceType":"Bundle"}',
        b'{"resourceType":\n"Patient"}',
        b'{"resourceType":"Patient","gender":"\xff"}',
        b'{"resourceType":"Patient","gender":"\\ud800"}',
        b'{"resourceType":"Patient","multipleBirthInteger":' + b"1" * LONGEST + b"}",
    ],
)
def test_what_takes_more_than_a_head(line: bytes) -> None:
    assert head_of(line) is None


@given(st.integers(0, len(LINE) - 1), st.binary(max_size=2), st.integers(0, 2))
def test_a_line_that_has_a_head_is_json(at: int, put: bytes, gone: int) -> None:
    line = LINE[:at] + put + LINE[at + gone :]
    head = head_of(line)
    try:
        whole = DECODE(line)
    except BAD_JSON:
        assert head is None
        return
    if head is not None:
        assert head == {key: value for key, value in whole.items() if key in Head.__annotations__}


def records(text: bytes, *, heads: bool) -> tuple[list[Record], list[str], list[object]]:
    issues = Issues()
    reader = Reader(text, issues, "R5", Unjudged(), heads=heads)
    return list(reader), [str(issue) for issue in issues], [rejected.raw for rejected in reader.rejected]


def test_records_of_heads_are_the_same_records() -> None:
    patient = {"resourceType": "Patient", "id": "1", "contained": [{"resourceType": "Patient"}]}
    bundle = {"resourceType": "Bundle", "entry": [{"fullUrl": "urn:1", "resource": patient}, {}]}
    lines = [*map(msgspec.json.encode, (patient, bundle, [patient, 1], {"resourceType": "Patent"}, {}, 7)), b"{"]
    text = b"\n".join([*lines, LINE, b"  " + LINE + b" \r", LINE[:-1]])
    heads, issues, rejected = records(text, heads=True)
    assert ([record.whole() for record in heads], issues, rejected) == records(text, heads=False)
    assert [bool(record.raw) for record in heads] == [True, False, False, True, True]
    assert "code" not in heads[-1].resource
