from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from .shaped import bind, there_and_back

NUMBERS = st.one_of(
    st.decimals(allow_nan=False, allow_infinity=False, places=3).map(str),
    st.integers().map(str),
    st.text(alphabet="0123456789.-+eE ", max_size=12),
)


@given(NUMBERS)
@example("5.10")
@example("-0")
@example("1E+400")
@example("007")
def test_numbers_come_back_with_their_digits_or_are_refused(text: str) -> None:
    for call, type_ in (("int", "integer"), ("decimal", "decimal"), ("number", "string")):
        assert there_and_back(bind(call, type_), text) in (text, None)


@pytest.mark.parametrize(
    ("type_", "text", "number"),
    [
        ("integer", "-5", -5),
        ("unsignedInt", "-5", None),
        ("unsignedInt", "0", 0),
        ("positiveInt", "0", None),
        ("integer", "2147483648", None),
        ("integer", "5.0", None),
        ("integer", "05", None),
    ],
)
def test_whole_numbers_in_the_range_of_their_element(type_: str, text: str, number: int | None) -> None:
    assert bind("int", type_).encode(text) == number


def test_decimals_keep_their_digits() -> None:
    assert bind("decimal", "decimal").encode("5.10") == Decimal("5.10")
    assert bind("decimal", "decimal").decode(Decimal("5.10")) == "5.10"
    assert bind("decimal", "decimal").decode(63.0) == "63"
    assert bind("decimal", "decimal").decode(Decimal("1E-7")) == "0.0000001"
    assert bind("decimal", "decimal").decode(Decimal("1E+400")) == "1E+400"
    assert bind("decimal", "decimal").decode(True) is None


def test_a_number_in_a_text_element() -> None:
    assert bind("number", "string").decode("3.5") == "3.5"
    assert bind("number", "string").decode("V1") is None


def test_a_count_is_read_and_never_written() -> None:
    codec = bind("count", "BackboneElement")
    assert codec.decode([{}, {}]) == "2"
    assert codec.decode([]) is None
    assert codec.encode("2") is None


def test_presence_is_read_and_never_written() -> None:
    codec = bind("present(Y)", "Reference")
    assert codec.decode([{}]) == "Y"
    assert codec.decode([]) is None
    assert codec.encode("Y") is None


def test_flags() -> None:
    both, one = bind("flag(EXCLUSION INCLUSION)", "boolean"), bind("flag(Y)", "boolean")
    assert [both.decode(v) for v in (True, False, None)] == ["EXCLUSION", "INCLUSION", None]
    assert [both.encode(t) for t in ("EXCLUSION", "INCLUSION", "N")] == [True, False, None]
    assert one.decode(False) is None
    assert one.encode("N") is None


@given(st.sampled_from(["", "<", ">=", "< "]), NUMBERS, st.sampled_from(["YEARS", "MONTHS", "FORTNIGHTS", None]))
def test_quantities_come_back_or_are_refused(sign: str, number: str, unit: str | None) -> None:
    back = there_and_back(bind("quantity(age-unit)", "Quantity"), (sign + number, unit))
    assert back is None or (back[0], back[1]) == ((sign + number).replace(" ", ""), unit)


def test_a_quantity_with_comparator_and_unit() -> None:
    made = bind("quantity(age-unit)", "Quantity").encode(("<0.20", "YEARS"))
    assert (made["value"], made["comparator"], made["code"]) == (Decimal("0.20"), "<", "a")
    assert bind("quantity(age-unit)", "Quantity").decode({"unit": "a"}) is None


def test_the_unit_alone() -> None:
    codec = bind("unit(age-unit)", "Quantity")
    assert there_and_back(codec, "YEARS") == "YEARS"
    assert "value" not in codec.encode("YEARS")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Subject 01-701-1023 201.0", "201"),
        ("Subject 01-701-1023 3.5", "3.5"),
        ("VISIT-1", "1"),
        ("PlanDefinition/H2Q-MC-LZZT-Study-Visit-13", "13"),
        ("100", "100"),
        ("WEEK 2 (TELEPHONE)", None),
        ("", None),
        (3, None),
    ],
)
def test_the_number_at_the_end_of_a_text(text: object, number: str | None) -> None:
    codec = bind("last-number", "string")
    assert codec.decode(text) == number
    assert codec.encode("1") is None


def test_a_number_behind_zeros_is_a_quantity_where_it_has_a_unit() -> None:
    codec = bind("quantity(unit)", "Quantity")
    found = codec.encode(("098.2", "F"))
    assert (found["value"], found["code"]) == (Decimal("98.2"), "[degF]")
    assert codec.decode(found) == ("98.2", "F")
    assert codec.encode(("098.2", None)) is None
    assert codec.encode(("0x", "F")) is None
