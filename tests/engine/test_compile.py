"""The compiled engine against the interpreter: same rows, resources and exceptions, on any JSON and cells."""

from __future__ import annotations

import json
import os
import traceback
from collections import Counter
from copy import deepcopy
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interchange.engine.backward import Backward
from interchange.engine.bench import ResourceBench, interpreted_write
from interchange.engine.code import function_name
from interchange.engine.compile import Compiled, compile_plan
from interchange.engine.compile_read import read_code
from interchange.engine.forward import Forward
from interchange.engine.interpret import read_row, write_row
from interchange.engine.planner import plan_project
from interchange.engine.shelf import ResourceShelf, interpreted_elements, interpreted_read, shelve
from interchange.fhir.elements import RELEASES, Release
from interchange.fhir.members import DECODE, MEMBERS
from interchange.fhir.read import CANONICAL
from interchange.mapping.load import load_project

from .shaped import Shapes, rows_of, seeded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from random import Random

    from interchange.engine.plan import Plan, PlannedMapping

CALM = settings(deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))
SEEDS = st.integers(0, 2**32)
SHARED = Path(os.environ.get("INTERCHANGE_SHARED") or Path(__file__).parents[3] / "shared") / "data"


@cache
def engines(release: Release) -> tuple[Plan, Compiled, Shapes]:
    plan = plan_project(load_project(), release)
    return plan, compile_plan(plan), Shapes(plan)


def outcome(act: Callable[[], Any]) -> tuple[str, Any]:
    """What a call gives or raises; rows with their cells in order."""
    try:
        found = act()
    except Exception as error:  # the engines must agree on any exception
        return "raised", type(error)
    return "gave", list(found.items()) if isinstance(found, dict) else found


def misses(plan: Plan) -> Counter[tuple[str, str]]:
    found = Counter(plan.tools.misses)
    plan.tools.misses.clear()
    return found


SOME = 8  # domains that one example looks at; over the examples it is each of them several times


def some(plan: Plan, random: Random) -> list[PlannedMapping]:
    """A few mappings of a plan."""
    return random.sample(list(plan.mappings.values()), SOME)


def places(plan: Plan, shelf: ResourceShelf, mappings: Sequence[PlannedMapping]) -> Iterator[tuple[Any, list[Any]]]:
    """Row sources of some mappings, and entities, with the levels of every row that they have on a shelf."""
    sources = [s for m in mappings for s in m.sources]
    for planned in (*plan.entities.values(), *sources):
        for resource in shelf.types.get(planned.resource, ()):
            shelf.within(resource)
            for levels in shelf.levels(resource, planned.levels):
                yield planned, levels


@pytest.mark.parametrize("release", RELEASES)
@CALM
@given(seed=SEEDS)
def test_rows_are_read_alike(release: Release, seed: int) -> None:
    plan, compiled, shapes = engines(release)
    random = seeded(seed)
    mappings = some(plan, random)
    resources = shapes.resources(random)
    one, two = shelve(plan, resources, interpreted_read), shelve(plan, resources, compiled.read)
    misses(plan)
    for (planned, levels), (_, others) in zip(places(plan, one, mappings), places(plan, two, mappings), strict=True):
        expected = outcome(lambda p=planned, n=levels: interpreted_read(p, n, one))
        counted = misses(plan)
        assert outcome(lambda p=planned, n=others: compiled.read(p, n, two)) == expected, planned
        assert misses(plan) == counted
    assert one.unresolved == two.unresolved


def mixed(resources: list[dict[str, Any]], random: Random) -> Iterator[bytes]:
    """Resources as lines, and more of them that have some members of one and some of another of their type."""
    yield from map(CANONICAL, resources)
    for number, resource in enumerate(resources):
        other = random.choice([r for r in resources if r["resourceType"] == resource["resourceType"]])
        found = {key: random.choice((resource, other)).get(key) for key in (*resource, *other)}
        yield CANONICAL({**found, "resourceType": resource["resourceType"], "id": f"mixed-{number}"})


@pytest.mark.parametrize("release", RELEASES)
@CALM
@given(seed=SEEDS)
def test_rows_of_shared_members_are_read_alike(release: Release, seed: int) -> None:
    plan, compiled, shapes = engines(release)
    random = seeded(seed)
    mappings = random.sample(list(plan.mappings.values()), 2)
    lines = list(mixed(shapes.resources(random), random))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MEMBERS, "most", random.choice((1, 7, 100, 10_000)))
        one = shelve(plan, map(DECODE, lines), interpreted_read)
        two = shelve(plan, map(MEMBERS.decode, lines), compiled.read)
        misses(plan)
        for (planned, levels), (_, others) in zip(
            places(plan, one, mappings), places(plan, two, mappings), strict=True
        ):
            for _ in range(2):
                expected = outcome(lambda p=planned, n=levels: interpreted_read(p, n, one))
                counted = misses(plan)
                assert outcome(lambda p=planned, n=others: compiled.read(p, n, two)) == expected, planned
                assert misses(plan) == counted
            if random.random() < 0.01:
                MEMBERS.forget()
        assert one.unresolved == two.unresolved


