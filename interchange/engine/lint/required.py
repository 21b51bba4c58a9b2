"""Checks that what the rules make is whole: the elements that FHIR requires are written by something."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from interchange.engine.lint.catalogue import found
from interchange.engine.lint.ground import step_into
from interchange.fhir.elements import elements
from interchange.fhir.lower import Filter, Follow, Get, Meet

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from interchange.engine.plan import Plan, PlannedEmit, PlannedLevel, PlannedRule, PlannedTest
    from interchange.fhir.lower import Op
    from interchange.issues import Issue, Place

Key = tuple[object, ...]


@dataclass(slots=True)
class Made:
    """An element that the rules make, as far as the files say: its content and what is written into it.

    ``whole`` is left to a codec, which knows what its type needs.
    """

    content: str
    place: Place
    children: dict[Key, Made] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    whole: bool = False


class Making:
    """The elements that a plan's rules make, resource by resource."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.roots: dict[str, Made] = {}

    def root(self, name: str, content: str, place: Place) -> Made:
        """The resource of an entity or row source, made where there is none yet."""
        return self.roots.setdefault(name, Made(content, place))

    def entity(self, name: str, place: Place) -> Made:
        """The resource of an entity, furnished with what the entity itself writes."""
        planned = self.plan.entities[name]
        home = planned.entity.within or name
        made = self.root(home, planned.resource, planned.entity.place)
        if name not in self.roots or name == home:
            key = f"furnished {name}"
            if key not in self.roots:
                self.roots[key] = Made("", place, whole=True)
                self.write(made, planned.levels, planned.match, planned.rules, planned.emit, name)
        return made

    def write(
        self,
        root: Made,
        levels: Sequence[PlannedLevel],
        match: Sequence[PlannedTest],
        rules: Sequence[PlannedRule],
        emits: Sequence[PlannedEmit],
        owner: str,
    ) -> None:
        """Write down what one row source or entity makes."""
        for test in match:
            self.go(root, test.path.ops, root.place)
        at = [root]
        for level in levels:
            at.append(self.go(at[level.start], level.path.ops, level.level.place, owner))
        for rule in rules:
            for way in rule.ways:
                if way.writes:
                    for path in way.paths:
                        self.go(at[way.level], path.ops, way.place).whole = True
        for emit in emits:
            self.go(at[emit.level], emit.path.ops, emit.place).whole = True

    def go(self, at: Made, ops: Sequence[Op], place: Place, owner: str = "") -> Made:
        """The element at the end of ops, made on the way; an ``owner`` makes one of its own at the end."""
        for i, op in enumerate(ops):
            match op:
                case Get(key, many):
                    filters = [o for o in ops[i + 1 : i + 2] if isinstance(o, Filter)]
                    own = owner if many and i + 1 + len(filters) == len(ops) else ""
                    at = self._child(at, key, (key, tuple(filters) if many else (), own), place)
                case Filter(conditions):
                    for condition in conditions:
                        self.go(at, condition.ops, place).whole = True
                case Follow(entity) | Meet(entity):
                    at.names.add("reference")
                    at.whole = True
                    at = self.entity(entity, place)
        return at

    def _child(self, at: Made, key: str, which: Key, place: Place) -> Made:
        on = step_into(self.plan, at.content, key)
        at.names.add(on.element.name if on else key)
        return at.children.setdefault(which, Made(on.content if on else "", place, whole=on is None))


def required_elements(plan: Plan) -> Iterator[Issue]:
    """Yield required elements, of what rules and constants make, that neither of them writes."""
    making = Making(plan)
    for mapping in plan.mappings.values():
        for source in mapping.sources:
            if source.source.oneway == "to-sdtm":
                continue
            if source.source.entity in plan.entities:
                root = making.entity(source.source.entity, source.source.place)
            else:
                root = making.root(source.name, source.resource, source.source.place)
            if source.source.about:
                root.whole = True  # it is there for a row of another dataset, which makes the rest
            making.write(root, source.levels, source.match, source.rules, source.emit, source.name)
    for root in making.roots.values():
        yield from _lacks(plan, root)


def _lacks(plan: Plan, made: Made) -> Iterator[Issue]:
    table = elements(plan.release)
    if not made.whole and made.names:
        for element in table.children(made.content):
            if element.min and element.name not in made.names:
                message = f"{made.content} needs `{element.name}`, and nothing writes it: the resource may be invalid"
                yield found("IX-LINT-044", made.place, message, f"write a constant under `emit`: {element.name}")
    for child in made.children.values():
        yield from _lacks(plan, child)
