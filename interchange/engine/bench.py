"""The bench: resources in the making, one for each entity and anchor, with ids that depend on key values alone."""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from interchange.engine.interpret import guard_holds, write_row
from interchange.engine.ops import NOWHERE, Json, Nowhere, Resource, Row, container, first, place, values
from interchange.engine.plan import RecordRef
from interchange.engine.records import Records
from interchange.fhir.members import copied

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from interchange.engine.plan import (
        EntityRef,
        Plan,
        PlannedEmit,
        PlannedEntity,
        PlannedSource,
        PlannedTest,
    )
    from interchange.mapping.model import Entity

    Write = Callable[[PlannedSource | PlannedEntity, Sequence[Json], "ResourceBench", Row], None]

_VARIABLE = re.compile(r"\$([A-Z][A-Za-z0-9]*)")
_ILLEGAL = re.compile(r"[^A-Za-z0-9\-.]+")
ID_LENGTH = 64


def template_variables(template: str) -> frozenset[str]:
    """The row variables that a template names."""
    return frozenset(_VARIABLE.findall(template))


@lru_cache(maxsize=1 << 10)
def _parted(template: str) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """A template as the text before its first variable, its variables, and the text behind each."""
    before, *parts = _VARIABLE.split(template)
    return before, tuple(parts[::2]), tuple(parts[1::2])


def _filled(template: str, row: Row) -> str | None:
    """A template with the row's values in it; nothing where the row lacks a variable."""
    made, names, behind = _parted(template)
    for name, text in zip(names, behind, strict=True):
        if name not in row:
            return None
        made += row[name] + text
    return made


def make_id(template: str, row: Row) -> str | None:
    """Return the id that a template makes of a row; nothing where the row lacks a variable.

    An id that cannot be read back (other characters, too long, a value that holds the text between two) ends in a
    digest of the values, so that two rows never share one.

    >>> make_id("$STUDYID-arm-$ARMCD", {"STUDYID": "S1", "ARMCD": "Pbo"})
    'S1-arm-Pbo'
    >>> make_id("$USUBJID", {"USUBJID": "S1/007 a"})
    'S1-007-a-2e00422f'
    """
    plain = _filled(template, row)
    if plain is None:
        return None
    legal = plain if _ILLEGAL.search(plain) is None else _ILLEGAL.sub("-", plain)
    if legal is plain and len(plain) <= ID_LENGTH and _readable(template, plain, row):
        return plain
    digest = sha256("\0".join(row[name] for name in _parted(template)[1]).encode()).hexdigest()[:8]
    return f"{legal[: ID_LENGTH - 9].strip('-')}-{digest}"


def _readable(template: str, made: str, row: Row) -> bool:
    """Whether the text between two variables first stands where the first of the two ends."""
    before, names, behind = _parted(template)
    at = len(before)
    for name, between in zip(names, behind, strict=True):
        end = at + len(row[name])
        if between and end + len(between) < len(made) and made.find(between, at) != end:
            return False
        at = end + len(between)
    return True


def fill_template(template: str, key: str, row: Row) -> str | None:
    """Return a constant with the row's values in it; an id where the element is one."""
    if key in ("id", "linkId"):
        return make_id(template, row)
    return _filled(template, row)


def keys_of(entity: Entity, row: Row) -> tuple[str, ...] | None:
    """Return an entity's name and a row's key values, blank where they may be; nothing where one is missing."""
    key = [entity.name]
    for name in entity.key:
        cell = row.get(name)
        if cell is None:
            if name not in entity.optional:
                return None
            cell = ""
        key.append(cell)
    return tuple(key)


def interpreted_write(
    planned: PlannedSource | PlannedEntity, levels: Sequence[Json], bench: ResourceBench, row: Row
) -> None:
    """Write the cells of a row by the interpreter."""
    write_row(planned.rules, levels, bench, row)


def interpreted_emit(
    planned: PlannedSource | PlannedEntity, levels: Sequence[Json], bench: ResourceBench, row: Row
) -> None:
    """Write constants by the interpreter."""
    bench.emit(planned.emit, levels, row)


def holds(value: Json) -> bool:
    """Whether JSON in the making says anything: containers may still be empty.

    >>> holds({"coding": [{}]}), holds({"coding": [{"code": "x"}]}), holds(False)
    (False, True, True)
    """
    if isinstance(value, (dict, list)):
        for item in value.values() if isinstance(value, dict) else value:  # noqa: SIM110 - asked of every constant
            if holds(item):
                return True
        return False
    return value is not None


