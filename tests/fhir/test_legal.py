"""What FHIR forbids is taken out, and nothing else."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from interchange.fhir.legal import ends_early, make_legal, prune


@pytest.mark.parametrize(
    ("start", "end", "early"),
    [
        ("2014-01-02", "2014-01-01", True),
        ("2014-01-02", "2014-01-02", False),
        ("2014-01-02", "2014", False),
        ("2014", "2013-12-31", True),
        ("2014-01-02T10:00:00Z", "2014-01-02", False),
        ("2014-01-02T10:00:00Z", "2014-01-02T09:59:59Z", True),
        ("2014-01-02T10:00:00+02:00", "2014-01-02T09:00:00Z", False),
        ("2014-01-02T24:00:00Z", "2014-01-02T09:00:00Z", False),
    ],
)
def test_an_end_is_early_where_the_precision_tells(start: str, end: str, early: bool) -> None:
    assert ends_early(start, end) is early


def test_an_extension_that_says_nothing_is_taken_out() -> None:
    resource = {
        "extension": [
            {"url": "a"},
            {"url": "b", "extension": [{"url": "c"}, {"url": "d", "valueBoolean": False}]},
            {"url": "e", "extension": [{"url": "f", "id": "1"}]},
        ],
        "content": [{"attachment": {"url": "https://example.org"}}],
    }
    assert make_legal(resource)
    assert resource == {
        "extension": [{"url": "b", "extension": [{"url": "d", "valueBoolean": False}]}, {"url": "e", "extension": []}],
        "content": [{"attachment": {"url": "https://example.org"}}],
    }


def test_what_is_legal_stays() -> None:
    resource = {"period": {"start": "2014", "end": "2014"}, "extension": [{"url": "a", "valueCode": "b"}]}
    before = copy.deepcopy(resource)
    assert not make_legal(resource)
    assert resource == before


def test_pruning_leaves_no_empty_things() -> None:
    nothing: dict[str, Any] = {"a": [], "b": {}, "c": None, "d": [None, {"e": []}]}
    assert not prune(nothing)
    assert nothing == {}
    something = {"a": False, "b": 0, "c": [{"d": ""}, {}]}
    assert prune(something)
    assert something == {"a": False, "b": 0, "c": [{"d": ""}]}
