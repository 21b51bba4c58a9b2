"""The shipped paths, laid before a stock FHIRPath engine: the same values on random resources of R5.

Paths are cut where they go on to another resource (resolve, join, referrer), and systems are bound. A condition is
``'x' in path`` for the oracle: FHIRPath's ``path = 'x'`` would be false where several codings stand.
"""

from __future__ import annotations

import json
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interchange.engine.ops import NOWHERE, values
from interchange.fhir import path as p
from interchange.fhir.elements import elements
from interchange.fhir.lower import Focus, Lowering
from interchange.mapping.model import Alternative, Entity, Level, Rule, Source, Versioned

from ..engine.shaped import Shapes, seeded  # noqa: TID252  # tests are no package of their own
from .resources import TYPES, built, disturbed, pruned
from .test_rows_come_back import CALM
from .trips import Resource, engines, project

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CELL = "3"  # what a condition asks for with a variable
Steps = tuple[p.Step, ...]
Start = tuple[str, Steps]


@cache
def lowering() -> Lowering:
    entities = {name: e.resource for name, e in engines("R5").plan.entities.items()}
    return Lowering("R5", {}, project().systems, entities)


def _leap(step: p.Step) -> str:
    """The resource type that a step goes on to, if it leaves the resource."""
    if isinstance(step, (p.Resolve, p.Join)):
        return lowering().entities[step.entity]
    return step.type if isinstance(step, p.Referrer) else ""


def _cut(start: Start, steps: Steps) -> Iterator[Start]:
    """The parts of a path, each within one resource."""
    type_, so_far = start
    for step in steps:
        if leap := _leap(step):
            yield type_, so_far
            type_, so_far = leap, ()
        else:
            so_far = (*so_far, step)
    yield type_, so_far


def _starts(resource: str, levels: tuple[Level, ...]) -> Iterator[tuple[str, Start, list[Start]]]:
    heads: list[tuple[str, Start]] = [(resource, (resource, ()))]
    yield resource, heads[0][1], []
    for level in levels:
        path = level.path.of("R5")
        assert path is not None
        start, rest = _begin(path, heads)
        parts = list(_cut(start, rest))
        heads.append((level.name, parts[-1]))
        yield level.name, parts[-1], parts


def _begin(path: p.Path, heads: list[tuple[str, Start]]) -> tuple[Start, Steps]:
    for name, start in heads:
        if name and path.head == name:
            return start, path.tail().steps
    return heads[-1][1], path.steps


def _within(one: Source | Entity, resource: str) -> Iterator[Start]:
    heads = []
    for name, start, parts in _starts(resource, one.levels):
        heads.append((name, start))
        yield from parts
    others: list[Versioned[p.Path]] = [*one.match]
    if isinstance(one, Source):
        others += [*one.skip_if, *one.only_if]
        claimed = [path for claim in one.claims for v in claim.paths if (path := v.of("R5"))]
        claimed += [path for claim in one.claims for lane in claim.lanes for path in _read(lane)]
        for path in claimed:
            start, rest = _begin(path, heads[:1])
            yield from _cut(start, rest)
    paths = [path for v in others if (path := v.of("R5"))]
    paths += [e.path for e in one.emit if e.value.of("R5") not in (None, "none")]
    paths += [path for rule in one.rules for path in _of(rule)]
    for path in paths:
        start, rest = _begin(path, heads)
        yield from _cut(start, rest)


def _of(rule: Rule) -> Iterator[p.Path]:
    for alternative in rule.alternatives:
        yield from _read(alternative)


def _read(alternative: Alternative) -> Iterator[p.Path]:
    lane = alternative.lane.of("R5")
    if lane is not None:
        yield from lane.paths


@cache
def paths() -> dict[str, tuple[Steps, ...]]:
    """Every path of the shipped mappings by resource type."""
    found: dict[str, dict[Steps, None]] = {}
    planned = engines("R5").plan
    for mapping in planned.mappings.values():
        for source in mapping.sources:
            for type_, steps in _within(source.source, source.resource):
                found.setdefault(type_, {})[steps] = None
    for entity in planned.entities.values():
        for type_, steps in _within(entity.entity, entity.resource):
            found.setdefault(type_, {})[steps] = None
    return {type_: tuple(steps for steps in own if steps) for type_, own in found.items()}


def spell(steps: Steps) -> str:
    """FHIRPath of steps."""
    return ".".join(map(_spell, steps))


