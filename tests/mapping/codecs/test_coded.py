from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interchange.mapping.codecs import CodecError
from interchange.mapping.codecs.base import Miss
from interchange.mapping.tables import read_code_map

from .shaped import TOOLS, bind, there_and_back

RACES = ["WHITE", "ASIAN", "BLACK OR AFRICAN AMERICAN", "MARTIAN"]
GENDER = "http://hl7.org/fhir/administrative-gender"


@pytest.mark.parametrize("name", ["sex", "ethnic", "tphase", "epoch", "tindtp"])
@pytest.mark.parametrize("release", ["R4", "R5"])
def test_terms_come_back_where_their_code_says_as_much(name: str, release: str) -> None:
    codec = bind(f"concept({name} strict)", "CodeableConcept", release)
    for entry in read_code_map(name, TOOLS.places).entries:
        if entry.written_in(release) and entry.prefer == "":
            assert there_and_back(codec, entry.term) == entry.term


@given(st.text(max_size=30))
def test_a_text_outside_the_map_comes_back_as_text_or_is_refused(text: str) -> None:
    terms = {e.term.casefold() for e in read_code_map("epoch", TOOLS.places).entries}
    open_, strict = bind("concept(epoch)", "CodeableConcept"), bind("concept(epoch strict)", "CodeableConcept")
    if text.casefold() not in terms:
        assert there_and_back(open_, text) in (text, None) or open_.decode({"text": text}).casefold() in terms
        assert strict.encode(text) is None


def test_a_code_element_holds_only_codes_of_the_map() -> None:
    codec = bind("concept(sex strict)", "code")
    assert codec.encode("F") == "female"
    assert codec.encode("X") is None
    assert codec.decode("female") == "F"
    assert codec.decode("purple") is None


def test_the_first_coding_that_the_map_holds() -> None:
    codec = bind("concept(sex strict)", "CodeableConcept")
    codings = [{"system": "urn:local", "code": "1"}, {"system": GENDER, "code": "male"}]
    assert codec.decode({"coding": codings}) == "M"
    assert codec.decode({"coding": codings[:1]}) is None
    assert codec.decode({"text": "Male"}) == "M"


def test_a_value_outside_the_map_goes_through_and_is_counted() -> None:
    codec = bind("concept(epoch)", "CodeableConcept")
    assert codec.decode({"text": "RUN-OUT"}) == "RUN-OUT"
    assert codec.tools.misses == {Miss("epoch", "RUN-OUT"): 1}


def test_codes_follow_the_release() -> None:
    five, four = (bind("concept(tphase)", "CodeableConcept", r).encode("PHASE II TRIAL") for r in ("R5", "R4"))
    assert five["coding"][0]["system"] == "http://hl7.org/fhir/research-study-phase"
    assert four["coding"][0]["system"] == "http://terminology.hl7.org/CodeSystem/research-study-phase"


@given(st.lists(st.sampled_from(RACES), min_size=1, max_size=4, unique=True))
def test_several_races_come_back_or_are_refused(races: list[str]) -> None:
    codec = bind("multi(race strict)", "Coding")
    cells = (races[0],) if len(races) == 1 else ("MULTIPLE", *races)
    encoded = codec.encode(cells)
    assert (encoded is None) is ("MARTIAN" in races)
    if encoded is not None:
        assert codec.decode(encoded) == cells


def test_what_does_not_fit_is_told() -> None:
    for call, type_, message in (
        ("concept", "code", "needs the name of a code map"),
        ("concept(sex)", "boolean", "this element is a boolean"),
        ("convert", "code", "no codec `convert`"),
    ):
        with pytest.raises(CodecError, match=message):
            bind(call, type_)
