"""Texts with markup as plain text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interchange.mapping.codecs.html import plain_text

from .shaped import bind


@given(st.text(alphabet=st.characters(blacklist_characters="<&"), max_size=60))
def test_a_text_without_markup_is_the_same(text: str) -> None:
    assert plain_text(text) == text


@given(st.text(alphabet="<>/&;pulio #=\"'ab1", max_size=60))
def test_no_text_is_too_broken(text: str) -> None:
    assert isinstance(plain_text(text), str)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("<p>Age &gt;= 18 years</p>", "Age >= 18 years"),
        ("<div><p>One</p>\n  <p>Two</p></div>", "One\nTwo"),
        ("<ul><li>A</li><li><p>B</p></li></ul>", "- A\n- B"),
        ("<p>Any of:</p><ol><li>A<ol><li>B</li></ol></li><li>C</li></ol>", "Any of:\n1. A\n1.1. B\n2. C"),
        ("Hemoglobin A<sup>1C</sup>", "Hemoglobin A1C"),
        ('at least <usdm:tag name="min_age"/> years', "at least [min_age] years"),
        ("<table><tr><td>Sex</td><td>F</td></tr></table>", "Sex F"),
        ("<style>p {color: red}</style><p>Seen</p>", "Seen"),
        ("a<br/>b", "a\nb"),
        ("3 < 4 and 5 > 4", "3 < 4 and 5 > 4"),
        ("R&D", "R&D"),
    ],
)
def test_what_a_reader_sees(text: str, plain: str) -> None:
    assert plain_text(text) == plain


def test_markup_alone_says_nothing() -> None:
    assert bind("html", "string").decode("<p> </p>") is None
    assert bind("html", "string").encode("<p>A</p>") == "<p>A</p>"
