from __future__ import annotations

import pytest

from interchange.engine.derive import (
    DERIVATIONS,
    Column,
    Setting,
    age,
    armcd,
    copy,
    ct_version,
    derivation_order,
    derive_rows,
    dy,
    ifset,
    last_part,
    numbered,
    ordinal,
    parameter_code,
    setting,
)
from interchange.issues import Place
from interchange.mapping.model import Call, Rule
from interchange.mapping.tables import Parameter, Terminology

HERE = Place("test.yaml", 1)
KNOWN = Setting(
    {"studyid": "S1"},
    Terminology("2025-03-28", {"NY": {"Y": "C49488"}}, {"NY": False}),
    {"tsparm": {"RANDOM": Parameter("RANDOM", "Trial is Randomized", "NY", "Y")}},
)


def derived(variable: str, name: str, *args: str) -> Rule:
    return Rule((variable,), HERE, derive=Call(name, args))


@pytest.mark.parametrize(
    ("dates", "days"),
    [
        (("2014-01-02", "2014-01-02"), "1"),
        (("2014-01-01", "2014-01-02"), "-1"),
        (("2013-12-26T10:15", "2014-01-02"), "-7"),
        (("2014-01-12", "2014-01-02"), "11"),
        (("2014-01", "2014-01-02"), None),
        (("2014-01-12", None), None),
    ],
)
def test_study_days_have_no_zero(dates: tuple[str | None, ...], days: str | None) -> None:
    row = {k: v for k, v in zip("DR", dates, strict=True) if v}
    assert dy([row], ["D", "R"], None) == [days]


@pytest.mark.parametrize(
    ("born", "years"),
    [("1950-08-30", "63"), ("1950-01-02", "64"), ("1950-01-03", "63"), ("1950-08", None), ("2014-01-03", None)],
)
def test_age_is_in_whole_years(born: str, years: str | None) -> None:
    assert age([{"B": born, "R": "2014-01-02"}], ["B", "R"], None) == [years]


def test_ordinals_count_within_a_key() -> None:
    rows = [{"S": "1", "P": "A"}, {"S": "1", "P": "B"}, {"S": "1", "P": "A"}, {"P": "A"}]
    assert ordinal(rows, ["S", "P"], None) == ["1", "1", "2", "1"]


def test_criteria_are_numbered_by_category() -> None:
    rows = [{"C": "IN"}, {"C": "EX"}, {"C": "IN"}, {"C": "else"}, {}]
    assert numbered(rows, ["C", "IN=INCL", "EX=EXCL"], None) == ["INCL01", "EXCL01", "INCL02", None, None]


def test_arm_codes_are_short_and_unique() -> None:
    long = "Placebo Comparator: Xanomeline Low Dose, twice a day"
    other = "Placebo Comparator: Xanomeline Low Dose, three times a day"
    rows = [{"ARM": long}, {"ARM": other}, {"ARM": long}, {}, {"ARM": "Other:"}]
    codes = armcd(rows, ["ARM"], None)
    assert codes == ["Xanomeline Low Dose,", "Xanomeline Low Dos-2", "Xanomeline Low Dose,", None, "Other:"]
    assert all(len(code) <= 20 for code in codes if code)


def test_an_arm_code_that_is_taken_is_not_given_again() -> None:
    assert armcd([{"ARM": "High", "ARMCD": "Low"}, {"ARM": "Low"}], ["ARM"], None) == ["High", "Low-2"]


@pytest.mark.parametrize(
    ("column", "found"),
    [
        (ifset([{"A": "x"}, {}], ["A", "Y"], None), ["Y", None]),
        (copy([{"B": "x"}, {}], ["A", "B"], None), ["x", None]),
        (last_part([{"U": "01-701-1015"}, {"U": "1015"}, {"U": "1-"}, {}], ["U"], None), ["1015", "1015", None, None]),
        (setting([{}, {}], ["studyid"], KNOWN), ["S1", "S1"]),
        (setting([{}], ["nothing"], KNOWN), [None]),
        (setting([{}], ["studyid"], None), [None]),
        (ct_version([{"R": "CDISC CT"}, {"R": "SNOMED"}, {}], ["R", "CDISC CT"], KNOWN), ["2025-03-28", None, None]),
    ],
)
def test_small_derivations(column: Column, found: Column) -> None:
    assert column == found


def test_the_code_of_a_parameter_is_that_of_its_codelist() -> None:
    rows = [
        {"TSPARMCD": "RANDOM", "TSVAL": "Y"},
        {"TSPARMCD": "RANDOM", "TSVAL": "maybe"},
        {"TSPARMCD": "TITLE", "TSVAL": "Y"},
    ]
    assert parameter_code(rows, ["tsparm", "TSPARMCD", "TSVAL"], KNOWN) == ["C49488", None, None]


def test_a_derivation_comes_after_what_it_needs() -> None:
    calls = [{"AGEU": Call("ifset", ("AGE", "YEARS")), "AGE": Call("age", ("BRTHDTC", "RFSTDTC"))}]
    assert derivation_order(calls) == ["AGE", "AGEU"]


def test_a_circle_ends() -> None:
    calls = [{"A": Call("copy", ("B",)), "B": Call("copy", ("A",))}]
    assert sorted(derivation_order(calls)) == ["A", "B"]


def test_gaps_are_filled_and_disagreement_is_counted() -> None:
    rules = [derived("AGEU", "ifset", "AGE", "YEARS"), derived("SEQ", "ordinal", "S")]
    rows = [{"S": "1", "AGE": "63"}, {"S": "1", "AGEU": "MONTHS", "AGE": "3"}, {"S": "1", "SEQ": "9"}]
    disagreed = derive_rows(rows, [rules] * 3, [frozenset()] * 3)
    assert rows == [
        {"S": "1", "AGE": "63", "AGEU": "YEARS", "SEQ": "1"},
        {"S": "1", "AGE": "3", "AGEU": "MONTHS", "SEQ": "2"},
        {"S": "1", "SEQ": "9"},
    ]
    assert disagreed == {"AGEU": 1, "SEQ": 1}


def test_what_is_known_to_be_blank_stays_blank() -> None:
    rules = [derived("SEQ", "ordinal", "S")]
    rows: list[dict[str, str]] = [{"S": "1"}, {"S": "1"}, {"S": "1"}]
    derive_rows(rows, [rules] * 3, [frozenset({"SEQ"}), None, frozenset()])
    assert rows == [{"S": "1"}, {"S": "1"}, {"S": "1", "SEQ": "3"}]


def test_each_derivation_gives_a_cell_a_row() -> None:
    for name, derivation in DERIVATIONS.items():
        args = {"parameter-code": ["A", "B", "C"], "numbered": ["A", "B=C"]}.get(name, ["A", "B"])
        assert derivation([], args, None) == [], name
