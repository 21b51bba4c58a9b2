"""Law L3: what the way to FHIR adds to the rows is residual extensions, constants, ids, and codes of terms and lookups."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings

from interchange.engine.plan import PlannedSource
from interchange.fhir.elements import elements
from interchange.fhir.lower import Condition, Filter, Op
from interchange.mapping.codecs.text import unescape_id
from interchange.mapping.tables import read_code_map

from .rows import packages
from .test_rows_come_back import CALM
from .trips import BOTH, engines, project, to_fhir

if TYPE_CHECKING:
    from collections.abc import Iterator

    from interchange.engine.plan import Plan, PlannedEmit
    from interchange.fhir.elements import Release
    from interchange.runners.engines import Engine
    from interchange.sdtm.dataset import Dataset

    from .resources import Resource

OWN = tuple(project().systems[name] for name in ("cells", "row", "dtc"))
IDS = {"id", "linkId", "targetId", "actionId", "reference", "resourceType"}
# what codecs write beside a value: units of durations and offsets, the language of an expression
BESIDE = {"http://unitsofmeasure.org", "text/plain", "before", "after"}
UNITS = {"a", "mo", "wk", "d", "h", "min", "s", "years", "months", "weeks", "days", "hours", "minutes", "seconds"}


def leaves(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Each leaf with its key; this project's own extensions are passed over."""
    if isinstance(value, dict):
        if value.get("url") not in OWN:
            for name, item in value.items():
                yield from leaves(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item, key)
    else:
        yield key, value


def _literals(ops: tuple[Op, ...]) -> Iterator[str]:
    for op in ops:
        if isinstance(op, Filter):
            yield from (str(c.literal) for c in op.conditions if isinstance(c, Condition) and not c.variable)
            for condition in op.conditions:
                yield from _literals(condition.ops)


def _of_emit(emit: PlannedEmit) -> Iterator[str]:
    yield str(emit.value)
    yield from _literals(emit.path.ops)


@cache
def constants(release: Release) -> frozenset[str]:
    """Everything that the mapping files themselves say on a release."""
    plan: Plan = engines(release).plan
    found: set[str] = set()
    for one in [s for m in plan.mappings.values() for s in m.sources] + list(plan.entities.values()):
        for emit in one.emit:
            found.update(_of_emit(emit))
        claims = one.claims if isinstance(one, PlannedSource) else ()
        for test in (*one.match, *(test for claim in claims for test in claim.tests)):
            found.update(_literals(test.path.ops))
        for level in one.levels:
            found.update(_literals(level.path.ops))
        for way in (way for rule in one.rules for way in rule.ways):
            for path in way.paths:
                found.update(_literals(path.ops))
            found.update(getattr(way.codec, "args", ()))
    return frozenset(found)


@cache
def written(term: str) -> frozenset[str]:
    """Codes, systems, displays and texts that some code map has for a term."""
    places = project().settings["folders"].split("\n")
    names = {path.stem for place in places for path in _maps(place)}
    entries = [e for name in names for e in read_code_map(name, places).entries if e.term == term]
    return frozenset(text for e in entries for text in (e.system, e.code, e.display, e.text) if text)


def _maps(place: str) -> list[Any]:
    from pathlib import Path

    return sorted((Path(place) / "codemaps").glob("*.csv"))


def looked_up(package: list[Dataset], release: Release) -> frozenset[str]:
    """What the lookups of the mappings have for the rows of a package."""
    mappings = engines(release).plan.mappings
    return frozenset(
        code
        for dataset in package
        for source in (mappings[dataset.name].sources if dataset.name in mappings else ())
        for emit in source.emit
        for lookup in emit.lookups
        for row in dataset.rows
        if (code := lookup(row))
    )


def explained(key: str, value: Any, cells: set[str], release: Release, codes: frozenset[str] = frozenset()) -> bool:
    """Whether a leaf is an id, a constant, a code of a term or lookup, or has the text or number of a cell in it."""
    text = str(value)
    if key == "type" and elements(release).is_resource(text):  # of a reference that names several by an identifier
        return True
    if key in IDS or text in constants(release) or text in BESIDE | UNITS | codes:
        return True
    if text.startswith("ARMCD."):  # the id of an arm, where an element of another type holds it
        return unescape_id(text.removeprefix("ARMCD.")) in cells
    if isinstance(value, bool):
        return bool(cells & {"Y", "N", "INCLUSION", "EXCLUSION"}) or text.lower() in constants(release)
    if isinstance(value, (int, Decimal)):
        numbers = {n for cell in cells for n in re.findall(r"\d+(?:\.\d+)?(?:[eE][+-]?\d+)?", cell)}
        days = {str(abs(int(n)) - 1) for n in cells if re.fullmatch(r"\d{1,9}", n)}
        return any(Decimal(n) == abs(Decimal(value)) for n in numbers | days)
    if text in {t for cell in cells for t in written(cell)}:
        return True
    return any(cell in text or text in cell for cell in cells)


@pytest.mark.parametrize(("release", "engine"), BOTH)
@settings(CALM, max_examples=12)
@given(package=packages(3))
def test_every_leaf_has_a_reason(package: list[Dataset], release: Release, engine: Engine) -> None:
    resources: list[Resource] = to_fhir(package, engines(release, engine))
    cells = {text for dataset in package for row in dataset.rows for text in row.values()}
    codes = looked_up(package, release)
    for resource in resources:
        if resource["resourceType"] != "Library":
            for key, value in leaves(resource):
                assert explained(key, value, cells, release, codes), (resource["resourceType"], key, value)
