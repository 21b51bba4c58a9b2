"""Baseline flags, range indicators and made-up test codes."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from interchange.engine.derive.base import Setting
from interchange.engine.derive.findings import baseline, code_of_test, range_indicator
from interchange.mapping.terminology import Terminology


def known(**dm: str) -> Setting:
    rows = [{"USUBJID": "1", **dm}, {"USUBJID": "2", **dm}]
    return Setting({}, Terminology("", {}, {}), {}, (), {"DM": rows})


def flags(rows: list[dict[str, str]], *by: str, **dm: str) -> list[str | None]:
    return baseline(rows, ["VSDTC", "DM.RFXSTDTC", "DM.RFSTDTC", *by], known(**dm))


def row(when: str, subject: str = "1", **cells: str) -> dict[str, str]:
    return {"USUBJID": subject, "VSDTC": when, "VSORRES": "5", **cells}


def test_the_last_result_up_to_the_date_is_the_baseline() -> None:
    rows = [row("2013-12-26"), row("2014-01-02"), row("2014-01-16")]
    assert flags(rows, RFXSTDTC="2014-01-02") == [None, "Y", None]


def test_the_second_date_stands_in_for_the_first() -> None:
    rows = [row("2013-12-26"), row("2014-01-02")]
    assert flags(rows, RFSTDTC="2013-12-30") == ["Y", None]
    assert flags(rows, RFSTDTC="2014-01-30", RFXSTDTC="2013-12-30") == ["Y", None]
    assert flags(rows) == [None, None]


def test_each_subject_and_combination_has_its_own() -> None:
    rows = [row("2013-12-26", VSTESTCD="A"), row("2013-12-27", VSTESTCD="B"), row("2013-12-26", "2", VSTESTCD="A")]
    assert flags(rows, "VSTESTCD", RFXSTDTC="2014-01-02") == ["Y", "Y", "Y"]
    assert flags(rows, RFXSTDTC="2014-01-02") == [None, "Y", "Y"]


def test_a_row_without_a_result_is_none() -> None:
    rows = [row("2013-12-26"), {"USUBJID": "1", "VSDTC": "2013-12-27", "VSSTAT": "NOT DONE"}]
    assert flags(rows, RFXSTDTC="2014-01-02") == ["Y", None]


def test_times_decide_on_the_day_itself() -> None:
    rows = [row("2014-01-02T08:00"), row("2014-01-02T10:00")]
    assert flags(rows, RFXSTDTC="2014-01-02T09:00") == ["Y", None]
    assert flags(rows, RFXSTDTC="2014-01-02") == [None, "Y"]


def test_of_one_time_the_last_row_is_taken() -> None:
    assert flags([row("2014-01-01"), row("2014-01-01")], RFXSTDTC="2014-01-02") == [None, "Y"]


def test_a_partial_date_is_no_baseline() -> None:
    assert flags([row("2013-12")], RFXSTDTC="2014-01-02") == [None]


def test_limits_belong_to_the_range() -> None:
    cells = [("3", "3", "5"), ("5", "3", "5"), ("2.9", "3", "5"), ("5.1", "3", "5"), ("5.1", "3", ""), ("9", "", "5")]
    rows = [{k: v for k, v in zip("NLH", c, strict=True) if v} for c in cells]
    assert range_indicator(rows, ["N", "L", "H"], None) == ["NORMAL", "NORMAL", "LOW", "HIGH", "NORMAL", "HIGH"]


def test_without_a_number_or_a_range_there_is_no_indicator() -> None:
    rows = [{"N": "TRACE", "L": "1"}, {"N": "5"}, {"L": "1", "H": "2"}]
    assert range_indicator(rows, ["N", "L", "H"], None) == [None, None, None]


def codes(*names: str) -> list[str | None]:
    return code_of_test([{"N": name} for name in names], ["N"], None)


def test_a_short_name_is_its_own_code() -> None:
    assert codes("FEV1", "Skin", "QT-c F") == ["FEV1", "SKIN", "QTCF"]


def test_names_that_begin_alike_have_codes_of_their_own() -> None:
    first, second = codes("Tobacco smoking status", "Tobacco smoking consumption")
    assert first != second
    assert str(first)[:5] == str(second)[:5] == "TOBAC"


@given(st.text(min_size=1))
def test_a_code_is_legal_and_depends_on_the_name_alone(name: str) -> None:
    (code,) = codes(name)
    assert re.fullmatch(r"[A-Z][A-Z0-9]{0,7}", str(code))
    assert codes("Other", name)[1] == code