def test_a_value_that_a_code_map_lacks_is_counted_each_time_it_is_read() -> None:
    plan, _, _ = engines("R5")
    compiled = Compiled(plan)
    source = plan.mappings["LB"].sources[0]
    line = b'{"resourceType": "Observation", "valueQuantity": {"value": 5, "unit": "furlong"}, "code": {"text": "x"}}'
    shelf = shelve(plan, [])
    misses(plan)
    rows = [compiled.read(source, [MEMBERS.decode(line)], shelf) for _ in range(3)]
    assert rows == [interpreted_read(source, [DECODE(line)], shelf)] * 3
    assert set(misses(plan).values()) == {4}


@pytest.mark.parametrize("release", RELEASES)
@CALM
@given(seed=SEEDS)
def test_readers_for_the_keys_that_are_there_read_alike(release: Release, seed: int) -> None:
    plan, _, shapes = engines(release)
    random = seeded(seed)
    shelf = shelve(plan, shapes.resources(random))
    found = [(p, n) for p, n in places(plan, shelf, some(plan, random)) if p.rules]
    for planned, levels in random.sample(found, min(len(found), 5)):
        outcome(lambda p=planned, n=levels: interpreted_read(p, n, shelf))  # the shelf remembers the rows of entities
        misses(plan)
        expected = outcome(lambda p=planned, n=levels: interpreted_read(p, n, shelf))
        counted = misses(plan)
        shape = tuple(tuple(node) if isinstance(node, dict) else () for node in levels)
        reader = read_code(planned.rules, "shaped", shape=shape).build("shaped")
        assert outcome(lambda r=reader, n=levels: r(n, shelf)) == expected, (planned, shape)
        assert misses(plan) == counted


def test_rows_with_the_same_keys_get_a_reader_of_their_own() -> None:
    plan, _, _ = engines("R5")
    source = plan.mappings["LB"].sources[0]
    resource = {"resourceType": "Observation", "id": "1", "code": {"text": "Albumin"}, "valueString": "high"}
    shelf = shelve(plan, [resource])
    compiled = Compiled(plan, often=3)
    rows = [compiled.read(source, [dict(resource)], shelf) for _ in range(5)]
    assert rows == [interpreted_read(source, [resource], shelf)] * 5
    assert rows[0]["LBORRES"] == "high"
    other = {**resource, "valueString": None, "valueInteger": 7}
    assert compiled.read(source, [other], shelf) == interpreted_read(source, [other], shelf)


@pytest.mark.parametrize("release", RELEASES)
@CALM
@given(seed=SEEDS)
def test_elements_are_found_alike(release: Release, seed: int) -> None:
    plan, compiled, shapes = engines(release)
    random = seeded(seed)
    resources = shapes.resources(random)
    one, two = shelve(plan, resources, interpreted_read), shelve(plan, resources, compiled.read)
    for planned in some(plan, random):
        for source in planned.sources:
            expected = outcome(lambda s=source: [list(map(id, n)) for n in interpreted_elements(s, one)])
            assert outcome(lambda s=source: [list(map(id, n)) for n in compiled.elements(s, two)]) == expected, source
    assert one.unresolved == two.unresolved


@pytest.mark.parametrize("release", RELEASES)
@CALM
@given(seed=SEEDS)
def test_rows_are_written_alike(release: Release, seed: int) -> None:
    plan, compiled, _ = engines(release)
    random = seeded(seed)
    benches = ResourceBench(plan), ResourceBench(plan, compiled.write, compiled.constants)
    forward = Forward(plan)
    fast = Backward(plan, forward, compiled.write, constants=compiled.constants)
    backs = Backward(plan, forward, interpreted_write), fast
    for planned in some(plan, random):
        for i, row in enumerate(rows_of(planned, random, 4)):
            done = [
                outcome(lambda b=back, n=bench, r=dict(row), p=planned, i=i: b._write(n, p, r, i).source)
                for back, bench in zip(backs, benches, strict=True)
            ]
            assert done[0] == done[1]
            assert repr(benches[0].resources) == repr(benches[1].resources), row


@pytest.mark.parametrize("release", RELEASES)
@CALM
@given(seed=SEEDS)
def test_rows_are_written_alike_over_what_is_there(release: Release, seed: int) -> None:
    plan, compiled, shapes = engines(release)
    random = seeded(seed)
    made = shapes.resources(random)
    sides = [deepcopy(made), deepcopy(made)]
    benches = ResourceBench(plan), ResourceBench(plan, compiled.write, compiled.constants)
    for planned in some(plan, random):
        rows = rows_of(planned, random, 3)
        for source in planned.sources:
            found = [
                [
                    levels
                    for r in side
                    if r["resourceType"] == source.resource
                    for levels in shelve(plan, side).levels(r, source.levels)
                ][:2]
                for side in sides
            ]
            for levels, others in zip(*found, strict=True):
                row = random.choice(rows)
                done = outcome(lambda p=source, n=levels, r=row: write_row(p.rules, n, benches[0], r))
                assert outcome(lambda p=source, n=others, r=row: compiled.write(p, n, benches[1], r)) == done
                assert repr(sides[0]) == repr(sides[1]), source
    assert repr(benches[0].resources) == repr(benches[1].resources)


