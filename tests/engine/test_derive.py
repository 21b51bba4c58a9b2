from __future__ import annotations

from dataclasses import replace

import pytest

from interchange.engine.derive import DERIVATIONS, Column, Setting, derive_rows
from interchange.engine.derive.cells import armcd, copy, ifset, last_part, setting
from interchange.engine.derive.dates import age, dy
from interchange.engine.derive.numbers import numbered, ordinal, seq
from interchange.engine.derive.run import NUMBERING, derivation_order
from interchange.engine.derive.terms import ct_version, decode, lookup, parameter_code
from interchange.engine.lint.derivations import ARGUMENTS
from interchange.issues import Place
from interchange.mapping.model import Call, Rule
from interchange.mapping.tables import Parameter
from interchange.mapping.terminology import Terminology

HERE = Place("test.yaml", 1)
KNOWN = Setting(
    {"studyid": "S1"},
    Terminology("2025-03-28", {"NY": {"Y": "C49488"}}, {"NY": False}),
    {"tsparm": {"RANDOM": Parameter("RANDOM", "Trial is Randomized", "NY", "Y")}},
)


def derived(variable: str, name: str, *args: str) -> Rule:
    return Rule((variable,), HERE, derive=(Call(name, args),))


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
    calls = {"DM": [{"AGEU": (Call("ifset", ("AGE", "YEARS")),), "AGE": (Call("age", ("BRTHDTC", "RFSTDTC")),)}]}
    assert derivation_order(calls) == [("DM", "AGE"), ("DM", "AGEU")]


def test_a_derivation_comes_after_what_it_needs_of_another_dataset() -> None:
    calls = {
        "AE": [{"AESTDY": (Call("dy", ("AESTDTC", "DM.RFSTDTC")),)}],
        "DM": [{"RFSTDTC": (Call("copy", ("RFXSTDTC",)),)}],
    }
    assert derivation_order(calls) == [("DM", "RFSTDTC"), ("AE", "AESTDY")]


def test_a_circle_ends() -> None:
    calls = {"XX": [{"A": (Call("copy", ("B",)),), "B": (Call("copy", ("A",)),)}]}
    assert sorted(derivation_order(calls)) == [("XX", "A"), ("XX", "B")]


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
    given = {"pair": "B=C", "foreign": "DM.B"}
    for name, derivation in DERIVATIONS.items():
        kinds = [kind.rstrip("?+*") for kind in ARGUMENTS[name]]
        args = [given.get(kind, letter) for kind, letter in zip(kinds, "ABCDEFGHIJ", strict=False)]
        if name in NUMBERING:
            args = ["Z", *args]
        assert derivation([], args, None) == [], name


def test_rows_are_numbered_in_the_order_of_their_keys_and_stored_numbers_stay() -> None:
    rows = [{"U": "1", "D": "2014-02"}, {"U": "1", "D": "2014-01"}, {"U": "2", "D": "2014-03"}, {"U": "1", "S": "1"}]
    assert seq(rows, ["S", "U", "D"], None) == ["3", "2", "1", "1"]


def test_another_datasets_value_is_that_of_the_subject() -> None:
    known = replace(KNOWN, datasets={"DM": [{"USUBJID": "1", "RFSTDTC": "2014-01-02"}, {"USUBJID": "2"}]})
    rows = [{"USUBJID": "1", "AESTDTC": "2014-01-03"}, {"USUBJID": "2", "AESTDTC": "2014-01-03"}, {}]
    assert dy(rows, ["AESTDTC", "DM.RFSTDTC"], known) == ["2", None, None]
    assert lookup(rows, ["DM.RFSTDTC"], known) == ["2014-01-02", None, None]


def test_a_lookup_by_several_variables_takes_the_first_row_that_has_them() -> None:
    visits = [{"USUBJID": "1", "VISITNUM": "3", "VISIT": "WEEK 2"}, {"USUBJID": "1", "VISITNUM": "3", "VISIT": "AGAIN"}]
    known = replace(KNOWN, datasets={"SV": visits})
    rows = [{"USUBJID": "1", "VISITNUM": "3"}, {"USUBJID": "1", "VISITNUM": "4"}, {"USUBJID": "1"}]
    assert lookup(rows, ["SV.VISIT", "USUBJID", "VISITNUM"], known) == ["WEEK 2", None, None]


def test_a_test_code_and_its_name_share_a_c_code() -> None:
    terms = {"VSTESTCD": {"SYSBP": "C25298"}, "VSTEST": {"Systolic Blood Pressure": "C25298"}}
    known = replace(KNOWN, terminology=Terminology("2025-03-28", terms, {}))
    assert decode([{"T": "SYSBP"}, {"T": "OTHER"}, {}], ["VSTESTCD", "VSTEST", "T"], known) == [
        "Systolic Blood Pressure",
        None,
        None,
    ]
    assert decode([{"T": "Systolic Blood Pressure"}], ["VSTEST", "VSTESTCD", "T"], known) == ["SYSBP"]
