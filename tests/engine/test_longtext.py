from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interchange.engine.longtext import LIMIT, join_long, split_long

WORDS = st.lists(st.sampled_from(("word", "ß" * 60, "x" * 250, "", "end.")), min_size=1, max_size=20)


def pieces(text: str) -> list[str]:
    row = {"TSVAL": text}
    split_long(row, "TSVAL")
    return list(row.values())


def test_a_text_that_fits_stays() -> None:
    assert pieces("x" * 200) == ["x" * 200]
    row = {"TSPARMCD": "TITLE"}
    split_long(row, "TSVAL")
    assert row == {"TSPARMCD": "TITLE"}


def test_a_long_text_is_cut_before_a_blank() -> None:
    assert pieces("a" * 120 + " " + "b" * 120) == ["a" * 120, " " + "b" * 120]
    assert pieces("a" * 200 + " b") == ["a" * 200, " b"]


def test_a_word_too_long_is_cut_anywhere() -> None:
    assert pieces("x" * 450) == ["x" * 200, "x" * 200, "x" * 50]


def test_the_limit_is_in_bytes() -> None:
    assert pieces("ß" * 101) == ["ß" * 100, "ß"]


def test_variables_are_numbered() -> None:
    row = {"TSVAL": "x" * 450, "TSSEQ": "1"}
    split_long(row, "TSVAL")
    assert list(row) == ["TSVAL", "TSSEQ", "TSVAL1", "TSVAL2"]


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ({"TSVAL": "one"}, "one"),
        ({"TSVAL": "one", "TSVAL1": "two"}, "one two"),  # a blank was lost at the cut
        ({"TSVAL": "one", "TSVAL1": " two"}, "one two"),
        ({"TSVAL": "x" * 200, "TSVAL1": "y"}, "x" * 200 + "y"),  # no room for a blank: none was lost
        ({"TSVAL": "one", "TSVAL1": "two", "TSVAL2": "three"}, "one two three"),
    ],
)
def test_pieces_are_put_together(row: dict[str, str], text: str) -> None:
    assert join_long(row, "TSVAL") == {"TSVAL": text}


@pytest.mark.parametrize(
    "row",
    [
        {"TSVAL1": "two"},
        {"TSVAL": "one", "TSVAL2": "three"},
        {"TSVAL": "one", "TSVAL1": "two", "TSVAL3": "four"},
        {"TSVAL": "one", "TSVAL01": "two", "TSVAL1": "x"},
    ],
)
def test_pieces_with_a_gap_stay_apart(row: dict[str, str]) -> None:
    assert join_long(row, "TSVAL") == row


@given(WORDS)
def test_pieces_of_any_text_are_the_text_again(words: list[str]) -> None:
    text = " ".join(words)
    row = {"TSVAL": text}
    split_long(row, "TSVAL")
    assert "".join(row.values()) == text
    assert all(0 < len(piece.encode()) <= LIMIT for piece in row.values()) or not text
    if text:
        assert join_long(row, "TSVAL") == {"TSVAL": text}
