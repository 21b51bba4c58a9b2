"""How often and how much: Timing and Range."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from .shaped import bind, there_and_back

GTS = "http://terminology.hl7.org/CodeSystem/v3-GTSAbbreviation"


@pytest.mark.parametrize(
    ("repeat", "term"),
    [
        ({"frequency": 1, "period": 1, "periodUnit": "d"}, "QD"),
        ({"frequency": 1, "period": Decimal("1.0"), "periodUnit": "d"}, "QD"),
        ({"frequency": 4, "period": 1, "periodUnit": "d"}, "QID"),
        ({"frequency": 1, "period": 4, "periodUnit": "h"}, "Q4H"),
        ({"frequency": 1, "period": 2, "periodUnit": "wk"}, "EVERY 2 WEEKS"),
        ({"frequency": 1, "period": 24, "periodUnit": "h"}, "Q24H"),
        ({"period": 2, "periodUnit": "d"}, "QOD"),
        ({"count": 1}, "ONCE"),
        ({"when": ["MORN"]}, "QAM"),
        ({"frequency": 1, "period": 1, "periodUnit": "d", "when": ["HS"]}, "QHS"),
        ({"frequency": 1, "period": 1, "periodUnit": "d", "when": ["ACM"]}, "QD"),
        ({"when": ["MORN", "EVE"]}, "BID"),
        ({"timeOfDay": ["08:00:00", "14:00:00", "20:00:00"]}, "TID"),
        ({"frequency": 2, "period": 3, "periodUnit": "wk"}, "2 TIMES PER 3 WEEKS"),
        ({"frequency": 1, "frequencyMax": 2, "period": 1, "periodUnit": "d"}, None),
        ({"boundsPeriod": {"start": "2013"}}, None),
    ],
)
def test_a_repeat_is_a_frequency(repeat: dict[str, Any], term: str | None) -> None:
    assert bind("timing(frequency)", "Timing").decode({"repeat": repeat}) == term


@pytest.mark.parametrize(
    ("code", "term"),
    [
        ({"coding": [{"system": GTS, "code": "BED"}]}, "QHS"),
        ({"coding": [{"system": "urn:other", "code": "x", "display": "twice daily"}]}, "BID"),
        ({"text": "Twice daily"}, "BID"),
        ({"text": "whenever it hurts"}, "whenever it hurts"),
    ],
)
def test_a_code_or_a_text_is_a_frequency(code: dict[str, Any], term: str) -> None:
    assert bind("timing(frequency)", "Timing").decode({"code": code}) == term


def test_a_frequency_is_written_as_repeat_and_code() -> None:
    assert bind("timing(frequency)", "Timing").encode("BID") == {
        "repeat": {"frequency": 2, "period": 1, "periodUnit": "d"},
        "code": {"coding": [{"system": GTS, "code": "BID", "display": "BID"}], "text": "BID"},
    }


def test_another_word_for_a_frequency_is_written_with_its_repeat() -> None:
    written = bind("timing(frequency)", "Timing").encode("EVERY MORNING")
    assert written["repeat"] == {"frequency": 1, "period": 1, "periodUnit": "d", "when": ["MORN"]}
    assert written["code"]["text"] == "EVERY MORNING"


def test_terms_with_one_repeat_between_them_are_told_apart_by_their_text() -> None:
    codec = bind("timing(frequency)", "Timing")
    one, two = codec.encode("EVERY WEEK"), codec.encode("1 TIME PER WEEK")
    assert one["repeat"] == two["repeat"]
    assert [there_and_back(codec, term) for term in ("EVERY WEEK", "1 TIME PER WEEK")] == [
        "EVERY WEEK",
        "1 TIME PER WEEK",
    ]


def test_every_term_of_the_map_comes_back() -> None:
    codec = bind("timing(frequency)", "Timing")
    assert [term for term in codec.write if there_and_back(codec, term) != term] == []  # type: ignore[attr-defined]


def test_what_is_no_timing_is_not_read() -> None:
    codec = bind("timing(frequency)", "Timing")
    assert [codec.decode(value) for value in (None, "BID", {}, {"code": "BID"}, {"repeat": []})] == [None] * 5
    assert codec.encode(" ") is None


@pytest.mark.parametrize("text", ["400", "200-", "200 - 400", "a-b", "200 to 400"])
def test_a_range_is_two_numbers_with_a_hyphen(text: str) -> None:
    assert bind("range(age-unit)", "Range").encode((text, "YEARS")) is None


def test_a_range_with_two_units_or_one_end_is_not_read() -> None:
    codec = bind("range(age-unit)", "Range")
    assert codec.decode({"low": {"value": 1, "unit": "a"}, "high": {"value": 2, "unit": "mo"}}) is None
    assert codec.decode({"high": {"value": 2, "unit": "mo"}}) is None
    assert codec.decode({"low": {"value": 1}, "high": {"value": Decimal("2.50")}}) == ("1-2.50", None)
