"""Concrete places in FHIR JSON: the same reading as `interchange.engine.ops.values`, with the path of every value.

A spot is a value with the resource that it stands in and the keys and indices that lead to it, and with the references
that were followed on the way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from interchange.engine.ops import holds
from interchange.fhir.lower import Back, Filter, Follow, Get, Meet, Take

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from interchange.engine.ops import Json, Reads, Resource, Row
    from interchange.fhir.lower import Op

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Spot:
    """A value, the resource of the source that it stands in, and the way to it there.

    ``hops`` are the references that were followed. ``stand_in`` says that the value is no resource of the source but
    made of a logical reference, which has one identifier alone.
    """

    value: Json
    resource: Resource
    path: Path = ()
    hops: tuple[Spot, ...] = ()
    stand_in: bool = False

    @property
    def text(self) -> str:
        """The path from the resource type on.

        >>> Spot("x", {"resourceType": "Patient"}, ("name", 0, "family")).text
        'Patient.name[0].family'
        """
        steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.path)
        return f"{self.resource.get('resourceType', '')}{''.join(steps)}"

    def child(self, key: str, index: int | None = None) -> Spot:
        """The spot of a member of an object, or of an item of its list."""
        if index is None:
            return Spot(self.value[key], self.resource, (*self.path, key), self.hops)
        path = (*self.path, key) if self.stand_in else (*self.path, key, index)
        return Spot(self.value[key][index], self.resource, path, self.hops)

    def inside(self, path: Path) -> Spot:
        """The spot that keys and indices lead to from here."""
        value = self.value
        for step in path:
            value = value[step]
        return Spot(value, self.resource, (*self.path, *path), self.hops)


def spots(ops: Sequence[Op], spot: Spot, reads: Reads, row: Row, at: int = 0) -> Iterator[Spot]:
    """Yield what stands at the end of ops, in document order, as `values` does."""
    if at == len(ops):
        yield spot
        return
    op, node = ops[at], spot.value
    match op:
        case Get(key, many):
            found = node.get(key) if isinstance(node, dict) else None
            if found is None:
                return
            if many and isinstance(found, list):
                first = at + 1 < len(ops) and isinstance(ops[at + 1], Take)
                for index in range(min(len(found), 1) if first else len(found)):
                    yield from spots(ops, spot.child(key, index), reads, row, at + 1)
            elif not isinstance(found, list):
                yield from spots(ops, spot.child(key), reads, row, at + 1)
        case Filter(conditions):
            if isinstance(node, dict) and all(holds(c, node, reads, row) for c in conditions):
                yield from spots(ops, spot, reads, row, at + 1)
        case Take():
            yield from spots(ops, spot, reads, row, at + 1)
        case Follow(entity):
            if (target := reads.follow(node, entity)) is not None:
                yield from spots(ops, target_spot(spot, target), reads, row, at + 1)
        case Meet(entity):
            if (target := reads.meet(entity, row)) is not None:
                yield from spots(ops, Spot(target, target, (), spot.hops), reads, row, at + 1)
        case Back(type_, key):
            for target in reads.back(node, type_, key):
                hop = Spot(target.get(key), target, (key,))
                yield from spots(ops, Spot(target, target, (), (*spot.hops, hop)), reads, row, at + 1)


def target_spot(reference: Spot, target: Resource) -> Spot:
    """The spot of the resource that a reference means: of the source, contained, or what its identifier stands for."""
    value = reference.value
    if isinstance(value, dict) and any(i is value.get("identifier") for i in _listed(target, "identifier")):
        return Spot(target, reference.resource, reference.path, reference.hops, stand_in=True)
    hops = (*reference.hops, reference)
    for index, contained in enumerate(_listed(reference.resource, "contained")):
        if contained is target:
            return Spot(target, reference.resource, ("contained", index), hops)
    return Spot(target, target, (), hops)


def _listed(node: Resource, key: str) -> list[Json]:
    found = node.get(key)
    return found if isinstance(found, list) else []
