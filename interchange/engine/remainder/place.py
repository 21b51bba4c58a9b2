"""A changed cell written into an original: where the rule that reads it finds it, or where the rule would write it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from interchange.engine.interpret import guard_holds, write_way
from interchange.engine.ops import place
from interchange.engine.plan import EntityRef
from interchange.engine.remainder.rows import at_path

if TYPE_CHECKING:
    from interchange.engine.forward import Found
    from interchange.engine.ops import Json, Resource, Row
    from interchange.engine.plan import PlannedRule
    from interchange.engine.spots import Spot
    from interchange.engine.witness import Witness


class _NoBench:
    """Writes that stay inside a resource: no reference is made."""

    def follow(self, entity: str, row: Row) -> Resource | None:  # noqa: ARG002
        """No resource."""
        return None

    def refer(self, ref: EntityRef, row: Row) -> Json:  # noqa: ARG002
        """No reference."""
        return None


_INSIDE = _NoBench()


def place_cell(one: Found, variable: str, witness: Witness | None, row: Row) -> list[str]:
    """Write a variable of a row into the resource that the row was read from, as far as its rule can.

    ``witness`` is how the variable was read; nothing where it was not. Returns the paths of values that said more than
    the cell and do not any more.
    """
    rule = next((r for r in (one.source.rules if one.source else ()) if variable in r.variables), None)
    if rule is None:
        return []
    if witness is None:
        if variable in row:
            _write(one, rule, row)
        return []
    way = witness.way
    spots = [spot for spot in witness.inputs if spot is not None]
    if way is None or not way.writes or isinstance(way.codec, EntityRef) or not all(map(_is_there, spots)):
        return []
    if not any(name in row for name in way.variables):
        for spot in spots:
            _delete(spot)
        return []
    return _overwrite(one, witness, row)


def inside(one: Found, witness: Witness) -> bool:
    """Whether a cell was read from the resource itself, not from where references lead."""
    return all(spot is None or spot.resource is one.resource for spot in witness.inputs)


def _is_there(spot: Spot) -> bool:
    """Whether a place still holds what was read from it."""
    return not spot.stand_in and at_path(spot.resource, spot.path) is spot.value


def _write(one: Found, rule: PlannedRule, row: Row) -> None:
    """Write a cell that no way reads now, by the first way that can."""
    for way in rule.ways:
        if way.writes and guard_holds(way.guard, row) and any(name in row for name in way.variables):
            if isinstance(way.codec, EntityRef) or len(one.levels) <= way.level:
                continue
            if write_way(way, one.levels, _INSIDE, row):
                return


def _overwrite(one: Found, witness: Witness, row: Row) -> list[str]:
    way = witness.way
    assert way is not None  # noqa: S101 - the caller has seen to it
    codec: Any = way.codec
    cells = tuple(row.get(name) for name in way.variables)
    encoded = codec.encode(cells if codec.arity != 1 else cells[0])
    if encoded is None:
        return []
    sibling, many = way.shape
    values = list(encoded) if many or sibling or len(way.paths) > 1 else [encoded]
    if len(values) != len(witness.inputs):
        return []
    said: list[str] = []
    for position, (spot, value) in enumerate(zip(witness.inputs, values, strict=True)):
        if spot is not None:
            said += _replace(spot, value)
        elif value is not None and len(way.paths) > 1:
            place(way.paths[position].ops, one.levels[way.level], value, _INSIDE, row)
    return said


def _replace(spot: Spot, value: Json) -> list[str]:
    """Put a value in place of another; its path where the other one said more."""
    if value is None:
        _delete(spot)
        return []
    *way, last = spot.path
    holder: Any = spot.resource
    for step in way:
        holder = holder[step]
    old = holder[last]
    if isinstance(old, dict) and isinstance(value, dict):
        holder[last] = value
        return [spot.text.partition(".")[2]] if old.keys() - value.keys() else []
    holder[last] = value
    return []


def _delete(spot: Spot) -> None:
    """Take a value out, and lists and objects that are empty then."""
    path = list(spot.path)
    while path:
        *way, last = path
        holder: Any = spot.resource
        for step in way:
            holder = holder[step]
        del holder[last]
        if holder:
            return
        path = way
