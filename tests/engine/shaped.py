"""Random resources and rows in the shape of a plan: right codes often, wrong types sometimes, missing parts often."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING, Any

from interchange.engine.plan import EntityRef, Plan, PlannedMapping, PlannedRule, RecordRef
from interchange.fhir.lower import Back, Filter, Follow, Get, Meet, Op, Take
from interchange.mapping.codecs.coded import ConceptCodec

if TYPE_CHECKING:
    from collections.abc import Sequence

Json = Any
Row = dict[str, str]
JUNK: tuple[Json, ...] = (
    None,
    True,
    False,
    0,
    1,
    3.5,
    Decimal("1.50"),
    "",
    " ",
    "x",
    "2014-01-02",
    [],
    {},
    ["x"],
    [None],
)
TEXTS = (
    "",
    " ",
    "x",
    "Y",
    "N",
    "12",
    "5.10",
    "-7",
    "2014-01-02",
    "2013---26",
    "P26W",
    "Übelkeit β",
    "a\nb",
    "MULTIPLE",
    "S 1/é",
)


def seeded(seed: int) -> Random:
    """Randomness that a failing seed brings back."""
    return Random(seed)  # noqa: S311  # test data, not secrets


@dataclass
class Shape:
    """What may stand at an element: its keys, and the values that say something there."""

    many: bool = False
    keys: dict[str, Shape] = field(default_factory=dict)
    values: list[Json] = field(default_factory=list)


class Shapes:
    """The shapes of all resource types that a plan looks at."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.types: dict[str, Shape] = {}
        for entity in plan.entities.values():
            heads = self._levels(entity.resource, entity.levels)
            self._rules(entity.rules, heads)
            for test in entity.match:
                self._grow(heads[test.level], test.path.ops, [])
            for link in entity.links.values():
                self._grow(heads[-1], link.ops, ["Pbo", "arm-1"])
        for mapping in plan.mappings.values():
            for source in mapping.sources:
                heads = self._levels(source.resource, source.levels)
                self._rules(source.rules, heads)
                for test in (*source.match, *source.skip_if, *source.only_if):
                    self._grow(heads[test.level], test.path.ops, [])

    def of(self, type_: str) -> Shape:
        return self.types.setdefault(type_, Shape())

    def _levels(self, resource: str, levels: Sequence[Any]) -> list[Shape]:
        heads = [self.of(resource)]
        for level in levels:
            heads.append(self._grow(heads[level.start], level.path.ops, []))
        return heads

    def _rules(self, rules: Sequence[PlannedRule], heads: list[Shape]) -> None:
        for rule in rules:
            for way in rule.ways:
                values = self._values(way.codec)
                for i, path in enumerate(way.paths):
                    said = [v[i] for v in values if isinstance(v, tuple) and i < len(v)]
                    end = self._grow(heads[way.level], path.ops, said or values)
                    if way.shape[0]:
                        last = path.ops[-1]
                        beside = Get(f"_{last.key}", many=False)  # type: ignore[union-attr]
                        pairs = [v[1] for v in values if isinstance(v, tuple) and v[1]]
                        self._grow(heads[way.level], (*path.ops[:-1], beside), pairs)
                    end.values += said or values

    def _values(self, codec: Any) -> list[Json]:
        if isinstance(codec, RecordRef):
            return [{"reference": "Observation/1"}, {"identifier": {"system": "urn:cdisc:sdtm:SEQ", "value": "1"}}]
        if isinstance(codec, EntityRef):
            entity = self.plan.entities[codec.name]
            if entity.links:
                return [{"reference": "Pbo"}, "Pbo", "arm-1"]
            return [{"reference": f"{entity.resource}/1"}, {"identifier": {"value": "S1"}}]
        texts = list(codec.samples)
        if isinstance(codec, ConceptCodec):
            texts += list(codec.write)[:6]
        encoded = [codec.encode(t) for t in texts if codec.arity != 0]
        return [e for e in encoded if e is not None]

    def _grow(self, shape: Shape, ops: Sequence[Op], values: list[Json]) -> Shape:
        for op in ops:
            match op:
                case Get(key, many):
                    shape = shape.keys.setdefault(key, Shape())
                    shape.many |= many
                case Filter(conditions):
                    for condition in conditions:
                        self._grow(shape, condition.ops, []).values += [condition.literal] * 2
                case Follow(entity):
                    type_ = self.plan.entities[entity].resource
                    shape.values += [{"reference": f"{type_}/{n}"} for n in (1, 2)] + [f"{type_}/1"]
                    shape = self.of(type_)
                case Meet(entity):
                    shape = self.of(self.plan.entities[entity].resource)
                case Back(type_, key):
                    self.of(type_).keys.setdefault(key, Shape()).values.append({"reference": "Patient/1"})
                    shape = self.of(type_)
                case Take():
                    pass
        return shape

    def resources(self, random: Random, *, tidy: bool = False) -> list[dict[str, Any]]:
        """A few resources of each type; some worlds are tidy, some are odd or sparse."""
        odd, rare = 0.0 if tidy else random.choice((0.0, 0.03, 0.15)), random.choice((0.1, 0.4, 0.7))
        made = []
        for type_, shape in self.types.items():
            for number in range(random.choice((1, 1, 2))):
                resource = self._object(shape, random, odd, rare, 0)
                made.append({"resourceType": type_, **resource, "id": str(number + 1)})
        return made

    def _object(self, shape: Shape, random: Random, odd: float, rare: float, depth: int) -> dict[str, Json]:
        found = {}
        for key, child in shape.keys.items():
            if random.random() < rare:
                continue
            if random.random() < odd:
                found[key] = random.choice(JUNK)
            elif child.many and random.random() >= odd:
                found[key] = [
                    self._value(child, random, odd, rare, depth + 1) for _ in range(random.choice((1, 1, 2, 3)))
                ]
            else:
                found[key] = self._value(child, random, odd, rare, depth + 1)
        return found

    def _value(self, shape: Shape, random: Random, odd: float, rare: float, depth: int) -> Json:
        if random.random() < odd:
            return random.choice(JUNK)
        if shape.keys and depth < 12 and (not shape.values or random.random() < 0.7):
            return self._object(shape, random, odd, rare, depth)
        return random.choice(shape.values) if shape.values else random.choice(("a", "b"))


