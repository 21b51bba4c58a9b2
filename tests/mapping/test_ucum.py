from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interchange.mapping import ucum
from interchange.mapping.load import shipped_mappings
from interchange.mapping.standard_units import computed, plain
from interchange.mapping.tables import read_code_map
from interchange.mapping.ucum import Conversion, UcumError, Unit, conversion, unit

UNITS = [
    "g/L",
    "g/dL",
    "mg/dL",
    "mg/L",
    "ug/mL",
    "ng/dL",
    "kg/m3",
    "mmol/L",
    "umol/L",
    "nmol/mL",
    "meq/L",
    "U/L",
    "nkat/L",
    "ukat/L",
    "[IU]/L",
    "m[IU]/mL",
    "u[IU]/mL",
    "10*9/L",
    "10*3/uL",
    "/uL",
    "%",
    "1",
    "mm[Hg]",
    "kPa",
    "cm[H2O]",
    "[in_i]",
    "cm",
    "m",
    "[lb_av]",
    "kg",
    "g",
    "[oz_av]",
    "Cel",
    "[degF]",
    "K",
    "s",
    "min",
    "h",
    "d",
    "wk",
    "mL/min",
    "L/h",
    "cal",
    "J",
]
CODES = sorted(ucum._atoms())


@pytest.mark.parametrize(
    ("code", "same"),
    [
        ("10*3/uL", "10*9/L"),
        ("{beats}/min", "/min"),
        ("mg/(24.h)", "mg/d"),
        ("g/24.h", "h.g/24"),  # from left to right
        ("mol/kg/s", "mol/(kg.s)"),
        ("m[IU]/L", "u[IU]/mL"),
        ("mm[Hg]", "m[Hg]/1000"),
        ("10*-2", "%"),
        ("m2.kg-1", "m2/kg"),
        ("/min", "1/min"),
        ("[iU]", "[IU]"),
    ],
)
def test_two_ways_to_write_a_unit(code: str, same: str) -> None:
    assert unit(code) == unit(same)


@pytest.mark.parametrize(
    "code", ["", "mg/", "/", "mgg", "mg//L", "(mg", "mg)", "THOU/uL", "mg dL", "uIU/mL", "m.", "Cel/s"]
)
def test_what_is_no_code(code: str) -> None:
    with pytest.raises(UcumError):
        unit(code)


def test_every_unit_of_the_table_and_every_code_of_the_unit_map_is_read() -> None:
    assert len(CODES) == 312
    for code in CODES:
        unit(code)
    for entry in read_code_map("unit", [str(shipped_mappings())]).entries:
        if entry.system == "http://unitsofmeasure.org":
            unit(entry.code)


@pytest.mark.parametrize(
    ("source", "target", "value", "expected"),
    [
        ("g/dL", "g/L", "5.10", "51"),
        ("[in_i]", "cm", "58", "147.32"),
        ("[lb_av]", "kg", "119", "53.97749203"),
        ("[degF]", "Cel", "98.6", "37"),
        ("Cel", "[degF]", "-40", "-40"),
        ("mm[Hg]", "kPa", "120", "15.99864"),
        ("U/L", "nkat/L", "30", "500"),
        ("%", "1", "42.0", "0.42"),
        ("d", "h", "1", "24"),
    ],
)
def test_conversions(source: str, target: str, value: str, expected: str) -> None:
    by = conversion(source, target)
    assert by is not None
    assert by(Fraction(value)) == Fraction(expected)


@pytest.mark.parametrize(
    ("source", "target"),
    [("mg/dL", "mmol/L"), ("meq/L", "mmol/L"), ("osm/L", "mol/L"), ("[IU]/L", "U/L"), ("kg", "m"), ("kg", "nonsense")],
)
def test_what_is_not_converted(source: str, target: str) -> None:
    assert conversion(source, target) is None


def test_facts_tie_mass_substance_and_charge() -> None:
    calcium = {"eq": Unit(Fraction(1, 2), (("mol", 1),)), "mol": Unit(Fraction("40.078"), (("g", 1),))}
    meq = conversion("meq/L", "mmol/L", calcium)
    mass = conversion("mg/dL", "meq/L", calcium)
    assert meq is not None
    assert mass is not None
    assert meq(Fraction("4.5")) == Fraction("2.25")
    assert mass(Fraction("8.8")) == Fraction("8.8") * 10 * 2 / Fraction("40.078")


@given(st.sampled_from(UNITS), st.sampled_from(UNITS), st.fractions())
def test_there_and_back_is_the_same_number(one: str, two: str, value: Fraction) -> None:
    there, back = conversion(one, two), conversion(two, one)
    assert (there is None) == (back is None)
    if there is not None and back is not None:
        assert back(there(value)) == value


@given(st.sampled_from(UNITS), st.sampled_from(UNITS), st.sampled_from(UNITS), st.fractions())
def test_a_way_over_a_third_unit_is_the_same(one: str, two: str, three: str, value: Fraction) -> None:
    first, second, direct = conversion(one, two), conversion(two, three), conversion(one, three)
    if first is not None and second is not None:
        assert direct is not None
        assert direct(value) == second(first(value))


NUMBERS = st.decimals(min_value=-(10**9), max_value=10**9, allow_nan=False, places=4).map(lambda d: d.normalize() + 0)


@given(NUMBERS, st.integers(-9, 9))
def test_a_power_of_ten_keeps_every_digit(number: Decimal, power: int) -> None:
    there = computed(number, Conversion(Fraction(10) ** power))
    back = computed(Decimal(there), Conversion(Fraction(10) ** -power))
    assert Decimal(back) == number
    assert number == 0 or plain(Decimal(back)).startswith(plain(number))


@given(NUMBERS, st.sampled_from(["2.54", "0.45359237", "17.1", "1.8"]), st.integers(0, 6))
def test_rounding_is_to_the_nearest(number: Decimal, factor: str, decimals: int) -> None:
    text = computed(number, Conversion(Fraction(factor)), decimals)
    assert abs(Fraction(text) - Fraction(number) * Fraction(factor)) <= Fraction(1, 2 * 10**decimals)
    assert len(text.partition(".")[2]) <= decimals


def test_results_without_an_end_have_six_digits() -> None:
    assert computed(Decimal(10), Conversion(Fraction(1, 3))) == "3.33333"
    assert computed(Decimal(2), Conversion(Fraction(1, 3))) == "0.666667"
    assert computed(Decimal(20000000), Conversion(Fraction(1, 3))) == "6666666.7"
    assert computed(Decimal(-1), Conversion(Fraction(1, 16)), 3) == "-0.063"
