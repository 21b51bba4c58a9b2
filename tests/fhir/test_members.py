"""Members that come again are one object, and JSON is what it was."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interchange.fhir.members import DECODE, Members

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.text()
    | st.decimals(allow_nan=False, allow_infinity=False, places=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)


def test_the_same_text_is_the_same_object() -> None:
    members = Members()
    one = members.decode(b'{"resourceType": "Observation", "code": {"text": "x"}, "category": [{"text": "y"}]}')
    other = members.decode(b'{"code": {"text": "x"}, "category": [{"text": "z"}]}')
    assert one["code"] is other["code"]
    assert one["category"] is not other["category"]
    assert members.holds(one["code"])
    assert not members.holds(one)
    assert not members.holds({"text": "x"})


def test_digits_tell_members_apart() -> None:
    members = Members()
    one, other = (members.decode(b'{"v": {"value": %s}}' % digits)["v"] for digits in (b"5.10", b"5.1"))
    assert one is not other
    assert (str(one["value"]), str(other["value"])) == ("5.10", "5.1")


def test_contained_resources_are_not_shared() -> None:
    members = Members()
    one, other = (members.decode(b'{"contained": [{"id": "1"}]}') for _ in range(2))
    assert one["contained"] is not other["contained"]


@given(JSON)
def test_what_is_decoded_is_what_is_written(value: object) -> None:
    text = msgspec.json.Encoder(decimal_format="number").encode(value)
    members = Members(most=3)
    assert [repr(members.decode(text)) for _ in range(2)] == [repr(DECODE(text))] * 2


@pytest.mark.parametrize(
    "text", [b"", b"{", b'{"a": }', b'{"a": [1,}', b'{"a": "\xff"}', b"[1] 2", b'{"a": {"b": tru}}']
)
def test_what_is_no_json_is_refused_in_the_same_words(text: bytes) -> None:
    refusals = []
    for decode in (Members().decode, DECODE):
        with pytest.raises((msgspec.DecodeError, UnicodeDecodeError)) as refused:
            decode(text)
        refusals.append((refused.type, str(refused.value)))
    assert refusals[0] == refusals[1]


def test_memories_go_with_their_members() -> None:
    members = Members(most=6)
    memory = members.memory()
    held = [members.decode(b'{"a": [%d]}' % n)["a"] for n in range(2)]
    memory[id(held[0])] = "known"
    members.decode(b'{"a": [3]}')
    assert not memory
    assert not members.holds(held[0])


def test_what_is_made_is_shared_by_its_name() -> None:
    members = Members()
    one = members.shared("code", "GLUC", {"text": "GLUC"})
    assert members.shared("code", "GLUC", {"text": "GLUC"}) is one
    assert members.holds(one)
    assert isinstance(members.decode(b'{"v": 1.0}')["v"], Decimal)


def test_the_same_text_under_another_key_is_another_object() -> None:
    decoded = Members().decode(b'{"code": {"text": "x"}, "method": {"text": "x"}}')
    assert decoded["code"] == decoded["method"]
    assert decoded["code"] is not decoded["method"]


def test_the_resources_of_a_bundle_share_members_and_are_not_shared() -> None:
    entry = b'{"fullUrl": "urn:1", "resource": {"code": {"text": "x"}}}'
    members = Members()
    text = b'{"resourceType": "Bundle", "entry": [%b, %b, {}, {"resource": 1}]}' % (entry, entry)
    (one, other, *rest), again = members.decode(text)["entry"], members.decode(text)["entry"]
    assert one == other == again[0] == {"fullUrl": "urn:1", "resource": {"code": {"text": "x"}}}
    assert rest == [{}, {"resource": 1}]
    assert len({id(each["resource"]) for each in (one, other, again[0])}) == 3
    assert one["resource"]["code"] is other["resource"]["code"] is again[0]["resource"]["code"]
