"""To SDTM, generated: one function a row source (or entity) that reads a row as the interpreter does.

What several rules share is found once a row: objects at the ends of paths without lists (``subject.resolve(subject)``),
and the elements of a list by the literals that ``where`` asks for (``progress`` by its milestone codes).

What a way reads from a member of the resource alone is looked up by that member first.

Most rules find nothing, since the keys that they start from are not there. So a reader can be made for the keys that
the levels of a row have, of the rules that find something by them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

from interchange.engine.code import Body, Code, Ops, Walk, function_name, guard_tests, is_literal
from interchange.engine.plan import EntityRef
from interchange.engine.remembered import UNREAD, Remembered
from interchange.fhir.lower import Filter, Follow, Get
from interchange.mapping.codecs.number import decimal_of, padded_number

if TYPE_CHECKING:
    from interchange.engine.plan import PlannedRule, Way

Shape = Sequence[Sequence[str]]  # the keys of each level of a row; of one that is no object, none

SCANS = 3  # from so many scans of one list on, an index of it pays


class Spot(NamedTuple):
    """A node that a row is read from: ops without lists from a level."""

    level: int
    ops: Ops


class Index(NamedTuple):
    """The elements of a list by the texts at the ends of conditions."""

    spot: Spot
    key: str
    asked: tuple[Ops, ...]


def read_code(
    rules: Sequence[PlannedRule], *names: str, shape: Shape = (), remembered: Remembered | None = None
) -> Code:
    """Return the code of a reader: ``(levels, shelf) -> row``; a ``shape`` is of levels that have just these keys.

    Readers of the same rules may have in common what is ``remembered`` of members.
    """
    code = Code(function_name("read", *names), "levels, shelf")
    remembered = remembered or Remembered(rules)
    return _Reader([_speaking(rule, shape) for rule in rules] if shape else rules, code, shape, remembered).write()


def _speaking(rule: PlannedRule, shape: Shape) -> PlannedRule:
    """A rule with those of its ways that can find something in levels with these keys."""
    return replace(rule, ways=tuple(way for way in rule.ways if _speaks(way, shape[way.level])))


def _speaks(way: Way, keys: Sequence[str]) -> bool:
    """Whether a way can find something in an object with these keys, or its codec says something of nothing."""
    sibling, many = way.shape
    for path in way.paths:
        start = path.ops[0] if path.ops else None
        if not isinstance(start, Get) or start.key in keys:
            return True
        if sibling and len(path.ops) == 1 and f"_{start.key}" in keys:
            return True
    if isinstance(way.codec, EntityRef):
        return False
    nothing_there: Sequence[Any] = ([],) if many else (None,) * (2 if sibling else len(way.paths))
    return way.codec.decode(*nothing_there) is not None


def _single(ops: Ops) -> int:
    """How many ops lead to one node at most, and to the same one for every rule of a row."""
    for i, op in enumerate(ops):
        if not (isinstance(op, Follow) or (isinstance(op, Get) and not op.many)):
            return i
    return len(ops)


def _index(level: int, ops: Ops) -> Index | None:
    """The index that could serve a path: its first list, filtered by literal texts."""
    at = _single(ops)
    match ops[at : at + 2]:
        case (Get(key, many=True), Filter(conditions)) if all(
            is_literal(c) and isinstance(c.literal, str) for c in conditions
        ):
            return Index(Spot(level, ops[:at]), key, tuple(c.ops for c in conditions))
    return None


class _Reader:
    def __init__(self, rules: Sequence[PlannedRule], code: Code, shape: Shape, remembered: Remembered) -> None:
        self.rules = rules
        self.code = code
        self.remembered = remembered
        self.walk = Walk(code)
        self.walk.objects |= {f"l{level}" for level, keys in enumerate(shape) if keys}
        ways = [way for rule in rules if rule.rule.const is None for way in rule.ways if way.reads]
        paths = [(way.level, self._ops(way, i)) for way in ways for i in range(len(way.paths))]
        self.levels = sorted({level for level, _ in paths})
        starts = [place[0] for way in ways if (place := remembered.place(way))]
        self.slots = {key: f"m{i}" for i, key in enumerate(dict.fromkeys(starts))}
        self.spots = {spot: f"n{i}" for i, spot in enumerate(_shared(paths))}
        scans = Counter(index for level, ops in paths if (index := _index(level, ops)) is not None)
        self.indexes = {index: f"x{i}" for i, (index, count) in enumerate(scans.items()) if count >= SCANS}

    @staticmethod
    def _ops(way: Way, number: int) -> Ops:
        """The ops to walk for a path: to the holder of the element where the codec takes the primitive's sibling."""
        ops = way.paths[number].ops
        return ops[:-1] if way.shape[0] else ops

    def write(self) -> Code:
        code = self.code
        code.line("row = {}")
        for level in self.levels:
            code.line(f"l{level} = levels[{level}]")
        for name in (*self.spots.values(), *self.indexes.values()):
            code.line(f"{name} = None")
        for key, slots in self.slots.items():
            self._slots(key, slots)
        taken: set[str] = set()
        for rule in self.rules:
            const = rule.rule.const
            if const is not None:
                code.line(f"row[{rule.variables[0]!r}] = {const!r}")
                taken.add(rule.variables[0])
                continue
            for way in rule.ways:
                if way.reads:
                    code.remark(f"{' '.join(way.variables)}: {way.text} ({way.place})")
                    self._way(way, taken)
                    taken.update(way.variables)
        code.line("return row")
        return code

    def _way(self, way: Way, taken: set[str]) -> None:
        free = [f"{v!r} not in row" for v in way.variables if v in taken]
        if not way.writes:
            free += guard_tests(way.guard)
            self.code.bound |= {"decimal_of": decimal_of, "padded_number": padded_number}
        if not free:
            self._read(way)
            return
        with self.code.block(f"if {' and '.join(free)}"):
            self._read(way)

    def _slots(self, key: str, slots: str) -> None:
        """Write down the slots of the member under a key."""
        code, known = self.code, self.remembered.of(key)
        memory, new, absent = code.bind("memory", known.memory), code.bind("new", known.new), f"absent_{slots}"
        code.bound[absent] = known.absent
        code.line(f"{slots} = l0.get({key!r})")
        code.line(f"{slots} = {absent} if {slots} is None else {memory}.get(id({slots})) or {new}({slots})")

    def _read(self, way: Way) -> None:
        """Get what a way gives into ``c``, and fill in its cells."""
        code, place = self.code, self.remembered.place(way)
        if place is None or isinstance(way.codec, EntityRef):
            self._decode(way)
        else:
            key, number = place
            slot = f"{self.slots[key]}[{number}]"
            tools = code.bind("tools", way.codec.tools)
            code.line(f"c = {slot}")
            code.bound["unread"] = UNREAD
            with code.block("if c is unread"):
                missed = code.fresh("k")
                code.line(f"{missed} = {tools}.missed")
                self._decode(way)
                code.line(f"if {tools}.missed == {missed}: {slot} = c")  # a value that is missed is counted each time
        if isinstance(way.codec, EntityRef):
            self._fill(way, "c")
        else:
            self._fill(way, "c" if way.codec.arity == 1 else "c if isinstance(c, tuple) else (c,)")

    def _decode(self, way: Way) -> None:
        """Decode what stands at the paths' ends into ``c``."""
        code, codec = self.code, way.codec
        if isinstance(codec, EntityRef):
            ref = code.bind("ref", codec)
            self._first(way, lambda v: code.line(f"c = shelf.cells({ref}, {v}, row)"))
            return
        decode = code.bind("decode", codec.decode)
        sibling, many = way.shape
        if many:
            found = code.fresh("a")
            code.line(f"{found} = []")
            self._path(way, 0, lambda v: code.line(f"{found}.append({v})"), "")
            code.line(f"c = {decode}({found})")
        elif len(way.paths) > 1:
            code.line(f"c = {decode}({', '.join(self._next(way, i) for i in range(len(way.paths)))})")
        elif sibling:
            key = way.paths[0].ops[-1].key  # type: ignore[union-attr]  # the plan has checked that a Get is last
            self._first(way, lambda v: self._holder(v, decode, key))
        else:
            self._first(way, lambda v: code.line(f"c = {decode}({v})"))

    def _first(self, way: Way, body: Body) -> None:
        self.code.line("c = None")
        self._path(way, 0, body, "c is not None")

    def _holder(self, node: str, decode: str, key: str) -> None:
        with self.walk.object(node):
            self.code.line(f"c = {decode}({node}.get({key!r}), {node}.get({'_' + key!r}))")

    def _next(self, way: Way, number: int) -> str:
        """The name of the first value of a path. A list may hold a null, so `nothing` says that none came."""
        code = self.code
        found = code.fresh("a")
        code.line(f"{found} = nothing")
        self._path(way, number, lambda v: code.line(f"{found} = {v}"), f"{found} is not nothing")
        code.bound["nothing"] = nothing
        code.line(f"if {found} is nothing: {found} = None")
        return found

    def _fill(self, way: Way, cells: str) -> None:
        code = self.code
        with code.block("if c is not None"):
            if isinstance(way.codec, EntityRef) and len(way.variables) == 1:
                code.line(f"if c[0] is not None: row[{way.variables[0]!r}] = c[0]")
                return
            if cells == "c" and not isinstance(way.codec, EntityRef):
                code.line(f"row[{way.variables[0]!r}] = c")
                return
            with code.block(f"for name, cell in zip({way.variables!r}, {cells})"):
                code.line("if cell is not None: row[name] = cell")

    def _path(self, way: Way, number: int, body: Body, done: str) -> None:
        """Walk a path from what is shared of it."""
        code, ops = self.code, self._ops(way, number)
        index = _index(way.level, ops)
        if index in self.indexes and index is not None:
            at = len(index.spot.ops)
            conditions = ops[at + 1].conditions  # type: ignore[union-attr]  # an index stands for a Get and a Filter

            def scan(node: str) -> None:
                name = self._indexed(index, node)
                key = tuple(c.literal for c in conditions) if len(conditions) > 1 else conditions[0].literal
                item = code.fresh("e")
                with code.block(f"for {item} in {name}.get({key!r}, ())"):
                    self.walk.visit(ops[at + 2 :], item, body, done, known=True)
                    if done:
                        code.line(f"if {done}: break")

            self._from(index.spot, scan, done)
            return
        near = next((n for n in range(_single(ops), 0, -1) if Spot(way.level, ops[:n]) in self.spots), 0)
        self._from(Spot(way.level, ops[:near]), lambda node: self.walk.visit(ops[near:], node, body, done), done)

    def _from(self, spot: Spot, body: Body, done: str) -> None:
        """Write what happens at a spot, if it is there. One that is not is looked for each time, as it is counted."""
        code, ops = self.code, spot.ops
        near = next((n for n in range(len(ops) - 1, 0, -1) if Spot(spot.level, ops[:n]) in self.spots), 0)
        if not ops:
            body(f"l{spot.level}")
            return
        above = Spot(spot.level, ops[:near])
        name = self.spots.get(spot, "")
        if not name:
            self._from(above, lambda node: self.walk.visit(ops[near:], node, body, done), done)
            return
        with code.block(f"if {name} is None"):
            self._from(above, lambda node: self.walk.visit(ops[near:], node, lambda v: code.line(f"{name} = {v}")), "")
        with code.block(f"if {name} is not None"):
            body(name)

    def _indexed(self, index: Index, node: str) -> str:
        """The name of an index, built where it is first asked for."""
        code, name = self.code, self.indexes[index]
        with code.block(f"if {name} is None"):
            code.line(f"{name} = {{}}")
            self.walk.visit((Get(index.key, many=True), Filter(())), node, lambda item: self._enter(index, name, item))
        return name

    def _enter(self, index: Index, name: str, item: str) -> None:
        code = self.code
        match index.asked:
            case ((Get(key, many=False),),):
                found = code.fresh("v")
                code.line(f"{found} = {item}.get({key!r})")
                code.line(f"if type({found}) is str: {name}.setdefault({found}, []).append({item})")
                return
        sets = []
        for ops in index.asked:
            texts = code.fresh("s")
            sets.append(texts)
            code.line(f"{texts} = set()")

            def add(found: str, texts: str = texts) -> None:
                code.line(f"if type({found}) is str: {texts}.add({found})")

            self.walk.visit(ops, item, add, known=True)
        code.bound["product"] = product
        keys = sets[0] if len(sets) == 1 else f"product({', '.join(sets)})"
        code.line(f"for key in {keys}: {name}.setdefault(key, []).append({item})")


class _Nothing:
    """What no JSON value is."""


nothing = _Nothing()


def _shared(paths: Sequence[tuple[int, Ops]]) -> list[Spot]:
    """The spots where several paths part, or one ends that others run through."""
    users = Counter(Spot(level, ops[:n]) for level, ops in paths for n in range(1, _single(ops) + 1))
    longest: Counter[Spot] = Counter()
    for spot, count in users.items():
        above = Spot(spot.level, spot.ops[:-1])
        longest[above] = max(longest[above], count)
    return [spot for spot, count in users.items() if count > 1 and longest[spot] < count]
