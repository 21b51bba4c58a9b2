"""To FHIR, member by member: what rows make that agree in the cells concerned is made once, and shared.

Most members of a row's own resource depend on few of its variables: ``category`` on the category, ``code`` on the
test, ``referenceRange`` on the limits and units. Which ones, the mapping says: members that a rule, a constant or a
claim writes together are a cluster, and it depends on the variables that its rules, guards, lookups and templates name.
One that refers to the resource of an entity is made once in a conversion, since the first time makes that resource as
well. What writes to another resource is done for each row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from interchange.engine.bench import template_variables
from interchange.engine.interpret import guard_holds
from interchange.engine.plan import EntityRef, RecordRef
from interchange.fhir.legal import tidy
from interchange.fhir.lower import Filter, Get, Take
from interchange.fhir.members import MEMBERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from interchange.engine.bench import ResourceBench, Write
    from interchange.engine.ops import Resource, Row
    from interchange.engine.plan import Plan, PlannedEmit, PlannedRule, PlannedSource, PlannedTest
    from interchange.fhir.lower import Condition, Op
    from interchange.fhir.members import Memory
    from interchange.mapping.codecs.base import Miss
    from interchange.mapping.model import Guard, Test

KeyOf = Callable[["Row"], Any]
Made = tuple[dict[str, Any], "Counter[Miss] | None"]  # members, and what code maps did not hold
Shape = tuple[list[tuple["Cluster", KeyOf, "Memory"]], list[tuple["Cluster", KeyOf]]]

OWN = frozenset({"id", "resourceType"})  # what a resource has before a row is written
MOST_SHAPES = 500  # sets of variables that the rows of a source have


@dataclass(slots=True, eq=False)
class Unit:
    """A rule, a constant or a test: the members that it writes, the variables and conditions that it goes by.

    ``refers`` is one that refers to the resource of an entity, ``loose`` one that writes to another resource.
    """

    item: PlannedRule | PlannedEmit | PlannedTest
    members: frozenset[str]
    variables: tuple[str, ...] = ()
    guard: Guard = ()
    refers: bool = False
    loose: bool = False


@dataclass(slots=True)
class Cluster:
    """Members that are written together: the row source with what writes them alone, and what that goes by."""

    members: frozenset[str]
    source: PlannedSource
    tests: tuple[PlannedTest, ...]
    variables: tuple[str, ...]
    guard: Guard
    always: bool

    def speaks(self, row: Row) -> bool:
        """Whether rows with these variables may make something of it."""
        return self.always or any(name in row for rule in self.source.rules for name in rule.variables)

    def key_of(self, row: Row) -> KeyOf:
        """What tells apart the rows with these variables: the cells that it goes by, and what its conditions say."""
        cells = [name for name in self.variables if name in row]
        tests = [test for test in self.guard if test.kind != "set" and test.variable in row and not _told(test, cells)]
        if tests:
            return lambda row: (*[row[name] for name in cells], *[guard_holds((test,), row) for test in tests])
        return itemgetter(*cells) if cells else lambda _: ()


def _told(test: Test, cells: Sequence[str]) -> bool:
    """Whether cells say what a condition says."""
    return test.variable in cells and (test.kind != "same" or test.values[0] in cells)


@dataclass(slots=True)
class Clusters:
    """What a row source writes: the clusters, those that refer to entities, and the rest, written for each row."""

    clusters: list[Cluster]
    referring: list[Cluster]
    rest: PlannedSource
    rest_tests: tuple[PlannedTest, ...]
    shapes: dict[tuple[tuple[str, ...], tuple[str, ...] | None], Shape] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """Whether there is no rest."""
        return not (self.rest.rules or self.rest.emit or self.rest_tests)

    def of(self, row: Row, asked: tuple[str, ...] | None) -> Shape:
        """The clusters that speak for the variables of a row, each with what it goes by and what is known of it.

        Then those that refer to entities. With ``asked`` the first are those alone that write one of these members.
        """
        shape = (tuple(row), asked)
        found = self.shapes.get(shape)
        if found is None:
            if len(self.shapes) >= MOST_SHAPES:
                self.shapes.clear()
            wanted = [one for one in self.clusters if asked is None or not one.members.isdisjoint(asked)]
            made = [(one, one.key_of(row), MEMBERS.memory()) for one in wanted if one.speaks(row)]
            referring = [(one, one.key_of(row)) for one in self.referring if one.speaks(row)]
            found = self.shapes[shape] = (made, referring)
        return found


class MemberWriter:
    """Writes rows into resources of their own; ``write`` and ``constants`` are those that write a whole row."""

    def __init__(self, plan: Plan, write: Write, constants: Write) -> None:
        self.plan = plan
        self.write = write
        self.constants = constants
        self._known: dict[int, tuple[PlannedSource, Clusters | None]] = {}

    def clusters(self, source: PlannedSource) -> Clusters | None:
        """The clusters of a row source; nothing where its rows have no resource each of their own."""
        known = self._known.get(id(source))
        if known is None:
            known = self._known[id(source)] = (source, clusters_of(self.plan, source) if _has_own(source) else None)
        return known[1]

    def fill(
        self,
        clusters: Clusters,
        root: Resource,
        bench: ResourceBench,
        row: Row,
        asked: tuple[str, ...] | None = None,
    ) -> None:
        """Write a row into its resource, which is new and will be nobody else's to write to.

        Of the members that lead to no other resource, those may be left out that are not ``asked`` for.
        """
        shared, referring = clusters.of(row, asked)
        for cluster, key_of, memory in shared:
            key = key_of(row)
            made = memory.get(key)
            if made is None:
                made = self._made(cluster, root["resourceType"], bench, row)
                if all(MEMBERS.holds(item) for item in made[0].values() if isinstance(item, (dict, list))):
                    memory[key] = made
            self._take(root, made)
        for cluster, key_of in referring:
            about = (key_of, key_of(row))
            made = bench.known.get(about)
            if made is None:
                made = self._made(cluster, root["resourceType"], bench, row)
                if made[1] is None:  # else the entity may have missed something, which is made this once
                    bench.known[about] = made
            self._take(root, made)
        if not clusters.whole:
            self._rest(clusters, root, bench, row)

    def _take(self, root: Resource, made: Made) -> None:
        members, misses = made
        root.update(members)
        if misses:
            self.plan.tools.misses.update(misses)

    def _rest(self, clusters: Clusters, root: Resource, bench: ResourceBench, row: Row) -> None:
        """Write what is written for each row."""
        rest: Resource = {"resourceType": root["resourceType"], "id": root["id"]}
        levels = [rest]
        bench.assert_tests(clusters.rest_tests, levels, row)
        self.write(clusters.rest, levels, bench, row)
        self.constants(clusters.rest, levels, bench, row)
        tidy(rest)
        root.update(rest)

    def _made(self, cluster: Cluster, type_: str, bench: ResourceBench, row: Row) -> Made:
        """The members that a row makes, and the values on the way that a code map does not hold."""
        tools = self.plan.tools
        counted, tools.misses = tools.misses, Counter()
        made: Resource = {"resourceType": type_}
        try:
            bench.assert_tests(cluster.tests, [made], row)
            self.write(cluster.source, [made], bench, row)
            self.constants(cluster.source, [made], bench, row)
        finally:
            misses, tools.misses = tools.misses, counted
        del made["resourceType"]
        tidy(made)
        for key, item in made.items():
            if isinstance(item, (dict, list)):
                made[key] = MEMBERS.shared(key, repr(item), item)
        return made, misses or None


def _has_own(source: PlannedSource) -> bool:
    """Whether each row of a row source is written into a new resource."""
    said = source.source
    return not (source.levels or source.records or said.oneway or said.about or said.entity or said.distinct)


def clusters_of(plan: Plan, source: PlannedSource) -> Clusters:
    """Return what a row source writes, parted into members that do not depend on each other."""
    units = list(_units(plan, source))
    groups: list[tuple[set[str], list[Unit]]] = []
    for unit in units:
        members, together = set(unit.members), [unit]
        apart = []
        for group in groups:
            if group[0] & members:
                members |= group[0]
                together = [*group[1], *together]
            else:
                apart.append(group)
        groups = [*apart, (members, together)]
    loose = [own for members, own in groups if members & OWN or any(unit.loose for unit in own)]
    fixed = [own for _, own in groups if own not in loose and not any(unit.refers for unit in own)]
    referring = [own for _, own in groups if own not in loose and any(unit.refers for unit in own)]
    if any(unit.loose for own in loose for unit in own) or any(sum(u.refers for u in own) > 1 for own in referring):
        loose, referring = loose + referring, []  # entities are made in the order of the rules
    referring.sort(key=lambda own: next(i for i, unit in enumerate(units) if unit.refers and unit in own))
    rest = [unit for unit in units if any(unit in own for own in loose)]
    return Clusters(
        [_cluster(source, units, own) for own in fixed],
        [_cluster(source, units, own) for own in referring],
        _cut(source, rest),
        _tests(source, rest),
    )


def _cluster(source: PlannedSource, units: Sequence[Unit], own: Sequence[Unit]) -> Cluster:
    own = [unit for unit in units if unit in own]  # in the mapping's order
    cut, tests = _cut(source, own), _tests(source, own)
    variables = tuple(dict.fromkeys(name for unit in own for name in unit.variables))
    guard = tuple(dict.fromkeys(test for unit in own for test in unit.guard))
    members = frozenset(key for unit in own for key in unit.members)
    return Cluster(members, cut, tests, variables, guard, bool(cut.emit or tests))


def _cut(source: PlannedSource, units: Sequence[Unit]) -> PlannedSource:
    """A row source with the rules and constants of some units alone."""
    items = {id(unit.item) for unit in units}
    rules = tuple(rule for rule in source.rules if id(rule) in items)
    return replace(source, rules=rules, emit=tuple(emit for emit in source.emit if id(emit) in items))


def _tests(source: PlannedSource, units: Sequence[Unit]) -> tuple[PlannedTest, ...]:
    items = {id(unit.item) for unit in units}
    return tuple(test for test in _written_tests(source) if id(test) in items)


def _written_tests(source: PlannedSource) -> list[PlannedTest]:
    """What is written for the resource to be recognised by."""
    return [*source.match, *(claim.tests[0] for claim in source.claims if claim.written)]


def _units(plan: Plan, source: PlannedSource) -> Iterator[Unit]:
    for test in _written_tests(source):
        yield _unit(test, [test.path.ops])
    for rule in source.rules:
        ways = [way for way in rule.ways if way.writes]
        if ways:
            paths = [path.ops for way in ways for path in way.paths]
            refs = [way.codec for way in ways if isinstance(way.codec, EntityRef)]
            names = [name for way in ways for name in way.variables]
            names += [name for ref in refs for name in _keys(plan, ref)]
            unit = _unit(rule, paths, names)
            unit.guard = tuple(test for way in ways for test in way.guard)
            unit.refers = bool(refs)
            unit.loose |= any(isinstance(ref, RecordRef) for ref in refs)
            yield unit
    for emit in source.emit:
        names = [name for lookup in emit.lookups for name in lookup.variables]
        if emit.template:
            names += sorted(template_variables(str(emit.value)))
        unit = _unit(emit, [emit.path.ops, *([emit.picked] if emit.picked else []), *emit.blank], names)
        unit.guard = emit.when
        yield unit


def _keys(plan: Plan, ref: EntityRef) -> Iterator[str]:
    """The variables of a row that tell which resource of an entity is its own."""
    entity = plan.entities[ref.name].entity
    own = dict(zip(ref.variables, ref.row, strict=True))
    while True:
        yield from (own.get(name, name) for name in entity.key)
        yield from entity.key
        if not entity.within:
            return
        entity = plan.entities[entity.within].entity


def _unit(
    item: PlannedRule | PlannedEmit | PlannedTest, paths: Sequence[tuple[Op, ...]], names: Iterable[str] = ()
) -> Unit:
    asked = [condition.variable for ops in paths for condition in _conditions(ops) if condition.variable]
    plain = {key.removeprefix("_") for ops in paths for key in _starts(ops)}
    members = frozenset(plain | {f"_{key}" for key in plain})  # a primitive, and what stands beside it
    loose = not members or any(_leaves(ops) for ops in paths)
    return Unit(item, members, tuple(dict.fromkeys([*names, *asked])), loose=loose)


def _starts(ops: Sequence[Op]) -> Iterator[str]:
    """The members that ops start from."""
    for op in ops:
        if isinstance(op, Filter):
            for condition in op.conditions:
                yield from _starts(condition.ops)
        else:
            if isinstance(op, Get):
                yield op.key
            return


def _conditions(ops: Sequence[Op]) -> Iterator[Condition]:
    for op in ops:
        if isinstance(op, Filter):
            for condition in op.conditions:
                yield condition
                yield from _conditions(condition.ops)


def _leaves(ops: Sequence[Op]) -> bool:
    """Whether ops lead out of the resource."""
    return any(
        not isinstance(op, (Get, Filter, Take))
        or (isinstance(op, Filter) and any(_leaves(c.ops) for c in op.conditions))
        for op in ops
    )
