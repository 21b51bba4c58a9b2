"""To FHIR, generated: one function a row source (or entity) that writes a row as the interpreter does.

Elements found or made by literal patterns stand in the code; what is rare there is left to ``ops.container`` and
``ops.place_each``. Objects at the end of paths without lists are found once a row.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from interchange.engine.code import Body, Code, Ops, Walk, function_name, guard_tests, is_literal
from interchange.engine.ops import container, end_of_crossing, merge, place_each
from interchange.engine.plan import EntityRef
from interchange.fhir.lower import Condition, Filter, Follow, Get, Meet, Op, Take
from interchange.mapping.codecs.number import decimal_of, padded_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from interchange.engine.ops import Resource, Row
    from interchange.engine.plan import PlannedRule, Way

Spot = tuple[int, Ops]
Unit = Ops  # ops that are opened in one go: a Get with its filters, and the Follow or Take behind them


def write_code(rules: Sequence[PlannedRule], *names: str) -> Code:
    """Return the code of a writer: ``(levels, bench, row) -> None``."""
    return Writer(rules, Code(function_name("write", *names), "levels, bench, row")).write()


def units_of(ops: Ops) -> list[Unit]:
    """Return ops in the units that ``ops.container`` opens them by."""
    units: list[Unit] = []
    at = 0
    while at < len(ops):
        end = at + 1
        op = ops[at]
        if isinstance(op, Get):
            while end < len(ops) and isinstance(ops[end], Filter):
                end += 1
            end = end_of_crossing(ops, at) or end
            if end < len(ops) and (isinstance(ops[end], Follow) or (op.many and isinstance(ops[end], Take))):
                end += 1
        units.append(ops[at:end])
        at = end
    return units


class End(NamedTuple):
    """The last element of a path, the filter behind it, and whether its first value is taken."""

    leaf: Get
    filters: Ops
    takes: bool


def split_end(ops: Ops) -> tuple[Ops, End | None]:
    """Return the ops to the holder of the last element, and that element; all ops where they end in none."""
    takes = bool(ops) and isinstance(ops[-1], Take)
    rest = ops[:-1] if takes else ops
    filters = rest[-1:] if rest and isinstance(rest[-1], Filter) else ()
    rest = rest[: len(rest) - len(filters)]
    match rest:
        case (*holder, Get() as leaf) if leaf.many or not filters:
            return tuple(holder), End(leaf, filters, takes)
    return ops, None


def _stays(unit: Unit) -> bool:
    """Whether a unit that was opened once is the same node whenever a row opens it again."""
    match unit:
        case (Get(many=False),) | (Get(many=False), Follow()) | (Meet(),):
            return True
    return False


class _Nobody:
    def follow(self, entity: str, row: Row) -> Resource | None:  # noqa: ARG002
        return None


def pattern_of(key: str, filters: Ops) -> Any:
    """Return the element that filters make of nothing; None where they cannot, or need the row for it."""
    conditions = [c for f in filters if isinstance(f, Filter) for c in f.conditions]
    if not all(map(is_literal, conditions)):
        return None
    return container((Get(key, many=True), *filters), {}, _Nobody(), {}, fresh=True)


class Writer:
    """Writes the code of a writer; `put` alone serves those who have a value to put."""

    def __init__(self, rules: Sequence[PlannedRule], code: Code) -> None:
        self.rules = [[way for way in rule.ways if way.writes] for rule in rules]
        self.code = code
        self.walk = Walk(code)
        code.bound |= {"merge": merge, "container": container, "place_each": place_each}
        code.bound |= {"decimal_of": decimal_of, "padded_number": padded_number}
        users: Counter[Spot] = Counter()
        for ways in self.rules:
            for way in ways:
                for path in way.paths:
                    holder, _ = split_end(path.ops)
                    users.update({(way.level, holder[:n]) for n in _stops(holder)})
        self.spots = {spot: f"n{i}" for i, spot in enumerate(s for s, count in users.items() if count > 1)}

    def write(self) -> Code:
        """The code that writes the cells of a row."""
        for name in self.spots.values():
            self.code.line(f"{name} = None")
        for ways in self.rules:
            for i, way in enumerate(ways):
                self.code.remark(f"{' '.join(way.variables)}: {way.text} ({way.place})")
                others = [f"not d{j}" for j, other in enumerate(ways[:i]) if set(other.variables) & set(way.variables)]
                self.code.line(f"d{i} = False")
                given = " or ".join(f"{v!r} in row" for v in way.variables)
                tests = [*others, f"({given})" if len(way.variables) > 1 else given, *guard_tests(way.guard)]
                with self.code.block(f"if {' and '.join(tests)}"):
                    self._way(way, f"d{i}")
        self.code.line("return None")
        return self.code

    def _way(self, way: Way, done: str) -> None:
        """Encode the cells into ``e``, and put it at the paths' ends; ``done`` becomes whether that could be."""
        code, codec = self.code, way.codec
        if isinstance(codec, EntityRef):
            code.line(f"e = bench.refer({code.bind('ref', codec)}, row)")
        else:
            one = f"row[{way.variables[0]!r}]"
            cells = one if codec.arity == 1 else f"({', '.join(f'row.get({v!r})' for v in way.variables)},)"
            code.line(f"e = {code.bind('encode', codec.encode)}({cells})")
        with code.block("if e is not None"):
            self._place(way, done)

    def _place(self, way: Way, done: str) -> None:
        code, ops = self.code, way.paths[0].ops
        sibling, many = way.shape
        if sibling:
            self._place_sibling(way, done)
        elif many or way.paths[0].spread:
            code.line(f"node = levels[{way.level}]")
            values = "e" if many else "[e]"
            code.line(f"{done} = place_each({code.bind('ops', ops)}, node, {values}, bench, row)")
        elif len(way.paths) > 1:
            parts = [code.fresh("p") for _ in way.paths]
            code.line(f"{', '.join(parts)} = e")
            code.line(f"{done} = True")
            for path, part in zip(way.paths, parts, strict=True):
                with code.block(f"if {part} is not None"):
                    own = code.fresh("g")
                    code.line(f"{own} = False")
                    self.put(way.level, path.ops, part, own)
                    code.line(f"if not {own}: {done} = False")
        else:
            self.put(way.level, ops, "e", done)

    def _place_sibling(self, way: Way, done: str) -> None:
        """Put a primitive and its ``_`` object; nothing is put beside a value that could not be."""
        code, ops = self.code, way.paths[0].ops
        value, beside = code.fresh("p"), code.fresh("p")
        last: Get = ops[-1]  # type: ignore[assignment]  # the plan has checked that a Get is last
        code.line(f"{value}, {beside} = e")
        with code.block(f"if {value} is None"):
            code.line(f"{done} = True")
        with code.block("else"):
            self.put(way.level, ops, value, done)
        with code.block(f"if {done} and {beside} is not None"):
            code.line(f"{done} = False")
            self.put(way.level, (*ops[:-1], Get(f"_{last.key}", many=False)), beside, done)

    def put(self, level: int, ops: Ops, value: str, done: str) -> None:
        """Write what ``ops.place`` does: open the holder of the last element, and put a value there."""
        holder, end = split_end(ops)
        if end is None:
            self._open(level, ops, lambda node: self.code.line(f"{done} = merge({node}, {value})"))
            return
        self._open(level, holder, lambda node: self._leaf(end, node, value, done), held=True)

    def _leaf(self, end: End, holder: str, value: str, done: str) -> None:
        if not end.leaf.many:
            self._single(end.leaf.key, holder, value, done)
            return
        with self.code.block(f"if not isinstance({value}, list)"):
            self._member(end, holder, value, done)
        with self.code.block("else"):
            self._single(end.leaf.key, holder, value, done)

    def _single(self, key: str, holder: str, value: str, done: str) -> None:
        code = self.code
        with code.block(f"if {key!r} not in {holder}"):
            code.line(f"{holder}[{key!r}] = {value}")
            code.line(f"{done} = True")
        with code.block("else"):
            code.line(f"{done} = merge({holder}[{key!r}], {value})")

    def _member(self, end: End, holder: str, value: str, done: str) -> None:
        """A value into a list: merged with the element that the filters tell, else appended if it is not there."""
        code, key = self.code, end.leaf.key

        def into(item: str) -> None:
            code.line(f"{done} = merge({item}, {value})")

        if end.filters:
            self._item(key, end.filters, holder, into)
        elif end.takes:
            with code.block(f"if isinstance({value}, dict)"):
                self._item(key, (), holder, into)
            with code.block("else"):
                self._append(key, holder, value, done)
        else:
            self._append(key, holder, value, done)

    def _append(self, key: str, holder: str, value: str, done: str) -> None:
        items = self.code.fresh("t")
        self.code.line(f"{items} = {holder}.setdefault({key!r}, [])")
        self.code.line(f"if {value} not in {items}: {items}.append({value})")
        self.code.line(f"{done} = True")

    def _open(self, level: int, ops: Ops, body: Body, *, held: bool = False) -> None:
        """Write what ``ops.container`` does, and what happens at the node it opens: an object, if it is ``held``."""
        code = self.code
        near = next((n for n in reversed(_stops(ops)) if (level, ops[:n]) in self.spots), 0)
        if near:
            name = self.spots[level, ops[:near]]
            above = next((n for n in reversed(_stops(ops[:near])[:-1]) if (level, ops[:n]) in self.spots), 0)
            with code.block(f"if {name} is None"):
                self._keep(level, ops[:above], ops[above:near], name)
            with code.block(f"if {name} is not None"):
                self._units(units_of(ops[near:]), name, body, held, known=_is_object(ops[:near]))
            return
        name = code.fresh("l")
        code.line(f"{name} = levels[{level}]")
        self._units(units_of(ops), name, body, held, known=False)

    def _keep(self, level: int, above: Ops, rest: Ops, name: str) -> None:
        """Open a shared spot from the shared spot above it, and keep it under its name."""

        def keep(node: str) -> None:
            self._units(units_of(rest), node, lambda v: self.code.line(f"{name} = {v}"), held=False, known=False)

        self._open(level, above, keep)

    def _units(self, units: Sequence[Unit], node: str, body: Body, held: bool, known: bool) -> None:
        code = self.code
        if not units:
            with self.walk.object(node, known=known or not held):
                body(node)
            return
        unit, rest = units[0], units[1:]

        def then(found: str, known: bool) -> None:
            self._units(rest, found, body, held, known)

        match unit:
            case (Get(key, many=False),):
                with self.walk.object(node, known=known):
                    found = self._assign("v", f"{node}.setdefault({key!r}, {{}})")
                    with code.block(f"if {found} is not None"):
                        then(found, False)
            case (Get(key, many=False), Follow(entity, "Reference")):
                with self.walk.object(node, known=known):
                    self._refer(key, entity, node, lambda target: then(target, True))
            case (Get(key, many=True), *filters) if (tail := _filters(filters)) is not None:
                with self.walk.object(node, known=known):
                    self._item(key, tail, node, lambda item: then(item, True))
            case (Meet(entity),):
                found = self._assign("r", f"bench.follow({entity!r}, row)")
                with code.block(f"if {found} is not None"):
                    then(found, True)
            case (Take(),):
                then(node, known)
            case _:
                found = self._assign("v", f"container({code.bind('ops', unit)}, {node}, bench, row, fresh=False)")
                with code.block(f"if {found} is not None"):
                    then(found, False)

    def _assign(self, prefix: str, value: str) -> str:
        name = self.code.fresh(prefix)
        self.code.line(f"{name} = {value}")
        return name

    def _refer(self, key: str, entity: str, node: str, body: Body) -> None:
        """A reference to the row's entity, written where none stands; on to its resource."""
        code = self.code
        target = self._assign("r", f"bench.follow({entity!r}, row)")
        with code.block(f"if {target} is not None"):
            text = self._assign("s", f"f\"{{{target}['resourceType']}}/{{{target}['id']}}\"")
            found = self._assign("v", f"{node}.setdefault({key!r}, {{'reference': {text}}})")
            with code.block(f"if isinstance({found}, dict) and {found}.get('reference') == {text}"):
                body(target)

    def _item(self, key: str, filters: Ops, node: str, body: Body) -> None:
        """The first element of a list that its filters tell, else a new one with their pattern."""
        code = self.code
        pattern = pattern_of(key, filters)
        if pattern is None:
            unit = code.bind("ops", (Get(key, many=True), *filters))
            found = self._assign("v", f"container({unit}, {node}, bench, row, fresh=False)")
            with code.block(f"if {found} is not None"):
                body(found)
            return
        conditions: list[Condition] = [c for f in filters if isinstance(f, Filter) for c in f.conditions]
        items, item, told = self._assign("t", f"{node}.setdefault({key!r}, [])"), code.fresh("e"), code.fresh("ok")
        with code.block(f"if isinstance({items}, list)"):
            code.line(f"{told} = False")
            with code.block(f"for {item} in {items}"):
                with code.block(f"if isinstance({item}, dict)"):
                    self.walk.when(conditions, item, lambda: code.line(f"{told} = True"))
                code.line(f"if {told}: break")
            with code.block("else"):
                code.line(f"{item} = {pattern!r}")
                code.line(f"{items}.append({item})")
            body(item)


def _filters(unit: Sequence[Op]) -> Ops | None:
    """The filters of a unit that goes on from a list's element; none where it goes on from what that holds."""
    if not all(isinstance(op, Filter | Take) for op in unit):
        return None
    return tuple(op for op in unit if isinstance(op, Filter))


def _stops(ops: Ops) -> list[int]:
    """Where ops may be broken off at nodes that stay."""
    stops, at = [], 0
    for unit in units_of(ops):
        if not _stays(unit):
            break
        at += len(unit)
        stops.append(at)
    return stops


def _is_object(ops: Ops) -> bool:
    return isinstance(ops[-1], Follow | Meet)
