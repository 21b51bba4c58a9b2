"""Templates of USDM: tags filled in from the study, as plain text and as a narrative."""

from __future__ import annotations

from typing import Any

import pytest

from interchange.mapping.codecs.template import is_narrative, shown

from .shaped import bind

YEAR = {"id": "a1", "standardCode": {"id": "c1", "decode": "Year"}}


def ref(id_: str, attribute: str) -> str:
    return f'<usdm:ref klass="X" id="{id_}" attribute="{attribute}"></usdm:ref>'


STUDY = {
    "population": {
        "id": "p1",
        "description": "<p>Adults &amp; others</p>",
        "plannedAge": {
            "id": "r1",
            "minValue": {"id": "q1", "value": 18.0, "unit": YEAR},
            "maxValue": {"id": "q2", "value": 70.5},
        },
    },
    "loop": {"id": "l1", "text": ref("l1", "text")},
    "dictionaries": [
        {
            "id": "d1",
            "parameterMaps": [
                {"id": "m1", "tag": "min", "reference": ref("q1", "value")},
                {"id": "m2", "tag": "who", "reference": ref("p1", "description")},
                {"id": "m3", "tag": "said", "reference": "5 < 6"},
                {"id": "m4", "tag": "gone", "reference": ref("q9", "value")},
                {"id": "m5", "tag": "loop", "reference": ref("l1", "text")},
            ],
        }
    ],
}


def filled(text: Any, codec: str = "template", dictionary: Any = "d1", study: Any = STUDY) -> str | None:
    bound = bind(codec, "BackboneElement")
    bound.tools.whole = study
    found: str | None = bound.decode({"text": text, "dictionaryId": dictionary})
    return found


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ('<p>At least <usdm:tag name="min"/> years</p>', "At least 18 years"),
        ('<usdm:tag name="who"></usdm:tag>', "Adults & others"),
        ('<usdm:tag name="said"/>', "5 < 6"),
        (f"Aged {ref('p1', 'plannedAge')}", "Aged 18 Year to 70.5"),
        ('<usdm:tag name="gone"/> and <usdm:tag name="unknown"/>', "[gone] and [unknown]"),
        ("Plain", "Plain"),
    ],
)
def test_tags_are_filled_in(text: str, plain: str) -> None:
    assert filled(text) == plain


def test_a_tag_without_a_dictionary_keeps_its_name() -> None:
    assert filled('<usdm:tag name="min"/>', dictionary=None) == "[min]"
    assert filled('<usdm:tag name="min"/>', dictionary="d9") == "[min]"
    assert filled('<usdm:tag name="min"/>', study=None) == "[min]"


def test_a_circle_of_references_ends() -> None:
    assert filled('a <usdm:tag name="loop"/>') == "a [loop]"


def test_what_is_no_template_says_nothing() -> None:
    assert filled(None) is None
    assert filled(" ") is None
    assert bind("template", "BackboneElement").decode("text") is None
    assert bind("template", "BackboneElement").encode("text") is None


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "yes"), (5, "5"), ({"decode": "Year"}, "Year"), ([], None), ("", None), ({"id": "x"}, None), (None, None)],
)
def test_attributes_as_a_reader_sees_them(value: Any, text: str | None) -> None:
    assert shown(value) == text


DIV = '<div xmlns="http://www.w3.org/1999/xhtml">'


@pytest.mark.parametrize(
    ("text", "div"),
    [
        (f"{DIV}<p>A</p></div>", f"{DIV}<p>A</p></div>"),
        ("<p>A</p>", f"{DIV}<p>A</p></div>"),
        ('At least <usdm:tag name="min"/> years', f"{DIV}At least 18 years</div>"),
        ("<p>A<script>x</script></p>", f"{DIV}<p>A</p></div>"),
        ("A & B < C", f"{DIV}<p>A &amp; B &lt; C</p></div>"),
        ('<p onclick="x()">A</p>', f"{DIV}<p>A</p></div>"),
    ],
)
def test_a_narrative_has_the_markup_that_it_may_have(text: str, div: str) -> None:
    assert filled(text, "narrative") == div
    assert is_narrative(div)


def test_document_types_are_no_narrative() -> None:
    assert not is_narrative(f'<!DOCTYPE div [<!ENTITY a "b">]>{DIV}&a;</div>')
