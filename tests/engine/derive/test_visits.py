"""What a subject's dates say against visits, elements and doses."""

from __future__ import annotations

import pytest

from interchange.engine.derive import Setting
from interchange.engine.derive.visits import first, last, planned, within
from interchange.mapping.terminology import Terminology

SE = [
    {"USUBJID": "a", "SESTDTC": "2013-12-26", "SEENDTC": "2014-01-02", "EPOCH": "SCREENING"},
    {"USUBJID": "a", "SESTDTC": "2014-01-02", "SEENDTC": "2014-07-02T11:45", "EPOCH": "TREATMENT"},
    {"USUBJID": "a", "SESTDTC": "2014-07-02T11:45", "EPOCH": "FOLLOW-UP"},
]
SV = [
    {"USUBJID": "b", "SVSTDTC": "2013-02-18", "SVENDTC": "2013-02-18", "VISITNUM": "5.1"},
    {"USUBJID": "b", "SVSTDTC": "2013-02-18", "SVENDTC": "2013-02-18", "VISITNUM": "201"},
    {"USUBJID": "b", "SVSTDTC": "2013-01-18", "SVENDTC": "2013-01-19", "VISITNUM": "4"},
]
TV = [
    {"VISITNUM": "1", "VISITDY": "-7"},
    {"VISITNUM": "2", "VISITDY": "-1"},
    {"VISITNUM": "3", "VISITDY": "1"},
    {"VISITNUM": "4", "VISITDY": "14"},
    {"VISITNUM": "5", "VISITDY": "28"},
    {"VISITNUM": "99", "VISITDY": "14", "ARMCD": "HIGH"},
    {"VISITNUM": "201"},
]


def known(**datasets: list[dict[str, str]]) -> Setting:
    return Setting({}, Terminology("2025-03-28", {}, {}), {}, datasets=datasets)


@pytest.mark.parametrize(
    ("date", "epoch"),
    [
        ("2013-12-27", "SCREENING"),
        ("2014-01-02", "TREATMENT"),  # the day that both have belongs to the next
        ("2014-03-01T10:00", "TREATMENT"),
        ("2014-07-02T09:00", "TREATMENT"),
        ("2014-07-02T12:00", "FOLLOW-UP"),
        ("2015-01-01", "FOLLOW-UP"),
        ("2013-12-25", None),
        ("2014-03", "TREATMENT"),
        ("2014-01", None),  # the first day is of another element than the last
        ("2014", None),
        ("2013-12", None),  # some of its days are before the first element
        ("2016", "FOLLOW-UP"),
        ("--03", None),
        ("2014---02", None),
    ],
)
def test_the_element_of_a_date(date: str, epoch: str | None) -> None:
    rows = [{"USUBJID": "a", "D": date}]
    assert within(rows, ["SE.EPOCH", "SESTDTC", "SEENDTC", "D"], known(SE=SE)) == [epoch]


def test_visits_of_one_day_do_not_tell_which() -> None:
    rows = [
        {"USUBJID": "b", "D": "2013-02-18"},
        {"USUBJID": "b", "D": "2013-01-19"},
        {"USUBJID": "c", "D": "2013-01-19"},
    ]
    assert within(rows, ["SV.VISITNUM", "SVSTDTC", "SVENDTC", "D"], known(SV=SV)) == [None, "4", None]


def test_nothing_without_a_date_or_a_dataset() -> None:
    rows = [{"USUBJID": "a"}, {"USUBJID": "a", "D": "2014-01-02"}]
    assert within(rows, ["SE.EPOCH", "SESTDTC", "SEENDTC", "D"], None) == [None, None]
    assert within(rows[:1], ["SE.EPOCH", "SESTDTC", "SEENDTC", "D"], known(SE=SE)) == [None]


@pytest.mark.parametrize(
    ("day", "visit"),
    [
        ("-7", "1"),
        ("-1", "2"),
        ("1", "3"),
        ("2", "3"),
        ("12", "4"),
        ("21", None),  # as far from one as from the other
        ("22", "5"),
        ("35", "5"),
        ("36", None),  # further away than half the way to a neighbour
        ("0", None),
        ("x", None),
    ],
)
def test_the_planned_visit_of_a_study_day(day: str, visit: str | None) -> None:
    rows = [{"USUBJID": "a", "DY": day}]
    datasets = known(TV=TV, DM=[{"USUBJID": "a", "ARMCD": "LOW"}])
    assert planned(rows, ["TV.VISITNUM", "TV.VISITDY", "DY"], datasets) == [visit]


def test_two_visits_planned_for_one_day_do_not_tell_which() -> None:
    rows = [{"USUBJID": "a", "DY": "14"}]
    datasets = known(TV=TV, DM=[{"USUBJID": "a", "ARMCD": "HIGH"}])
    assert planned(rows, ["TV.VISITNUM", "TV.VISITDY", "DY"], datasets) == [None]


@pytest.mark.parametrize(
    ("dates", "earliest", "latest"),
    [
        (["2014-01-16", "2014-01-02"], "2014-01-02", "2014-01-16"),
        (["2014-01-02T10:00", "2014-01-02"], "2014-01-02", "2014-01-02T10:00"),
        (["2014-01", "2014-01-16"], None, None),  # the dose of an unknown day may be the first or the last
        (["2013", "2014-01-16"], "2013", "2014-01-16"),
        (["2014-01"], "2014-01", "2014-01"),
        (["--01-02"], None, None),
        ([], None, None),
    ],
)
def test_the_first_and_last_date_of_a_subject(dates: list[str], earliest: str | None, latest: str | None) -> None:
    doses = [{"USUBJID": "a", "EXSTDTC": date} for date in dates] + [{"USUBJID": "b", "EXSTDTC": "1999"}, {}]
    rows = [{"USUBJID": "a"}]
    assert first(rows, ["EX.EXSTDTC"], known(EX=doses)) == [earliest]
    assert last(rows, ["EX.EXSTDTC", "EX.EXENDTC"], known(EX=doses)) == [latest]