def _spell(step: p.Step) -> str:
    match step:
        case p.Name(name):
            return name
        case p.OfType(type_):
            return f"ofType({type_})"
        case p.First():
            return "first()"
        case p.Extension(url):
            return f"extension('{lowering().literal(url)}')"
        case p.Where(conditions):
            said = [f"{_literal(lit)} in {spell(path.steps)}" for path, lit in conditions]
            return f"where({' and '.join(said)})"
    raise AssertionError(step)


def cells_of(steps: Steps) -> dict[str, str]:
    """The row that the conditions of a path are asked with."""
    asked = [lit for step in steps if isinstance(step, p.Where) for _, lit in step.conditions]
    return {lit.name: CELL for lit in asked if isinstance(lit, p.Var)}


def _literal(lit: p.Literal) -> str:
    text = CELL if isinstance(lit, p.Var) else lowering().literal(lit)
    return text if text in ("true", "false") else f"'{text}'"


def plain(found: list[Any]) -> list[str]:
    """Values in one spelling: numbers as floats and without extensions inside, as the oracle has them.

    Elements with nothing but extensions are left out: the oracle sees some of them, and others not.
    """
    spelled = (json.dumps(bare(json.loads(json.dumps(v, default=float))), sort_keys=True) for v in found)
    return [text for text in spelled if text != "{}"]


def bare(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: bare(v) for k, v in value.items() if k != "extension" and not k.startswith("_")}
    return [bare(v) for v in value] if isinstance(value, list) else value


@cache
def oracle(expression: str) -> Any:
    from fhirpathpy import compile as compile_path
    from fhirpathpy.models import models

    return compile_path(expression, models["r5"])


def test_there_are_paths_of_each_resource() -> None:
    assert set(TYPES) - {"ActivityDefinition"} <= set(paths())
    assert sum(map(len, paths().values())) > 1000


@cache
def shapes() -> Shapes:
    return Shapes(engines("R5").plan)


def legal(node: Any, content: str) -> Any:
    """JSON in the shape of the plan as FHIR has it: choices of one type, companions of primitives that are there.

    Of several extensions with one URL only the first is left, since the oracle's ``extension()`` has only that.
    """
    if isinstance(node, list):
        return [legal(item, content) for item in node]
    if not isinstance(node, dict):
        return node
    known, types, made = elements("R5").physicals(content), dict[str, str](), {}
    for key, value in node.items():
        element, type_ = known.get(key.removeprefix("_"), (None, ""))
        companion = key.startswith("_") and not (isinstance(value, dict) and value and key[1:] in node)
        if companion or (element and element.choice and types.setdefault(element.name, type_) != type_):
            continue
        inner = type_ if element and element.choice else element.content if element else "Extension"
        if key == "extension":
            first = {e["url"]: e for e in reversed(value) if isinstance(e, dict) and "url" in e}
            made[key] = legal(list(first.values()), inner)
        else:
            made[key] = legal(value, inner)
    return made


def beyond(steps: Steps) -> bool:
    """Whether the oracle cannot tell.

    It does not see an extension of a primitive that is one type of a choice, and takes ``first()`` of all elements
    where a row, which starts at its own, has the first of its element.
    """
    pairs = pairwise(steps)
    unseen = any(
        isinstance(one, p.OfType) and elements("R5").is_primitive(one.type) and isinstance(two, p.Extension)
        for one, two in pairs
    )
    return unseen or any(isinstance(step, p.First) for step in steps[2:])


@settings(CALM, max_examples=5)
@given(seed=st.integers(0, 2**32))
def test_paths_of_every_mapping_have_the_values_of_fhirpath(seed: int) -> None:
    resources = shapes().resources(seeded(seed), tidy=True)
    for resource in resources:
        type_ = resource["resourceType"]
        assert_alike(pruned(legal(resource, type_)), [steps for steps in paths().get(type_, ()) if not beyond(steps)])


@pytest.mark.parametrize("way", ["built", "disturbed"])
@settings(CALM, max_examples=10)
@given(data=st.data())
def test_paths_have_the_values_of_fhirpath(way: str, data: st.DataObject) -> None:
    resources: list[Resource] = data.draw(built("R5") if way == "built" else disturbed("R5"))
    for resource in resources:
        assert_alike(resource, paths().get(resource["resourceType"], ()))


def assert_alike(resource: Resource, ways: Sequence[Steps]) -> None:
    type_ = resource["resourceType"]
    for steps in ways:
        text = spell(steps)
        lowered = lowering().lower(p.Path(steps, text), Focus(type_, type_))
        ours = plain(list(values(lowered.ops, resource, NOWHERE, cells_of(steps))))
        assert ours == plain(oracle(text)(resource)), text
