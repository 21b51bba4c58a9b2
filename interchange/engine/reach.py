"""Which elements of FHIR the mappings read, and why they do not come back: what the ledger gives as the reason."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from interchange.fhir.legal import EXTENSIONS
from interchange.fhir.lower import Back, Filter, Follow, Get, Meet, Op
from interchange.mapping.codecs import ANY, Codec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from interchange.engine.plan import Plan, PlannedLevel, PlannedRule

OTHERWISE = "read, and written back otherwise"
ONE_WAY = "read one way"
URL: tuple[Op, ...] = (Get("url", many=False),)
Reach = dict[str, dict[str, str]]


@lru_cache(maxsize=8)
def elements_read(plan: Plan) -> Reach:
    """The elements that some rule reads, by resource type, and why they do not come back; each covers what is in it."""
    reach = _Reach(plan)
    for planned in plan.mappings.values():
        for source in planned.sources:
            why = f"{ONE_WAY}: {source.source.because}" if source.source.oneway else ""
            reach.add(source.resource, source.levels, source.rules, why)
    for entity in plan.entities.values():
        reach.add(entity.resource, entity.levels, entity.rules)
    return reach.read


class _Reach:
    """Collects the elements that rules read."""

    def __init__(self, plan: Plan) -> None:
        self.read: Reach = {}
        self.entities = {name: entity.resource for name, entity in plan.entities.items()}

    def add(self, resource: str, levels: Sequence[PlannedLevel], rules: Sequence[PlannedRule], why: str = "") -> None:
        """Add what a row source or entity reads; ``why`` for one that is read one way."""
        starts = [(resource, "")]
        for level in levels:
            starts.append(self.walk(level.path.ops, starts[level.start], why or OTHERWISE))
        for rule in rules:
            for way in rule.ways:
                if not way.reads or (isinstance(way.codec, Codec) and ANY in way.codec.types):
                    continue
                reason = why or (OTHERWISE if way.writes else f"{ONE_WAY}: {way.because}")
                for path in way.paths:
                    self.mark(*self.walk(path.ops, starts[way.level], reason), reason)

    def mark(self, type_: str, at: str, reason: str) -> None:
        """Say that an element is read; a rule that also writes it has the last word."""
        known = self.read.setdefault(type_, {})
        if known.get(at, ONE_WAY).startswith(ONE_WAY):
            known[at] = reason

    def walk(self, ops: Sequence[Op], start: tuple[str, str], reason: str) -> tuple[str, str]:
        """The resource type and plain path at the end of ops; what filters and references read is marked."""
        type_, at = start
        for op in ops:
            match op:
                case Get(key):
                    at = f"{at}.{key}" if at else key
                case Filter(conditions):
                    for condition in conditions:
                        if at.endswith(EXTENSIONS) and condition.ops == URL:
                            at = f"{at}({condition.literal})"
                        self.mark(*self.walk(condition.ops, (type_, at), reason), reason)
                case Follow(entity):
                    self.mark(type_, at, reason)
                    type_, at = self.entities[entity], ""
                case Meet(entity):
                    type_, at = self.entities[entity], ""
                case Back(other):
                    type_, at = other, ""
        return type_, at
