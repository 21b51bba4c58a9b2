from __future__ import annotations

import json
from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interchange.fhir import fits
from interchange.fhir.elements import RELEASES, Release, elements
from interchange.fhir.fits import codes_in, fitting, json_type, pattern_of
from interchange.fhir.members import DECODE, MEMBERS, Members
from interchange.fhir.read import CANONICAL
from interchange.fhir.structure import _resource

BUNDLE = Path(__file__).parents[2] / "examples" / "nct05574608" / "bundle.json"
RESOURCES = [
    entry["resource"] for entry in json.loads(BUNDLE.read_text(encoding="utf-8"), parse_float=Decimal)["entry"]
]
ODD = [None, True, 0, -1, 1.5, "", " ", "x", "2014-02-30", "final", [], {}, [{}], [None], {"coding": [{"code": "x"}]}]


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place of a JSON value but the value itself."""
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for step, item in steps for place in ((*at, step), *places(item, (*at, step)))]


@st.composite
def changed(draw: st.DrawFn) -> dict[str, Any]:
    """A resource of the demo trial with something odd in it."""
    resource: dict[str, Any] = deepcopy(draw(st.sampled_from(RESOURCES)))
    *way, last = draw(st.sampled_from(places(resource)))
    holder: Any = resource
    for step in way:
        holder = holder[step]
    match draw(st.sampled_from(["odd", "drop", "list", "unknown", "companion"])):
        case "odd":
            holder[last] = draw(st.sampled_from(ODD))
        case "drop":
            del holder[last]
        case "list":
            holder[last] = [holder[last]]
        case "unknown" if isinstance(holder, dict):
            holder["unheardOf"] = draw(st.sampled_from(ODD))
        case "companion" if isinstance(holder, dict):
            holder[f"_{last}"] = {"extension": [{"url": "http://a.example", "valueString": "x"}]}
    return resource


@given(changed(), st.sampled_from(RELEASES))
def test_the_quick_answer_is_that_of_the_words(resource: dict[str, Any], release: Release) -> None:
    assert fitting(release).resource(resource) == (not list(_resource(resource, "", elements(release))))


@given(st.lists(changed(), min_size=2, max_size=4), st.sampled_from(RELEASES), st.integers(1, 6))
def test_what_members_are_found_to_be_is_remembered(
    resources: list[dict[str, Any]], release: Release, most: int
) -> None:
    members = Members(most)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fits, "MEMBERS", members)
        asking = fits.Fitting(elements(release))
        for resource in [*resources, *resources]:
            text = CANONICAL(resource)
            assert asking.resource(members.decode(text)) == fitting(release).resource(DECODE(text))


def test_a_member_fits_the_type_of_its_resource() -> None:
    member = MEMBERS.decode(b'{"type": [{"text": "x"}]}')["type"]
    for _ in range(2):
        assert fitting("R5").resource({"resourceType": "Encounter", "type": member, "status": "completed"})
        assert not fitting("R5").resource({"resourceType": "Library", "type": member, "status": "active"})


def test_the_demo_trial_fits() -> None:
    assert all(fitting("R5").resource(resource) for resource in RESOURCES)


def test_what_is_no_resource_does_not_fit() -> None:
    assert not fitting("R5").resource({"resourceType": ["Patient"]})
    assert not fitting("R5").resource([])


@pytest.mark.parametrize(
    ("type_", "wanted"),
    [("boolean", "boolean"), ("decimal", "number"), ("positiveInt", "whole number"), ("date", "string")],
)
def test_what_json_has_for_a_primitive(type_: str, wanted: str) -> None:
    assert json_type(type_) == wanted


def test_codes_of_coded_types() -> None:
    concept = {"coding": [{"code": "a"}, {"display": "no code"}, {"code": "b"}]}
    assert codes_in(concept, "CodeableConcept") == ["a", "b"]
    assert codes_in({"concept": concept}, "CodeableReference") == ["a", "b"]
    assert codes_in("a", "code") == ["a"]
    assert codes_in(1, "code") == []


def test_any_text_is_a_string() -> None:
    assert pattern_of("R5", "string") is None
    id_ = pattern_of("R5", "id")
    assert id_ is not None
    assert not id_.fullmatch("a b")