def rows_of(planned: PlannedMapping, random: Random, count: int) -> list[Row]:
    """Rows of a domain: cells that its codecs know, odd texts, gaps; keys often right, so that rows have a home."""
    texts: dict[str, list[str]] = {}
    for source in planned.sources:
        for rule in source.rules:
            for way in rule.ways:
                codec = way.codec
                if isinstance(codec, EntityRef):
                    continue
                samples = [s if isinstance(s, tuple) else (s,) for s in codec.samples]
                samples += [(term,) for term in list(codec.write)[:6]] if isinstance(codec, ConceptCodec) else []
                for sample in samples:
                    for variable, text in zip(way.variables, sample, strict=False):
                        texts.setdefault(variable, []).append(text)
    variables = sorted({v for s in planned.sources for r in s.rules for v in r.variables})
    rare, odd = random.choice((0.0, 0.2, 0.6)), random.choice((0.0, 0.1, 0.4))
    params = planned.mapping.params
    rows = []
    for _ in range(count):
        row = {}
        for variable in variables:
            if random.random() >= rare:
                own = texts.get(variable)
                row[variable] = random.choice(TEXTS if own is None or random.random() < odd else own)
        for key, values in {
            "STUDYID": "AB",
            "USUBJID": "12",
            "SITEID": "7",
            "ARMCD": "PX",
            "ETCD": "EF",
            "EPOCH": "GH",
        }.items():
            if random.random() > rare / 2:
                row[key] = random.choice(values)
        if params is not None:
            row[params.code] = random.choice(planned.sources).source.name
        if random.random() < 0.8:
            row |= {v: "X" for v in random.choice(planned.sources).source.require if v not in row}
        rows.append(row)
    return rows
