"""The interpreter: rows read and written way by way, straight from the plan. The reference for the compiled code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from interchange.engine.ops import Json, Reads, Resource, Row, Writes, place, place_each, values
from interchange.engine.plan import EntityRef
from interchange.mapping.codecs.number import decimal_of, padded_number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from interchange.engine.plan import PlannedRule, Way
    from interchange.fhir.lower import Get
    from interchange.mapping.model import Guard


class Shelf(Reads, Protocol):
    """Reads that also know what references and links mean as cells."""

    def cells(self, ref: EntityRef, value: Json, row: Row) -> tuple[str | None, ...] | None:
        """The variables of the row that a reference or link stands for."""


class Bench(Writes, Protocol):
    """Writes that also know how a row's key variables become a reference or link."""

    def refer(self, ref: EntityRef, row: Row) -> Json:
        """The reference or link to the row's entity, made where there is none; nothing without keys."""


def guard_holds(guard: Guard, row: Row) -> bool:
    """Whether every condition of a guard holds for a row."""
    for test in guard:
        value = row.get(test.variable)
        if test.kind == "set":
            found = value is not None
        elif test.kind == "same":
            found = value is not None and value == row.get(test.values[0])
        elif test.kind == "numeric":
            found = decimal_of(value) is not None
        elif test.kind == "padded":
            found = padded_number(value) is not None
        else:
            found = value is not None and value in test.values
        if found == test.negated:
            return False
    return True


def read_row(
    rules: Sequence[PlannedRule], levels: Sequence[Json], shelf: Shelf, around: Mapping[str, str] | None = None
) -> Row:
    """Return the cells that rules read from the levels of one row, with those that are known from around it."""
    row: Row = dict(around or {})
    for rule in rules:
        const = rule.rule.const
        if const is not None:
            row[rule.variables[0]] = const
            continue
        for way in rule.ways:
            if way.reads and not any(v in row for v in way.variables) and (way.writes or guard_holds(way.guard, row)):
                read_way(way, levels, shelf, row)
    return row


def read_way(way: Way, levels: Sequence[Json], shelf: Shelf, row: Row) -> None:
    """Put into a row the cells that one way yields, if it yields."""
    node = levels[way.level]
    codec = way.codec
    if isinstance(codec, EntityRef):
        for value in values(way.paths[0].ops, node, shelf, row):
            if (cells := shelf.cells(codec, value, row)) is not None:
                _fill(row, way.variables, cells)
                return
        return
    sibling, many = way.shape
    if many:
        found = codec.decode(list(values(way.paths[0].ops, node, shelf, row)))
    elif len(way.paths) > 1:
        found = codec.decode(*(next(values(path.ops, node, shelf, row), None) for path in way.paths))
    elif sibling:
        found = _decode_sibling(way, node, shelf, row)
    else:
        for value in values(way.paths[0].ops, node, shelf, row):
            if (found := codec.decode(value)) is not None:
                break
        else:
            found = None
    if found is not None:
        _fill(row, way.variables, found if isinstance(found, tuple) else (found,))


def _decode_sibling(way: Way, node: Json, shelf: Shelf, row: Row) -> Any:
    *ops, last = way.paths[0].ops
    key = last.key  # type: ignore[union-attr]  # the plan has checked that a Get is last
    for holder in values(ops, node, shelf, row):
        if isinstance(holder, dict):
            found = way.codec.decode(holder.get(key), holder.get(f"_{key}"))  # type: ignore[union-attr]
            if found is not None:
                return found
    return None


def _fill(row: Row, variables: tuple[str, ...], cells: tuple[str | None, ...]) -> None:
    for variable, cell in zip(variables, cells, strict=False):
        if cell is not None:
            row[variable] = cell


def write_row(rules: Sequence[PlannedRule], levels: Sequence[Json], bench: Bench, row: Row) -> None:
    """Write the cells of a row into its levels, each variable by the first way that can hold it."""
    for rule in rules:
        written: set[str] = set()
        for way in rule.ways:
            if not way.writes or written & set(way.variables):
                continue
            if (
                any(v in row for v in way.variables)
                and guard_holds(way.guard, row)
                and write_way(way, levels, bench, row)
            ):
                written.update(way.variables)


def write_way(way: Way, levels: Sequence[Json], bench: Bench, row: Row) -> bool:
    """Write the cells of one way; False where its codec or its element cannot hold them."""
    node: Resource = levels[way.level]
    codec = way.codec
    if isinstance(codec, EntityRef):
        value = bench.refer(codec, row)
        return value is not None and place(way.paths[0].ops, node, value, bench, row)
    cells = tuple(row.get(v) for v in way.variables)
    encoded = codec.encode(cells if codec.arity != 1 else cells[0])
    if encoded is None:
        return False
    sibling, many = way.shape
    if sibling:
        return _place_sibling(way, node, encoded, bench, row)
    if many or way.paths[0].spread:
        return place_each(way.paths[0].ops, node, encoded if many else [encoded], bench, row)
    if len(way.paths) > 1:
        done = True
        for path, item in zip(way.paths, encoded, strict=True):
            done &= item is None or place(path.ops, node, item, bench, row)
        return done
    return place(way.paths[0].ops, node, encoded, bench, row)


def _place_sibling(way: Way, node: Resource, encoded: Json, bench: Bench, row: Row) -> bool:
    value, beside = encoded
    ops = way.paths[0].ops
    last: Get = ops[-1]  # type: ignore[assignment]  # the plan has checked that a Get is last
    done = value is None or place(ops, node, value, bench, row)
    if done and beside is not None:
        key = type(last)(f"_{last.key}", many=False)
        return place((*ops[:-1], key), node, beside, bench, row)
    return done
