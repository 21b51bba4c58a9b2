from __future__ import annotations

import re
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from interchange.mapping.codecs.time import fhir_date_time

from .shaped import bind, there_and_back

DATES = st.one_of(
    st.dates().map(str),
    st.datetimes().map(lambda d: d.isoformat(timespec="minutes")),
    st.text(alphabet="0123456789-T:+Z/. ", max_size=25),
    st.sampled_from(["2014", "2014-01", "2013---26", "--12-15", "2014-01-01/2014-02-01", "0000", "2013-02-30"]),
)
FHIR = re.compile(r"\d{4}(-\d\d(-\d\d(T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d))?)?)?")


@given(DATES, st.sampled_from(["date", "dateTime", "instant"]))
@example("2013-12-26T14:45", "dateTime")
@example("2014-01-16T13:17:00+01:00", "date")
def test_every_date_comes_back_and_the_element_is_legal(text: str, type_: str) -> None:
    if not text:
        return
    codec = bind("dtc", type_)
    encoded = codec.encode(text)
    if encoded is None:
        assert type_ == "instant"
        return
    value, beside = encoded
    assert codec.decode(value, beside) == text
    assert value is None or FHIR.fullmatch(value)
    assert value != text or beside is None


def test_a_time_without_offset_stands_beside_its_date() -> None:
    value, beside = bind("dtc", "dateTime").encode("2013-12-26T14:45")
    assert value == "2013-12-26"
    assert beside == {"extension": [{"url": "urn:x:dtc", "valueString": "2013-12-26T14:45"}]}


def test_the_collected_text_is_believed_while_it_agrees() -> None:
    codec = bind("dtc", "dateTime")
    beside = {"extension": [{"url": "urn:x:dtc", "valueString": "2013-12-26T14:45"}]}
    assert codec.decode("2013-12-26", beside) == "2013-12-26T14:45"
    assert codec.decode("2013-12-27", beside) == "2013-12-27"
    assert codec.decode(None, None) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [("2014", "2014"), ("2013---26", "2013"), ("2013-02-30", "2013-02"), ("--12-15", None), ("0000-01", None)],
)
def test_what_an_element_can_hold_of_a_date(text: str, value: str | None) -> None:
    assert fhir_date_time(text) == value


@given(st.text(alphabet="PTYMWDHS0123456789.", max_size=12))
@example("P26W")
@example("PT12H")
@example("P1.5D")
def test_durations_of_one_unit_come_back_or_are_refused(text: str) -> None:
    assert there_and_back(bind("iso-duration", "Duration"), text) in (text, None)


def test_minutes_are_no_months() -> None:
    codec = bind("iso-duration", "Quantity")
    assert codec.encode("P3M")["code"] == "mo"
    assert codec.encode("PT3M")["code"] == "min"
    assert codec.encode("P1Y6M") is None
    assert codec.decode({"value": 3, "unit": "kg"}) is None


@given(st.one_of(st.integers(-500, 500).map(str), st.text(alphabet="0123456789.-", max_size=5)))
def test_study_days_come_back_and_there_is_no_day_0(text: str) -> None:
    codec = bind("study-day(day-one)", "code")
    back = there_and_back(codec, text)
    assert back in (text, None)
    if text == "0":
        assert back is None


def test_study_days_around_day_1() -> None:
    codec = bind("study-day(day-one)", "code")
    assert codec.encode("-7")[:1] + codec.encode("-7")[2:] == ("before", "day-one")
    assert [codec.encode(d)[1]["value"] for d in ("-7", "1", "14")] == [7, 0, 13]
    assert codec.decode("before-start", {"value": 0, "code": "d"}, None) == "1"


def test_a_companion_of_the_wrong_kind_says_nothing() -> None:
    codec = bind("dtc", "dateTime")
    assert codec.decode("2014", {"extension": 3}) == "2014"
    assert codec.decode(None, {"extension": {"url": codec.url, "valueString": "2014-01"}}) is None


@given(st.tuples(st.decimals("0.1", 99, places=1), st.sampled_from("YMWDHS")))
def test_a_period_comes_back(one: tuple[Decimal, str]) -> None:
    number, letter = one
    text = f"P{'T' if letter in 'HS' else ''}{number}{letter}"
    codec = bind("period", "decimal")
    assert codec.decode(*codec.encode(text)) == text


@pytest.mark.parametrize("text", ["P1Y6M", "P0D", "8 weeks", "P", ""])
def test_a_period_of_several_units_or_none_is_refused(text: str) -> None:
    assert bind("period", "decimal").encode(text) is None


def test_a_period_has_a_unit() -> None:
    codec = bind("period", "decimal")
    assert codec.encode("P8W") == (Decimal(8), "wk")
    assert codec.decode(Decimal(8), None) is None
    assert codec.decode(None, "wk") is None
    assert codec.decode(Decimal(-8), "wk") is None
