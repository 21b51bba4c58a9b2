"""Any ops, also those that no shipped mapping has: generated code against the interpreter on tiny random worlds."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interchange.engine.compile_read import read_code
from interchange.engine.compile_write import write_code
from interchange.engine.interpret import read_row, write_row
from interchange.engine.plan import EntityRef, PlannedRule, Way
from interchange.fhir.lower import Back, Condition, Filter, Focus, Follow, Get, Lowered, Meet, Op, Take
from interchange.issues import Place
from interchange.mapping.codecs import Codec, Tools
from interchange.mapping.model import Rule
from interchange.mapping.model import Test as When

from .shaped import seeded
from .test_compile import outcome

if TYPE_CHECKING:
    from random import Random

CALM = settings(deadline=None, max_examples=400, suppress_health_check=list(HealthCheck))
LISTS = "b"  # as in a release, a key holds a list or it does not; what a file holds may differ
KEYS, VARIABLES, LITERALS = "abc", ("U", "V", "W"), ("a", "b", True, 1)
TOOLS = Tools("R5", {}, ())
NOTHING = ("([],)", "(None,)", "(None, None)")


class Show(Codec):
    """Shows what it is given; what it encodes depends on the text alone."""

    name: ClassVar[str] = "show"
    gives: ClassVar[dict[str, Any]] = {
        "a": "a",
        "b": {"a": "b"},
        "c": {"b": [{"a": "a"}]},
        "d": ["a", {"b": 1}],
        "e": True,
    }

    def __init__(self, arity: int, paths: int, sibling: bool, many: bool) -> None:
        super().__init__((), "string", TOOLS)
        self.arity, self.paths, self.sibling, self.many = arity, paths, sibling, many  # type: ignore[misc]
        self.seen: list[str] = []

    def decode(self, *values: Any) -> Any:
        self.seen.append(repr(values))
        text = None if values in (("b",), (None, None)) else repr(values)
        return text if self.arity == 1 or text is None else (None, text) if len(text) % 2 else text

    def encode(self, text: Any) -> Any:
        given = [deepcopy(self.gives.get(t)) for t in ((text,) if isinstance(text, str) else text)]
        if self.sibling or self.paths > 1:
            return (given[0], given[-1]) if given[0] != "a" else (given[0], None)
        if self.many:
            return [g for g in given if g is not None] or None
        return given[0]


class World:
    """Shelf and bench in one, of a few resources that refer to one another; ``calls`` are what was asked of it."""

    def __init__(self, resources: list[dict[str, Any]]) -> None:
        self.resources = resources
        self.calls: list[Any] = []

    def follow(self, one: Any, two: Any) -> Any:
        self.calls.append(("follow", repr(one), repr(two)))
        row = two if isinstance(two, dict) else {}
        asked = row.get("U") if isinstance(two, dict) else one.get("reference") if isinstance(one, dict) else one
        return next((r for r in self.resources if f"T/{r['id']}" == asked or r["id"] == asked), None)

    def meet(self, entity: str, row: dict[str, str]) -> Any:
        self.calls.append(("meet", entity, repr(row)))
        return self.resources[len(row) % 2]

    def back(self, resource: Any, type_: str, key: str) -> Any:
        self.calls.append(("back", repr(resource)))
        return self.resources[: len(key)]

    def cells(self, ref: EntityRef, value: Any, row: dict[str, str]) -> Any:
        self.calls.append(("cells", repr(value), repr(row)))
        return (None, repr(value))[-len(ref.variables) :] if isinstance(value, (dict, str)) else None

    def refer(self, ref: EntityRef, row: dict[str, str]) -> Any:
        self.calls.append(("refer", repr(row)))
        return {"reference": f"T/{row.get('U')}"} if "V" in row else None


def ops_of(random: Random, depth: int, *, inside: bool = False) -> tuple[Op, ...]:
    ops: list[Op] = []
    for _ in range(random.choice((0, 1, 1, 2, 2, 3, 4)) if not inside else random.choice((1, 1, 2))):
        kind = random.random()
        if kind < 0.62 or (inside and kind < 0.9):
            ops.append(Get(key := random.choice(KEYS), many=key in LISTS))
        elif kind < 0.82 and depth:
            ops.append(Filter(tuple(condition(random, depth - 1) for _ in range(random.choice((1, 1, 2))))))
        elif kind < 0.9:
            ops.append(Take())
        else:
            ops.append(random.choice((Follow("t"), Meet("t"), Back("T", "a"))))
    return tuple(ops)


def condition(random: Random, depth: int) -> Condition:
    variable = random.choice(("", "", "", "U"))
    return Condition(ops_of(random, depth, inside=True), random.choice(LITERALS), variable)


def rules_of(random: Random) -> list[PlannedRule]:
    """Rules whose paths share beginnings, as those of a mapping do."""
    stems = [ops_of(random, 2), (*ops_of(random, 0), *listed(random, "a"))]
    stems += [(*stems[1][:-1], *listed(random, "b")[1:])]
    rules = []
    for _ in range(random.choice((1, 2, 4, 6))):
        variables = random.choice((("U",), ("V",), ("W",), ("U", "V"), ("V", "W")))
        const = "k" if random.random() < 0.1 else None
        ways = tuple(way(random, stems, variables) for _ in range(random.choice((1, 2, 3))))
        rules.append(PlannedRule(Rule(variables, Place(), const=const), () if const else ways))
    return rules


def listed(random: Random, literal: str) -> tuple[Op, ...]:
    """A list of which some elements are asked for by a text, as extensions are by their URL."""
    deep = (Get("c", many=False), Get("b", many=True)) if random.random() < 0.5 else ()
    asked = tuple(Condition((*deep[:n], Get("a", many=False)), literal) for n in ((0, 2) if deep else (0,)))
    return (Get("b", many=True), Filter(asked))


def way(random: Random, stems: list[tuple[Op, ...]], variables: tuple[str, ...]) -> Way:
    kind = random.choice(("one", "one", "entity", "sibling", "many", "paths"))
    own = random.choice((variables, variables, variables[:1], variables[-1:]))
    arity = 1 if len(own) == 1 and random.random() < 0.8 else 0
    count = 2 if kind == "paths" else 1
    paths = tuple(path(random, stems, ends=kind == "sibling") for _ in range(count))
    codec = EntityRef("t", "", own, own) if kind == "entity" else Show(arity, count, kind == "sibling", kind == "many")
    test = When(
        random.choice(VARIABLES), random.choice(("set", "in", "numeric", "padded")), ("a", "b"), random.random() < 0.5
    )  # type: ignore[arg-type]
    guard = (test,) if random.random() < 0.2 else ()
    reads, writes = random.random() < 0.9, random.random() < 0.9
    return Way(own, random.choice((0, 0, 1)), paths, codec, guard, reads, writes, Place(), "text")


def path(random: Random, stems: list[tuple[Op, ...]], *, ends: bool) -> Lowered:
    ops = (random.choice(stems) if random.random() < 0.7 else ()) + ops_of(random, 2)
    if ends:
        ops += (Get(random.choice("ac"), many=False),)
    return Lowered(ops, "string", Focus("T", "T"), many=False)


def json_of(random: Random, depth: int = 4) -> Any:
    """Objects of the keys, mostly with lists where lists belong; scalars that equal the literals, or nearly so."""
    if random.random() < 0.75 and depth:
        return {k: value_of(random, k, depth - 1) for k in (*KEYS, "_a", "_c", "reference") if random.random() < 0.7}
    return random.choice(("a", "b", "a", "b", "T/1", True, 1, None, 0, [], ["a"], [None], [{"a": "a"}]))


def value_of(random: Random, key: str, depth: int) -> Any:
    if (key in LISTS) == (random.random() < 0.9):
        return [json_of(random, depth) for _ in range(random.choice((0, 1, 2, 3)))]
    return json_of(random, depth)


def world(random: Random) -> tuple[World, list[Any]]:
    made = [json_of(random) for _ in range(2)]
    resources = [
        {**(one if isinstance(one, dict) else {}), "resourceType": "T", "id": str(i + 1)} for i, one in enumerate(made)
    ]
    levels = [resources[0], json_of(random, 3)]
    return World(resources), levels


@CALM
@given(seed=st.integers(0, 2**48))
def test_any_ops_read_alike(seed: int) -> None:
    random = seeded(seed)
    rules = rules_of(random)
    read = read_code(rules, "T", "any").build("any")
    codecs = [w.codec for r in rules for w in r.ways if isinstance(w.codec, Show)]
    for _ in range(6):
        one, levels = world(random)
        two = World(one.resources)
        expected = outcome(lambda n=levels, w=one: read_row(rules, n, w))
        seen = [shown(c) for c in codecs]
        assert outcome(lambda n=levels, w=two: read(n, w)) == expected
        assert [shown(c) for c in codecs] == seen


def shown(codec: Show) -> list[str]:
    """What a codec was given since the last time, but for nothing: what it says of that may be remembered."""
    seen = [given for given in codec.seen if given not in NOTHING]
    codec.seen.clear()
    return seen


@CALM
@given(seed=st.integers(0, 2**48))
def test_any_ops_write_alike(seed: int) -> None:
    random = seeded(seed)
    rules = rules_of(random)
    write = write_code(rules, "T", "any").build("any")
    made = random.random() < 0.5
    for _ in range(6):
        one, levels = world(random)
        if made:
            one.resources[0].clear()
            one.resources[0].update(resourceType="T", id="1")
            levels[1] = {}
        two, others = deepcopy((one, levels))
        for _ in range(2):
            row = {
                v: random.choice(("a", "b", "c", "d", "e", "1", "2", "5.1")) for v in VARIABLES if random.random() < 0.8
            }
            expected = outcome(lambda n=levels, w=one, r=row: write_row(rules, n, w, r))
            assert outcome(lambda n=others, w=two, r=row: write(n, w, r)) == expected
            assert repr((two.resources, others)) == repr((one.resources, levels))
            if expected[0] == "raised":
                break


@pytest.mark.parametrize("text", ["\n", "'", "{0}", "\\", "\u2028", "#", "'''"])
def test_keys_are_literals(text: str) -> None:
    """A key of any characters is looked up, and never run."""
    ops = (Get(text, many=True), Filter((Condition((Get(text, many=False),), text),)), Get("a", many=False))
    lowered = Lowered(ops, "string", Focus("T", "T"), many=False)
    way = Way((text,), 0, (lowered,), Show(1, 1, False, False), (), True, True, Place(), text)
    rules = [PlannedRule(Rule((text,), Place()), (way,))]
    levels: list[Any] = [{}]
    write_code(rules, text).build(text)(levels, World([]), {text: "a"})
    assert levels == [{text: [{text: text, "a": "a"}]}]
    assert read_code(rules, text).build(text)(levels, World([])) == {text: "('a',)"}
