"""The shelf: resources at hand for reading, found by type, by reference, by key, or by who refers to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from interchange.engine.claims import Owners
from interchange.engine.derive import derive_rows
from interchange.engine.interpret import read_row
from interchange.engine.ops import Json, Resource, Row, first, values
from interchange.engine.plan import RecordRef
from interchange.engine.records import Records
from interchange.engine.remembered import member_key
from interchange.fhir.members import MEMBERS
from interchange.fhir.references import Index

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from interchange.engine.plan import (
        EntityRef,
        Plan,
        PlannedEntity,
        PlannedLevel,
        PlannedSource,
        PlannedTest,
    )

    Read = Callable[[PlannedSource | PlannedEntity, Sequence[Json], "ResourceShelf"], Row]
    Elements = Callable[[PlannedSource, "ResourceShelf"], Iterator["Levels"]]

Levels = list[Any]
Cells = tuple[str | None, ...]


def interpreted_read(planned: PlannedSource | PlannedEntity, levels: Sequence[Json], shelf: ResourceShelf) -> Row:
    """Return the cells of a row by the interpreter."""
    return read_row(planned.rules, levels, shelf)


def interpreted_elements(source: PlannedSource, shelf: ResourceShelf) -> Iterator[Levels]:
    """Yield the levels of every element that a row source reads, by the interpreter."""
    own = shelf.owners.taken(source, shelf) if source.claims else shelf.own(source.resource, source.match)
    for resource in own:
        for levels in shelf.levels(resource, source.levels):
            if any(shelf.exists(test, levels) for test in source.skip_if):
                continue
            if not source.only_if or any(shelf.exists(test, levels) for test in source.only_if):
                yield levels


class ResourceShelf:
    """Resources at hand, with the side tables of the plan's entities built as they are asked for.

    ``read`` is the interpreter or a compiled reader. ``behind`` is a shelf whose resources are at hand as well, but
    are not what rows are made of. ``records`` are what its resources became, for rows that name those.
    """

    def __init__(self, plan: Plan, read: Read = interpreted_read, behind: ResourceShelf | None = None) -> None:
        self.plan = plan
        self.read = read
        self.behind = behind
        self.index: Index = Index(behind.index if behind else None)
        self.types: dict[str, list[Resource]] = {}
        self.unresolved: dict[str, set[str]] = {}
        self._rows: dict[tuple[str, int], Row] = {}
        self._names: dict[str, tuple[str, ...]] = {}
        self._keys: dict[str, dict[tuple[str, ...], Resource]] = {}
        self._referrers: dict[tuple[str, str], dict[int, list[Resource]]] = {}
        self._links: dict[tuple[str, str], dict[tuple[str, str], Row]] = {}
        self._meant = MEMBERS.memory()  # the cells of references that resources share
        self._said = MEMBERS.memory()  # whether tests hold for members that resources share
        self._within: Resource | None = None
        self.owners = Owners(plan)
        self.records = Records()

    def add(self, resource: Resource, full_url: str | None = None) -> None:
        """Put a resource on the shelf."""
        self._meant.clear()
        self.index.add_resource(resource, full_url)
        self.types.setdefault(resource["resourceType"], []).append(resource)

    def within(self, resource: Resource) -> None:
        """Say which resource is being read, for references to contained ones."""
        self._within = resource

    def of(self, type_: str, match: Sequence[PlannedTest] = ()) -> Iterator[Resource]:
        """Yield the resources of a type that match."""
        if self.behind is not None:
            yield from self.behind.of(type_, match)
        yield from self.own(type_, match)

    def own(self, type_: str, match: Sequence[PlannedTest] = ()) -> Iterator[Resource]:
        """Yield the resources of a type that match, but for those that are only at hand."""
        tests = [(test, "" if test.level else member_key(test.path.ops)) for test in match]
        for resource in self.types.get(type_, ()):
            for test, key in tests:
                if not self._holds(test, key, resource):
                    break
            else:
                yield resource

    def _holds(self, test: PlannedTest, key: str, resource: Resource) -> bool:
        """Whether a test holds for a resource, of which it looks at what is under a key, or at more."""
        if not key:
            return self.exists(test, (resource,))
        member = resource.get(key)
        known: tuple[bool, PlannedTest, Json] | None = self._said.get((id(test), id(member)))
        if known is not None:
            return known[0]
        found = self.exists(test, (resource,))
        if MEMBERS.holds(member):
            self._said[id(test), id(member)] = (found, test, member)
        return found

    def exists(self, test: PlannedTest, levels: Sequence[Json]) -> bool:
        """Whether a path yields anything."""
        return first(test.path.ops, levels[test.level], self, {}) is not None

    def levels(self, resource: Resource, levels: Sequence[PlannedLevel]) -> Iterator[Levels]:
        """Yield, for each innermost element, the resource and the elements on the way down to it."""
        self._within = resource
        yield from self._deeper([resource], levels)

    def _deeper(self, so_far: Levels, levels: Sequence[PlannedLevel]) -> Iterator[Levels]:
        if len(so_far) > len(levels):
            yield so_far
            return
        level = levels[len(so_far) - 1]
        for node in values(level.path.ops, so_far[level.start], self, {}):
            yield from self._deeper([*so_far, node], levels)

    def follow(self, reference: Json, entity: str) -> Resource | None:
        """The resource that a Reference, a canonical or a logical reference means."""
        found = self.index.resolve(reference, within=self._within)
        planned = self.plan.entities[entity]
        if found is not None and found["resourceType"] == planned.resource:
            return found
        if (
            isinstance(reference, dict)
            and found is None
            and isinstance(identifier := reference.get("identifier"), dict)
        ):
            return {"resourceType": planned.resource, "identifier": [identifier]}
        if not isinstance(reference, dict) or "reference" in reference:  # a display alone refers to nothing
            self.unresolved.setdefault(entity, set()).add(str(reference))
        return None

    def meet(self, entity: str, row: Row) -> Resource | None:
        """The resource of an entity that has the row's key variables."""
        planned = self.plan.entities[entity]
        names = self._names.get(entity)
        if names is None:
            names = self._names[entity] = tuple(k for k in planned.entity.key if k in planned.entity.variables)
        table = self._keys.get(entity)
        if table is None:
            table = self._keys[entity] = {}
            for resource in self.of(planned.resource, planned.match):
                key = tuple(self.entity_row(planned, resource).get(name, "") for name in names)
                table.setdefault(key, resource)
        return table.get(tuple(row.get(name, "") for name in names))

    def back(self, resource: Resource, type_: str, key: str) -> Sequence[Resource]:
        """The resources of a type whose element refers to a resource."""
        table = self._referrers.get((type_, key))
        if table is None:
            table = self._referrers[type_, key] = {}
            for other in self.of(type_):
                value = other.get(key)
                for reference in value if isinstance(value, list) else [value]:
                    target = self.index.resolve(reference, within=other)
                    if target is not None:
                        table.setdefault(id(target), []).append(other)
        return table.get(id(resource), ())

    def entity_row(self, planned: PlannedEntity, resource: Resource) -> Row:
        """The variables of an entity's own resource."""
        key = (planned.entity.name, id(resource))
        row = self._rows.get(key)
        if row is None:
            row = self.read(planned, (resource,), self)
            if "id" in resource:
                self._rows[key] = row
        return row

    def cells(self, ref: EntityRef, value: Json, row: Row) -> Cells | None:
        """The variables of the row that a reference or link stands for."""
        known: tuple[Cells | None, EntityRef, Json] | None = self._meant.get((id(ref), id(value)))
        if known is not None:
            return known[0]
        if isinstance(ref, RecordRef):
            target = self.index.resolve(value, within=self._within) if is_literal(value) else None
            return self.records.cells(ref.systems, value, target, row.get("USUBJID", ""))
        planned = self.plan.entities[ref.name]
        if planned.links:
            return _cells(ref, self._link_table(ref, planned).get((row.get("STUDYID", ""), str(value))))
        target = self.follow(value, ref.name)
        cells = None if target is None else _cells(ref, self.entity_row(planned, target))
        if MEMBERS.holds(value) and (target is None or "id" in target) and "'#" not in repr(value):
            self._meant[id(ref), id(value)] = cells, ref, value
        return cells

    def _link_table(self, ref: EntityRef, planned: PlannedEntity) -> dict[tuple[str, str], Row]:
        """The rows of an entity that lives inside another resource, by study and by what refers to them."""
        table = self._links.get((ref.name, ref.link))
        if table is not None:
            return table
        table = self._links[ref.name, ref.link] = {}
        owner = self.plan.entities[planned.entity.within]
        for resource in self.of(planned.resource):
            study = self.entity_row(owner, resource).get(owner.entity.key[0], "")
            within = self._within
            nodes = [levels[-1] for levels in self.levels(resource, planned.levels)]
            self._within = within
            rows = [self.read(planned, (resource, node), self) for node in nodes]
            derive_rows(rows, [[r.rule for r in planned.rules]] * len(rows), [frozenset()] * len(rows))
            path = planned.links.get(ref.link)
            for node, found in zip(nodes, rows, strict=True):
                for link in values(path.ops, node, self, {}) if path else ():
                    table.setdefault((study, str(link)), found)
                    table.setdefault(("", str(link)), found)  # for a claim, which no study is known of
        return table


def _cells(ref: EntityRef, found: Row | None) -> Cells | None:
    """The variables of the row that a reference or link was found to stand for."""
    cells = () if found is None else tuple(found.get(v) for v in ref.variables)
    return cells if any(cells) else None


def is_literal(reference: Json) -> bool:
    """Whether a reference says where its resource is, and not by an identifier alone.

    >>> is_literal({"reference": "Patient/1"}), is_literal({"identifier": {"value": "1"}})
    (True, False)
    """
    return isinstance(reference, dict) and "reference" in reference


def shelve(plan: Plan, resources: Iterable[Resource], read: Read = interpreted_read) -> ResourceShelf:
    """Return a shelf that holds resources."""
    shelf = ResourceShelf(plan, read)
    for resource in resources:
        shelf.add(resource)
    return shelf
