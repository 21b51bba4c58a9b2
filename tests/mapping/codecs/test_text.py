# ruff: noqa: RUF001 - full-width signs are meant
from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from interchange.mapping.codecs import CodecError
from interchange.mapping.codecs.text import cut_at_clause, escape_id, unescape_id

from .shaped import bind, there_and_back

TEXTS = st.text(max_size=80)


@given(TEXTS)
@example(" ")
@example("a\x00b")
def test_a_string_comes_back_or_is_refused(text: str) -> None:
    assert there_and_back(bind("string", "string"), text) in (text, None)


@given(TEXTS)
def test_a_code_comes_back_or_is_refused(text: str) -> None:
    for type_ in ("code", "id"):
        codec = bind("code", type_)
        encoded = codec.encode(text)
        assert encoded in (text, None)
        if encoded is not None and type_ == "id":
            assert re.fullmatch(r"[A-Za-z0-9\-.]{1,64}", encoded)


@pytest.mark.parametrize(("text", "kept"), [("a b", True), ("a  b", False), (" a", False), ("", False), ("a\n", False)])
def test_codes_have_single_inner_blanks_only(text: str, kept: bool) -> None:
    assert (bind("code", "code").encode(text) is not None) is kept


def test_a_uri_has_no_blanks() -> None:
    assert bind("string", "uri").encode("urn:a b") is None
    assert bind("string", "uri").encode("urn:ab") == "urn:ab"


def test_a_string_reads_a_number_in_its_place_as_text() -> None:
    assert bind("string", "string").decode(5) == "5"
    assert bind("string", "string").decode({"a": 1}) is None
    assert bind("string", "string").decode("") is None


@given(TEXTS)
def test_an_escaped_id_is_legal_and_comes_back(text: str) -> None:
    escaped = escape_id(text)
    assert re.fullmatch(r"[A-Za-z0-9\-.]*", escaped)
    assert unescape_id(escaped) == text


def test_what_is_no_escaped_id_is_not_read() -> None:
    assert unescape_id("a_b") is None
    assert unescape_id(".FF") is None


@given(TEXTS)
def test_a_slug_comes_back_or_is_too_long(text: str) -> None:
    codec = bind("slug(ARMCD.)", "id")
    assert there_and_back(codec, text) in (text or None, None)
    encoded = codec.encode(text)
    assert encoded is None or len(encoded) <= 64


def test_a_slug_reads_only_its_prefix() -> None:
    assert bind("slug(ARMCD.)", "id").decode("ARMCD.Xan.5FHi") == "Xan_Hi"
    assert bind("slug(ARMCD.)", "id").decode("other") is None


def test_a_code_of_so_many_characters() -> None:
    codec = bind("sized(5)", "code")
    assert [codec.decode(code) for code in ("N02BE", "N02BE01", None)] == ["N02BE", None, None]
    assert [codec.encode(code) for code in ("N02BE", "N")] == ["N02BE", None]
    with pytest.raises(CodecError):
        bind("sized", "code")


def test_a_code_may_have_a_least_and_a_most_length() -> None:
    codec = bind("sized(1 3)", "string")
    assert [codec.decode(text) for text in ("", "a", "abc", "abcd")] == [None, "a", "abc", None]
    with pytest.raises(CodecError, match="sized needs"):
        bind("sized(1 b)", "string")


@pytest.mark.parametrize(
    ("name", "code"), [("Screening", "SCREE4C4"), ("Low", "LOW"), ("High - End", "HIGHEND"), ("2nd", "T2NDC21")]
)
def test_a_short_code_is_made_of_a_name(name: str, code: str) -> None:
    assert bind("short-code", "string").decode(name) == code
    assert bind("short-code", "string").encode(code) is None


def test_a_short_name() -> None:
    codec = bind("short-name", "string")
    assert codec.decode("EXCL01") == "EXCL01"
    assert codec.decode("much-too-long") is None
    assert codec.encode("1A") is None


@given(TEXTS)
def test_an_expression_comes_back_or_is_blank(text: str) -> None:
    assert there_and_back(bind("expression", "Expression"), text) == (text if text.strip() else None)


def test_an_expression_of_others() -> None:
    codec = bind("expression", "Expression")
    assert codec.decode({"language": "text/plain", "expression": "x"}) == "x"
    assert codec.decode({"language": "text/fhirpath", "expression": "x"}) is None


@given(TEXTS)
@example("Overall survival [Time Frame: 12 months]")
@example("[Time Frame: x]")
def test_a_measure_comes_back_or_is_blank(text: str) -> None:
    assert there_and_back(bind("measure", "string"), text) == (text if text.strip() else None)


def test_a_measure_in_two_elements() -> None:
    codec = bind("measure", "string")
    assert codec.encode("OS [Time Frame: 1 y]") == ("OS", "Time Frame: 1 y")
    assert codec.decode("OS", "something else") == "OS"
    assert codec.decode(None, "only this") == "only this"


@given(st.text(alphabet="ab ,.()äé", max_size=400), st.integers(20, 200))
def test_a_clause_fits_and_is_a_beginning(text: str, limit: int) -> None:
    cut = cut_at_clause(text, limit)
    assert len(cut.encode()) <= limit
    assert text.startswith(cut)


def test_a_clause_is_read_cut_and_written_whole() -> None:
    codec = bind("clause(30)", "string")
    long = "Any infection within 14 days, including: HBV, HCV"
    assert codec.decode(long) == "Any infection within 14 days"
    assert codec.encode(long) == long


@pytest.mark.parametrize(
    ("text", "limit", "cut"),
    [
        ("Severe chronic asthma (of any kind) within a year", 30, "Severe chronic asthma"),
        ("Prior therapy is allowed. Patients with it are not excluded, in general", 60, "Prior therapy is allowed"),
        ("No major renal toxicity; specifically, any toxicity is below Grade 3", 60, "No major renal toxicity"),
        ("Version 1.1 of the criteria is met by all lesions", 30, "Version 1.1 of the criteria is"),
        (
            "Normal hearing is documented after completion of radiotherapy and enrollment",
            66,
            "Normal hearing is documented after completion of radiotherapy",
        ),
        ("Therapy( including but not limited to lupus or psoriasis)", 40, "Therapy( including but not limited to"),
        ("（妊娠；哺乳）不符合条件；其他情况", 40, "（妊娠；哺乳）不符合条件"),
        ("Pneumonoultramicroscopic", 10, "Pneumonoul"),
    ],
)
def test_a_clause_ends_where_it_reads_well(text: str, limit: int, cut: str) -> None:
    assert cut_at_clause(text, limit) == cut
