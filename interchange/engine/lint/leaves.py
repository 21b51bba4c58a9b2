"""Which FHIR leaves the rules write: every writing way as addresses from a resource, comparable between rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from interchange.engine.lint.ground import step_into
from interchange.engine.lint.scope import codec_name
from interchange.fhir.elements import elements
from interchange.fhir.lower import CROSS_VERSION, Filter, Follow, Get, Meet

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from interchange.engine.plan import Plan, PlannedLevel, PlannedRule, Way
    from interchange.fhir.lower import Condition, Op
    from interchange.issues import Place

# What a codec writes below the element at the end of its path, by codec and element type; else the element itself.
_QUANTITY = ("value", "unit", "system", "code")
PARTS: dict[tuple[str, str], tuple[str, ...]] = {
    ("concept", "CodeableConcept"): ("coding", "text"),
    ("concept", "Coding"): ("system", "code", "display"),
    ("expression", "Expression"): ("description", "language", "expression"),
    ("entity", "Reference"): ("reference",),
    **{("quantity", t): (*_QUANTITY, "comparator") for t in ("Quantity", "Age", "Duration", "SimpleQuantity")},
    **{("unit", t): _QUANTITY[1:] for t in ("Quantity", "Age", "Duration", "SimpleQuantity")},
    **{("iso-duration", t): _QUANTITY for t in ("Quantity", "Age", "Duration")},
    ("study-day", "Duration"): _QUANTITY,
    ("range", "Range"): ("low", "high"),
    ("timing", "Timing"): ("code", "repeat"),
}


@dataclass(frozen=True, slots=True)
class Step:
    """One descent of an address: the key, the element's path in the definition, and what filters it."""

    key: str
    element: str
    name: str
    many: bool
    conditions: frozenset[Condition]


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf that one way of a rule writes.

    ``root`` names the resource; ``fresh`` says that each row has an element of its own on the way to it.
    """

    owner: str
    source: str
    rule: Place
    way: Way
    root: str
    steps: tuple[Step, ...]
    fresh: bool
    whole: bool

    @property
    def text(self) -> str:
        """The address in words."""
        return ".".join([self.root, *(step.key for step in self.steps)])


@dataclass(frozen=True, slots=True)
class Ground:
    """A level: the resource that it is in, its content, the steps to it, and whether each row has its own."""

    root: str
    content: str
    steps: tuple[Step, ...] = ()
    fresh: bool = False


def leaves(plan: Plan) -> list[Leaf]:
    """Return the leaves that the rules of all row sources and entities write."""
    found: list[Leaf] = []
    for mapping in plan.mappings.values():
        for source in mapping.sources:
            if source.source.oneway == "to-sdtm":
                continue
            root = source.source.entity or f"{source.name} {source.resource}"
            grounds = _grounds(plan, Ground(root, source.resource), source.levels, again=bool(source.source.distinct))
            keys = plan.entities[source.source.entity].rules if source.source.entity in plan.entities else ()
            own = [r for r in source.rules if not any(r.rule is k.rule for k in keys)]
            found += _of_rules(plan, source.domain, source.name, own, grounds)
    for name, entity in plan.entities.items():
        home = entity.entity.within or name
        grounds = _grounds(plan, Ground(home, entity.resource), entity.levels, again=False)
        found += _of_rules(plan, name, name, entity.rules, grounds)
    return found


def _grounds(plan: Plan, start: Ground, levels: Sequence[PlannedLevel], *, again: bool) -> list[Ground]:
    grounds = [start]
    for level in levels:
        ground = walk(plan, grounds[level.start], level.path.ops)
        own = bool(ground.steps and ground.steps[-1].many and not level.level.by and not again)
        grounds.append(Ground(ground.root, ground.content, ground.steps, ground.fresh or own))
    return grounds


def walk(plan: Plan, ground: Ground, ops: Sequence[Op]) -> Ground:
    """Return where ops lead from a ground: an entity's resource starts an address of its own."""
    root, content, steps, fresh = ground.root, ground.content, list(ground.steps), ground.fresh
    for op in ops:
        match op:
            case Get(key, many):
                on = step_into(plan, content, key)
                element = on.element.path if on else key
                steps.append(Step(key, element, on.element.name if on else key, many, frozenset()))
                content = on.content if on else ""
            case Filter(conditions) if steps:
                last = steps[-1]
                steps[-1] = Step(last.key, last.element, last.name, last.many, last.conditions | set(conditions))
            case Follow(entity) | Meet(entity):
                planned = plan.entities[entity]
                root, content, steps, fresh = planned.entity.within or entity, planned.resource, [], False
    return Ground(root, content, tuple(steps), fresh)


def _of_rules(
    plan: Plan, owner: str, source: str, rules: Sequence[PlannedRule], grounds: Sequence[Ground]
) -> Iterator[Leaf]:
    for rule in rules:
        for way in rule.ways:
            if not way.writes or way.level >= len(grounds):
                continue
            for path in way.paths:
                end = walk(plan, grounds[way.level], path.ops)
                name = codec_name(way.codec)
                parts = PARTS.get(("concept" if name == "multi" else name, path.type), ())
                steps = end.steps[:-1] if _repeats_beside(end.steps) else end.steps
                listed = steps != end.steps or (bool(steps) and steps[-1].many and not steps[-1].conditions)
                if listed or not parts:
                    yield Leaf(owner, source, rule.rule.place, way, end.root, steps, end.fresh, listed)
                    continue
                for part in parts:
                    below = walk(plan, end, (Get(part, many=part == "coding"),))
                    yield Leaf(owner, source, rule.rule.place, way, end.root, below.steps, end.fresh, whole=False)


def _repeats_beside(steps: tuple[Step, ...]) -> bool:
    """Whether steps end at the value of a cross-version extension that stands for a list of R5, one extension each."""
    if len(steps) < 2 or steps[-2].key != "extension":
        return False
    for condition in steps[-2].conditions:
        if isinstance(condition.literal, str) and condition.literal.startswith(CROSS_VERSION):
            content, _, name = condition.literal.removeprefix(CROSS_VERSION).rpartition(".")
            five = elements("R5").child(content, name)
            return five is not None and five.many
    return False
