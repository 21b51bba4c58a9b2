"""What FHIR forbids and no single value shows: what is empty, periods that end early, extensions that say nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

EXTENSIONS = ("extension", "modifierExtension")


def tidy(resource: dict[str, Any]) -> None:
    """Take what FHIR forbids out of a resource, and what is left empty then.

    >>> resource = {"period": {"start": "2014-01-02", "end": "2013"}, "extension": [{"url": "u"}]}
    >>> tidy(resource); resource
    {'period': {'start': '2014-01-02'}}
    """
    prune(resource)
    if make_legal(resource):
        prune(resource)


def make_legal(value: Any) -> bool:
    """Take out of JSON the end of a period that is before its start, and extensions of a URL alone; whether any was.

    The invariants are per-1 and ext-1. What is left empty is for others to take out.

    >>> resource = {"effectivePeriod": {"start": "2014-01-02", "end": "2013-12-26"}, "extension": [{"url": "u"}]}
    >>> make_legal(resource), resource
    (True, {'effectivePeriod': {'start': '2014-01-02'}, 'extension': []})
    """
    changed = False
    if isinstance(value, dict):
        for key, item in value.items():
            if isinstance(item, (dict, list)):
                changed |= make_legal(item)
                if key in EXTENSIONS and isinstance(item, list):
                    said = [one for one in item if not isinstance(one, dict) or one.keys() - {"id", "url"}]
                    changed |= len(said) < len(item)
                    item[:] = said
        start, end = value.get("start"), value.get("end")
        if isinstance(start, str) and isinstance(end, str) and ends_early(start, end):
            del value["end"]
            value.pop("_end", None)
            changed = True
    else:
        for item in value:
            if isinstance(item, (dict, list)):
                changed |= make_legal(item)
    return changed


def ends_early(start: str, end: str) -> bool:
    """Whether the end of a period is before its start, as far as their precision tells.

    >>> ends_early("2014-01-02", "2013-12"), ends_early("2013-12-26", "2013"), ends_early("2013", "2013-01-01")
    (True, False, False)
    >>> ends_early("2014-01-02T10:15:00+01:00", "2014-01-02T09:30:00Z")
    False
    """
    if "T" in start and "T" in end:
        try:
            return datetime.fromisoformat(start) > datetime.fromisoformat(end)
        except (ValueError, TypeError):  # a time of day that Python does not have, such as 24:00:00, or without a zone
            return False
    size = min(len(text.partition("T")[0]) for text in (start, end))
    return start[:size] > end[:size]


def prune(value: Any) -> bool:
    """Take empty objects, empty lists and nulls out of JSON, which FHIR forbids; whether anything is left of it.

    >>> resource = {"a": {"b": []}, "c": 0, "d": [{}, {"e": False}]}
    >>> prune(resource), resource
    (True, {'c': 0, 'd': [{'e': False}]})
    """
    if isinstance(value, dict):
        for key in [key for key, item in value.items() if not prune(item)]:
            del value[key]
        return bool(value)
    if isinstance(value, list):
        value[:] = [item for item in value if prune(item)]
        return bool(value)
    return value is not None
