"""Carrying a tree to FHIR and back: part by part, each element there made an element here, with its values.

Both directions are one walk. It reads the values of an element on one side, opens the element that it is on the other,
writes them there, and goes on with the parts inside.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from interchange.engine.backward import keep_one_type
from interchange.engine.bench import ResourceBench
from interchange.engine.interpret import guard_holds, read_row, write_row
from interchange.engine.ops import container, first, place, values
from interchange.engine.shelf import ResourceShelf
from interchange.fhir.elements import elements
from interchange.fhir.legal import prune, tidy
from interchange.fhir.lower import Get
from interchange.fhir.write import in_order, ordered
from interchange.mapping.codecs import Codec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from interchange.engine.ops import Json, Resource, Row
    from interchange.trees.model import Chain
    from interchange.trees.plan import PlannedPart, PlannedSide, PlannedTree

Document = dict[str, Any]


class NoKeyError(ValueError):
    """A document or resource that does not say what it is called by; the message names the value that is missing."""


def tree_to_fhir(planned: PlannedTree, document: Document) -> list[Resource]:
    """Return the resources that a document becomes, the one of the whole first; NoKeyError where it has no key.

    The same document gives the same resources, with the same ids.
    """
    bench, _ = walk_to_fhir(planned, document)
    table = elements(planned.release)
    return [ordered(resource, table) for resource in bench.resources.values()]


def walk_to_fhir(planned: PlannedTree, document: Document) -> tuple[ResourceBench, list[Entered]]:
    """Return the bench with the resources of a document, and every element that was written on the way."""
    walk = _Walk(ResourceShelf(planned.tree), ResourceBench(planned.fhir), to_fhir=True)
    planned.tree.tools.whole = document
    row = read_row(planned.root.tree.rules, [document, document], walk.shelf)
    anchored = walk.bench.anchor(planned.mapping.resource, planned.mapping.id, row)
    if anchored is None:
        raise NoKeyError(planned.mapping.key)
    root = anchored[0]
    walk.enter(planned.root, [document, document], [root, root], row)
    table = elements(planned.release)
    for resource in walk.bench.resources.values():
        tidy(resource)
        keep_one_type(resource, resource["resourceType"], table)
    return walk.bench, walk.entered


def fhir_to_trees(planned: PlannedTree, resources: Iterable[Resource]) -> Iterator[tuple[str, Document]]:
    """Yield the documents that resources are, each with its key, or the id of its resource where it has none."""
    shelf = ResourceShelf(planned.fhir)
    for resource in resources:
        shelf.add(resource)
    table = elements(planned.mapping.tree)
    for resource in shelf.own(planned.mapping.resource):
        document: Document = {}
        shelf.within(resource)
        walk = _Walk(shelf, ResourceBench(planned.tree), to_fhir=False)
        row = read_row(planned.root.fhir.rules, [resource, resource], shelf)
        walk.enter(planned.root, [resource, resource], [document, document], row)
        prune(document)
        key = row.get(planned.mapping.key) or str(resource.get("id", ""))
        yield key, in_order(document, planned.mapping.root, table)


class Entered(NamedTuple):
    """An element that was written: its part, the elements on both sides down to it, its values, and its position."""

    part: PlannedPart
    there: list[Json]
    here: list[Json]
    row: Row
    position: int


class _Count:
    """Numbers that were given: how many, and to which values."""

    def __init__(self) -> None:
        self.taken = 0
        self.values: dict[str, int] = {}

    def of(self, value: str | None) -> int:
        """The number of a value; a new one where it has none, and for what has no value."""
        if value is None or value not in self.values:
            self.taken += 1
        return self.taken if value is None else self.values.setdefault(value, self.taken)


class _Walk:
    """One walk over the parts of a mapping, from one side to the other."""

    def __init__(self, shelf: ResourceShelf, bench: ResourceBench, *, to_fhir: bool) -> None:
        self.shelf = shelf
        self.bench = bench
        self.to_fhir = to_fhir
        self.entered: list[Entered] = []
        self.counts: dict[str, _Count] = {}

    def sides(self, part: PlannedPart) -> tuple[PlannedSide, PlannedSide]:
        """The side that is read, and the side that is written."""
        return (part.tree, part.fhir) if self.to_fhir else (part.fhir, part.tree)

    def enter(self, part: PlannedPart, there: list[Json], here: list[Json], row: Row, position: int = 0) -> None:
        """Write the values of an element that is open on both sides, and carry the parts in it."""
        self.entered.append(Entered(part, there, here, row, position))
        _, side = self.sides(part)
        write_row(side.rules, here, self.bench, row)
        for each in part.parts:
            self.carry(each, there, here, row)
        self.bench.emit(side.emit, here, row)

    def carry(self, part: PlannedPart, there: list[Json], here: list[Json], around: Row) -> None:
        """Make of every element of a part on one side an element on the other."""
        if part.part.heading and (part.part.heading == "to-fhir") != self.to_fhir:
            return
        read, written = self.sides(part)
        number = part.part.number
        count = self.counts.setdefault(number.text, _Count()) if number and number.document else _Count()
        opens: list[Json] = []
        for position, element in enumerate(self._elements(read, there, around)):
            inside = [*there, element]
            row = self._row(part, inside, around, count)
            if row is None:
                continue
            if written.primitive:
                self._value(written, here, row)
                continue
            opened = {} if written.through else self._open(written, here, row)
            if opened is not None:
                self.enter(part, inside, [*here, opened], row, position)
                opens.append(opened)
        if written.side.chain is not None:
            _link(written.side.chain, opens)
        if written.through and written.path is not None and prune(opens):
            node = here[written.start]
            if first(written.path.ops, node, self.shelf, around) is None:
                place(written.path.ops, node, written.through.join(opens), self.bench, around)

    def _row(self, part: PlannedPart, inside: list[Json], around: Row, count: _Count) -> Row | None:
        """The values of an element, with those around it and its number; nothing where it is not one of the part."""
        read, number = self.sides(part)[0], part.part.number
        if any(self._yields(inside, test.level, test.path.ops, around) for test in read.skip):
            return None
        if read.only and not any(self._yields(inside, test.level, test.path.ops, around) for test in read.only):
            return None
        counted = {number.value: f"{number.text}{count.taken + 1}"} if number and not number.of else {}
        own = around | counted
        row = read_row(read.rules, inside, self.shelf, own)
        told = len(row) > len(own) or bool(number and number.of in row)
        blank = any(rule.ways for rule in read.rules) and not part.parts and not told
        if blank or any(name not in row for name in part.part.require):
            return None
        return row | {number.value: f"{number.text}{count.of(row.get(number.of))}"} if number else row

    def _yields(self, levels: Sequence[Json], level: int, ops: Sequence[Any], row: Row) -> bool:
        return first(ops, levels[level], self.shelf, row) is not None

    def _elements(self, side: PlannedSide, levels: list[Json], row: Row) -> Iterator[Json]:
        """The elements of a part on the side that is read."""
        if side.path is None:
            yield levels[-1]
            return
        for element in list(values(side.path.ops, levels[side.start], self.shelf, row)):
            if side.through is None:
                yield element
            elif isinstance(element, str):
                yield from side.through.split(element)

    def _open(self, side: PlannedSide, levels: list[Json], row: Row) -> Json:
        """The element of a part on the side that is written: a new one where a list holds it."""
        if side.path is None:
            return levels[-1]
        return container(side.path.ops, levels[side.start], self.bench, row, fresh=not side.side.find)

    def _value(self, side: PlannedSide, levels: list[Json], row: Row) -> None:
        """Write an element that is a value: at the end of its list, even where it stands there, unless looked for."""
        if side.path is None:
            return
        for rule in side.rules:
            for way in rule.ways:
                if not (way.writes and isinstance(way.codec, Codec) and guard_holds(way.guard, row)):
                    continue
                text = row.get(way.variables[0])
                encoded = None if text is None else way.codec.encode(text)
                if encoded is None:
                    continue
                *ops, last = side.path.ops
                if not isinstance(last, Get) or not last.many:
                    place(side.path.ops, levels[side.start], encoded, self.bench, row)
                    return
                holder = container(ops, levels[side.start], self.bench, row, fresh=False)
                if isinstance(holder, dict):
                    found = holder.setdefault(last.key, [])
                    if not (side.side.find and encoded in found):
                        found.append(encoded)
                return


def _link(chain: Chain, elements: Sequence[Json]) -> None:
    """Tell elements, each taken once, the ids of those before and after them, where they do not say it."""
    found = [each for each in {id(each): each for each in elements}.values() if chain.id in each]
    for one, other in pairwise(found):
        if chain.next:
            one.setdefault(chain.next, other[chain.id])
        if chain.previous:
            other.setdefault(chain.previous, one[chain.id])