class Made(Nowhere):
    """Reads for constants on the way to FHIR: references lead to the resources made so far."""

    def __init__(self, resources: dict[tuple[str, str], Resource]) -> None:
        self.resources = resources

    def follow(self, reference: Json, entity: str) -> Resource | None:  # noqa: ARG002
        """The resource that a reference of this bench names."""
        type_, _, id_ = str(reference.get("reference", "") if isinstance(reference, dict) else "").partition("/")
        return self.resources.get((type_, id_))


class ResourceBench:
    """The resources that a conversion to FHIR makes; ``write`` and ``constants`` are the interpreter or compiled."""

    def __init__(self, plan: Plan, write: Write = interpreted_write, constants: Write = interpreted_emit) -> None:
        self.plan = plan
        self.write = write
        self.constants = constants
        self.resources: dict[tuple[str, str], Resource] = {}
        self.made = Made(self.resources)
        self.records = Records()
        self._entities: dict[tuple[str, ...], Resource] = {}
        self._studies: list[Resource] = []
        self._lent: set[int] = set()
        self.known: dict[Any, Any] = {}  # what refers to resources of this bench, by what it goes by
        self._elements: dict[tuple[Any, ...], Json] = {}
        self._shared: dict[tuple[Any, ...], Json] = {}
        self._indexed: dict[tuple[Any, ...], list[Json]] = {}

    def anchor(self, type_: str, template: str, row: Row) -> tuple[Resource, bool] | None:
        """Return a row's own resource and whether its id was taken before; nothing where the row lacks a key."""
        made = make_id(template, row)
        if made is None:
            return None
        id_, number = made, 1
        while (type_, id_) in self.resources:
            number += 1
            id_ = f"{made[: ID_LENGTH - 5]}-{number}"
        resource = self.resources[type_, id_] = {"resourceType": type_, "id": id_}
        return resource, number > 1

    def anchored(self, source: PlannedSource, row: Row) -> tuple[list[Json], bool] | None:
        """Return the new resource of a row, whose members may be those of others, as `open` does."""
        made = self.anchor(source.resource, source.source.id, row)
        if made is None:
            return None
        self._lent.add(id(made[0]))
        return [made[0]], made[1]

    def own(self, resource: Resource) -> Resource:
        """Return a resource with members of its own, which may be written to."""
        if id(resource) in self._lent:
            self._lent.discard(id(resource))
            resource.update(copied(resource))
        return resource

    def follow(self, entity: str, row: Row) -> Resource | None:
        """The resource of an entity with the row's key variables, made where there is none; nothing without keys."""
        planned = self.plan.entities[entity]
        names = planned.entity.key
        key = keys_of(planned.entity, row)
        if key is None:
            return None
        found = self._entities.get(key)
        if found is not None:
            return found
        template = planned.entity.id or "-".join(f"${name}" for name in names)
        id_ = make_id(template, dict.fromkeys(planned.entity.optional, "") | row)
        resource = self.resources.setdefault(
            (planned.resource, id_ or ""), {"resourceType": planned.resource, "id": id_}
        )
        self._entities[key] = self.own(resource)
        if entity == "study" and all(resource is not other for other in self._studies):
            self._studies.append(resource)
        self._furnish(planned, resource, [resource], row)
        return resource

    def _furnish(self, planned: PlannedEntity, resource: Resource, levels: Sequence[Json], row: Row) -> None:
        """Write an entity's pattern, variables and constants."""
        self.assert_tests(planned.match, (resource,), row)
        own = {name: row[name] for name in (*planned.entity.key, *planned.entity.variables) if name in row}
        self.write(planned, levels, self, own)
        self.constants(planned, levels, self, row)

    def keeper(self, row: Row) -> Resource | None:
        """The study that a row is kept at which no element takes: its own, or the first there is if it names none."""
        return self.follow("study", row) or next(iter(self.studies()), None)

    def studies(self) -> list[Resource]:
        """The studies made so far."""
        return self._studies

    def shared(self) -> Iterator[Resource]:
        """The resources of entities, which several rows may write to."""
        return iter({id(resource): resource for resource in self._entities.values()}.values())

    def named(self, reference: str) -> Resource | None:
        """The resource that a reference of one of the others names."""
        type_, _, id_ = reference.partition("/")
        return self.resources.get((type_, id_))

    def unshared(self) -> Iterator[Resource]:
        """The resources that share no members with others."""
        return (resource for resource in self.resources.values() if id(resource) not in self._lent)

    def refer(self, ref: EntityRef, row: Row) -> Json:
        """The reference or link to the row's entity, made where there is none; nothing without keys."""
        if isinstance(ref, RecordRef):
            return self.records.refer(ref.systems, row)
        planned = self.plan.entities[ref.name]
        row = ref.own(row)
        if not planned.links:
            target = self.follow(ref.name, row)
            return None if target is None else {"reference": f"{target['resourceType']}/{target['id']}"}
        element = self._element(planned, row)
        path = planned.links.get(ref.link)
        if element is None or path is None:
            return None
        return next(values(path.ops, element, NOWHERE, row), None)

    def _element(self, planned: PlannedEntity, row: Row) -> Json:
        """The element of an entity that lives inside another entity's resource."""
        key = keys_of(planned.entity, row)
        if key is None:
            return None
        if key not in self._elements:
            owner = self.follow(planned.entity.within, row)
            if owner is None:
                return None
            element = container(planned.levels[-1].path.ops, owner, self, row, fresh=True)
            self._elements[key] = element
            self._furnish(planned, owner, [owner, element], row)
        return self._elements[key]

    def emit(self, emits: Sequence[PlannedEmit], levels: Sequence[Json], row: Row) -> None:
        """Write constants where nothing stands yet; an element picked by ``where`` must be there, but for a lookup."""
        for emit in emits:
            if emit.when and not guard_holds(emit.when, row):
                continue
            looked_up = next((code for lookup in emit.lookups if (code := lookup(row))), None)
            if emit.lookups and looked_up is None:
                continue
            node = levels[emit.level]
            if emit.picked and first(emit.picked, node, self.made, row) is None:
                continue
            if any(holds(value) for way in emit.blank for value in values(way, node, self.made, row)):
                continue
            if first(emit.path.ops, node, self.made, row) is None:
                value = fill_template(str(emit.value), emit.path.key, row) if emit.template else looked_up or emit.value
                if value is not None:
                    place(emit.path.ops, node, value, self, row)

    def assert_tests(self, tests: Sequence[PlannedTest], levels: Sequence[Json], row: Row) -> None:
        """Write the patterns that a row source or entity is recognised by."""
        for test in tests:
            if first(test.path.ops, levels[test.level], NOWHERE, row) is None:
                container(test.path.ops, levels[test.level], self, row, fresh=False)

    def open(self, source: PlannedSource, row: Row) -> tuple[list[Json], bool] | None:
        """Return the levels that a row goes into, and whether its id was taken before; nothing where it cannot go."""
        if source.source.oneway == "to-sdtm" or any(self.refer(ref, row) is None for ref in source.records):
            return None
        if source.source.distinct:
            return self._again(source, row)
        taken = False
        if source.source.about:
            record = self.records.resource(row)
            root = self.own(record) if record is not None and record["resourceType"] == source.resource else None
        elif source.source.entity:
            root = self.follow(source.source.entity, row)
        else:
            anchored = self.anchor(source.resource, source.source.id, row)
            root, taken = anchored or (None, False)
        if root is None:
            return None
        self.assert_tests(source.match, (root,), row)
        self.assert_tests([claim.tests[0] for claim in source.claims if claim.written], (root,), row)
        levels: list[Json] = [root]
        for planned in source.levels:
            level = planned.level
            start = levels[planned.start]
            shared = (id(start), level.name, *(row.get(v) for v in level.by)) if level.by else None
            node = self._shared.get(shared) if shared else None
            if node is None:
                node = container(planned.path.ops, start, self, row, fresh=True)
                if node is None:
                    return None
                if shared:
                    self._shared[shared] = node
            levels.append(node)
            if level.index:
                key = (source.resource, level.name, row.get("STUDYID"), *(row.get(v) for v in level.index))
                self._indexed.setdefault(key, levels)
        return levels, taken

    def _again(self, source: PlannedSource, row: Row) -> tuple[list[Json], bool] | None:
        """The levels that another row source made for the same values."""
        name = source.levels[-1].level.name
        key = (source.resource, name, row.get("STUDYID"), *(row.get(v) for v in source.source.distinct))
        found = self._indexed.pop(key, None)
        return None if found is None else (found, False)