def pilot() -> dict[str, list[dict[str, str]]]:
    from interchange.sdtm.formats import read_package
    from interchange.sdtm.suppqual import join

    path = SHARED / "lzzt" / "sdtm_xpt.zip"
    if not path.is_file():
        pytest.skip("the pilot's SDTM is not here: set INTERCHANGE_SHARED to the shared reference data")
    package, _ = read_package(path)
    datasets = {d.name: d for d in package}
    rows = {name: datasets[name].rows for name in ("TS", "TA", "TE", "TI", "TV")}
    return rows | {"DM": join(datasets["DM"], datasets["SUPPDM"]).dataset.rows}


@pytest.mark.parametrize("release", RELEASES)
def test_the_pilot_converts_alike(release: Release) -> None:
    plan, compiled, _ = engines(release)
    data = pilot()
    interpreted = Backward(plan, Forward(plan), interpreted_write)
    fast = Backward(plan, Forward(plan, compiled.read, compiled.elements), compiled.write, constants=compiled.constants)
    resources = interpreted.convert(deepcopy(data))
    assert repr(fast.convert(deepcopy(data))) == repr(resources)
    assert {d: s.tallies() for d, s in fast.settled.items()} == {d: s.tallies() for d, s in interpreted.settled.items()}
    assert rows_on(plan, resources, compiled) == rows_on(plan, resources, None) == data


@pytest.mark.parametrize(("release", "name"), [("R5", "bundle-r5.json"), ("R4B", "bundle-r4b.json")])
def test_a_trial_from_a_registry_reads_alike(release: Release, name: str) -> None:
    path = SHARED / "nct05574608" / name
    if not path.is_file():
        pytest.skip("the trial's bundle is not here: set INTERCHANGE_SHARED to the shared reference data")
    plan, compiled, _ = engines(release)
    resources = [e["resource"] for e in json.loads(path.read_text(), parse_float=str)["entry"]]
    rows = rows_on(plan, resources, None)
    assert rows_on(plan, resources, compiled) == rows
    assert len(rows["TS"]) > 20


def rows_on(plan: Plan, resources: list[dict[str, Any]], compiled: Compiled | None) -> dict[str, list[dict[str, str]]]:
    read = compiled.read if compiled else interpreted_read
    forward, shelf = Forward(plan, read, compiled.elements if compiled else None), shelve(plan, resources, read)
    return {domain: [f.row for f in found] for domain, found in forward.every(shelf).items() if found}


def test_the_source_is_at_hand_and_names_its_rules() -> None:
    plan, compiled, _ = engines("R5")
    source = compiled.source
    compile(source, "generated", "exec")
    assert "def read_TA_element(levels, shelf):" in source
    assert "def write_DM_subject(levels, bench, row):" in source
    assert "def elements_LB_component(resources, shelf):" in source
    assert "def emit_entity_subject(levels, bench, row):" in source
    assert "dm.yaml:" in source
    names = [function_name("read", m, s.source.name) for m, p in plan.mappings.items() for s in p.sources]
    assert [name for name in names if f"def {name}" not in source] == []


def test_tracebacks_show_generated_lines() -> None:
    plan, compiled, _ = engines("R5")
    source = plan.mappings["TI"].sources[0]
    with pytest.raises(IndexError) as caught:
        compiled.read(source, [{"identifier": [{"value": "x"}]}], shelve(plan, []))
    text = "".join(traceback.format_exception(caught.value))
    assert "<read_TI_criterion R5>" in text
    assert "= levels[2]" in text


def test_content_of_files_never_becomes_code() -> None:
    """A mapping whose variables, constants, systems and arguments try to break out of the generated text."""
    plan, _, _ = engines("R5")
    bad = "x'\"\n  raise SystemExit #\\{0}"
    source = plan.mappings["DM"].sources[0]
    rules = []
    for rule in source.rules:
        ways = tuple(replace(w, text=bad, variables=tuple(bad + v for v in w.variables)) for w in rule.ways)
        own = replace(rule.rule, variables=tuple(bad + v for v in rule.variables), const=rule.rule.const and bad)
        rules.append(replace(rule, rule=own, ways=ways))
    named = replace(source, domain=bad, source=replace(source.source, name=bad), rules=tuple(rules))
    compiled = compile_plan(plan)
    resource = {"resourceType": "ResearchSubject", "identifier": [{"value": "7"}]}
    row = compiled.read(named, [resource], shelve(plan, [resource]))
    assert row == read_row(rules, [resource], shelve(plan, [resource]))
    assert row[bad + "SUBJID"] == "7"
    assert row[bad + "DOMAIN"] == bad
    made: list[dict[str, Any]] = [{}, {}]
    for levels, write in zip(made, (compiled.write, interpreted_write), strict=True):
        write(named, [levels], ResourceBench(plan), {bad + "SUBJID": "7"})
    assert made[0] == made[1] == {"identifier": [{"system": plan.project.systems["subjid"], "value": "7"}]}
