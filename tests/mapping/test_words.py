from __future__ import annotations

import pytest

from interchange.mapping import model
from interchange.mapping.words import WordError, parse_call, parse_guard, parse_lane


def test_a_call_with_quoted_and_comma_arguments() -> None:
    assert parse_call("ifset(AGE 'years old')").args == ("AGE", "years old")
    assert parse_call("dy(DMDTC, RFSTDTC)").args == ("DMDTC", "RFSTDTC")
    assert str(parse_call("concept(sex strict)")) == "concept(sex strict)"
    assert parse_call("study-day").name == "study-day"


@pytest.mark.parametrize("text", ["", "Concept(sex)", "a b", "1x", "f(x"])
def test_what_is_no_call(text: str) -> None:
    with pytest.raises(WordError, match="is no call"):
        parse_call(text)


def test_a_lane_of_two_paths() -> None:
    lane = parse_lane("name + description | measure")
    assert [str(p) for p in lane.paths] == ["name", "description"]
    assert str(lane) == "name + description | measure"


def test_a_lane_without_a_codec_says_how_to_write_one() -> None:
    with pytest.raises(WordError, match=r"write `PATH \| CODEC`"):
        parse_lane("gender")


def test_a_path_that_cannot_be_read_has_a_column() -> None:
    with pytest.raises(WordError, match="column 8"):
        parse_lane("gender.+ | string")


def test_guards() -> None:
    assert parse_guard("AGE") == (model.Test("AGE", "set"),)
    assert parse_guard("not AGE") == (model.Test("AGE", "set", (), True),)
    assert parse_guard("ONGOSIND='Y'") == (model.Test("ONGOSIND", "in", ("Y",)),)
    assert parse_guard("ARMCD in A 'B C'") == (model.Test("ARMCD", "in", ("A", "B C")),)
    assert parse_guard("numeric(LBORRES) and not AGE") == (
        model.Test("LBORRES", "numeric"),
        model.Test("AGE", "set", (), True),
    )
    assert parse_guard("not LBSTRESC=LBORRES") == (model.Test("LBSTRESC", "same", ("LBORRES",), True),)


@pytest.mark.parametrize("text", ["age", "AGE > 3", "AGE = y", "AGE or SEX", "numeric()", "NO_NAME"])
def test_what_is_no_condition(text: str) -> None:
    with pytest.raises(WordError, match="is no condition"):
        parse_guard(text)


def test_a_number_behind_zeros_is_asked_for_by_a_word_of_its_own() -> None:
    assert parse_guard("not padded(VSORRES)") == (model.Test("VSORRES", "padded", (), negated=True),)
    assert str(parse_guard("padded(VSORRES)")[0]) == "padded(VSORRES)"
