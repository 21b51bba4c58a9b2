"""Rows read with their witnesses: which way of which rule gave each cell, and the leaves that the cell depends on.

The reading is that of `interchange.engine.interpret`, spot by spot.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from interchange.engine.interpret import guard_holds
from interchange.engine.plan import EntityRef
from interchange.engine.spots import Path, Spot, spots

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from interchange.engine.interpret import Shelf
    from interchange.engine.ops import Json, Row
    from interchange.engine.plan import PlannedRule, Way

LEAVES = 300  # of an element with more, the element itself is the witness
WORDS = frozenset({"display", "text", "unit"})  # what stands beside a code; left out first


@dataclass(frozen=True, slots=True)
class Witness:
    """How one cell was read: the rule and its way, and what stood at the ends of the way's paths.

    ``way`` is missing for a constant. ``at`` is the cell's place among the way's variables.
    """

    rule: PlannedRule
    way: Way | None = None
    inputs: tuple[Spot | None, ...] = ()
    at: int = 0

    def decoded(self, values: Sequence[Json]) -> str | None:
        """The cell that the way's codec makes of values in place of the inputs."""
        if self.way is None or isinstance(self.way.codec, EntityRef):
            return None
        codec, (_, many) = self.way.codec, self.way.shape
        found = codec.decode([v for v in values if v is not None]) if many else codec.decode(*values)
        cells = found if isinstance(found, tuple) else (found,)
        return cells[self.at] if self.at < len(cells) else None

    def value(self) -> str | None:
        """The cell that was read."""
        if self.way is None:
            return self.rule.rule.const
        return self.decoded([None if spot is None else spot.value for spot in self.inputs])

    def leaves(self) -> tuple[Spot, ...]:
        """The leaves that the cell depends on: a smallest choice of which the codec makes the same cell."""
        whole = tuple(spot for spot in self.inputs if spot is not None)
        if self.way is None or isinstance(self.way.codec, EntityRef):
            return whole
        values = [None if spot is None else spot.value for spot in self.inputs]
        cell = self.decoded(values)
        kept = [(i, leaf) for i, value in enumerate(values) if value is not None for leaf in leaves_of(value)]
        if cell is None or len(kept) > LEAVES:
            return whole
        if self.at and self.way.shape[1]:  # one of several values, of which the first variable tells that they are
            each = (replace(self, inputs=(spot,), at=0) for spot in whole)
            return next((one.leaves() for one in each if one.value() == cell), whole)
        words = [one for one in kept if one[1] and one[1][-1] in WORDS]
        for one in (*reversed(words), *reversed([one for one in kept if one not in words])):
            fewer = [other for other in kept if other != one]
            if self.decoded(_pruned(values, fewer)) == cell:
                kept = fewer
        return tuple(spot.inside(leaf) for i, leaf in kept if (spot := self.inputs[i]) is not None)


def leaves_of(value: Json) -> Iterator[Path]:
    """Yield the ways to the leaves of a JSON value.

    >>> list(leaves_of({"a": [1, {"b": 2}]}))
    [('a', 0), ('a', 1, 'b')]
    """
    if isinstance(value, (dict, list)):
        members = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in members:
            yield from ((key, *rest) for rest in leaves_of(item))
    else:
        yield ()


def _pruned(values: Sequence[Json], kept: Sequence[tuple[int, Path]]) -> list[Json]:
    """Values with the kept leaves alone."""
    return [prune(value, [leaf for j, leaf in kept if j == i]) for i, value in enumerate(values)]


def prune(value: Json, kept: Sequence[Path]) -> Json:
    """Return a JSON value with some of its leaves alone; None with none.

    >>> prune({"a": [1, {"b": 2}], "c": 3}, [("a", 1, "b")])
    {'a': [{'b': 2}]}
    """
    if not kept:
        return None
    if () in kept:
        return value
    below: dict[Any, list[Path]] = {}
    for head, *rest in kept:
        below.setdefault(head, []).append(tuple(rest))
    if isinstance(value, list):
        return [prune(value[key], rests) for key, rests in below.items()]
    return {key: prune(value[key], rests) for key, rests in below.items()}


def witness_row(rules: Sequence[PlannedRule], levels: Sequence[Spot], shelf: Shelf) -> dict[str, Witness]:
    """Return how each cell that rules read from the levels of a row was read, in the order of reading."""
    row: Row = {}
    seen: dict[str, Witness] = {}
    for rule in rules:
        const = rule.rule.const
        if const is not None:
            row[rule.variables[0]] = const
            seen[rule.variables[0]] = Witness(rule)
            continue
        for way in rule.ways:
            if way.reads and not any(v in row for v in way.variables) and (way.writes or guard_holds(way.guard, row)):
                found = _read(way, levels[way.level], shelf, row)
                if found is None:
                    continue
                cells, inputs = found
                for at, (variable, cell) in enumerate(zip(way.variables, cells, strict=False)):
                    if cell is not None:
                        row[variable] = cell
                        seen[variable] = Witness(rule, way, inputs, at)
    return seen


_Read = tuple[tuple[str | None, ...], tuple[Spot | None, ...]]


def _read(way: Way, start: Spot, shelf: Shelf, row: Row) -> _Read | None:
    """The cells that one way yields, and what it yields them from."""
    codec, ops = way.codec, way.paths[0].ops
    if isinstance(codec, EntityRef):
        for spot in spots(ops, start, shelf, row):
            if (cells := shelf.cells(codec, spot.value, row)) is not None:
                return cells, (spot,)
        return None
    sibling, many = way.shape
    if many:
        every = tuple(spots(ops, start, shelf, row))
        return _cells(codec.decode([spot.value for spot in every]), every)
    if len(way.paths) > 1:
        firsts = tuple(next(spots(path.ops, start, shelf, row), None) for path in way.paths)
        return _cells(codec.decode(*(spot and spot.value for spot in firsts)), firsts)
    if sibling:
        key = ops[-1].key  # type: ignore[union-attr]  # the plan has checked that a Get is last
        for holder in spots(ops[:-1], start, shelf, row):
            if isinstance(holder.value, dict):
                pair = tuple(holder.child(k) if k in holder.value else None for k in (key, f"_{key}"))
                found = _cells(codec.decode(*(spot and spot.value for spot in pair)), pair)
                if found is not None:
                    return found
        return None
    for spot in spots(ops, start, shelf, row):
        found = _cells(codec.decode(spot.value), (spot,))
        if found is not None:
            return found
    return None


def _cells(found: Any, inputs: tuple[Spot | None, ...]) -> _Read | None:
    if found is None:
        return None
    return found if isinstance(found, tuple) else (found,), inputs
