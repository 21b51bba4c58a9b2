"""Where the elements of resources made of a document come from: its element, and the line of the mapping."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from interchange.engine.bench import Made
from interchange.engine.ledger import item_path
from interchange.engine.ops import values
from interchange.engine.traced import RuleUsed, rule_used
from interchange.fhir.lower import Filter, Get, Take
from interchange.fhir.references import name_of
from interchange.trees.carry import walk_to_fhir

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from interchange.engine.ops import Json, Resource, Row
    from interchange.engine.plan import PlannedRule, Way
    from interchange.trees.carry import Entered
    from interchange.trees.plan import PlannedPart, PlannedTree

_STEP = re.compile(r"(?P<name>\w+)(?:\((?P<url>[^)]*)\))?(?:\[(?P<index>\d+)\])?(?:\.|$)")


@dataclass(frozen=True, slots=True)
class Origin:
    """What an element was made of: the path in the document (blank for a constant), its value, and the rule."""

    path: str
    value: Json
    rule: RuleUsed


@dataclass(slots=True)
class Origins:
    """The origins of the elements of the resources that one document became."""

    resources: Mapping[str, Resource]
    _made: dict[tuple[int, str], Origin] = field(default_factory=dict)
    _within: dict[int, Origin] = field(default_factory=dict)
    _alive: list[Entered] = field(default_factory=list)  # what ids are of stays alive

    def of(self, name: str, path: str) -> Origin | None:
        """The origin of an element of a resource, ``ResearchStudy/1`` and ``ResearchStudy.title``; None for neither.

        An element that no rule wrote alone, such as a constant, has the origin of the element that it stands in.
        """
        node: Json = self.resources.get(name)
        found = self._within.get(id(node))
        for step in list(_STEP.finditer(path))[1:]:
            key = step["name"]
            holder = node
            node = node.get(key) if isinstance(node, dict) else None
            if isinstance(node, list) and step["index"]:
                index = int(step["index"])
                node = node[index] if index < len(node) else None
            found = self._made.get((id(holder), key)) or self._within.get(id(node)) or found
        return found


def origins_of(planned: PlannedTree, document: dict[str, Any]) -> Origins:
    """Return the origins of every element of the resources that a document becomes."""
    bench, entered = walk_to_fhir(planned, document)
    places = dict(_places(document, ""))
    origins = Origins({name: r for r in bench.resources.values() if (name := name_of(r))}, _alive=entered)
    made = Made(bench.resources)
    for one in entered:
        _register(origins, one, made, places)
    return origins


def _register(origins: Origins, one: Entered, made: Made, places: Mapping[int, str]) -> None:
    part = one.part
    base = _base(one, places)
    origins._within.setdefault(id(one.here[-1]), Origin(base, None, rule_used(part.part.place, part.part.name)))
    for rule in part.fhir.rules:
        if not any(variable in one.row for variable in rule.variables):
            continue
        read = _read(part, rule, one, base, places, made)
        for way in rule.ways:
            if way.writes:
                for holder, key in _ends(way, one.here[way.level], made, one.row):
                    origins._made.setdefault((id(holder), key), read)


def _read(
    part: PlannedPart, rule: PlannedRule, one: Entered, base: str, places: Mapping[int, str], made: Made
) -> Origin:
    """What the values of a rule were read from."""
    used = rule_used(rule.rule.place, f"{' '.join(rule.variables)}")
    for way in (way for own in part.tree.rules if own.variables == rule.variables for way in own.ways if way.reads):
        node = one.there[way.level]
        found = next((v for v in values(way.paths[0].ops, node, made, one.row)), None)
        if found is not None:
            start = base if way.level == len(one.there) - 1 else places.get(id(node), "")
            keys = ".".join(op.key for op in way.paths[0].ops if isinstance(op, Get))
            used = rule_used(way.place, f"{' '.join(rule.variables)}: {way.text}")
            return Origin(".".join(filter(None, (start, keys))), found, used)
    return Origin(base, None, used)


def _ends(way: Way, node: Json, made: Made, row: Row) -> Iterator[tuple[Json, str]]:
    """The objects that hold what a way wrote, each with the key there."""
    for path in way.paths:
        ops = list(path.ops)
        while ops and isinstance(ops[-1], (Filter, Take)):
            ops.pop()
        if ops and isinstance(last := ops[-1], Get):
            for holder in values(ops[:-1], node, made, row):
                if isinstance(holder, dict) and last.key in holder:
                    yield holder, last.key


def _base(one: Entered, places: Mapping[int, str]) -> str:
    """The path of the element in the document that a part stands at."""
    element = one.there[-1]
    if id(element) in places and isinstance(element, (dict, list)):
        return places[id(element)]
    side = one.part.tree
    around = places.get(id(one.there[side.start]), "")
    keys = ".".join(op.key for op in side.path.ops if isinstance(op, Get)) if side.path is not None else ""
    return f"{'.'.join(filter(None, (around, keys)))}[{one.position}]"


def _places(value: Json, at: str) -> Iterator[tuple[int, str]]:
    """The path of every object and list of a document, by identity."""
    if isinstance(value, dict):
        yield id(value), at
        for key, item in value.items():
            yield from _places(item, f"{at}.{key}" if at else key)
    elif isinstance(value, list):
        yield id(value), at
        for i, item in enumerate(value):
            yield from _places(item, item_path(at, i, item))
